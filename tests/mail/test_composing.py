"""Composing: what every message of a campaign looks like, octet by octet."""

from __future__ import annotations

import email.header
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from html import escape, unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.letters import EmbeddedImage, Letter
from pipeline.mail.composing import PLACEHOLDER, Composer, Envelope
from pipeline.mail.sameness import differences
from pipeline.mail.transport import Message
from pipeline.subscribers.addresses import normalise
from pipeline.subscribers.tokens import LENGTH
from tests.builders import NOW, UNSUBSCRIBE, envelope, letter

ID = "0123456789abcdef" * 2
TOKEN = "AREiEPR96YEVAAOxur01XlTrqD9ZlBAOXHlJ"
TO = "ada@example.org"


def composed(
    it: Letter | None = None,
    around: Envelope | None = None,
    *,
    to: str = TO,
    message_id: str = ID,
    date: datetime = NOW,
    token: str = TOKEN,
) -> Message:
    made = Composer(it or letter(), around or envelope())
    return made.compose(to=to, message_id=message_id, date=date, token=token)


def parsed(message: Message) -> EmailMessage:
    made = message_from_bytes(message.content, _class=EmailMessage, policy=SMTP)
    assert isinstance(made, EmailMessage)
    return made


def header_lines(message: Message, name: str) -> list[bytes]:
    """Answer every line of every header of this name, as it is on the wire."""
    head = message.content.partition(b"\r\n\r\n")[0]
    found = re.findall(rb"(?im)^%s:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*" % name.encode(), head)
    return [line for header in found for line in header.split(b"\r\n")]


def decoded(value: str) -> str:
    """Decode encoded words as RFC 2047 says (the newer parser loses the joint of two of them in a name)."""
    return str(email.header.make_header(email.header.decode_header(value)))


def raw_header(message: Message, name: str) -> str:
    return b"".join(header_lines(message, name)).decode("ascii").partition(":")[2].strip()


def bodies(message: Message) -> dict[str, str]:
    return {
        part.get_content_type(): str(part.get_content()).replace("\r\n", "\n")
        for part in parsed(message).walk()
        if part.get_content_maintype() == "text"
    }


# --- the rules, one by one ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "MIME-Version",
        "Content-Type",
        "List-Id",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "List-Help",
        "List-Owner",
        "List-Archive",
        "List-Post",
        "Feedback-ID",
    ],
)
def test_each_header_stands_there_once(name: str) -> None:
    assert len(parsed(composed()).get_all(name, [])) == 1


def test_there_is_no_header_that_nobody_wrote_down() -> None:
    assert {name.lower() for name in parsed(composed(around=envelope(reply_to="me@example.org")))} == {
        "to",
        "message-id",
        "date",
        "from",
        "reply-to",
        "subject",
        "list-id",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "list-help",
        "list-owner",
        "list-archive",
        "list-post",
        "feedback-id",
        "mime-version",
        "content-type",
    }


def test_what_the_headers_say() -> None:
    message = parsed(composed(around=envelope(unsubscribe_mailto="leave@example.org")))
    page = UNSUBSCRIBE.replace(PLACEHOLDER, TOKEN)
    assert message["From"] == "Belonging <letters@belonging.example.org>"
    assert message["To"] == TO
    assert message["Subject"] == "Coming back"
    assert message["Date"] == "Sun, 01 Mar 2026 12:00:00 +0000"
    assert message["Message-ID"] == f"<{ID}@belonging.example.org>"
    assert message["List-Id"] == '"Belonging" <letters.belonging.example.org>'
    assert (
        message["List-Unsubscribe"] == f"<{page}>, <mailto:leave@example.org?subject=unsubscribe%20{TOKEN}>"
    )
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert message["List-Help"] == "<mailto:letters@belonging.example.org?subject=help>"
    assert message["List-Owner"] == "<mailto:letters@belonging.example.org>"
    assert message["List-Archive"] == "<https://belonging.example.org>"
    assert message["List-Post"] == "NO"
    assert message["Feedback-ID"] == "0123456789abcdef:letters:belonging.example.org"
    assert message["Reply-To"] is None


def test_there_is_one_way_of_one_click_and_it_is_https() -> None:
    for around in (envelope(), envelope(unsubscribe_mailto="leave@example.org")):
        value = str(parsed(composed(around=around))["List-Unsubscribe"])
        assert len(re.findall("https:", value)) == 1
        assert value.startswith("<https://")
    assert len(header_lines(composed(), "List-Unsubscribe")) == 1, "a folded address is often misread"


def test_answers_and_wishes_go_where_the_sender_wants_them() -> None:
    message = parsed(composed(around=envelope(reply_to="me@example.org")))
    assert message["Reply-To"] == "me@example.org"
    assert message["List-Help"] == "<mailto:me@example.org?subject=help>"
    assert message["List-Owner"] == "<mailto:me@example.org>"


