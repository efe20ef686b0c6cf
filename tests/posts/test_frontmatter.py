"""A file's front matter: found, split, and every part of it at its place."""

from __future__ import annotations

import os
from pathlib import Path

import markdown
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.posts import encoding, frontmatter, yamltext
from pipeline.posts.frontmatter import Document, Style
from pipeline.posts.located import Items, Place, Table, plain

BOM = b"\xef\xbb\xbf"


def parse(text: str | bytes) -> Document:
    return frontmatter.parse(text if isinstance(text, bytes) else text.encode(), path="x.md")


def said(text: str | bytes) -> list[str]:
    return [str(mistake) for mistake in parse(text).mistakes]


def values(document: Document) -> dict[str, object]:
    return {key: plain(field.value) for key, field in document.fields.items()}


# --- YAML --------------------------------------------------------------------------------------------------


def test_yaml_keys_and_values_know_their_places() -> None:
    document = parse('---\ntitle:   "A"\ntags:\n  - one\n  - two\nmap: {x: y}\n---\nBody\n')
    assert document.style is Style.YAML
    assert values(document) == {"title": "A", "tags": ["one", "two"], "map": {"x": "y"}}
    assert (document.fields["title"].place, document.fields["title"].value.place) == (
        Place(2, 1),
        Place(2, 10),
    )
    tags, table = document.fields["tags"].value, document.fields["map"].value
    assert isinstance(tags, Items)
    assert [item.place for item in tags.values] == [Place(4, 5), Place(5, 5)]
    assert isinstance(table, Table)
    assert table.fields[0].place == Place(6, 7)


def test_columns_count_characters_and_lines_are_those_of_an_editor() -> None:
    document = parse('---\n"🌱é": "a\u2028b\u0085c"\nnext: {🌱🌱: [x]}\n---\n')
    assert document.fields["🌱é"].value.place == Place(2, 7)
    inner = document.fields["next"].value
    assert isinstance(inner, Table)
    assert inner.fields[0].value.place == Place(3, 12)


