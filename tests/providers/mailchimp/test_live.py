"""Against a real account, from draft to test letter, and tidied up. Runs only where somebody asks for it:

    BELONGING_MAILCHIMP_LIVE=1 MAILCHIMP_API_KEY=… BELONGING_MAILCHIMP_AUDIENCE="Try-outs" \
    BELONGING_MAILCHIMP_FROM=letters@your-domain BELONGING_MAILCHIMP_TEST=you@your-domain \
        .venv/bin/pytest tests/providers/mailchimp/test_live.py -s

Use an audience of your own that nobody else is on. Nothing but test letters is sent.
"""

from __future__ import annotations

import os
import time

from pydantic import SecretStr

from pipeline.clock import system_clock
from pipeline.providers.mailchimp.client import BASE, data_centre
from pipeline.providers.mailchimp.wire import SessionWire
from tests.providers.mailchimp.rehearsing import rehearse


def test_from_draft_to_test_letter() -> None:
    key = SecretStr(os.environ["MAILCHIMP_API_KEY"])
    found = rehearse(
        SessionWire(key),
        BASE.format(data_centre(key)),
        os.environ["BELONGING_MAILCHIMP_AUDIENCE"],
        os.environ["BELONGING_MAILCHIMP_FROM"],
        SecretStr(os.environ["BELONGING_MAILCHIMP_TEST"]),
        system_clock,
        time.sleep,
    )
    for finding in found:
        print(f"finding: {finding.what} — {finding.advice}")  # noqa: T201 - the person who runs this reads it
