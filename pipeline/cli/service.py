"""The command that runs the list service: web."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from pipeline.cli import output
from pipeline.cli.context import of

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(web)


def web(
    context: typer.Context,
    port: Annotated[
        int | None, typer.Option(help="Another port than service.port; 0 finds a free one.", min=0, max=65535)
    ] = None,
) -> None:
    """Run the list service: the pages by which people join, leave, and see what is stored about them.

    It answers on this machine only; a web server with TLS stands in front (docs/service.md). No request is logged.
    """
    from pipeline.list_service import ListService  # noqa: PLC0415 - a web server is not what other commands wait for
    from pipeline.web.serving import serve  # noqa: PLC0415

    # What goes wrong is said without addresses, links or requests in it.
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s"
    )
    project = of(context).project
    chosen = project.settings.service
    made = ListService(project)
    app = made.living

    def ready(real: int) -> None:
        output.line("The list  ", (f"http://{chosen.host}:{real}{made.base}/subscribe", "bold"))
        output.line("Ctrl-C ends it.")

    with made.worker.running():
        serve(app, host=chosen.host, port=chosen.port if port is None else port, ready=ready)
