"""Whether a text names suicide or self-harm, so that lines to call stand beside it."""

from __future__ import annotations

import re

__all__ = ["names_suicide"]

_SELF = r"(?:my|your|him|her|it|our|them|one)[\s-]?(?:self|selves)"
_OWN = r"(?:my|your|his|her|their|our|one[’']s)(?: own)?"
_NAMES = re.compile(
    r"\bsuicid|\bself[\s-](?:harm|injur)"
    rf"|\b(?:kill|harm|hurt|cut)(?:s|ed|ing|ting)? {_SELF}\b"
    rf"|\b(?:end|ends|ended|ending|take|takes|took|taken|taking) {_OWN} li(?:fe|ves)\b"
    r"|\bautolesi|\bquitarse la vida|\bhacerse daño",  # Spanish; its suicidio is found by the first
    re.IGNORECASE,
)


def names_suicide(*texts: str) -> bool:
    """Say whether any of the texts, plain and without markup, names suicide or self-harm.

    Better once too often than once too seldom: what follows is a box with numbers to call.
    """
    return any(_NAMES.search(text) for text in texts)
