"""Every endpoint of Mailchimp that this project calls. Nothing outside this table ever leaves the machine."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

__all__ = ["ENDPOINTS", "Effect", "Endpoint", "find"]


class Effect(Enum):
    """What calling it twice would do."""

    READ = "read"  # nothing; may be asked again
    OVERWRITE = "overwrite"  # the same as calling it once
    ACT = "act"  # something more; asked once, never repeated after its answer was lost


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """One method on one path."""

    method: str
    path: str  # with {} for each id
    effect: Effect
    answers: bool = True  # whether a success carries a document
    personal: bool = (
        False  # whether path or body name a person; what is said about it never quotes the answer
    )
    pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "pattern", re.compile(re.escape(self.path).replace(r"\{\}", "[0-9a-f]+") + r"\Z")
        )

    def __str__(self) -> str:
        return f"{self.method} {self.path.replace('{}', '…')}"


_CAMPAIGN = "/campaigns/{}"
_LIST = "/lists/{}"
_MEMBER = "/lists/{}/members/{}"

ENDPOINTS = (
    Endpoint(method="GET", path="/", effect=Effect.READ),
    Endpoint(method="GET", path="/verified-domains", effect=Effect.READ),
    Endpoint(method="GET", path="/lists", effect=Effect.READ),
    Endpoint(method="GET", path=_LIST, effect=Effect.READ),
    Endpoint(method="GET", path=f"{_LIST}/segments", effect=Effect.READ),
    Endpoint(method="GET", path=f"{_LIST}/interest-categories", effect=Effect.READ),
    Endpoint(method="GET", path=f"{_LIST}/interest-categories/{{}}/interests", effect=Effect.READ),
    Endpoint(method="GET", path="/campaign-folders", effect=Effect.READ),
    Endpoint(method="POST", path="/campaign-folders", effect=Effect.ACT),
    Endpoint(method="GET", path="/campaigns", effect=Effect.READ),
    Endpoint(method="POST", path="/campaigns", effect=Effect.ACT),
    Endpoint(method="GET", path=_CAMPAIGN, effect=Effect.READ),
    Endpoint(method="PATCH", path=_CAMPAIGN, effect=Effect.OVERWRITE),
    Endpoint(method="GET", path=f"{_CAMPAIGN}/content", effect=Effect.READ),
    Endpoint(method="PUT", path=f"{_CAMPAIGN}/content", effect=Effect.OVERWRITE),
    Endpoint(method="GET", path=f"{_CAMPAIGN}/send-checklist", effect=Effect.READ),
    Endpoint(method="POST", path=f"{_CAMPAIGN}/actions/send", effect=Effect.ACT, answers=False),
    Endpoint(method="POST", path=f"{_CAMPAIGN}/actions/schedule", effect=Effect.ACT, answers=False),
    Endpoint(method="POST", path=f"{_CAMPAIGN}/actions/unschedule", effect=Effect.ACT, answers=False),
    Endpoint(
        method="POST", path=f"{_CAMPAIGN}/actions/test", effect=Effect.ACT, answers=False, personal=True
    ),
    Endpoint(method="GET", path="/reports/{}", effect=Effect.READ),
    # One person at a time, named by themselves; there is no way to list them.
    Endpoint(method="PUT", path=_MEMBER, effect=Effect.OVERWRITE, personal=True),
    Endpoint(method="PATCH", path=_MEMBER, effect=Effect.OVERWRITE, personal=True),
    Endpoint(
        method="POST",
        path=f"{_MEMBER}/actions/delete-permanent",
        effect=Effect.ACT,
        answers=False,
        personal=True,
    ),
)


def find(method: str, path: str) -> Endpoint | None:
    """Find the endpoint that a request is for; None: it is not one of ours.

    Args:
        method: "GET", "POST" and so on.
        path: Below the API's root, without query, such as "/campaigns/0a1b".
    """
    return next((e for e in ENDPOINTS if e.method == method and e.pattern.match(path)), None)
