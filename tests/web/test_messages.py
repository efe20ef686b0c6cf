"""What a message says, whoever wrote it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.letters import EmbeddedImage
from pipeline.web.messages import Body, Head, header_lines, read_body, read_head
from tests.builders import NOW, envelope, letter
from tests.web.letters import message

IMAGE = EmbeddedImage(
    content_id="tree@belonging.example.org", media_type="image/png", data=b"\x89PNG\x00\xff"
)


def body_of(content: bytes) -> Body:
    body = read_body(content)
    assert body is not None
    return body


def head_of(content: bytes) -> Head:
    head = read_head(content)
    assert head is not None
    return head


def subject_of(raw: bytes) -> str:
    return head_of(b"To: x@example.com\r\nSubject: " + raw + b"\r\n\r\n").subject


def html_in(charset: str, raw: bytes) -> str | None:
    return body_of(f"Content-Type: text/html; charset={charset}\r\n\r\n".encode() + raw).html


def test_a_letter_reads_as_it_was_composed() -> None:
    subject = (
        "Coming back — “after” a long, long while of being away from everybody, 🌱 and much else besides"
    )
    written = letter(subject, images=(IMAGE,))
    content = message(written, 3)

    assert head_of(content) == Head(
        subject=subject,
        sender='"Belonging" <letters@belonging.example.org>',
        to="reader3@lists.example.com",
        date=NOW,
        campaign=envelope().campaign_id,
    )
    body = body_of(content)
    assert body.images == (IMAGE,)
    assert body.html is not None
    assert body.text is not None
    assert body.html.replace("\r\n", "\n").startswith(
        f'<!doctype html><html lang="en"><title>{subject}</title>'
    )
    assert body.text.startswith("Coming back\n\nIt is not a failure.\n\nUnsubscribe: https://")


def test_headers_are_shown_as_they_stand() -> None:
    content = b"Subject: one\r\n  two\r\nX-Odd\xff: =?utf-8?q?x?=\r\n\r\nSubject: not a header\r\n\r\nmore"
    assert header_lines(content) == "Subject: one\n  two\nX-Odd\ufffd: =?utf-8?q?x?="
    assert head_of(content).subject == "one  two"
    assert header_lines(b"Subject: a\n\nb") == "Subject: a"


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", b"hello", b"\x00\xff" * 500])
def test_what_has_no_headers_is_no_message(content: bytes) -> None:
    assert read_head(content) is None


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"=?utf-8?q?caf=C3=A9?= =?utf-8?b?8J+MsQ==?= and", "café🌱 and"),
        (b"=?iso-8859-1?q?caf=E9?=", "café"),
        (b"=?no-such-charset?q?caf=C3=A9?=", "café"),
        (b"=?punycode?q?caf-dma?=", "caf-dma"),  # known to Python, but slow and no charset of mail
        ("café =?utf-8?q?=E2=80=94?= café".encode("latin-1"), "caf\ufffd — caf\ufffd"),
        (b"caf\xc3\xa9 =?utf-8?q?=E2=80=94?= caf\xc3\xa9", "café — café"),
        (b"=?utf-8?b?a?=", "=?utf-8?b?a?="),
        (b"=?utf-7?q?+2AA-?=", "?"),
        (b"caf\xc3\xa9 \xff", "café \ufffd"),
        (b"a\x00b\x1b[31mc\x7f", "a b [31mc"),
        (b"x" * 5_000, "x" * 2_000),
        (b"=?a?q?x" * 100_000, ("=?a?q?x" * 400)[:2_000]),
    ],
)
def test_a_subject_in_any_encoding_is_text(raw: bytes, shown: str) -> None:
    assert subject_of(raw) == shown


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Sun, 1 Mar 2026 12:00:00 +0000", NOW),
        ("Sun, 1 Mar 2026 12:00:00 -0000", NOW),
        ("Sun, 1 Mar 2026 14:00:00 +0200", datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))),
        ("31 Feb 2026 12:00:00 +0000", None),
        ("1 Mar 99999999999 12:00:00 +0000", None),
        ("1 Mar 2026 12:00:00 +99999999999999", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_aware_or_missing(written: str, read: datetime | None) -> None:
    date = head_of(f"To: x@example.com\r\nDate: {written}\r\n\r\n".encode()).date
    assert date == read
    assert date is None or date.tzinfo is not None


@pytest.mark.parametrize(
    ("charset", "raw", "shown"),
    [
        ("utf-8", "café".encode(), "café"),
        ("windows-1252", b"caf\xe9", "café"),
        ("utf-8", b"caf\xe9", "caf\ufffd"),
        ("no-such-charset", "café".encode(), "café"),
        ("hex", b"6162", "6162"),
        ("idna", b"xn--caf-dma", "xn--caf-dma"),
        ("undefined", b"abc", "abc"),
        ("utf-7", b"+2AA-", "?"),
        ('"', b"abc", "abc"),
        ("a\0b", "café".encode(), "café"),
    ],
)
def test_html_in_any_charset_is_text(charset: str, raw: bytes, shown: str) -> None:
    html = html_in(charset, raw)
    assert html == shown
    assert html.encode()


def test_attachments_and_foreign_parts_are_not_shown() -> None:
    mail = EmailMessage()
    mail["To"] = "x@example.com"
    mail.set_content("the text\n")
    mail.add_attachment("not the text\n", filename="a.txt")
    mail.add_attachment("<p>not the letter", subtype="html", filename="a.html")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", cid="<pdf@x>")
    mail.add_attachment(b"GIF", maintype="image", subtype="x-odd", cid="<odd@x>", disposition="inline")
    mail.add_attachment(b"GIF", maintype="image", subtype="gif", disposition="inline")
    assert read_body(mail.as_bytes()) == Body(text="the text\n", html=None, images=())


def test_the_first_part_of_a_kind_is_the_letter() -> None:
    content = b"content-TYPE: multipart/mixed; boundary=b\r\nSUBJECT: loud\r\n\r\n"
    for words in (b"first", b"second"):
        content += b"--b\r\nContent-Type: text/plain\r\n\r\n%s\r\n" % words
        content += b"--b\r\nContent-Type: text/html\r\n\r\n<p>%s\r\n" % words
    assert read_body(content + b"--b--\r\n") == Body(text="first", html="<p>first", images=())
    assert head_of(content).subject == "loud"


def test_a_message_nested_beyond_sense_cannot_be_read() -> None:
    depth = 2_000
    content = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(depth)
    )
    assert read_body(content) is None


def test_no_more_than_a_hundred_parts_are_looked_at() -> None:
    parts = b"--b\r\nContent-Type: application/x-odd\r\n\r\n\r\n" * 200
    last = b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n"
    content = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    assert body_of(content + parts + last).text is None
    assert body_of(content + last).text == "hello"


def shown(content: bytes) -> None:
    """Read everything; whatever is read can be written down."""
    head, body = read_head(content), read_body(content)
    for text in (
        header_lines(content),
        *((head.subject, head.sender, head.to, head.campaign) if head else ()),
        *((body.text or "", body.html or "") if body else ()),
    ):
        text.encode()
    assert head is None or head.date is None or head.date.tzinfo is not None


@given(st.binary(max_size=400))
def test_any_bytes_at_all_can_be_read(content: bytes) -> None:
    shown(content)


HEADERS = (
    "Subject",
    "From",
    "Date",
    "Content-Type",
    "Content-Transfer-Encoding",
    "Content-Disposition",
    "Content-ID",
    "MIME-Version",
)
VALUES = st.one_of(
    st.text(alphabet="=?utf8qb*'\"%;/ \t\r\n<>()@:,0-9aé\x00\ud800", max_size=40),
    st.sampled_from(
        [
            "multipart/mixed; boundary*0=b; boundary*1*=utf-8''%",
            "text/html; charset*=utf-8'",
            "text/html; charset*0*=%; charset*x=1",
            "message/rfc822",
            "message/delivery-status",
            "base64",
            "x-uuencode",
            "attachment; filename*=''",
        ]
    ),
)


@given(st.lists(st.tuples(st.sampled_from(HEADERS), VALUES), max_size=8), st.binary(max_size=100))
def test_any_headers_at_all_can_be_read(headers: list[tuple[str, str]], rest: bytes) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers)
    shown(lines.encode("utf-8", "surrogatepass") + b"\r\n" + rest)


@given(st.integers(min_value=0, max_value=2**32))
def test_a_letter_damaged_anywhere_can_be_read(seed: int) -> None:
    chance = random.Random(seed)
    content = bytearray(message(letter(images=(replace(IMAGE, data=b"x" * 300),)), 1))
    for _ in range(chance.randint(1, 30)):
        place = chance.randrange(len(content))
        match chance.randrange(3):
            case 0:
                content[place] = chance.randrange(256)
            case 1:
                del content[place : place + chance.randint(1, 50)]
            case _:
                content[place:place] = content[place : place + chance.randint(1, 50)]
    shown(bytes(content))