def test_an_odd_address_does_not_break_out_of_a_mailto_link() -> None:
    odd = "a?b&c%d>e@example.org".replace(">", "=")
    message = parsed(composed(around=envelope(reply_to=odd, unsubscribe_mailto=odd)))
    assert message["List-Owner"] == "<mailto:a%3Fb%26c%25d%3De@example.org>"
    assert str(message["List-Unsubscribe"]).endswith(
        f"<mailto:a%3Fb%26c%25d%3De@example.org?subject=unsubscribe%20{TOKEN}>"
    )


def test_the_text_comes_first_and_is_complete() -> None:
    message = parsed(composed())
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    made = bodies(composed())
    assert made["text/plain"] == letter().text.replace(PLACEHOLDER, TOKEN)
    assert made["text/html"] == letter().html.replace(PLACEHOLDER, TOKEN) + "\n"
    for part in message.iter_parts():
        assert part.get_content_charset() == "utf-8"
        assert part["Content-Transfer-Encoding"] == "quoted-printable"


def test_embedded_pictures_travel_beside_the_html() -> None:
    data = bytes(range(256)) * 3
    image = EmbeddedImage(content_id="one@belonging.example.org", media_type="image/png", data=data)
    made = composed(letter(images=(image,)))
    message = parsed(made)
    text, related = message.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert related.get_content_type() == "multipart/related"
    html, picture = related.iter_parts()  # type: ignore[union-attr]
    assert html.get_content_type() == "text/html"
    assert picture.get_content_type() == "image/png"
    assert picture["Content-ID"] == "<one@belonging.example.org>"
    assert picture.get_content() == data
    assert made == composed(letter(images=(image,)))
    check_octets(made)


def check_octets(message: Message) -> None:
    """Hold a message against what RFC 5322 and RFC 2045 say about lines."""
    content = message.content
    assert content.isascii()
    assert content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r")
    assert content.endswith(b"\r\n")
    assert b"\x00" not in content
    lines = content.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    body = content.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    for name in ("From", "Subject", "List-Id", "Content-Type"):
        assert max(map(len, header_lines(message, name))) <= 78


words = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
long_lines = st.lists(
    st.sampled_from(
        ["word ", "x" * 90, "ü", "💛", "=", ".", "\t", " ", "From ", "\n", "--=_", "&amp;", "\u2028"]
    ),
    max_size=120,
).map("".join)
lines_of_text = st.one_of(words, long_lines).map(lambda text: text.replace("\r", ""))


@given(text=lines_of_text, body=lines_of_text)
def test_whatever_a_letter_says_it_arrives_as_it_was_in_lines_that_every_server_takes(
    text: str, body: str
) -> None:
    html = f"<p>{escape(body)}</p><a href='{UNSUBSCRIBE}'>Leave</a>\n"
    made = composed(letter(text=f"{text}\n{UNSUBSCRIBE}\n", html=html))
    check_octets(made)
    got = bodies(made)
    assert got["text/plain"] == f"{text}\n{UNSUBSCRIBE}\n".replace(PLACEHOLDER, TOKEN)
    assert got["text/html"] == html.replace(PLACEHOLDER, TOKEN)
    assert unescape(got["text/html"]).count(body) >= 1


one_line = st.text(
    st.one_of(
        st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), st.sampled_from('",<>@\\()=?_ üß💛')
    ),
    max_size=150,
)


@given(one_line)
def test_every_subject_is_read_as_it_was_written(subject: str) -> None:
    made = composed(replace(letter(), subject=subject))
    assert decoded(raw_header(made, "Subject")) == subject
    check_octets(made)


@pytest.mark.parametrize(
    "subject",
    [
        "He said “no”, and that's it",
        '"quoted", with a \\ and a (comment)',
        "💛" * 40,
        "Über das Zurückkommen " * 10,
        "plain words " * 30,
        "x" * 500,
        "=?utf-8?q?not_encoded?=",
        "a=?b",
        " leading and trailing ",
        "tab\there",
        "Apostrophe's & ampersand",
        "\u202eright to left",
        "",
    ],
)
def test_subjects_that_are_hard_to_write_down(subject: str) -> None:
    made = composed(letter(subject))
    assert decoded(raw_header(made, "Subject")) == subject
    check_octets(made)


def test_a_plain_subject_is_left_as_it_is() -> None:
    assert header_lines(composed(letter("It's over")), "Subject") == [b"Subject: It's over"]


@given(one_line.filter(str.strip))
def test_every_name_is_read_as_it_was_written_and_the_address_stays_an_address(name: str) -> None:
    made = composed(around=envelope(sender_name=name, list_name=name))
    check_octets(made)
    (sender,) = parsed(made)["From"].addresses
    assert sender.addr_spec == "letters@belonging.example.org"
    value = raw_header(made, "From")
    assert value.endswith("<letters@belonging.example.org>")
    phrase = value.removesuffix("<letters@belonging.example.org>").strip()
    quoted = phrase.startswith('"')
    assert (re.sub(r"\\(.)", r"\1", phrase[1:-1]) if quoted else decoded(phrase)) == name
    assert raw_header(made, "List-Id").endswith("<letters.belonging.example.org>")


