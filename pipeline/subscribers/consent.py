"""Consent: what exactly somebody agreed to, when, and how (GDPR Art. 7(1)). No network address (Art. 5(1)(c))."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

__all__ = ["Consent", "wording_hash"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """One person's consent, for one life of their subscription."""

    life: int
    wording: str  # the sentence that stood above the button, as it was shown
    asked_at: datetime | None  # aware
    given_at: datetime  # aware
    path: str  # how: "site form, mail, button"


def wording_hash(wording: str) -> str:
    """Name a wording: SHA-256 of its UTF-8 text, in hex."""
    return hashlib.sha256(wording.encode()).hexdigest()
