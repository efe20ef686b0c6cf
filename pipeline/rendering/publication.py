"""What a letter says about the list it comes from."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Publication"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Publication:
    """The same for every letter of a list. Texts are plain, addresses absolute; "" leaves a line out."""

    name: str  # of the letter, as subscribers know it
    why: str  # one sentence: why this person gets it
    description: str = ""  # a few words under the name
    neutral_name: str = ""  # in place of the name where nothing may tell what the letters are about
    help_url: str = ""  # the page with helplines
    feed_url: str = ""
    untracked: bool = (
        True  # whether the letter may say that nobody counts; not where another company sends it
    )
