"""Commands of a writer: new, check, build, preview, serve."""

from __future__ import annotations

import contextlib
import os
import shlex
from pathlib import Path
from typing import Annotated

import typer

from pipeline import preview as previews
from pipeline.cli import output
from pipeline.cli.context import of
from pipeline.digests import Pace
from pipeline.errors import BelongingError, BuildError, ContentError
from pipeline.letters import Guise
from pipeline.planning import Item, Verdict
from pipeline.posts import Post, checking, drafting, manifest
from pipeline.posts.mistakes import Mistake, Severity
from pipeline.rendering import encoded_size
from pipeline.watching import watching

__all__ = ["Clean", "check_content", "register"]

Clean = Annotated[
    bool, typer.Option("--clean", help="Build all of the site, whatever earlier builds remember.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (new, check, build, preview, serve):
        app.command()(command)


def new(
    context: typer.Context,
    title: Annotated[str, typer.Argument(help="The title of the post.")],
) -> None:
    """Start a post: a file with everything a post can say about itself."""
    project = of(context).project
    path = drafting.start(title, content=project.root / "content", now=project.clock(), zone=project.zone)
    shown = path.relative_to(project.root)
    output.line("Write here:  ", (str(shown), "bold"))
    output.line(f"Look at it:  make preview POST={shlex.quote(str(shown))}")
    output.line("Publish it:  take out the line 'status: draft', commit, make publish")


def check(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Look for mistakes in all posts and pages."""
    project = of(context).project
    mistakes = checking.check(project.root / "content", today=project.clock().date())
    errors = [mistake for mistake in mistakes if mistake.severity is Severity.ERROR]
    if json:
        output.result([_json(mistake) for mistake in mistakes])
    else:
        _print_mistakes(mistakes)
        if errors:
            output.line((f"{output.count(len(errors), 'mistake')} to mend", "bold red"))
        else:
            output.line(("No mistakes.", "green"))
    if errors:
        raise typer.Exit(ContentError.exit_code)


def check_content(root: Path, *, quiet: bool = False) -> None:
    """Refuse to go on when posts hold mistakes.

    Raises:
        ContentError: They do; each is named.
    """
    mistakes = checking.check(root / "content")
    errors = [mistake for mistake in mistakes if mistake.severity is Severity.ERROR]
    if errors:
        shown = "\n".join(str(mistake) for mistake in errors)
        raise ContentError(f"nothing was built or mailed\n{shown}", advice="mend that and try again")
    if not quiet:
        _print_mistakes(mistakes)


def build(
    context: typer.Context,
    clean: Clean = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Name the files of the site that became others.")
    ] = False,
) -> None:
    """Build the site into output/ and mail nothing. Only what has changed is made anew."""
    project = of(context).project
    check_content(project.root)
    built = project.builder.build(clean=clean)
    output.line("The site is in ", (str(built.output.relative_to(project.root)), "bold"), "/")
    if changed:
        output.lines(sorted(built.changed) or ["Nothing changed."])


def preview(
    context: typer.Context,
    post: Annotated[
        str,
        typer.Argument(
            help="A post: its file, id or slug; a draft will do. Or weekly, or monthly: the newest digest."
        ),
    ],
    guise: Annotated[
        Guise, typer.Option("--as", help="For readers who chose a discreet letter, or a notice only.")
    ] = Guise.OPEN,
    text: Annotated[bool, typer.Option("--text", help="Print the plain-text part as well.")] = False,
) -> None:
    """Show the letter that a post becomes, without mailing it."""
    project = of(context).project
    publishing = project.drafts()
    found = (
        publishing.digest(Pace(post))
        if post in {Pace.WEEKLY, Pace.MONTHLY}
        else previews.find(publishing.posts, post, root=project.root)
    )
    editions = {edition.guise: edition for edition in publishing.editions(found)}
    if guise not in editions:
        raise BelongingError(
            f"readers of the {publishing.provider.name} list cannot choose a {guise} letter",
            advice="leave out --as",
        )
    proposal = publishing.judge(Item(post=found, verdict=Verdict.MAIL), list(editions.values()))
    letter = editions[guise].letter
    name = found.slug if guise is Guise.OPEN else f"{found.slug}-{guise}"
    files = previews.write(letter, project.root / "var" / "preview", name=name)
    _print_letter(found, letter.subject, letter.preheader, encoded_size(letter.html))
    for problem in proposal.problems:
        output.line(("  forbidden  ", "bold red"), problem)
    for remark in proposal.remarks:
        output.line(("  remark     ", "yellow"), remark)
    for file in files:
        output.line("  ", str(file.relative_to(project.root)))
    if text:
        output.line("")
        output.lines(letter.text.splitlines())
    if proposal.problems:
        raise typer.Exit(ContentError.exit_code)


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option(help="The port; 0 finds a free one.", min=0, max=65535)] = 8000,
) -> None:
    """Show the site, with drafts, and the local mailbox in a browser on this machine; show what is saved at once."""
    from pipeline.list_service import ListService  # noqa: PLC0415 - a web server is not what other commands wait for
    from pipeline.web import preview as web  # noqa: PLC0415

    project = of(context).project
    if not project.builder.manifest.exists():
        check_content(project.root)
        project.builder.build()
    live = web.Live()
    # Built apart, with drafts: what is only looked at is neither published nor mailed.
    shown = project.builder.drafts

    def build() -> None:
        try:
            check_content(project.root, quiet=True)
            project.builder.build_drafts()
        except BelongingError as error:
            live.failed(str(error))
        except OSError as error:  # such as a full disk; what is saved later is shown again
            where = os.fsdecode(error.filename) if error.filename else "the site's folder"
            live.failed(f"{where} cannot be used: {error.strerror or type(error).__name__}")
        else:
            live.built()

    build()
    if not shown.manifest.exists():
        raise BuildError(live.mistake, advice="mend that and try again")

    # The list is shown beside them where nothing that is pressed here can mail anybody.
    made = ListService(project, beside_site=True)
    has_list = not project.settings.leaves_machine and bool(made.base)

    def ready(real: int) -> None:
        output.line("The site     ", (f"http://localhost:{real}/", "bold"))
        output.line("The mailbox  ", (f"http://localhost:{real}/_mail/", "bold"))
        if has_list:
            output.line("The list     ", (f"http://localhost:{real}{made.base}/subscribe", "bold"))
        output.line("What you save is shown at once, drafts too. Ctrl-C ends it.")
        if live.mistake:
            output.lines(live.mistake.splitlines())

    application = web.application(
        site=shown.output,
        site_url=manifest.read(shown.manifest)[0].url,
        mailbox=project.mailbox,
        service=made.living if has_list else None,
        service_path=made.base,
        live=live,
    )
    sources = ("content", "theme", "plugins", "pelicanconf.py", "newsletter.toml")
    with (
        watching([project.root / name for name in sources], build),
        made.worker.running() if has_list else contextlib.nullcontext(),
    ):
        web.serve(application, port=port, ready=ready)


def _print_letter(post: Post, subject: str, preheader: str, size: int) -> None:
    output.line((post.title, "bold"))
    output.line(("  subject    ", "dim"), subject)
    output.line(("  preheader  ", "dim"), preheader)
    output.line(("  size       ", "dim"), output.bytes_text(size))


def _print_mistakes(mistakes: tuple[Mistake, ...]) -> None:
    for mistake in mistakes:
        style = "red" if mistake.severity is Severity.ERROR else "yellow"
        output.line((str(mistake), style))


def _json(mistake: Mistake) -> dict[str, output.Json]:
    return {
        "path": mistake.path,
        "line": mistake.line,
        "column": mistake.column,
        "severity": mistake.severity.value,
        "message": mistake.message,
        "advice": mistake.advice,
    }
