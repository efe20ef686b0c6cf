"""The clock: the one place that asks for the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine

from pipeline.clock import system_clock


def test_the_clock_tells_aware_utc_whatever_the_zone_of_the_machine() -> None:
    moment = datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC)
    with time_machine.travel(moment, tick=False):
        assert system_clock() == moment
        assert system_clock().utcoffset() == timedelta(0)
