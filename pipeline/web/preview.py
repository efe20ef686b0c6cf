"""The local preview: the built site, and the letters that were written to this machine beside it.

What people see here before anything is published and mailed has to be what others will see: the site's files are
served as a static host serves them, and letters are shown as they were written, in a frame where nothing runs.
"""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp

from pipeline.errors import BelongingError
from pipeline.web.guard import Guard
from pipeline.web.mailbox import Mailbox
from pipeline.web.pages import ADDRESS, MailboxPages
from pipeline.web.reload import Live
from pipeline.web.serving import serve
from pipeline.web.site import POLICY, Site

__all__ = ["Live", "application", "serve"]


def application(
    *,
    site: Path,
    site_url: str,
    mailbox: Path,
    service: ASGIApp | None = None,
    service_path: str = "",
    live: Live | None = None,
) -> Starlette:
    """Make the preview.

    Neither folder has to exist yet; both are looked at again with every request.

    Args:
        site: Folder of the built site; served at /.
        site_url: Absolute address that pages and letters call the site by. Links to it stay here.
        mailbox: A Maildir; shown at /_mail/.
        service: The list service, so that the links in letters work here as well.
        service_path: Where it stands below the site, such as "/list"; without one it is left out.
        live: Where the site is built again while it is shown; its pages then show themselves anew.
    """
    built = Site(site, site_url, live.page if live else str)
    pages = MailboxPages(Mailbox(mailbox), site_url=site_url)

    def to_mailbox(_: Request) -> Response:
        return RedirectResponse(f"{ADDRESS}/", status_code=301)

    def from_site(request: Request) -> Response:
        answer = built.answer(request)
        if answer is None:
            raise HTTPException(404)
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    def refused(request: Request, error: Exception) -> Response:
        if isinstance(error, BelongingError):
            return pages.message("This does not work yet", str(error), status=500)
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for these two alone
        if error.status_code != 404:
            return Response(status_code=error.status_code, headers=error.headers)
        if request.scope["path"].startswith(f"{ADDRESS}/"):
            return pages.message("Not here", error.detail, status=404)
        if live and live.mistake and not site.is_dir():
            return pages.message("The site was not built", live.mistake, status=500)
        if not site.is_dir():
            return pages.message(
                "No site yet", f"Nothing has been built into {site} yet; make build builds it.", status=404
            )
        return pages.message("Not here", "The site has no such page.", status=404)

    beside: list[BaseRoute] = [Mount(service_path, app=service)] if service and service_path else []
    return Starlette(
        routes=[
            Route(ADDRESS, to_mailbox),
            Mount(ADDRESS, routes=pages.routes()),
            *beside,
            *(live.routes() if live else ()),
            Route("/{path:path}", from_site),
        ],
        middleware=[Middleware(Guard)],
        exception_handlers={HTTPException: refused, BelongingError: refused},
    )
