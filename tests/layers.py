"""Layers of the suite that need a program of the system: run where it is present, else reported by name."""

from __future__ import annotations

import os
import socket

import pytest

__all__ = ["free_port", "require"]


def require(name: str, *, found: bool, install: str) -> None:
    """Go on where a program is present; else skip, or fail where every layer has to run.

    Args:
        name: What the program is called.
        found: Whether it is present.
        install: The one command that installs it.
    """
    if found:
        return
    message = f"{name} is not installed: {install}"
    if os.environ.get("BELONGING_ALL_LAYERS") == "1":
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def free_port() -> int:
    """Find a port of this machine that nobody listens at, for a program that cannot find one by itself."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
