"""A running list service, over both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.world import World, running
from tests.store.conftest import shared_database, sqlite_file, store_url

__all__ = ["shared_database", "sqlite_file", "store_url"]


@pytest.fixture
def world(store_url: str, tmp_path: Path) -> Iterator[World]:
    """The service over an empty store of each kind; the worker works when it is told to."""
    with running(tmp_path, store=store_url) as made:
        yield made


@pytest.fixture
def local(tmp_path: Path) -> Iterator[World]:
    """The service over an empty SQLite file, where the store does not matter."""
    with running(tmp_path) as made:
        yield made
