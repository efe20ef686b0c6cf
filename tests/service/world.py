"""The list service as people meet it: a real server on a port of its own, a real store, a real mailbox."""

from __future__ import annotations

import contextlib
import email
import re
import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import httpx
import sqlalchemy as sa
import uvicorn

from pipeline.list_service import ListService
from pipeline.store.tables import subscribers
from pipeline.subscribers import SubscriberState
from pipeline.wiring import Project
from tests.builders import Hands

__all__ = ["SITE", "World", "running", "settings_text"]

ROOT = Path(__file__).parents[2]
SITE = "https://belonging.example.org"


def settings_text(
    *, provider: str = "embedded", transport: str = "maildir", more: str = "", **service: object
) -> str:
    """Write a newsletter.toml; ``more`` are tables of its own."""
    lines = [f"{name} = {str(value).lower()}" for name, value in service.items()]
    return "\n".join(
        [
            f'provider = "{provider}"',
            "[letter]",
            'name = "Belonging"',
            'postal_address = ["Belonging", "1 Example Street"]',
            "[sender]",
            'name = "Belonging"',
            'address = "letters@belonging.example.org"',
            "[list]",
            f'service_url = "{SITE}/list"',
            f'transport = "{transport}"',
            "[service]",
            *lines,
            more,
        ]
    )


@dataclass
class World:
    """A running service and everything around it."""

    root: Path
    project: Project
    made: ListService
    clock: Hands
    client: httpx.Client
    url: str  # of the server, without the path of the service
    seen: set[str] = field(default_factory=set)

    def join(self, address: str, **fields: str) -> httpx.Response:
        """Post what the site's own form posts."""
        return self.client.post("/list/subscribe", data={"email": address, **fields})

    def work(self) -> None:
        """Do what the worker does."""
        self.made.worker.round()

    def mails(self) -> list[EmailMessage]:
        """Read everything in the mailbox that was not read before, by this very method."""
        folder = self.root / "var" / "mail" / "new"
        found: list[EmailMessage] = []
        for file in sorted(folder.iterdir()) if folder.exists() else []:
            if file.name not in self.seen:
                self.seen.add(file.name)
                message = email.message_from_bytes(file.read_bytes(), policy=SMTP)
                assert isinstance(message, EmailMessage)
                found.append(message)
        return found

    def mail(self) -> EmailMessage:
        """Read the one mail that came."""
        (only,) = self.mails()
        return only

    def ask(self, address: str) -> str:
        """Ask to join, and answer the path of the link that came by mail."""
        assert self.join(address).status_code == 200
        self.work()
        return path_of(self.mail())

    def confirmed(self, address: str) -> None:
        """Bring somebody onto the list, the whole way."""
        assert self.client.post(self.ask(address)).status_code == 200

    def states(self) -> list[tuple[SubscriberState, int]]:
        """List everybody's state and life."""
        with self.project.engine.connect() as connection:
            rows = connection.execute(
                sa.select(subscribers.c.state, subscribers.c.life).order_by(subscribers.c.state)
            )
            return [(SubscriberState(state), life) for state, life in rows]

    def everything(self) -> dict[str, list[tuple[object, ...]]]:
        """Read the whole store, so that a test can see whether anything changed."""
        metadata = sa.MetaData()
        metadata.reflect(self.project.engine)
        with self.project.engine.connect() as connection:
            return {
                table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
                for table in metadata.sorted_tables
            }


def text_of(message: EmailMessage) -> str:
    """Answer the plain text of a mail."""
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def links_of(message: EmailMessage) -> list[str]:
    """List every link of a mail, of both its parts and its headers."""
    html = message.get_body(("html",))
    found = re.findall(r"https://[^\s\"'<>)]+", text_of(message))
    found += re.findall(r'(?:href|src)="(https://[^"]+)"', str(html.get_content()) if html else "")
    found += re.findall(r"<(https://[^>]+)>", " ".join(str(value) for value in message.values()))
    return list(dict.fromkeys(found))


def path_of(message: EmailMessage) -> str:
    """Answer the path of the one link of a mail that belongs to the service, in whatever languages it is there."""
    (link,) = {link.partition("?")[0] for link in links_of(message) if link.startswith(f"{SITE}/list/")}
    return link.removeprefix(SITE)


@contextlib.contextmanager
def running(
    root: Path,
    *,
    store: str = "",
    pause: tuple[float, float] | None = None,
    secrets: Mapping[str, str] | None = None,
    **service: object,
) -> Iterator[World]:
    """Run the service over a folder of its own.

    Args:
        root: The folder.
        store: Address of a store; "" for SQLite in that folder.
        pause: Between how many seconds the worker pauses; None: only `World.work` works.
        secrets: What the environment holds besides.
        service: Settings of the service; see ``settings_text``.
    """
    (root / "newsletter.toml").write_text(
        settings_text(**{"per_source": 1000, "per_hour": 10_000, **service})
    )
    (root / "pelicanconf.py").touch()
    if not (root / "theme").exists():
        (root / "theme").symlink_to(ROOT / "theme")
    clock = Hands()
    environment = {**(secrets or {}), **({"BELONGING_STORE": store} if store else {})}
    project = Project(root=root, environment=environment, clock=clock, sleep=clock.sleep)
    made = ListService(project, pause=pause or (1.0, 1.0))
    with contextlib.ExitStack() as stack:
        stack.callback(project.engine.dispose)
        if pause:
            stack.enter_context(made.worker.running())
        url = stack.enter_context(served(made.service.alone()))
        client = stack.enter_context(httpx.Client(base_url=url, timeout=30))
        yield World(root=root, project=project, made=made, clock=clock, client=client, url=url)


@contextlib.contextmanager
def served(app: object) -> Iterator[str]:
    """Serve an application as the command does, in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,  # type: ignore[arg-type]
            access_log=False,
            lifespan="off",
            log_config=None,
            log_level="error",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            ws="none",
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=10)


def addresses(count: int, word: str) -> Sequence[str]:
    """Name some people of one length."""
    return [f"{word}{number:04}@lists.example.com" for number in range(count)]
