"""Every error that a person may meet, and the exit code each one ends with.

    BelongingError                 1   something is wrong; the message says what and what to do
    ├── ContentError               1   posts hold mistakes; nothing was built or mailed
    ├── BuildError                 1   the site could not be built; the last good one still stands
    ├── ManifestError              1   the manifest is missing, foreign or broken
    ├── RenderingError             1   a post cannot become a letter
    ├── SettingsError              3   newsletter.toml or the environment says something impossible
    │   ├── KeyProblem             3   the key is missing, malformed or not this store's
    │   │   └── KeyChanged         3   the list was given another key while this was running
    │   └── StoreDamaged           3   the store's file is no longer whole; a backup has to take its place
    ├── DecisionNeeded             4   a person has to decide before anything is mailed
    │   ├── PlanChanged            4   what was planned is no longer what would be done
    │   └── CheckFailed            4   a letter broke a rule that it must keep; nothing was sent
    └── DeliveryError              5   mail could not be handed over; what was not sent is kept
        ├── StoreDown              5   the store cannot be used now; what was not sent is kept
        ├── TransportDown          5   no connection, or it was refused before any message was handed over
        ├── PolicyBlock            5   the receiving side refuses us, not the recipient
        ├── RequestRefused         5   a list service said no; it has done nothing
        ├── AnswerLost             5   a list service may or may not have done what it was asked to
        └── LeaseLost              5   another sender has taken this work over
    (usage errors end with 2, an interruption with 130, a mistake of ours with 70)

An error's text never holds an e-mail address, a key or a token. Facts that code needs are attributes.
"""

from __future__ import annotations

from typing import ClassVar

__all__ = [
    "AnswerLost",
    "BelongingError",
    "BuildError",
    "CheckFailed",
    "ContentError",
    "DecisionNeeded",
    "DeliveryError",
    "KeyChanged",
    "KeyProblem",
    "LeaseLost",
    "ManifestError",
    "PlanChanged",
    "PolicyBlock",
    "RenderingError",
    "RequestRefused",
    "SettingsError",
    "StoreDamaged",
    "StoreDown",
    "TransportDown",
]


class BelongingError(Exception):
    """Something a person can understand and act on.

    Args:
        message: What is wrong and where, one sentence.
        advice: What to do next, one sentence, or "".
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.advice = advice

    def __str__(self) -> str:
        return f"{self.message} — {self.advice}" if self.advice else self.message


class ContentError(BelongingError):
    """Posts hold mistakes; nothing was built or mailed."""


class BuildError(BelongingError):
    """The site could not be built; the last good one still stands."""


class ManifestError(BelongingError):
    """The manifest is missing, foreign or broken."""


class RenderingError(BelongingError):
    """A post cannot become a letter."""


class SettingsError(BelongingError):
    """newsletter.toml or the environment says something impossible."""

    exit_code = 3


class KeyProblem(SettingsError):
    """The key is missing, malformed or not the one this store was sealed with."""


class KeyChanged(KeyProblem):
    """The list was given another key while this was running; nothing was looked up or written with the old one."""

    def __init__(self) -> None:
        super().__init__(
            "the list was given another key while this was running",
            advice="run it again; nothing was done with the old key",
        )


class StoreDamaged(SettingsError):
    """The store's file is no longer whole. No message says what was being read or written.

    Args:
        file: The store, as a path.
    """

    def __init__(self, file: str) -> None:
        super().__init__(
            f"the store {file} is damaged, or none of ours",
            advice="move it aside with the files beside it that end in -wal and -shm, then belonging restore BACKUP",
        )


class DecisionNeeded(BelongingError):
    """A person has to decide before anything is mailed."""

    exit_code = 4


class PlanChanged(DecisionNeeded):
    """What was planned is no longer what would be done."""


class CheckFailed(DecisionNeeded):
    """A letter broke a rule that it must keep; nothing of it was sent."""


class DeliveryError(BelongingError):
    """Mail could not be handed over; what was not sent is kept for the next run."""

    exit_code = 5


class StoreDown(DeliveryError):
    """The store cannot be used now: it went away, its disk is full, or somebody else holds it for too long.

    Args:
        why: What the database calls it, one word.
    """

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the store cannot be used now ({why})",
            advice="see that it is running, that its disk has room, and that nothing else holds it; then go on",
        )
        self.why = why


class TransportDown(DeliveryError):
    """No connection, or it was refused before any message was handed over."""


class PolicyBlock(DeliveryError):
    """A person has to look first: the receiving side refuses the sender, not the recipient (5.7.x, RFC 3463)."""


class RequestRefused(DeliveryError):
    """A list service said no; it has done nothing.

    Args:
        message: What was refused and why, one sentence.
        advice: What to do next, one sentence, or "".
        status: The HTTP status it answered with.
    """

    def __init__(self, message: str, *, advice: str = "", status: int) -> None:
        super().__init__(message, advice=advice)
        self.status = status


class AnswerLost(DeliveryError):
    """A list service was asked to do something and its answer was lost: it may or may not have done it."""


class LeaseLost(DeliveryError):
    """Another sender has taken this work over."""
