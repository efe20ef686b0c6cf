"""Projects to try the command line on: made, built and mailed once for each worker, then copied."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.commandline import Host
from tests.acceptance.projects import Project


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    with Host.running(tmp_path_factory.mktemp("host")) as running:
        yield running


@pytest.fixture(scope="session")
def fresh_template(tmp_path_factory: pytest.TempPathFactory, host: Host) -> Project:
    return Project.make(tmp_path_factory.mktemp("fresh") / "site", host)


@pytest.fixture(scope="session")
def published_template(tmp_path_factory: pytest.TempPathFactory, fresh_template: Project) -> Project:
    project = fresh_template.copy(tmp_path_factory.mktemp("published") / "site")
    project.run("publish")
    return project


@pytest.fixture
def fresh(tmp_path: Path, fresh_template: Project) -> Project:
    """A project as it is after it was cloned: nothing built, nobody on the list."""
    return fresh_template.copy(tmp_path / "site")


@pytest.fixture
def published(tmp_path: Path, published_template: Project) -> Project:
    """A project whose first run is over: built, and its newest post mailed to the three sample readers."""
    return published_template.copy(tmp_path / "site")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody on this machine can look into, as those of the other fixtures cannot."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        Path(name).chmod(0o755)
        yield Path(name)
