"""What somebody could write, by mistake or on purpose: a clear refusal or a safe result, never a traceback."""

from __future__ import annotations

import re

import pytest

from tests.acceptance.projects import READERS, Project, tree

GARBAGE = [
    "",
    " ",
    "-",
    "../../../etc/passwd",
    "x" * 5_000,
    "ö\u202e🙂",
    "\x1b[31mred",
    "a\nb\r\nc",
    "%s%n{0}{}",
    "\udcff",
    "'; --",
]


@pytest.mark.parametrize("garbage", GARBAGE, ids=range(len(GARBAGE)))
def test_no_command_breaks_at_garbage(published: Project, garbage: str) -> None:
    before = tree(published.root / "content")
    for arguments in (
        [garbage],
        ["--root", garbage or "/", "plan"],  # an empty one is this folder
        ["preview", "--", garbage],
        ["plan", "--release", garbage],
        ["send", "--plan", garbage],
        ["send", "--skip", garbage],
        ["status", "--resend", garbage],
        ["status", "--count-as-sent", garbage],
        ["serve", "--port", garbage],
        ["subscribers", garbage],
        ["subscribers", "import", garbage],
    ):
        done = published.host.call(tuple(arguments), cwd=published.root, env=published.environment, stdin=b"")
        assert done.code in {1, 2, 3, 4}, (arguments, done)
        assert done.err.startswith("belonging: "), (arguments, done)
        assert "  → " in done.err, (arguments, done)
    done = published.host.call(
        ("subscribers", "add"),
        cwd=published.root,
        env=published.environment,
        stdin=garbage.encode(errors="surrogateescape"),
    )
    assert done.code == 1
    assert tree(published.root / "content") == before
    assert len(published.letters) == 3


HEADS = {
    "up": ("slug: ../../up\n", "slug"),
    "root": ("slug: /etc/cron.d/up\n", "slug"),
    "dots": ("slug: ..\n", "slug"),
    "encoded": ("slug: '%2e%2e%2fup'\n", "slug"),
    "saved": ("save_as: ../../up.html\n", "save_as"),
    "subject": ('subject: "Hello\\r\\nBcc: everybody@example.net"\n', "subject"),
    "preheader": ('preheader: "Hello\\nX-Header: 1"\n', "preheader"),
    "author": ('author: "Eve\\r\\nBcc: everybody@example.net"\n', "author"),
    "bidi": ('subject: "invoice\\u202efdp.exe"\n', "subject"),
    "nul": ('subject: "a\\0b"\n', "subject"),
    "escape": ('subject: "\\e[31mred"\n', "subject"),
    "picture": ("image: ../../../etc/passwd\n", "image"),
    "alias": ("tags: &a [*a]\n", ""),
    "bomb": ("a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\ntags: [*c, *c]\n", ""),
    "object": ("subject: !!python/object/apply:os.system [id]\n", ""),
}


def test_front_matter_that_reaches_for_more_is_refused_with_its_place(published: Project) -> None:
    for name, (head, _) in HEADS.items():
        published.write(name, head=head)
        if "slug" in head:
            published.change(published.post(name), f"slug: {name}\n", "")
    before = published.site
    done = published.run("publish", code=1)
    for name, (_, key) in HEADS.items():
        said = re.findall(rf"^content/posts/{name}\.md:(\d+):\d+: (.+) — .+$", done.err, re.MULTILINE)
        assert said, f"{name} was let through"
        if key:
            lines = published.post(name).read_text(encoding="utf-8").splitlines()
            assert any(lines[int(number) - 1].startswith(key) for number, _ in said), (name, said)
    assert published.site == before
    assert not (published.root.parent / "up").exists()
    assert not (published.root.parent / "up.html").exists()


def test_what_is_odd_and_allowed_comes_through_as_it_was_written(published: Project) -> None:
    odd = "It's “5 < 6 & 7 > 3”, isn't it? 🙂 שלום {{ no }} {% template %} \\n %s"
    published.write(
        "odd",
        title=f"'{odd.replace(chr(39), chr(39) * 2)}'",
        head="author: 'Zoë <b>O''Neil</b>; rm -rf'\ntags: ['<script>alert(1)</script>']\n",
        body="Words & <em>more</em>. {{ no }} {% raw %}\n\n<script>alert(1)</script>\n\n[x](javascript:alert(1))\n",
    )
    published.run("publish")
    (subject,) = published.mailed.keys() - {"Third chair"}
    assert subject == odd
    assert published.mailed[subject] == READERS
    for letter in published.letters:
        assert [name.lower() for name, _ in letter.items()].count("subject") == 1
        assert letter["Bcc"] is None
        html = letter.get_body(("html",))
        assert html is not None
        assert "<script" not in html.get_content()
        assert "javascript:" not in html.get_content()


def test_settings_hold_no_second_header(published: Project) -> None:
    published.change(
        "newsletter.toml", 'name = "Belonging"\naddress', 'name = "Eve\\r\\nBcc: x@example.net"\naddress'
    )
    done = published.run("publish", code=3)
    assert "sender.name" in done.err
    published.change("newsletter.toml", '"Eve\\r\\nBcc: x@example.net"', "'Eve \"<eve@example.net>, \\'")
    published.write("fourth")
    published.run("publish")
    (letter, *_) = [letter for letter in published.letters if letter["Subject"] == "Fourth"]
    (sender,) = letter["From"].addresses
    assert sender.addr_spec == "letters@belonging.example.org"
    assert sender.display_name == 'Eve "<eve@example.net>, \\'


def test_files_that_are_no_posts_are_named_or_left_alone(published: Project) -> None:
    posts = published.root / "content" / "posts"
    (posts / "folder.md").mkdir()
    (posts / "loop.md").symlink_to(posts / "loop.md")
    (posts / "empty.md").write_bytes(b"")
    (posts / "zeros.md").write_bytes(b"\0" * 100)
    (posts / "notes.txt").write_bytes(b"\xff not a post")
    done = published.run("publish", code=1)
    for name in ("empty", "zeros"):
        assert f"content/posts/{name}.md:1:1: " in done.err
    assert "notes.txt" not in done.err
