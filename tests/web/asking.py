"""Asking an application for a page, without a network between."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import lxml.html
from starlette.types import ASGIApp

from pipeline.web.preview import application

__all__ = ["SITE_URL", "ask", "page", "preview"]

SITE_URL = "https://belonging.example.org"


def preview(folder: Path) -> ASGIApp:
    """Make the preview of folder/output and folder/mail."""
    return application(site=folder / "output", site_url=SITE_URL, mailbox=folder / "mail")


def ask(
    app: ASGIApp,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    base: str = "http://localhost",
) -> httpx.Response:
    """Ask once; an exception that leaves the application is raised here."""

    async def once() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.request(method, f"{base}{path}", headers=headers)

    # In a thread of its own, for in this one a browser's event loop may be running.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, once()).result()


def page(answer: httpx.Response) -> lxml.html.HtmlElement:
    """Read an answer as a page."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text
    return lxml.html.document_fromstring(answer.text)
