"""Commands about letters that came back: read."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from pipeline.campaigns import CampaignState
from pipeline.cli import output
from pipeline.cli.context import of
from pipeline.clock import Clock
from pipeline.errors import BelongingError, SettingsError
from pipeline.mail import bounces
from pipeline.store.bounces import SqlBounces
from pipeline.store.campaigns import SqlCampaigns
from pipeline.store.members import SqlMembers
from pipeline.subscribers.bouncing import Bouncing, Meaning
from pipeline.subscribers.returns import ReturnPaths
from pipeline.subscribers.tokens import Tokens

__all__ = ["app"]

app = typer.Typer(help="Deal with letters that came back.", no_args_is_help=True)

_LARGEST = 4 * 1024 * 1024  # bytes; no report is larger
_WORDS = {
    Meaning.GONE: "addresses that do not exist; they are not mailed again",
    Meaning.WORN_OUT: "came back too often; they are not mailed again",
    Meaning.COMPLAINT: "complaints; taken off the list",
    Meaning.PASSING: "came back for a reason that may pass; counted",
    Meaning.DELAYED: "are delayed",
    Meaning.POLICY: "refused for what we are, not for whom they were to",
    Meaning.STRANGE: "without a genuine token; nothing was done",
}


@app.callback()
def _group() -> None:
    """Keep this a group of commands, though it has one."""


@app.command()
def read(
    context: typer.Context,
    maildir: Annotated[Path, typer.Argument(help="The Maildir that mail to list.bounce_address lands in.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read a Maildir of bounces and complaints, and act on what is genuine.

    What was dealt with is deleted, for it quotes addresses; what is no report is left to you, in cur/.
    """
    project = of(context).project
    address = project.settings.list.bounce_address
    if address is None:
        raise SettingsError(
            "list.bounce_address is not set, so no letter that comes back can be told from another",
            advice="write it into newsletter.toml",
        )
    keyring = project.keyring
    paths, tokens = ReturnPaths(keyring.token, address), Tokens(keyring.token)
    bouncing = Bouncing(
        store=SqlBounces(project.engine),
        members=SqlMembers(project.engine),
        keyring=keyring,
        clock=project.clock,
    )
    counts: Counter[str] = Counter()
    blocked: set[str] = set()
    for file in _letters(maildir):
        returned = bounces.read(file.read_bytes()[:_LARGEST], paths, tokens)
        if returned is None:
            counts["other"] += 1
            file.rename(maildir / "cur" / f"{file.name.partition(':')[0]}:2,")
            continue
        done = bouncing.deal_with(returned)
        counts[done.value] += 1
        if done is Meaning.POLICY and returned.campaign:
            blocked.add(returned.campaign)
        file.unlink()
    paused = _pause(SqlCampaigns(project.engine), blocked, project.clock)
    if json:
        output.result(
            {**{one.value: counts[one.value] for one in Meaning}, "other": counts["other"], "paused": paused}
        )
        return
    for one, words in _WORDS.items():
        if counts[one.value]:
            output.line(f"{counts[one.value]:>9,}  {words}")
    if counts["other"]:
        output.line(f"{counts['other']:>9,}  are no reports; they lie in cur/ for you to read")
    if not counts:
        output.line("Nothing came back.")
    if counts[Meaning.POLICY.value]:
        output.line("           see whether SPF, DKIM and DMARC are right")
    for campaign in paused:
        output.line(f"           campaign {campaign} is paused")


def _letters(maildir: Path) -> list[Path]:
    if not all((maildir / part).is_dir() for part in ("new", "cur")):
        raise BelongingError(f"{maildir} is no Maildir", advice="name a folder that holds new/ and cur/")
    return sorted(file for file in (maildir / "new").iterdir() if file.is_file())


def _pause(campaigns: SqlCampaigns, blocked: set[str], clock: Clock) -> list[str]:
    """Pause those campaigns that are being sent and were refused by policy."""
    return [
        identity
        for identity in sorted(blocked)
        if (campaign := campaigns.campaign(identity)) is not None
        and campaign.state is CampaignState.SENDING
        and campaigns.move(identity, CampaignState.PAUSED, clock())
    ]