def test_without_a_name_there_are_only_addresses() -> None:
    message = parsed(composed(around=envelope(sender_name="", list_name='<">\\')))
    assert message["From"] == "letters@belonging.example.org"
    assert message["List-Id"] == "<letters.belonging.example.org>"


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\u2028", "\u0085", "\x0b", "\x00"])
@pytest.mark.parametrize("field", ["subject", "sender_name", "list_name"])
def test_a_line_break_in_a_text_never_begins_a_header(field: str, break_: str) -> None:
    text = f"one{break_}Bcc: evil@example.com{break_}{break_}body"
    named = {} if field == "subject" else {field: text}
    made = composed(replace(letter(), subject=text if field == "subject" else ""), envelope(**named))
    assert parsed(made)["Bcc"] is None
    assert b"\nBcc" not in made.content
    assert bodies(made) == bodies(composed())


@pytest.mark.parametrize(
    "address",
    ["https://example.org/\r\nBcc: x", "https://example.org/>", "https://example.org/ü", "https://a b/"],
)
@pytest.mark.parametrize("field", ["site_url", "unsubscribe_url"])
def test_an_address_that_would_break_a_header_is_a_clear_mistake(field: str, address: str) -> None:
    with pytest.raises(SettingsError, match="cannot stand in a letter's headers"):
        Composer(letter(), envelope(**{field: address}))


@pytest.mark.parametrize(
    "to", ["ada@example.org\r\nBcc: x@example.com", "ada@example.org\n", "ada@example.org\r"]
)
def test_a_line_break_in_an_address_is_refused(to: str) -> None:
    with pytest.raises(ValueError, match="line break") as caught:
        composed(to=to)
    assert "ada" not in str(caught.value)


# --- the same for everybody ---------------------------------------------------------------------------------

tokens = st.text(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", min_size=LENGTH, max_size=LENGTH
)
hexes = st.text("0123456789abcdef", min_size=32, max_size=32)
addresses = st.emails().map(normalise).filter(bool)
dates = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001 - bounds are naive
    datetime(2099, 12, 31),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-7))]),
)
LONG = letter(
    text=f"{'Wörter und mehr. ' * 200}\n{UNSUBSCRIBE}\n{'x' * 61}{UNSUBSCRIBE}\n",
    html=f"<p>{'ü' * 300}</p><a href='{UNSUBSCRIBE}'>a</a>{'-' * 30}<a href='{UNSUBSCRIBE}'>b</a>",
)
COMPOSER = Composer(LONG, envelope())


@given(st.tuples(addresses, hexes, dates, tokens), st.tuples(addresses, hexes, dates, tokens))
def test_copies_are_the_same_octets_but_for_four_things(
    one: tuple[str, str, datetime, str], other: tuple[str, str, datetime, str]
) -> None:
    def without(to: str, message_id: str, date: datetime, token: str) -> bytes:
        content = COMPOSER.compose(to=to, message_id=message_id, date=date, token=token).content
        to_line, id_line, date_line, rest = content.split(b"\r\n", 3)
        assert to_line == b"To: " + to.encode()
        assert id_line == f"Message-ID: <{message_id}@belonging.example.org>".encode()
        assert date_line.startswith(b"Date: ")
        # The five tokens, wherever a soft line break has cut them.
        pattern = b"((?:=\r\n)?)".join(re.escape(bytes([byte])) for byte in token.encode())
        blank, found = re.subn(pattern, lambda m: b"T" * LENGTH + b"".join(m.groups()), rest)
        assert found == 5
        return blank

    assert without(*one) == without(*other)


@given(addresses, tokens)
def test_a_copy_composed_again_is_the_same_copy(to: str, token: str) -> None:
    again = Composer(LONG, envelope())
    first = COMPOSER.compose(to=to, message_id=ID, date=NOW, token=token)
    assert first == again.compose(to=to, message_id=ID, date=NOW, token=token)
    assert (first.to, first.id) == (to, ID)
    assert parsed(first)["To"].addresses[0].addr_spec == to


def test_a_token_falls_where_the_placeholder_was_however_lines_are_cut() -> None:
    for shift in range(90):
        text = f"{'x' * shift}{UNSUBSCRIBE}\n"
        made = composed(letter(text=text))
        assert bodies(made)["text/plain"] == text.replace(PLACEHOLDER, TOKEN)
        assert differences(Composer(letter(text=text), envelope())) == ()


def test_the_envelope_and_the_words_for_a_log() -> None:
    message = composed()
    assert message.sender == "letters@belonging.example.org"
    assert TO not in repr(message)
    assert TO not in str(message)
    assert ID in repr(message)
