"""Puzzles: a little work for a browser, and a lot of it for whoever sends in great numbers.

An answer is a number whose PBKDF2-HMAC-SHA-256 (RFC 8018 §5.2) with the puzzle as password begins with so many zero
bits. Browsers have that function built in, as fast as an attacker's program has it; a hash written in JavaScript
would be many times slower. Checking takes one run of it, half a millisecond.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

__all__ = ["ROUNDS", "difficulty", "solves"]

ROUNDS: Final = 2_000
_EASIEST: Final = 8  # bits: 256 runs on average
_STEPS: Final = 4  # bits more, each doubling the work, the nearer the end of what is taken in an hour
_ANSWER: Final = re.compile(r"[0-9]{1,12}")


def difficulty(used: int, of: int) -> int:
    """Say how many bits a puzzle asks for.

    Args:
        used: How much is used of what is left to those who work.
        of: How much that is.
    """
    return _EASIEST + min(_STEPS, max(0, used) * (_STEPS + 1) // max(1, of))


def solves(puzzle: str, answer: str, bits: int) -> bool:
    """Tell whether an answer solves a puzzle of so many bits."""
    if not _ANSWER.fullmatch(answer):
        return False
    found = hashlib.pbkdf2_hmac("sha256", puzzle.encode(), answer.encode("ascii"), ROUNDS, 4)
    return int.from_bytes(found, "big") >> (32 - bits) == 0
