"""Links in a body that lead to files which are not there."""

from __future__ import annotations

import time

import markdown
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.posts import frontmatter, links
from pipeline.posts.files import Files
from pipeline.posts.prose import blanked

# fmt: off
FILES = Files([
    "posts/here.md", "posts/other.md", "posts/deep/one.md", "images/a.png", "images/b c.png", "pages/about.md",
    "top.png",
])
# fmt: on


def said(body: str, source: str = "posts/here.md") -> list[str]:
    document = frontmatter.parse(f"---\ntitle: A\n---\n{body}".encode(), path="x.md")
    return sorted(str(mistake) for mistake in links.judge(document, source, FILES))


@pytest.mark.parametrize(
    "body",
    [
        "[a]({filename}other.md)",
        "[a]({filename}/posts/other.md#part)",
        "[a]({filename}deep/../other.md?x=1)",
        "[a](|filename|/pages/about.md)",
        '![a]({static}/images/a.png "A title")',
        "![a](<{static}/images/b c.png>)",
        "![a]({static}/images/b%20c.png)",
        "![a]({attach}../images/a.png)",
        '<img alt="" src="{static}/images/a.png">',
        "[a]: {filename}other.md\n\n[a]",
        "![a](../images/a.png)",
        "![a](top.png)",
        "[a](https://example.org/x.md) <https://example.org/y.md> [b](//example.org/x.png)",
        "[a](mailto:a@example.org) [b](tel:1.md) [c](#part.md) [d](?x.md) [e]()",
        "[a](other/) [b](../about/) [c](about.html) [d](/images/absent.png)",
        "[a](example.org) [b](www.example.org/x.png) [c](doi.org/10.1/x.pdf)",
        "[a]({category}none) [b]({tag}none.md) [c]({index}) [d]({author}none)",
        "Not a link: (absent.md) [absent.md] {filename}absent.md",
        r"\[a\](absent.md) and [a\](absent.md)",
    ],
)
def test_what_leads_somewhere_or_is_no_file_of_ours_is_left_alone(body: str) -> None:
    assert said(body) == []


@pytest.mark.parametrize(
    "body",
    [
        "`[a](absent.md)`",
        "``[a](absent.md) ` [b](absent.md)``",
        "`one\ntwo [a](absent.md)`",
        "```\n[a](absent.md)\n```",
        "~~~ text\n[a](absent.md)\n```\n[b](absent.md)\n~~~",
        "1. Step\n\n    ```\n    [a](absent.md)\n    ```",
        "Words\n\n    [a](absent.md)\n\n    [b](absent.md)",
        "\t[a](absent.md)",
        "<!-- [a](absent.md)\n\n[b](absent.md) -->",
    ],
)
def test_code_and_comments_are_left_alone(body: str) -> None:
    assert said(body) == []


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("[a](absent.md)", "x.md:4:5"),
        ("é 🌱 ![a]({static}/images/absent.png)", "x.md:4:10"),
        ("One\n\n[a](\n  absent.md)", "x.md:7:3"),
        ("[a](<absent b.md>)", "x.md:4:6"),
        ("[a]: absent.md", "x.md:4:6"),
        ("<p><a href='{filename}absent.md'>a</a></p>", "x.md:4:13"),
        ("<video poster=\"absent.png\">", "x.md:4:16"),
        ("[a]({filename}posts/other.md)", "x.md:4:5"),  # from the folder of the post, not from the top
        ("[a]({filename}../../outside.md)", "x.md:4:5"),
        ("[![a](absent.png)](https://example.org)", "x.md:4:7"),
        ("- item\n\n    [a](absent.md)", "x.md:6:9"),
        ("[^1]: Note\n\n    [a](absent.md)", "x.md:6:9"),
        ("Words\n    [a](absent.md)", "x.md:5:9"),
        ("` [a](absent.md)", "x.md:4:7"),
        ("\\`[a](absent.md)`", "x.md:4:7"),
        ("```\n[a](absent.md)", "x.md:5:5"),  # a fence that is never closed is no fence
        ("<!-- [a](absent.md)", "x.md:4:10"),
        ("[a](absent_(1).md)", "x.md:4:5"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_an_error_where_it_stands(body: str, place: str) -> None:
    (line,) = said(body)
    assert line.startswith(f"{place}: there is no file ")


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ("[a]({filename}/posts/one.md)", "write {filename}/posts/deep/one.md"),
        ("[a]({filename}/posts/othr.md)", "write {filename}/posts/other.md"),
        ("![a]({static}/image/A.png)", "write {static}/images/a.png"),
        ("![a](../image/a.png)", "write {static}/images/a.png"),
        ("[a](otter.md)", "write {filename}/posts/other.md"),
        ("[a](nothing-like-it.pdf)", "add the file, or correct the path"),
    ],
)
def test_what_was_probably_meant_is_proposed(body: str, advice: str) -> None:
    (line,) = said(body)
    assert line.endswith(f" — {advice}")


def test_a_path_to_markdown_without_a_mark_leads_to_no_page() -> None:
    (line,) = said("[a](other.md)")
    assert line == (
        "x.md:4:5: warning: the site has no such file, only the page made of it — write {filename}/posts/other.md"
    )


def test_paths_are_named_from_content() -> None:
    assert said("[a](absent.md)", "posts/deep/one.md")[0].startswith(
        "x.md:4:5: there is no file content/posts/deep/absent.md"
    )
    assert "there is no file ../../x.md in content/" in said("[a]({filename}../../x.md)")[0]


@given(st.text(alphabet="ab`~<!->[]()\\ \n\t*1.^:", max_size=200))
def test_blanking_moves_nothing(body: str) -> None:
    blank = blanked(body)
    assert len(blank) == len(body)
    assert [i for i, c in enumerate(blank) if c == "\n"] == [i for i, c in enumerate(body) if c == "\n"]
    assert all(new in {old, " "} for new, old in zip(blank, body, strict=True))


# fmt: off
_blocks = st.sampled_from([
    "Words with `code [x](no.md)` in them.", "```\n[x](no.md)\n```", "    [x](no.md)", "> quoted", "* * *", "# Head",
    "- item one\n- item two", "1. first", "[x](yes.md)", "![x](yes.md)", "`` a ` b ``", "<!-- [x](no.md) -->",
])
# fmt: on


@given(st.lists(_blocks, max_size=8).map("\n\n".join))
def test_links_are_those_that_markdown_finds(body: str) -> None:
    html = markdown.markdown(body, extensions=["markdown.extensions.extra"])
    html = html.replace("<!-- [x](no.md) -->", "")
    assert sum(link.target == "yes.md" for link in links.find(body)) == html.count('"yes.md"')
    assert sum(link.target == "no.md" for link in links.find(body)) == html.count('"no.md"')


@given(st.binary(max_size=300))
def test_any_body_can_be_judged(data: bytes) -> None:
    document = frontmatter.parse(b"---\na: b\n---\n" + data, path="x.md")
    for mistake in links.judge(document, "posts/here.md", FILES):
        assert mistake.line >= 4


@pytest.mark.parametrize(
    "piece", ["`", "``\n\n`", "[](", "<!--", "```\n", "[a](b", "<a ", "    x\n\n", "](((", "<a href="]
)
def test_no_body_takes_long(piece: str) -> None:
    document = frontmatter.parse(
        b"---\na: b\n---\n" + (piece * (200_000 // len(piece))).encode(), path="x.md"
    )
    started = time.process_time()
    list(links.judge(document, "posts/here.md", FILES))
    assert time.process_time() - started < 5