@pytest.mark.parametrize("before", [b"", BOM, b"\n \n", BOM + b"\n\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_blank_lines_and_any_line_ending_are_tolerated(before: bytes, end: str) -> None:
    document = parse(before + end.join(["---", "title: A", "---", "", "One", "Two", ""]).encode())
    assert values(document) == {"title": "A"}
    assert document.body == "\nOne\nTwo\n"
    assert document.body_line == 4 + before.count(b"\n")
    assert document.fields["title"].place.line == 2 + before.count(b"\n")


@pytest.mark.parametrize("closing", ["---", "...", "-----", "---  "])
def test_a_line_of_dashes_or_dots_closes_the_front_matter(closing: str) -> None:
    assert parse(f"---\na: b\n{closing}\n---\nnot: this\n---\n").body == "---\nnot: this\n---\n"


def test_white_space_that_is_code_in_markdown_stays_at_the_start_of_a_body() -> None:
    assert parse("---\na: b\n---\n    code\n").body == "    code\n"


def test_a_body_that_begins_like_a_key_is_still_body() -> None:
    assert parse("---\na: b\n---\nNote: this is text\n").body == "Note: this is text\n"


def test_keys_are_folded_to_lower_case_at_the_top_only() -> None:
    assert values(parse("---\nTitle: A\nmap: {Key: b}\n---\n")) == {"title": "A", "map": {"Key": "b"}}


def test_values_stay_text_but_for_what_says_nothing() -> None:
    document = parse('---\na: no\nb: 1:30\nc: 2026-02-30\nd: ~\ne: null\nf: "null"\ng:\n---\n')
    assert list(values(document).values()) == ["no", "1:30", "2026-02-30", "", "", "null", ""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("---\ntitle: A\n", "x.md:1:1: the front matter is opened here and never closed — write ---"),
        ("\n\n---\n", "x.md:3:1: the front matter is opened here and never closed — write --- on a line after it"),
        ("---\ntitle: A: b\n---\n", 'x.md:2:9: a second “: ” in one line — put the value in quotes: key: "value"'),
        ("---\na: 1\n\tb: 2\n---\n", "x.md:3:1: a tab stands where YAML wants spaces — indent with spaces"),
        ("---\na: %b\n---\n", "x.md:2:4: YAML cannot read this character here"),
        ('---\na: "b\nc: d\n---\n', "x.md:4:1: a quotation mark is opened and never closed"),
        ('---\na: "b" c\nd: e\n---\n', "x.md:2:8: this does not belong to the value before it"),
        ("---\na: b\nc\n---\n", "x.md:4:1: this line has no “: ” after its key"),
        ("---\na: [b\n---\n", "x.md:3:1: is not YAML: did not find expected ',' or ']'"),
        ("---\na: &x b\n---\n", "x.md:2:4: anchors are not read here — remove &x and repeat the value"),
        ("---\n&x a: b\n---\n", "x.md:2:1: anchors are not read here"),
        ("---\na: *x\n---\n", "x.md:2:4: aliases are not read here — write the value of *x again"),
        ("---\na: !!python/object:os.system b\n---\n", "x.md:2:4: the tag tag:yaml.org,2002:python/object:os.system"),
        ("---\n[a]: b\n---\n", "x.md:2:1: a key cannot be a list or a table"),
        ("---\n- a\n---\n", "x.md:2:1: the front matter holds no key"),
        ("---\nwords\n---\n", "x.md:2:1: the front matter holds no key"),
        ("---\na: b\n--- c\nd: e\n---\n", "x.md:3:1: a second YAML document begins"),
        ('---\né: "🌱\x7f"\n---\n', "x.md:2:6: the invisible character U+007F stands here — delete it"),
    ],
)  # fmt: skip
def test_broken_yaml_is_one_mistake_at_its_place(text: str, expected: str) -> None:
    (line,) = said(text)
    assert line.startswith(expected)
    assert not parse(text).readable


def test_each_repeated_key_is_a_mistake_and_the_first_value_counts() -> None:
    document = parse("---\na: 1\nA: 2\nm: {x: 1, x: 2}\na: 3\n---\n")
    assert [str(mistake) for mistake in document.mistakes] == [
        "x.md:3:1: the key “a” stands here a second time, first on line 2 — keep one of the two",
        "x.md:4:11: the key “x” stands here a second time, first on line 4 — keep one of the two",
        "x.md:5:1: the key “a” stands here a second time, first on line 2 — keep one of the two",
    ]
    assert document.readable
    assert values(document) == {"a": "1", "m": {"x": "1"}}


def test_an_alias_bomb_is_refused_at_its_first_anchor() -> None:
    bomb = "a: &a [x, x, x]\n" + "".join(
        f"{c}: &{c} [*{p}, *{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True)
    )
    (line,) = said(f"---\n{bomb}---\n")
    assert line.startswith("x.md:2:4: anchors are not read here")


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting_is_bounded_however_deep(opening: str) -> None:
    (line,) = said(f"---\nkey:\n  {opening * 10_000}\n---\n")
    assert "nested more than" in line or "is not YAML" in line


def test_nesting_up_to_the_bound_is_read() -> None:
    deep = yamltext.MAX_DEPTH - 1
    assert parse(f"---\na: {'[' * deep}b{']' * deep}\n---\n").readable
    assert not parse(f"---\na: {'[' * (deep + 1)}b{']' * (deep + 1)}\n---\n").readable


def test_front_matter_beyond_its_bound_is_refused_before_it_is_parsed() -> None:
    longest = "a: " + "b" * (64 * 1024 - 4) + "\n"
    assert said(f"---\n{longest}---\n") == []
    (line,) = said(f"---\nb{longest}---\n")
    assert line.startswith("x.md:1:1: the front matter is longer than 64 KiB")


# --- Bytes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"caf\xe9", "x.md:1:4: is not UTF-8 from here on (byte 0xE9) — save the file as UTF-8"),
        ("é\r\né\n".encode() + b"\xff", "x.md:3:1: is not UTF-8 from here on (byte 0xFF)"),
        (BOM + "é🌱".encode() + b"\x80", "x.md:1:3: is not UTF-8 from here on (byte 0x80)"),
        ("Title: x".encode("utf-16"), "x.md:1:1: is not UTF-8 from here on (byte 0xFF)"),
        (b"\xf0\x9f\x8c", "x.md:1:1: is not UTF-8 from here on (byte 0xF0)"),
        (b"---\ntitle: A\n---\nx\ny\0z", "x.md:5:2: a NUL byte stands here — delete it"),
        (b"a\n\x1b[31m", "x.md:2:1: the control character U+001B stands here"),
        ("a\uffff".encode(), "x.md:1:2: the control character U+FFFF stands here"),
    ],
)
def test_bytes_that_are_no_text_are_one_mistake_at_their_place(data: bytes, expected: str) -> None:
    (line,) = said(data)
    assert line.startswith(expected)
    assert not parse(data).readable


def test_a_file_beyond_its_bound_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_bytes(b"a" * (encoding.MAX_FILE + 1))
    (mistake,) = frontmatter.read(path, shown="x.md").mistakes
    assert str(mistake).startswith("x.md:1:1: the file is larger than 4 MB")
    path.write_bytes(b"a" * encoding.MAX_FILE)
    assert frontmatter.read(path).mistakes == ()


def test_what_cannot_be_opened_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "folder.md").mkdir()
    os.mkfifo(tmp_path / "pipe.md")
    (tmp_path / "loop.md").symlink_to("loop.md")
    (tmp_path / "lost.md").symlink_to("nowhere.md")
    for name in ("folder.md", "pipe.md", "loop.md", "lost.md", "absent.md"):
        (mistake,) = frontmatter.read(tmp_path / name, shown=name).mistakes
        assert (mistake.path, mistake.line, mistake.column) == (name, 1, 1)


