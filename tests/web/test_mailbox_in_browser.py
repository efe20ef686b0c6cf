"""The mailbox in a real browser: what people see, at which width, and what a letter cannot do to them."""

from __future__ import annotations

import http.server
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from pipeline.letters import EmbeddedImage
from tests.builders import letter
from tests.web.asking import SITE_URL
from tests.web.letters import name, write
from tests.web.running import running

PHONE, DESKTOP, NARROW = (390, 844), (1280, 900), (320, 600)
LETTER, PLAIN, HOSTILE = 100, 101, 102


def png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = zlib.compress(b"".join(b"\0" + b"\xb5\x53\x3c" * width for _ in range(height)))
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


FRIENDLY = f"""<!doctype html><html lang="en" dir="ltr"><head><meta charset="utf-8"><title>Coming back</title>
<meta name="color-scheme" content="light dark">
<style>body {{ margin: 0; background: #fbf8f2 }} .wide {{ display: none }}
@media (min-width: 600px) {{ .wide {{ display: block }} }}
@media (prefers-color-scheme: dark) {{ body {{ background: #161c25 }} }}</style></head>
<body><h1>Coming back</h1><p style="color: #97402c">It is not a failure.</p>
<img id="site" src="{SITE_URL}/images/tree.png" alt="A tree"><img id="inside" src="cid:tree@example.org" alt="A tree">
<p class="wide">There is room here.</p><a id="about" href="{SITE_URL}/about/">About us</a></body></html>"""


def attack(elsewhere: str) -> str:
    return f"""<!doctype html><html><head><title>x</title><base href="{elsewhere}/">
<meta http-equiv="refresh" content="0; url={SITE_URL}/taken/">
<link rel="stylesheet" href="{elsewhere}/a.css"><style>@import "{elsewhere}/b.css";
body {{ background: url({elsewhere}/c.png) }} @font-face {{ font-family: x; src: url({elsewhere}/x.woff) }}</style>
<script>document.title = "taken"; parent.document.title = "taken"; alert(1)</script>
<script src="{SITE_URL}/evil.js"></script></head>
<body onload="alert(2)" style="font-family: x"><img src="{elsewhere}/pixel.gif" onerror="alert(3)">
<svg onload="alert(4)"></svg><iframe src="{elsewhere}/frame"></iframe><iframe src="{SITE_URL}/taken/"></iframe>
<object data="{SITE_URL}/taken/"></object><embed src="{SITE_URL}/taken/"><video src="{elsewhere}/a.mp4"></video>
<iframe srcdoc="&lt;script&gt;top.document.title='taken'&lt;/script&gt;"></iframe>
<form action="{SITE_URL}/taken/" method="get"><button id="send">Send</button></form>
<a id="script" href="javascript:opener.document.title='taken'">a</a>
<a id="top" target="_top" href="{SITE_URL}/taken/">b</a>
<a id="self" target="_self" href="{elsewhere}/taken">c</a><p id="end">the end</p></body></html>"""


@dataclass
class Visit:
    """One visitor, and every address that answered their browser."""

    url: str
    context: BrowserContext
    page: Page
    answered: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def letter(self, number: int, view: str = "") -> None:
        self.page.goto(f"{self.url}/_mail/letters/{name(number)}{view}")


