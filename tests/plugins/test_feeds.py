"""The calendar, as other programs read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import example, given
from hypothesis import strategies as st

from plugins.feeds.calendar import calendar

SETTINGS = {"SITEURL": "https://site.example.org", "SITENAME": "Belonging"}


@dataclass
class Post:
    title: str
    date: datetime = datetime(2026, 3, 14, 23, 30, tzinfo=timezone(timedelta(hours=-5)))
    slug: str = "a-post"
    lang: str = "en"
    summary: str = ""
    url: str = "a-post/"
    translations: list[object] = field(default_factory=list)

    def get_content(self, siteurl: str) -> str:
        return siteurl


def unfolded(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


def test_an_entry_stands_on_the_day_that_the_page_shows_and_its_stamp_is_in_utc() -> None:
    lines = unfolded(calendar(SETTINGS, [Post(title="A post")]))  # type: ignore[list-item]
    assert "DTSTART;VALUE=DATE:20260314" in lines
    assert "DTEND;VALUE=DATE:20260315" in lines
    assert "DTSTAMP:20260315T043000Z" in lines


def test_a_post_that_was_changed_is_stamped_anew_under_the_same_uid() -> None:
    before, after = Post(title="A post"), Post(title="A post")
    after.modified = datetime(2026, 4, 1, tzinfo=UTC)  # type: ignore[attr-defined]
    first, second = (unfolded(calendar(SETTINGS, [post])) for post in (before, after))  # type: ignore[list-item]
    assert "UID:en-a-post@site.example.org" in first
    assert "UID:en-a-post@site.example.org" in second
    assert "DTSTAMP:20260401T000000Z" in second


@given(
    st.lists(st.sampled_from(["a", ";", ",", "\\", "é", "🌱", " "]), min_size=1, max_size=120).map("".join)
)
@example("a" * 67)
@example("a" * 68)
@example("aé" * 60)
@example("a" + "🌱;" * 60)
def test_no_line_is_longer_than_75_octets_and_no_character_is_lost(title: str) -> None:
    text = calendar(SETTINGS, [Post(title=title)])  # type: ignore[list-item]
    for line in text.encode().split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no line ends within a character
    (summary,) = (line for line in unfolded(text) if line.startswith("SUMMARY:"))
    read = summary.removeprefix("SUMMARY:").replace("\\\\", "\0").replace("\\", "").replace("\0", "\\")
    assert read == " ".join(title.split())
