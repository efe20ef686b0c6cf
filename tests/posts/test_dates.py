"""Dates as writers type them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pelican.utils import get_date, set_date_tzinfo

from pipeline.posts import dates

MADRID = ZoneInfo("Europe/Madrid")


@pytest.fixture(params=["UTC", "America/New_York", "Asia/Kolkata"])
def machine_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The zone of the machine, which must not matter."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=MADRID)),
        ("2026-11-23 09:30", datetime(2026, 11, 23, 9, 30, tzinfo=MADRID)),
        ("2026-11-23  09:30", datetime(2026, 11, 23, 9, 30, tzinfo=MADRID)),
        ("2026-11-23T09:30:15Z", datetime(2026, 11, 23, 9, 30, 15, tzinfo=UTC)),
        ("2026-11-23 09:30 GMT", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23 09:30-05:00", datetime(2026, 11, 23, 9, 30, tzinfo=timezone(timedelta(hours=-5)))),
        ("2026-11-23 09:30 +0530", datetime(2026, 11, 23, 9, 30, tzinfo=timezone(timedelta(hours=5.5)))),
        ("23 November 2026", datetime(2026, 11, 23, tzinfo=MADRID)),
        ("Mon, 23 Nov 2026 9:30 pm", datetime(2026, 11, 23, 21, 30, tzinfo=MADRID)),
        ("11/23/2026", datetime(2026, 11, 23, tzinfo=MADRID)),
        ("23.11.2026", datetime(2026, 11, 23, tzinfo=MADRID)),
        ("20261123", datetime(2026, 11, 23, tzinfo=MADRID)),
    ],
)
@pytest.mark.usefixtures("machine_zone")
def test_reads_what_people_write_wherever_the_machine_is(text: str, expected: datetime) -> None:
    read = dates.parse(text, MADRID)
    assert read == expected
    assert read.utcoffset() == expected.utcoffset()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-30", "there is no such date as 2026-02-30"),
        ("2026-13-01", "there is no such date as 2026-13-01"),
        ("2026-11-23 25:00", "there is no such date"),
        ("30 February 2026", "is not a date"),
        ("soon", "“soon” is not a date"),
        ("March", "leaves out the day, the month or the year"),
        ("March 2026", "leaves out the day, the month or the year"),
        ("2026", "leaves out the day, the month or the year"),
        ("12:30", "leaves out the day, the month or the year"),
        ("Monday", "leaves out the day, the month or the year"),
        ("23 Nov 26", "leaves out the century"),
        ("2026-11-23 09:30 CET", "the zone “CET” means different times"),
        ("2026-11-23 09:30 EST", "the zone “EST” means different times"),
        ("2026-11-23 09:30 +99:00", "no zone is that far from UTC"),
        ("0001-01-01 00:00+14:00", "beyond what a calendar holds"),
        ("9" * 5000, "this is not a date"),
        ("2026-11-23\u0000", "this is not a date"),
        ("", "is not a date"),
    ],
)
@pytest.mark.usefixtures("machine_zone")
def test_refuses_what_is_no_date_or_depends_on_when_and_where_it_is_read(text: str, reason: str) -> None:
    with pytest.raises(dates.ImpossibleDate) as refused:
        dates.parse(text, UTC)
    assert reason in refused.value.message
    assert refused.value.advice.startswith("write")


@pytest.mark.parametrize(
    ("text", "ambiguous"),
    [
        ("03/04/2026", True),
        ("3.4.2026", True),
        ("03/03/2026", False),
        ("23/04/2026", False),
        ("2026-03-04", False),
        ("12/04/2026", True),
        ("04/12/2026", True),
        ("04/13/2026", False),
        ("13/04/2026", False),
    ],
)
def test_knows_when_a_day_could_be_a_month(text: str, ambiguous: bool) -> None:
    assert dates.is_ambiguous(text) is ambiguous


_formats = st.sampled_from(
    [
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M",
        "%Y-%m-%dT%H:%M:%S",
        "%d %B %Y",
        "%B %d, %Y %I:%M %p",
        "%Y/%m/%d",
        "%Y%m%d",
    ]
)


@given(st.datetimes().filter(lambda moment: 1000 < moment.year < 9999), _formats)
def test_means_what_it_means_to_pelican(moment: datetime, form: str) -> None:
    text = moment.strftime(form)
    assert dates.parse(text, MADRID) == set_date_tzinfo(get_date(text), "Europe/Madrid")


@given(st.text(max_size=30) | st.from_regex(r"[0-9:/. TZ+-]{1,25}", fullmatch=True))
def test_any_text_is_an_aware_date_or_refused(text: str) -> None:
    try:
        read = dates.parse(text, UTC)
    except dates.ImpossibleDate:
        return
    assert read.tzinfo is not None
    assert read.astimezone(UTC)
