"""The check before sending: whatever would tell on a reader is found, by somebody who does not trust the composer."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import datetime

import pytest

from pipeline.letters import EmbeddedImage
from pipeline.mail.composing import PLACEHOLDER, Composer
from pipeline.mail.sameness import differences
from pipeline.mail.transport import Message
from tests.builders import UNSUBSCRIBE, envelope, letter

IMAGE = EmbeddedImage(content_id="one@belonging.example.org", media_type="image/png", data=bytes(300))
Leak = Callable[[bytes, str, str, datetime, str], bytes]


class Leaking(Composer):
    """A composer that was tampered with, or is simply wrong."""

    def __init__(self, leak: Leak) -> None:
        super().__init__(letter(images=(IMAGE,)), envelope())
        self._leak = leak

    def compose(self, *, to: str, message_id: str, date: datetime, token: str, sender: str = "") -> Message:
        message = super().compose(to=to, message_id=message_id, date=date, token=token, sender=sender)
        content = self._leak(message.content, to, message_id, date, token)
        return Message(id=message.id, sender=message.sender, to=to, content=content)


@pytest.mark.parametrize(
    "it", [letter(), letter(images=(IMAGE,)), letter(text=f"{'ü' * 200} {UNSUBSCRIBE} {UNSUBSCRIBE}\n")]
)
def test_an_honest_letter_has_no_differences(it: object) -> None:
    assert differences(Composer(it, envelope(unsubscribe_mailto="leave@example.org"))) == ()  # type: ignore[arg-type]


def test_a_service_at_the_top_of_its_host_is_no_difference() -> None:
    page = f"https://lists.example.org/unsubscribe/{PLACEHOLDER}"
    it = letter(text=f"{page}\n", html=f"<a href='{page}'>Leave</a>")
    assert differences(Composer(it, envelope(unsubscribe_url=page))) == ()


def test_an_address_with_an_ampersand_is_the_same_once_it_is_read_as_html() -> None:
    page = f"https://lists.example.org/a&b/unsubscribe/{PLACEHOLDER}"
    it = letter(text=f"{page}\n", html=f"<a href='{page.replace('&', '&amp;')}'>Leave</a>")
    assert differences(Composer(it, envelope(unsubscribe_url=page))) == ()


def header(line: str) -> Callable[[bytes], bytes]:
    return lambda content: line.encode() + b"\r\n" + content


LEAKS: dict[str, Leak] = {
    "the address in a header": lambda c, to, i, d, t: header(f"X-To: {to}")(c),
    "the address in Reply-To": lambda c, to, i, d, t: header(f"Reply-To: {to}")(c),
    "the address in the text": lambda c, to, i, d, t: c.replace(
        b"Coming back\r\n\r\n", to.encode() + b"\r\n\r\n"
    ),
    "a hash of the address": lambda c, to, i, d, t: header(f"X-Id: {hashlib.md5(to.encode()).hexdigest()}")(
        c
    ),
    "the address in base64": lambda c, to, i, d, t: c.replace(
        b"It is not", base64.b64encode(to.encode()).rstrip(b"=") + b" It is not", 1
    ),
    "its length in spaces": lambda c, to, i, d, t: c.replace(b"It is", b"It" + b" " * len(to) + b"is", 1),
    "the Message-ID in a header": lambda c, to, i, d, t: header(f"X-Id: {i}")(c),
    "the Message-ID in a boundary": lambda c, to, i, d, t: c.replace(
        b"=_0123456789abcdef", b"=_" + i.encode()
    ),
    "the date in the text": lambda c, to, i, d, t: c.replace(b"It is not", f"{d:%d} It is not".encode(), 1),
    "the token in a header": lambda c, to, i, d, t: header(f"X-Id: {t}")(c),
    "the token in the subject": lambda c, to, i, d, t: c.replace(
        b"Subject: ", b"Subject: " + t.encode() + b" "
    ),
    "the token in the text": lambda c, to, i, d, t: c.replace(b"It is not", t.encode() + b" It is not", 1),
    "half a token in the text": lambda c, to, i, d, t: c.replace(
        b"It is not", t[:9].encode() + b" It is not", 1
    ),
    "a picture of one's own": lambda c, to, i, d, t: c.replace(b"AAAAAAAA", t[:8].encode(), 1),
    "headers in another order": lambda c, to, i, d, t: (
        c.replace(b"List-Post: NO\r\n", b"").replace(b"\r\nSubject", b"\r\nList-Post: NO\r\nSubject")
        if to.startswith("b")
        else c
    ),
    "soft breaks at other places": lambda c, to, i, d, t: (
        c.replace(b"It is not a", b"It is =\r\nnot a", 1) if to.startswith("b") else c
    ),
    "a header that one lacks": lambda c, to, i, d, t: (
        c.replace(b"List-Post: NO\r\n", b"") if to.startswith("b") else c
    ),
    "the token of somebody else": lambda c, to, i, d, t: c.replace(t.encode(), b"Z" * 36),
    "a comment in To": lambda c, to, i, d, t: c.replace(b"\r\n", b" (reader 7)\r\n", 1),
    "Date going on in the next line": lambda c, to, i, d, t: c.replace(b"\r\nFrom", b"\r\n (7)\r\nFrom", 1),
    "a second To": lambda c, to, i, d, t: header(f"To: {to}")(c),
    "more in the Message-ID": lambda c, to, i, d, t: c.replace(b"Message-ID: <", b"Message-ID: <7."),
}


@pytest.mark.parametrize("name", LEAKS)
def test_whatever_tells_on_a_reader_is_found(name: str) -> None:
    assert differences(Leaking(LEAKS[name]))


@pytest.mark.parametrize(
    ("leak", "said"),
    [
        ("the address in the text", "the address stands outside To"),
        ("the token in the text", "the token stands in the plain text outside a link to the list's service"),
        ("the token in a header", "the token stands in the header X-Id outside a link to the list's service"),
        ("its length in spaces", "the copies differ in more than To, Message-ID, Date and the token"),
        ("the token of somebody else", "List-Unsubscribe does not lead to the reader's own page"),
    ],
)
def test_what_was_found_is_said_in_words(leak: str, said: str) -> None:
    assert said in differences(Leaking(LEAKS[leak]))


@pytest.mark.parametrize(
    "page", ["https://belonging.example.org/a-post/", "https://elsewhere.example.com/x/"]
)
@pytest.mark.parametrize("part", ["text", "html"])
def test_a_link_that_carries_the_token_to_another_page_is_found(page: str, part: str) -> None:
    link = page + PLACEHOLDER
    it = letter()
    it = letter(
        text=it.text + (f"{link}\n" if part == "text" else ""),
        html=it.html + (f'<a href="{link}">Read</a>' if part == "html" else ""),
    )
    (found,) = differences(Composer(it, envelope()))
    assert found.startswith("the token stands in the ")
    assert found.endswith(" outside a link to the list's service")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": "No way out.\n"}, "the plain text has no link to unsubscribe"),
        ({"html": "<p>No way out.</p>"}, "the HTML has no link to unsubscribe"),
        (
            {"text": UNSUBSCRIBE.replace("-goes-", "-goes-\n") + "\n"},
            "the plain text has no link to unsubscribe",
        ),
        ({"html": f"<p>{UNSUBSCRIBE[:-1]}</p>"}, "the HTML has no link to unsubscribe"),
    ],
)
def test_a_letter_nobody_can_leave_by_is_found(change: dict[str, object], said: str) -> None:
    assert said in differences(Composer(letter(**change), envelope()))


def test_a_list_whose_page_is_the_same_for_everybody_is_found() -> None:
    page = "https://belonging.example.org/list/unsubscribe"
    found = differences(Composer(letter(), envelope(unsubscribe_url=page)))
    assert "List-Unsubscribe does not lead to the reader's own page" in found
