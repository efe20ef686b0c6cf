"""The preview: the mailbox beside the site, what every answer says, and who gets one."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline.letters import EmbeddedImage
from pipeline.web.guard import Guard
from pipeline.web.mailbox import Mailbox
from tests.builders import UNSUBSCRIBE, address, letter
from tests.web.asking import SITE_URL, ask, page, preview
from tests.web.letters import date, name, write

IMAGE = EmbeddedImage(
    content_id="tree@belonging.example.org", media_type="image/png", data=b"\x89PNG\x00\xff"
)
HOSTILE = "</pre><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7*7 }}"


@pytest.fixture
def mailbox(tmp_path: Path) -> Path:
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "index.html").write_bytes(b"<p>home")
    return tmp_path / "mail"


@pytest.fixture
def app(mailbox: Path) -> ASGIApp:
    return preview(mailbox.parent)


def links(answer: httpx.Response) -> list[str]:
    return [str(link) for link in page(answer).xpath("//main//a/@href")]


def frames(answer: httpx.Response) -> list[dict[str, str]]:
    return [
        {str(key): str(value) for key, value in frame.items()} for frame in page(answer).xpath("//iframe")
    ]


def said(answer: httpx.Response) -> str:
    return " ".join(page(answer).xpath("//main")[0].text_content().split())


# The list


def test_an_empty_mailbox_says_so(app: ASGIApp) -> None:
    answer = ask(app, "/_mail/")
    assert answer.status_code == 200
    assert "There are no letters in" in said(answer)


def test_the_mailbox_is_found_without_a_slash_too(app: ASGIApp) -> None:
    answer = ask(app, "/_mail")
    assert (answer.status_code, answer.headers["location"]) == (301, "/_mail/")


def test_copies_of_a_letter_stand_under_its_subject(app: ASGIApp, mailbox: Path) -> None:
    write(mailbox, [1, 2], campaign="a" * 16, written=letter("First"))
    write(mailbox, [3], campaign="b" * 16, written=letter("Second"))
    write(mailbox, [4, 5], campaign="c" * 16, written=letter("First"))
    answer = ask(app, "/_mail/")
    batches = page(answer).xpath("//section")
    assert [batch.findtext("h2/bdi") for batch in batches] == ["First", "Second", "First"]
    assert [batch.find("table/caption").text_content() for batch in batches] == [
        '2 letters from "Belonging" <letters@belonging.example.org>',
        '1 letter from "Belonging" <letters@belonging.example.org>',
        '2 letters from "Belonging" <letters@belonging.example.org>',
    ]
    rows = [[cell.text_content() for cell in row.iter("td")] for row in batches[1].iter("tr")]
    assert rows[1][:2] == [address(3), "1 Mar 2026, 12:00 UTC"]
    assert re.fullmatch(r"\d kB", rows[1][2])
    assert links(answer) == [f"/_mail/letters/{name(number)}" for number in (5, 4, 3, 2, 1)]
    assert "5 letters in" in said(answer)


def test_letters_of_two_campaigns_or_two_subjects_stand_apart(app: ASGIApp, mailbox: Path) -> None:
    write(mailbox, [1], campaign="a" * 16, written=letter("The same"))
    write(mailbox, [2, 3, 4], campaign="b" * 16, written=letter("The same"))
    for number, subject in [(3, "Yes"), (4, "No")]:
        (mailbox / "new" / name(number)).write_text(f"Subject: {subject}\nDate: 1 Mar 2026 12:00 +0230\n\n")
        date(mailbox / "new" / name(number), number)
    answer = ask(app, "/_mail/")
    assert page(answer).xpath("//section/h2/bdi/text()") == ["No", "Yes", "The same", "The same"]
    assert page(answer).xpath("//section[1]//time/text()") == ["1 Mar 2026, 12:00 +02:30"]
    assert page(answer).xpath("//section[1]//time/@datetime") == ["2026-03-01T12:00:00+02:30"]


def test_a_long_list_has_pages(app: ASGIApp, mailbox: Path) -> None:
    (mailbox / "new").mkdir(parents=True)
    for number in range(251):
        (mailbox / "new" / name(number)).write_bytes(b"To: reader@example.com\nSubject: s\n\n")
        date(mailbox / "new" / name(number), number)

    def steps(number: int) -> list[str]:
        answer = ask(app, f"/_mail/?page={number}")
        return [
            " ".join(step.text_content().split()) for step in page(answer).xpath("//nav[@class='pages']//li")
        ]

    assert steps(1) == ["Page 1", "Page 2", "…", "Page 6", "Older"]
    assert steps(2) == ["Newer", "Page 1", "Page 2", "Page 3", "…", "Page 6", "Older"]
    assert steps(4) == ["Newer", "Page 1", "…", "Page 3", "Page 4", "Page 5", "Page 6", "Older"]
    assert steps(6) == ["Newer", "Page 1", "…", "Page 5", "Page 6"]
    assert [link for link in links(ask(app, "/_mail/?page=6")) if "letters" in link] == [
        f"/_mail/letters/{name(0)}"
    ]
    assert "251 letters in" in said(ask(app, "/_mail/?page=6"))


@pytest.mark.parametrize("number", ["0", "2", "-1", "one", "", "1.5", "9" * 5_000])
def test_a_page_that_is_not_there_is_not_found(app: ASGIApp, mailbox: Path, number: str) -> None:
    write(mailbox, [1])
    answer = ask(app, f"/_mail/?page={number}")
    assert (answer.status_code, said(answer)) == (404, "Not here The mailbox has no such page. All letters")


def test_files_that_are_no_letters_are_listed_apart(app: ASGIApp, mailbox: Path) -> None:
    write(mailbox, [1])
    (mailbox / "new" / f"{HOSTILE.replace('/', '|')}").write_bytes(b"x")
    answer = ask(app, "/_mail/")
    last = page(answer).xpath("//section[@class='batch unreadable']")[0]
    assert [cell.text_content() for cell in last.iter("td")] == [
        HOSTILE.replace("/", "|"),
        "not one of this list's letters",
        "1 bytes",
    ]
    assert links(answer) == [f"/_mail/letters/{name(1)}"]


def test_a_mailbox_that_cannot_be_read_is_said_to_be_so(app: ASGIApp, mailbox: Path) -> None:
    mailbox.write_bytes(b"")
    answer = ask(app, "/_mail/")
    assert answer.status_code == 500
    assert "cannot be read (Not a directory)" in said(answer)


# One letter


def test_a_letter_is_shown_on_a_phone_and_on_a_desktop(app: ASGIApp, mailbox: Path) -> None:
    write(mailbox, [1])
    answer = ask(app, f"/_mail/letters/{name(1)}")
    assert [(frame["title"], frame["width"]) for frame in frames(answer)] == [
        ("The letter on a phone", "390"),
        ("The letter on a desktop", "680"),
    ]
    for frame in frames(answer):
        assert frame["src"] == f"/_mail/letters/{name(1)}/document"
        assert "allow-scripts" not in frame["sandbox"]
        assert "allow-same-origin" not in frame["sandbox"]
    assert "frame-src 'self'" in answer.headers["content-security-policy"]
    facts = page(answer).xpath("//dl//dd")
    assert [fact.text_content() for fact in facts[:3]] == [
        '"Belonging" <letters@belonging.example.org>',
        address(1),
        "1 Mar 2026, 12:00 UTC",
    ]


def test_a_letter_leads_to_the_site_here_and_shows_the_pictures_it_carries(
    app: ASGIApp, mailbox: Path
) -> None:
    html = (
        f'<!doctype html><html><head><title>x</title></head><body><a href="{SITE_URL}/about/">about</a>'
        f'<img src="{SITE_URL}/images/tree.png"><img src="cid:{IMAGE.content_id}"><img src="cid:none">'
        f'<a href="https://doi.org/10.1000/1">source</a><a href="{UNSUBSCRIBE}">leave</a>'
    )
    write(mailbox, [1], written=letter(html=html, images=(IMAGE,)))
    answer = ask(app, f"/_mail/letters/{name(1)}/document")
    here = f"/_mail/letters/{name(1)}"
    assert [str(link) for link in page(answer).xpath("//a/@href")] == [
        "/about/",
        "https://doi.org/10.1000/1",
        f"/list/unsubscribe/{'A' * 36}",
    ]
    assert page(answer).xpath("//img/@src") == ["/images/tree.png", f"{here}/images/0", "cid:none"]
    assert page(answer).xpath("//head/base/@target") == ["_blank"]

    picture = ask(app, f"{here}/images/0")
    assert (picture.headers["content-type"], picture.content) == ("image/png", IMAGE.data)
    assert ask(app, f"{here}/images/1").status_code == 404
    assert ask(app, f"{here}/images/-1").status_code == 404


def test_a_letters_plain_text_and_headers_are_shown_as_they_are(app: ASGIApp, mailbox: Path) -> None:
    write(mailbox, [1], written=letter(HOSTILE, text=f"Dear reader,\n\n  {HOSTILE}\n"))
    head = (mailbox / "new" / name(1)).read_bytes().partition(b"\r\n\r\n")[0].decode().replace("\r\n", "\n")
    for view, expected in [("text", f"Dear reader,\n\n  {HOSTILE}\n"), ("headers", head)]:
        answer = ask(app, f"/_mail/letters/{name(1)}/{view}")
        shown = page(answer).xpath("//pre")[0].text_content()
        assert shown == expected
        assert page(answer).findtext(".//h1/bdi") == HOSTILE
        assert not page(answer).xpath("//script | //img")
        assert not frames(answer)


def test_endless_headers_are_cut(app: ASGIApp, mailbox: Path) -> None:
    write(mailbox, [1])
    (mailbox / "new" / name(1)).write_bytes(b"Subject: a\r\nX: " + b"x" * 3_000_000 + b"\r\n\r\n")
    answer = ask(app, f"/_mail/letters/{name(1)}/headers")
    assert len(answer.content) < 200_000
    assert "There are more; they are not shown." in said(answer)


def test_a_letter_with_only_one_part_says_what_it_lacks(app: ASGIApp, mailbox: Path) -> None:
    write(mailbox, [1, 2])
    here = f"/_mail/letters/{name(1)}"
    (mailbox / "new" / name(1)).write_bytes(b"To: reader@example.com\r\n\r\nHello")
    (mailbox / "new" / name(2)).write_bytes(
        b"To: reader@example.com\r\nContent-Type: text/html\r\n\r\n<p>Hello"
    )
    assert "This letter has no HTML." in said(ask(app, here))
    assert f"{here}/text" in links(ask(app, here))
    assert not frames(ask(app, here))
    assert ask(app, f"{here}/document").status_code == 404
    assert said(ask(app, here)).startswith("No subject From nobody To reader@example.com Date no date")
    assert "This letter has no plain text." in said(ask(app, f"/_mail/letters/{name(2)}/text"))


@pytest.mark.parametrize("view", ["", "/text", "/headers", "/document", "/images/0"])
def test_a_letter_that_is_not_there_or_cannot_be_read_is_not_found(
    app: ASGIApp, mailbox: Path, view: str
) -> None:
    write(mailbox, [1])
    (mailbox / "new" / name(2)).write_bytes(b"\xff")
    for asked in (name(2), name(3), f"..%2fnew%2f{name(1)}", "x"):
        answer = ask(app, f"/_mail/letters/{asked}{view}")
        assert answer.status_code == 404
        assert page(answer).findtext(".//h1") == "Not here"


def test_a_letter_whose_parts_are_nested_beyond_sense_is_not_found(app: ASGIApp, mailbox: Path) -> None:
    write(mailbox, [1])
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2_000)
    )
    (mailbox / "new" / name(1)).write_bytes(b"To: reader@example.com\n" + nested)
    answer = ask(app, f"/_mail/letters/{name(1)}")
    assert answer.status_code == 404
    assert "The parts of this letter cannot be told apart." in said(answer)


def test_no_page_of_the_mailbox_needs_javascript_or_names_an_address_in_a_url(
    app: ASGIApp, mailbox: Path
) -> None:
    write(mailbox, range(60))
    (mailbox / "new" / "someone@example.com").write_bytes(b"x")
    here = f"/_mail/letters/{name(1)}"
    for path in ("/_mail/", "/_mail/?page=2", here, f"{here}/text", f"{here}/headers", "/_mail/none"):
        shown = page(ask(app, path))
        assert not shown.xpath("//script | //@style | //style | //@onclick")
        assert not [url for url in shown.xpath("//@href | //@src") if "@" in url or "%40" in url]
        assert len(shown.xpath("//h1")) == 1
        assert shown.xpath("//header//a/@href") == ["/", "/_mail/"]


def test_the_mailbox_brings_its_own_look(app: ASGIApp) -> None:
    for file in page(ask(app, "/_mail/")).xpath("//link/@href"):
        assert ask(app, file).status_code == 200
    assert ask(app, "/_mail/static/mailbox.css").headers["content-type"] == "text/css; charset=utf-8"
    assert ask(app, "/_mail/static/%2e%2e/pages.py").status_code == 404
    assert ask(app, "/_mail/static/none.css").status_code == 404


# Every answer

ANSWERS = [
    ("/", 200),
    ("/none", 404),
    ("/_mail", 301),
    ("/_mail/", 200),
    ("/_mail/none", 404),
    ("/_mail/?page=7", 404),
    ("/_mail/static/mailbox.css", 200),
    ("/_mail/static/none", 404),
    (f"/_mail/letters/{name(1)}", 200),
    (f"/_mail/letters/{name(1)}/text", 200),
    (f"/_mail/letters/{name(1)}/headers", 200),
    (f"/_mail/letters/{name(1)}/document", 200),
    (f"/_mail/letters/{name(1)}/images/0", 200),
    (f"/_mail/letters/{name(2)}", 404),
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
@pytest.mark.parametrize(("path", "status"), ANSWERS)
def test_every_answer_is_guarded(app: ASGIApp, mailbox: Path, path: str, status: int, method: str) -> None:
    write(mailbox, [1], written=letter(images=(IMAGE,)))
    answer = ask(app, path, method=method)
    assert answer.status_code == (405 if method == "POST" and path != "/_mail/none" else status)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    policy = [directive.split() for directive in answer.headers["content-security-policy"].split(";")]
    rules = {directive[0]: directive[1:] for directive in policy}
    assert rules["default-src"] == ["'none'"]
    sources = {source for name, values in rules.items() if name.endswith("-src") for source in values}
    letters_own = (
        {"'unsafe-inline'"} if path.endswith(("/document", "/images/0")) and method != "POST" else set()
    )
    sites_own = set() if path.startswith("/_mail/") else {"'wasm-unsafe-eval'"}  # for the search
    assert sources <= {"'none'", "'self'"} | letters_own | sites_own
    assert ("sandbox" in rules) == bool(letters_own)
    assert "allow-scripts" not in rules.get("sandbox", [])
    if path.startswith("/_mail/"):
        assert "script-src" not in rules
    elif path == "/" and method != "POST":
        assert rules["style-src"] == rules["img-src"] == ["'self'"]
        assert rules["script-src"] == ["'self'", "'wasm-unsafe-eval'"]


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:65535"]
)
def test_this_machine_is_answered(app: ASGIApp, host: str) -> None:
    assert ask(app, "/", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "belonging.example.org",
        "localhost.example.org",
        "127.0.0.1.example.org:8000",
        "example.org:127",
        "localhost:8000.example.org",
        "localhost@example.org",
        "[::1].example.org",
        "::1",
        "127.0.0.2",
        "192.0.2.1",
        "0.0.0.0",
        "localhost:",
        "localhost ",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/", "/_mail/", "/_mail/static/mailbox.css"])
def test_a_name_that_only_points_here_is_turned_away(app: ASGIApp, host: str, path: str) -> None:
    answer = ask(app, path, headers={"Host": host})
    assert answer.status_code == 421
    assert "home" not in answer.text


# When something breaks


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/late":
        await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError(f"nothing to say to {address(1)}")


@pytest.mark.parametrize(("path", "statuses"), [("/", [500]), ("/late", [200])])
def test_a_mistake_of_ours_shows_no_trace_and_logs_no_address(
    caplog: pytest.LogCaptureFixture, path: str, statuses: list[int]
) -> None:
    caplog.set_level(logging.DEBUG)
    sent: list[Message] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def keep(message: Message) -> None:
            sent.append(message)

        await Guard(broken)(scope, receive, keep)
        await PlainTextResponse("done")(scope, receive, send)

    ask(watched, path)
    assert [message["status"] for message in sent if "status" in message] == statuses
    for text in (repr(sent), caplog.text):
        assert "Traceback" not in text
        assert address(1) not in text
    assert re.search(r"made: RuntimeError in \w+, line \d+ of \w+\.py\n", caplog.text)


def test_the_preview_itself_is_guarded_against_our_mistakes(
    app: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Mailbox, number: int) -> None:
        raise RuntimeError(address(1))

    monkeypatch.setattr(Mailbox, "page", fail)
    answer = ask(app, "/_mail/")
    assert (answer.status_code, answer.text) == (500, "Something went wrong in here; it is our mistake.\n")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_no_socket_is_opened_past_the_guard() -> None:
    sent: list[Message] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def keep(message: Message) -> None:
            sent.append(message)

        await Guard(broken)({**scope, "type": "websocket"}, receive, keep)
        await PlainTextResponse("done")(scope, receive, send)

    ask(watched, "/")
    assert [message["type"] for message in sent] == ["websocket.close"]


def test_two_hosts_or_none_are_no_request() -> None:
    inner = Guard(PlainTextResponse("in"))
    for headers in ([], [(b"host", b"localhost"), (b"host", b"localhost")]):

        async def with_hosts(
            scope: Scope, receive: Receive, send: Send, hosts: list[tuple[bytes, bytes]] = headers
        ) -> None:
            await inner({**scope, "headers": hosts}, receive, send)

        assert ask(with_hosts, "/").status_code == 400
    assert ask(inner, "/").text == "in"