@dataclass(frozen=True, kw_only=True)
class Elsewhere:
    """Somebody else's server."""

    url: str
    asked: list[str]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield Elsewhere(url=f"http://127.0.0.1:{server.server_port}", asked=asked)
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, elsewhere: Elsewhere) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("browser")
    for path, content in {
        "index.html": b"<!doctype html><title>Home</title><p>home",
        "about/index.html": b"<!doctype html><title>About</title><p>about",
        "taken/index.html": b"<!doctype html><title>taken</title>",
        "evil.js": b"document.title = parent.document.title = 'taken'",
        "images/tree.png": png(40, 30),
    }.items():
        file = folder / "output" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    image = EmbeddedImage(content_id="tree@example.org", media_type="image/png", data=png(20, 10))
    mailbox = folder / "mail"
    write(
        mailbox, range(70), written=letter("An earlier letter, with a subject that takes more than one line")
    )
    write(mailbox, [LETTER], campaign="b" * 16, written=letter(html=FRIENDLY, images=(image,)))
    write(mailbox, [HOSTILE], campaign="c" * 16, written=letter("<b>Look</b>", html=attack(elsewhere.url)))
    write(mailbox, [PLAIN], campaign="d" * 16, written=letter("Plain"))
    (mailbox / "new" / name(PLAIN)).write_bytes(
        b"To: reader@example.com\r\nSubject: Plain\r\n\r\n" + b"x" * 500
    )
    (mailbox / "new" / ("unreadable" * 12)).write_bytes(b"")
    with running(folder) as server:
        yield f"http://127.0.0.1:{server.port}"


@contextmanager
def visiting(
    chromium: Browser,
    url: str,
    *,
    size: tuple[int, int] = DESKTOP,
    scheme: Literal["light", "dark"] = "light",
    scripts: bool = True,
) -> Iterator[Visit]:
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=scheme, java_script_enabled=scripts
    )
    visit = Visit(url=url, context=context, page=context.new_page())
    context.on("response", lambda response: visit.answered.append(response.url))
    context.on("dialog", lambda dialog: (visit.dialogs.append(dialog.message), dialog.dismiss()))
    try:
        yield visit
    finally:
        context.close()


PAGES = [
    "/_mail/",
    "/_mail/?page=2",
    f"/_mail/letters/{name(LETTER)}",
    f"/_mail/letters/{name(LETTER)}/text",
    f"/_mail/letters/{name(LETTER)}/headers",
    f"/_mail/letters/{name(PLAIN)}",
    f"/_mail/letters/{name(PLAIN)}/text",
    "/_mail/none",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [NARROW, PHONE, DESKTOP])
def test_no_page_of_the_mailbox_shuts_anybody_out(
    chromium: Browser, axe: str, url: str, size: tuple[int, int], scheme: Literal["light", "dark"]
) -> None:
    with visiting(chromium, url, size=size, scheme=scheme) as visit:
        for path in PAGES:
            visit.page.goto(url + path)
            visit.page.evaluate(axe)
            # A letter's own page is another test's; no script of ours can run in its frame anyway.
            found = visit.page.evaluate("axe.run(document, {iframes: false})")
            assert [
                (rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]
            ] == []
            assert found["passes"]
            assert visit.page.evaluate(
                "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
            ), f"{path} is wider than {size[0]} pixels"
        assert [address for address in visit.answered if not address.startswith(url)] == []


def test_a_letter_lies_there_as_wide_as_on_a_phone_and_on_a_desktop(chromium: Browser, url: str) -> None:
    with visiting(chromium, url) as visit:
        visit.letter(LETTER)
        widths, rooms, tops = [], [], []
        for kind in ("phone", "desktop"):
            frame = visit.page.frame_locator(f".{kind} iframe")
            box = visit.page.locator(f".{kind} iframe").bounding_box()
            assert box is not None
            tops.append(box["y"])
            widths.append(visit.page.locator(f".{kind} iframe").evaluate("frame => frame.clientWidth"))
            rooms.append(frame.locator(".wide").is_visible())
        assert widths == [390, 680]
        assert rooms == [False, True]
        assert tops[0] == tops[1]  # side by side


@pytest.mark.parametrize(("scheme", "paper"), [("light", "rgb(251, 248, 242)"), ("dark", "rgb(22, 28, 37)")])
def test_a_letter_is_light_or_dark_like_everything_around_it(
    chromium: Browser, url: str, scheme: Literal["light", "dark"], paper: str
) -> None:
    with visiting(chromium, url, scheme=scheme) as visit:
        visit.letter(LETTER)
        look = "element => getComputedStyle(element).backgroundColor"
        assert visit.page.locator("body").evaluate(look) == paper
        assert visit.page.frame_locator(".phone iframe").locator("body").evaluate(look) == paper


