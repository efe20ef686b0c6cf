"""The service against its own description: whatever a program sends that has read it, or has not, nothing breaks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from starlette.routing import Route

from pipeline.subscribers.passes import Errand, Passes
from pipeline.subscribers.tokens import Purpose, Tokens
from tests.service.openapi import described
from tests.service.people import unsubscribe_path
from tests.service.world import World, running

EXAMPLES = 2_000 if "BELONGING_SOAK" in os.environ else 10  # of each operation and mode
OPERATIONS = [
    (method.upper(), path)
    for path, item in described()["paths"].items()
    for method in item  # type: ignore[attr-defined]
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A service that turns nobody away."""
    folder = tmp_path_factory.mktemp("described")
    with running(folder, per_source=10**6, per_hour=10**6, shortest_seconds=0) as made:
        yield made


def genuine_link(world: World, method: str, path: str) -> str:
    """Make a link that acts, of a reader of its own."""
    reader = f"{method.lower()}-{path.split('/')[1]}@lists.example.com"
    world.work()
    world.mails()  # of what was sent before
    if path.startswith("/confirm"):
        return world.ask(reader).rpartition("/")[2]
    world.confirmed(reader)
    leave = unsubscribe_path(world, reader).rpartition("/")[2]
    if path.startswith("/unsubscribe"):
        return leave
    key = world.project.keyring.token
    ticket = Tokens(key).read(Purpose.UNSUBSCRIBE, leave)
    assert ticket is not None
    errand = {"rights": Errand.RIGHTS, "preferences": Errand.CHOICES, "move": Errand.MOVE}[path.split("/")[1]]
    return Passes(key).make(errand, ticket.subscriber_id, ticket.life, world.clock() + timedelta(days=1))


def test_every_route_is_described_and_nothing_else(world: World) -> None:
    routes = world.made.service.application().routes
    there = {
        (method, route.path)
        for route in routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert there == set(OPERATIONS)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_nothing_that_can_be_sent_breaks_it(world: World, method: str, path: str) -> None:
    link = genuine_link(world, method, path) if "{link}" in path else ""
    schema = schemathesis.openapi.from_dict(described())
    schema.config.update(base_url=f"{world.url}/list")
    operation = schema[path][method]

    @given(
        case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
        | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        genuine=st.booleans(),
    )
    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    def send(case: schemathesis.Case, genuine: bool) -> None:
        if genuine and "{link}" in path:
            case.path_parameters["link"] = link
        answer = case.call(base_url=f"{world.url}/list", timeout=30)
        assert answer.status_code < 500
        assert answer.headers["referrer-policy"] == ["no-referrer"]
        assert b"Traceback" not in answer.content

    world.work()
    send()
    world.work()  # and what was taken in breaks nothing behind the answers
    assert not any(world.everything()["arrivals"])


def test_its_pages_are_found_where_the_documentation_says(world: World) -> None:
    text = (Path(__file__).parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `(/[a-z]+)", text, re.MULTILINE))
    there = {"/" + path.split("/")[1] for _, path in OPERATIONS} - {"/", "/static"}
    assert there <= told
