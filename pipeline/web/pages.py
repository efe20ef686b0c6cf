"""The mailbox in a browser: a list of letters, and each as people read it. All of it without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from pipeline.web.links import letter_page
from pipeline.web.mailbox import Entry, Mailbox
from pipeline.web.messages import Body, header_lines, read_body, read_head

__all__ = ["ADDRESS", "MailboxPages"]

ADDRESS: Final = "/_mail"
"""Where the mailbox stands beside the site; Pelican never writes a name that begins like this by itself."""

_HERE: Final = Path(__file__).parent
_MOST_HEADERS: Final = 100_000  # characters shown

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A letter may be written by anybody. It is shown in an origin of its own, where nothing runs, nothing is sent and
# nothing is fetched but the site's pictures; its links open beside it, freed from this.
_LETTER_SANDBOX: Final = "allow-popups allow-popups-to-escape-sandbox"
_LETTER_POLICY: Final = (
    f"sandbox {_LETTER_SANDBOX}; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_IMAGE_POLICY: Final = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_MONTHS: Final = (  # whatever language this machine speaks
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)

_View = Literal["html", "text", "headers"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Batch:
    """Copies of one letter that lie next to each other in the list."""

    subject: str
    sender: str
    entries: tuple[Entry, ...]


class MailboxPages:
    """The pages at /_mail/."""

    def __init__(self, mailbox: Mailbox, *, site_url: str) -> None:
        """Take the mailbox, and the absolute address that letters call the site by."""
        self._mailbox = mailbox
        self._site_url = site_url
        self._templates = _templates(site_url)

    def routes(self) -> list[BaseRoute]:
        """Return the routes below ADDRESS."""
        letter = "/letters/{name}"
        return [
            Route("/", self._list),
            Route(letter, partial(self._letter, view="html")),
            Route(f"{letter}/text", partial(self._letter, view="text")),
            Route(f"{letter}/headers", partial(self._letter, view="headers")),
            Route(f"{letter}/document", self._document),
            Route(f"{letter}/images/{{number:int}}", self._image),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
        ]

    def message(self, title: str, text: str, *, status: int) -> Response:
        """Answer with a page that says one thing, such as that there is nothing here."""
        return self._page("message.html", status=status, title=title, text=text)

    def _list(self, request: Request) -> Response:
        number = request.query_params.get("page", "1")
        page = self._mailbox.page(int(number)) if number.isdecimal() and len(number) < 10 else None
        if page is None:
            raise HTTPException(404, "The mailbox has no such page.")
        return self._page(
            "mailbox.html",
            page=page,
            batches=tuple(_batches(page.entries)),
            unreadable=tuple(entry for entry in page.entries if entry.head is None),
            folder=self._mailbox.folder,
            steps=_steps(page.number, page.pages),
        )

    def _letter(self, request: Request, *, view: _View) -> Response:
        content, body = self._open(request)
        lines = header_lines(content)
        return self._page(
            "letter.html",
            address=f"{ADDRESS}/letters/{request.path_params['name']}",
            view=view,
            head=read_head(content),
            size=len(content),
            body=body,
            headers=lines[:_MOST_HEADERS],
            headers_cut=len(lines) > _MOST_HEADERS,
            sandbox=_LETTER_SANDBOX,
        )

    def _document(self, request: Request) -> Response:
        _, body = self._open(request)
        if body.html is None:
            raise HTTPException(404, "This letter has no HTML.")
        images = f"{ADDRESS}/letters/{request.path_params['name']}/images"
        places = {image.content_id: f"{images}/{number}" for number, image in enumerate(body.images)}
        return HTMLResponse(
            letter_page(body.html, site_url=self._site_url, images=places),
            headers={"Content-Security-Policy": _LETTER_POLICY},
        )

    def _image(self, request: Request) -> Response:
        _, body = self._open(request)
        number = int(request.path_params["number"])
        if number >= len(body.images):
            raise HTTPException(404, "This letter has no such picture.")
        image = body.images[number]
        return Response(
            image.data, media_type=image.media_type, headers={"Content-Security-Policy": _IMAGE_POLICY}
        )

    def _open(self, request: Request) -> tuple[bytes, Body]:
        content = self._mailbox.read(str(request.path_params["name"]))
        if content is None or read_head(content) is None:
            raise HTTPException(404, "There is no such letter, or it cannot be read.")
        body = read_body(content)
        if body is None:
            raise HTTPException(404, "The parts of this letter cannot be told apart.")
        return content, body

    def _page(self, template: str, *, status: int = 200, **values: object) -> Response:
        return HTMLResponse(
            self._templates.get_template(template).render(values),
            status_code=status,
            headers={"Content-Security-Policy": _POLICY},
        )


def _templates(site_url: str) -> Environment:
    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(mail=ADDRESS, site=urlsplit(site_url).netloc)
    templates.filters.update(moment=_moment, bytes=_bytes)
    return templates


def _batches(entries: tuple[Entry, ...]) -> Iterator[_Batch]:
    """Gather neighbours that are copies of one letter."""
    readable = [(entry.head, entry) for entry in entries if entry.head is not None]
    for _, group in groupby(readable, key=lambda pair: (pair[0].campaign, pair[0].subject, pair[0].sender)):
        copies = tuple(group)
        head = copies[0][0]
        yield _Batch(subject=head.subject, sender=head.sender, entries=tuple(entry for _, entry in copies))


def _steps(number: int, pages: int) -> tuple[int, ...]:
    """Choose the pages to link to: the first, the last, those around; 0 stands for those left out between."""
    shown = sorted({1, pages, *range(max(1, number - 1), min(pages, number + 1) + 1)})
    steps: list[int] = []
    for step in shown:
        if steps and step - steps[-1] > 1:
            steps.append(0)
        steps.append(step)
    return tuple(steps)


def _moment(date: datetime | None) -> str:
    """Write a time as its sender's clock showed it: "23 Nov 2026, 10:03 UTC"."""
    if date is None:
        return "no date"
    zone = f"{date:%z}"
    zone = f"{zone[:3]}:{zone[3:5]}" if date.utcoffset() else "UTC"
    return f"{date.day} {_MONTHS[date.month - 1]} {date.year}, {date:%H:%M} {zone}"


def _bytes(size: int) -> str:
    return f"{size / 1000:.0f} kB" if size >= 1000 else f"{size} bytes"
