"""The built site, as a static host serves it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import ASGIApp

from pipeline.web.site import Site, media_type
from plugins.headers.policy import security_headers
from tests.web.asking import SITE_URL, ask, preview

SECRET = b"nobody may see this"
HOME = f'<!doctype html><link rel="canonical" href="{SITE_URL}/"><a href="{SITE_URL}/about/">About</a> é'


def build(folder: Path) -> Path:
    """Write a small site, and around and inside it what must stay unseen."""
    output = folder / "output"
    for path, content in {
        "output/index.html": HOME.encode(),
        "output/about/index.html": b"<p>about",
        "output/404.html": b"<p>There is no such page",
        "output/images/tree.png": bytes(range(256)),
        "output/odd/index.html/note.txt": b"a folder",
        "output/old.html": b"<p>caf\xe9",
        "output/feed.atom": f"<feed><id>{SITE_URL}/</id></feed>".encode(),
        "output/caf\u00e9 & more/index.html": b"<p>coffee",
        "output/.well-known/security.txt": b"Contact: mailto:security@example.org\n",
        "output/.well-known/.hidden": SECRET,
        "output/.git/config": SECRET,
        "output/.env": SECRET,
        "output/about/.draft.html": SECRET,
        "output/about/.well-known/index.html": SECRET,
        "output/about\\..\\secret.txt": SECRET,
        "secret.txt": SECRET,
        "output-of-others/index.html": SECRET,
    }.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    (output / "out.txt").symlink_to("../secret.txt")
    (output / "outside").symlink_to("../output-of-others")
    (output / "outside.html").mkdir()
    (output / "outside.html" / "index.html").symlink_to(folder / "secret.txt")
    (output / "hidden.txt").symlink_to(".env")
    (output / "circle").symlink_to("circle")
    (output / "again").symlink_to("about")
    os.mkfifo(output / "pipe.html")
    return output


@pytest.fixture
def app(tmp_path: Path) -> ASGIApp:
    build(tmp_path)
    return preview(tmp_path)


@pytest.mark.parametrize(
    ("path", "kind", "content"),
    [
        ("/about/", "text/html; charset=utf-8", b"<p>about"),
        ("/about/index.html", "text/html; charset=utf-8", b"<p>about"),
        ("/again/", "text/html; charset=utf-8", b"<p>about"),
        ("/caf%C3%A9%20&%20more/", "text/html; charset=utf-8", b"<p>coffee"),
        ("/images/tree.png", "image/png", bytes(range(256))),
        ("/old.html", "text/html; charset=utf-8", b"<p>caf\xe9"),
        ("/feed.atom", "application/atom+xml", b"<feed><id>https://belonging.example.org/</id></feed>"),
        ("/.well-known/security.txt", "text/plain; charset=utf-8", b"Contact: mailto:security@example.org\n"),
    ],
)
def test_files_are_answered_as_they_are(app: ASGIApp, path: str, kind: str, content: bytes) -> None:
    answer = ask(app, path)
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, kind, content)
    assert answer.headers["content-length"] == str(len(content))


def test_links_to_the_site_stay_here_and_its_own_address_stays_what_it_is(app: ASGIApp) -> None:
    assert ask(app, "/").text == HOME.replace(f'<a href="{SITE_URL}/about/">', '<a href="/about/">')


@pytest.mark.parametrize(
    ("path", "there"),
    [
        ("/about", "/about/"),
        ("/about?page=2&x=%2F", "/about/?page=2&x=%2F"),
        ("/caf%C3%A9%20&%20more", "/caf%C3%A9%20%26%20more/"),
    ],
)
def test_a_folder_is_read_with_a_slash_at_its_end(app: ASGIApp, path: str, there: str) -> None:
    answer = ask(app, path)
    assert (answer.status_code, answer.headers["location"]) == (301, there)


@pytest.mark.parametrize(
    "path",
    [
        "/none",
        "/about/none/",
        "/images/",  # no page in it
        "/images",
        "/odd/",
        "/odd",
        "/feed.atom/",
        "/About/",
        "//about/",
        "/about//",
        "//example.com/%2e%2e",
        "/%2e%2e/secret.txt",
        "/about/%2e%2e/index.html",
        "/..%2fsecret.txt",
        "/about%5c..%5csecret.txt",
        "/%2fetc/passwd",
        "/out.txt",
        "/outside/",
        "/outside",
        "/outside.html/",
        "/outside.html",
        "/hidden.txt",
        "/.env",
        "/.git/config",
        "/.git/",
        "/.well-known/.hidden",
        "/about/.draft.html",
        "/about/.well-known/",
        "/circle",
        "/pipe.html",
        "/a%00b",
        "/%ff",
        "/" + "x" * 5_000,
        "/" + "x/" * 5_000,
    ],
)
def test_what_is_not_there_or_not_for_showing_is_the_sites_own_404(app: ASGIApp, path: str) -> None:
    answer = ask(app, path)
    assert (answer.status_code, answer.content) == (404, b"<p>There is no such page")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    "",
                    ".",
                    "..",
                    "...",
                    "about",
                    "outside",
                    "out.txt",
                    "hidden.txt",
                    ".env",
                    ".git",
                    "config",
                    "\\",
                ]
            ),
            st.sampled_from(
                ["secret.txt", "output-of-others", "index.html", ".well-known", "about\\..\\secret.txt"]
            ),
            st.text(max_size=3),
        ),
        max_size=6,
    )
)
def test_no_path_leads_to_what_must_stay_unseen(
    tmp_path_factory: pytest.TempPathFactory, names: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "unseen"
    if not folder.exists():
        build(folder)
    path = f"/{'/'.join(names)}"
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
    answer = Site(folder / "output", SITE_URL).answer(Request(scope))
    assert answer is not None
    file = getattr(answer, "path", None)
    assert SECRET not in (file.read_bytes() if file else answer.body)


def test_pages_may_do_here_what_they_may_do_where_they_are_published(app: ASGIApp) -> None:
    for path in ("/", "/none", "/images/tree.png"):
        policy = ask(app, path).headers["content-security-policy"]
        assert policy == security_headers("")["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"])
def test_nothing_can_be_changed(app: ASGIApp, method: str) -> None:
    answer = ask(app, "/about/", method=method)
    assert (answer.status_code, answer.content) == (405, b"")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


def test_part_of_a_file_can_be_asked_for(app: ASGIApp) -> None:
    answer = ask(app, "/images/tree.png", headers={"Range": "bytes=10-19"})
    assert (answer.status_code, answer.content) == (206, bytes(range(10, 20)))


def test_nothing_is_kept_by_the_browser(app: ASGIApp) -> None:
    first = ask(app, "/images/tree.png")
    conditions = {"If-None-Match": first.headers["etag"], "If-Modified-Since": first.headers["last-modified"]}
    again = ask(app, "/images/tree.png", headers=conditions)
    assert (again.status_code, again.headers["cache-control"]) == (200, "no-store")


def test_a_site_that_is_built_again_is_shown_at_once(tmp_path: Path) -> None:
    app = preview(tmp_path)
    before = ask(app, "/about/")
    assert before.status_code == 404
    assert "Nothing has been built into" in before.text

    build(tmp_path)
    assert ask(app, "/about/").text == "<p>about"
    (tmp_path / "output").rename(tmp_path / "old")
    (tmp_path / "output").mkdir()
    assert "The site has no such page" in ask(app, "/about/").text
    (tmp_path / "output").rmdir()
    (tmp_path / "output").symlink_to("old")
    assert ask(app, "/about/").text == "<p>about"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.html", "text/html"),
        ("a.css", "text/css"),
        ("a.js", "text/javascript"),
        ("a.svg", "image/svg+xml"),
        ("a.JPG", "image/jpeg"),
        ("a.webp", "image/webp"),
        ("a.avif", "image/avif"),
        ("a.ico", "image/vnd.microsoft.icon"),
        ("a.woff2", "font/woff2"),
        ("feed.rss", "application/rss+xml"),
        ("sitemap.xml", "application/xml"),
        ("feed.json", "application/json; charset=utf-8"),
        ("site.webmanifest", "application/manifest+json; charset=utf-8"),
        ("robots.txt", "text/plain"),
        ("sitemap.xml.gz", "application/octet-stream"),
        ("CNAME", "application/octet-stream"),
        ("a.unheard-of", "application/octet-stream"),
    ],
)
def test_media_types_are_the_same_on_every_machine(name: str, kind: str) -> None:
    assert media_type(name) == kind