def test_pictures_of_the_site_and_of_the_letter_are_shown(chromium: Browser, url: str) -> None:
    with visiting(chromium, url) as visit:
        visit.letter(LETTER)
        frame = visit.page.frame_locator(".desktop iframe")
        for picture, width in (("#site", 40), ("#inside", 20)):
            assert frame.locator(picture).evaluate("image => image.naturalWidth") == width
        assert [address for address in visit.answered if not address.startswith(url)] == []


def test_a_letters_link_opens_the_page_beside_it(chromium: Browser, url: str) -> None:
    with visiting(chromium, url) as visit:
        visit.letter(LETTER)
        with visit.context.expect_page() as opened:
            visit.page.frame_locator(".phone iframe").locator("#about").click()
        opened.value.wait_for_load_state()
        assert opened.value.url == f"{url}/about/"
        assert opened.value.title() == "About"
        assert opened.value.evaluate("opener") is None


@pytest.mark.parametrize("alone", [False, True])
def test_a_hostile_letter_runs_nothing_sends_nothing_and_fetches_nothing(
    chromium: Browser, url: str, elsewhere: Elsewhere, alone: bool
) -> None:
    with visiting(chromium, url) as visit:
        visit.letter(HOSTILE, "/document" if alone else "")
        there, title = visit.page.url, visit.page.title()
        place = visit.page if alone else visit.page.frame_locator(".desktop iframe")
        assert place.locator("#end").is_visible()
        for element in ("#send", "#script", "#top", "#self"):
            if alone and element in ("#top", "#self"):
                continue  # by itself it is a page like any other, and may be left
            place.locator(element).click()
            visit.page.wait_for_timeout(200)
        assert visit.dialogs == []
        assert (visit.page.url, visit.page.title()) == (there, title)
        assert elsewhere.asked == []
        assert not [address for address in visit.answered if "taken" in address or "evil" in address]
        for other in visit.context.pages[1:]:
            assert other.title() != "taken"


def test_all_of_it_works_without_javascript_and_by_keyboard(chromium: Browser, url: str) -> None:
    with visiting(chromium, url, scripts=False) as visit:
        page = visit.page
        page.goto(f"{url}/_mail/")
        assert page.locator("h1").inner_text() == "Mailbox"
        page.keyboard.press("Tab")
        skip = page.locator(":focus")
        assert skip.inner_text() == "Skip to the letters"
        assert skip.bounding_box()["y"] >= 0  # type: ignore[index]
        page.get_by_role("link", name="Older").press("Enter")
        page.wait_for_url("**/?page=2")
        page.go_back()
        page.get_by_role("region", name="Coming back").get_by_role("link").press("Enter")
        page.wait_for_url(f"**/{name(LETTER)}")
        page.frame_locator(".phone iframe").get_by_text("It is not a failure.").wait_for()
        page.get_by_role("link", name="As plain text").press("Enter")
        page.wait_for_url("**/text")
        assert page.locator("pre").inner_text().startswith("Coming back\n\nIt is not a failure.")
        page.get_by_role("link", name="Headers").press("Enter")
        page.wait_for_url("**/headers")
        assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in page.locator("pre").inner_text()
        page.get_by_role("link", name="Site").press("Enter")
        page.wait_for_url(f"{url}/")
        assert page.title() == "Home"


def test_what_has_the_keyboards_focus_is_seen(chromium: Browser, url: str) -> None:
    with visiting(chromium, url) as visit:
        visit.letter(LETTER)
        seen = []
        for _ in range(7):
            visit.page.keyboard.press("Tab")
            look = visit.page.locator(":focus").evaluate(
                "element => [element.tagName, getComputedStyle(element).outlineStyle]"
            )
            seen.append(tuple(look))
        assert {outline for _, outline in seen} == {"solid"}
        assert [tag for tag, _ in seen] == ["A", "A", "A", "A", "A", "A", "FIGURE"]