# --- Headers -----------------------------------------------------------------------------------------------


def test_headers_know_their_places() -> None:
    document = parse("Title:  A  \n  date: 2026-01-02\nTags: a,\n     b  \n\nBody\n")
    assert document.style is Style.HEADERS
    assert values(document) == {"title": "A", "date": "2026-01-02", "tags": "a,,b"}
    assert (document.fields["title"].place, document.fields["title"].value.place) == (
        Place(1, 1),
        Place(1, 9),
    )
    assert document.fields["date"].place == Place(2, 3)
    assert (document.body, document.body_line) == ("Body\n", 6)


@pytest.mark.parametrize("key", ["Title", "Date", "Tags", "Slug", "Mail"])
def test_a_repeated_header_of_one_value_is_a_mistake(key: str) -> None:
    (line,) = said(f"{key}: a\n{key.lower()}: b\n    c\n\nBody")
    assert (
        line
        == f"x.md:2:1: the key “{key.lower()}” stands here a second time, first on line 1 — keep one of the two"
    )


def test_other_headers_may_be_repeated_and_are_then_a_list() -> None:
    assert values(parse("X: a\nx: b\n    c\n\n")) == {"x": ["a", "b", "c"]}


def test_headers_after_an_empty_line_are_body_as_in_pelican() -> None:
    document = parse("\nTitle: A\n")
    assert values(document) == {}
    assert document.body == "Title: A\n"


# fmt: off
_header_lines = st.lists(st.sampled_from([
    "Title: a", "x-y: b: c", "   k:v", "    more", "\tmore", "", " ", "---", "... end", "words", "a b: c",
    "é: x", "K:", "Spaces:   a  ", "    more  ",
]), max_size=8)
# fmt: on


@given(_header_lines.map("\n".join).filter(lambda text: not text.lstrip().startswith("---")))
def test_headers_and_body_are_what_pelicans_markdown_finds(text: str) -> None:
    document = parse(text)
    reader = markdown.Markdown(extensions=["markdown.extensions.meta"])
    html = reader.convert(text)
    theirs = {key: lines for key, lines in reader.Meta.items() if key != "title"}  # type: ignore[attr-defined]
    ours = {key: value if isinstance(value, list) else [value] for key, value in values(document).items()}
    ours.pop("title", None)
    assert ours == theirs
    assert markdown.markdown(f"\n{document.body}") == html


# --- Whatever the bytes ------------------------------------------------------------------------------------

# fmt: off
_pieces = st.sampled_from([
    b"---\n", b"title: ", b"- ", b"[", b"]", b"{", b"}", b'"', b"'", b": ", b"\n", b"\r", b"\t", b"&a ", b"*a",
    b"!!x ", b"|\n", b">\n", b"  ", b"#", b"%", b"@", b"`", b"\\", b"\\x", b"\\ud800", b"\xff", b"\0", BOM, b"a",
    "🌱".encode(), "\u2028".encode(), b"<<: ", b"? ", b"...\n", b"date: 2026-02-30\n", b"~",
])
# fmt: on


@given(st.binary(max_size=200) | st.lists(_pieces, max_size=40).map(b"".join))
@example(b'---\na: "\\U00110000"\n---')
@example(b'---\na: "\\UFFFFFFFF"\n---')
@example(b"---\n---")
@example(b"---")
@example(b"")
def test_any_bytes_give_a_document_whose_mistakes_have_a_place_in_the_file(data: bytes) -> None:
    document = parse(data)
    lines = data.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for mistake in document.mistakes:
        assert 1 <= mistake.line <= len(lines)
        assert 1 <= mistake.column <= len(lines[mistake.line - 1]) + 2
        assert "\n" not in str(mistake)
    assert document.readable or document.mistakes


@given(st.lists(_pieces, max_size=30).map(b"".join))
def test_the_slow_parser_which_some_machines_have_reads_the_same(data: bytes) -> None:
    data = b"---\n" + data + b"\n---\n"
    fast = parse(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yamltext, "_LOADER", yaml.BaseLoader)
        slow = parse(data)
    if fast.readable and slow.readable:  # what is broken, they find broken at different characters
        assert values(fast) == values(slow)
        assert [field.place for field in fast.fields.values()] == [
            field.place for field in slow.fields.values()
        ]
        assert fast.mistakes == slow.mistakes


_texts = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029\ufeff\ufffe\uffff")
)


@given(
    st.dictionaries(st.from_regex(r"[a-z][a-z_]{0,9}", fullmatch=True), _texts | st.lists(_texts), min_size=1)
)
def test_what_a_program_writes_as_yaml_is_read_back(data: dict[str, str | list[str]]) -> None:
    text = yaml.safe_dump(data, allow_unicode=True, default_style='"')
    document = parse(f"---\n{text}---\nBody")
    assert document.mistakes == ()
    assert values(document) == data
    assert document.body == "Body"
