"""What all tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import Server

# The machine decides how fast an example runs, so time is no reason to fail.
settings.register_profile("belonging", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("belonging")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A real PostgreSQL server of this run's own; the layer is skipped by name where there is none."""
    with Server.running() as server:
        yield server
