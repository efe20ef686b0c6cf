"""The pages on which people choose how letters come to them, by a link that was mailed to them.

As on all pages, GET looks at nothing but the link: what somebody chose is shown when they press a button.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, timedelta

from starlette.requests import Request
from starlette.responses import Response

from pipeline.digests import Pace
from pipeline.letters import Guise
from pipeline.subscribers.choices import Choices
from pipeline.subscribers.preferences import LONGEST_PAUSE, Mistake, Preferences, Wanted
from pipeline.subscribers.signing_up import Answer, SigningUp
from pipeline.web.service.pages import Pages, PreferenceForm

__all__ = ["PreferencePages"]

_LEFT_OUT = "without:"  # begins the name of the box of each topic


@dataclass(frozen=True)
class PreferencePages:
    """Answer what is asked below /preferences and /move."""

    preferences: Preferences
    signing_up: SigningUp
    pages: Pages
    source: Callable[[Request], str]

    def button(self, request: Request) -> Response:
        """Offer to show what is chosen."""
        link = request.path_params["link"]
        if not self.preferences.recognises(link):
            return self.pages.refused()
        return self.pages.button("choices", f"/preferences/{link}")

    def act(self, request: Request, sent: Mapping[str, str]) -> Response:
        """Show it, change it, or write to another address."""
        link = request.path_params["link"]
        match sent.get("do"):
            case "save":
                return self._save(link, sent)
            case "move":
                return self._ask_move(request, link, sent)
            case _:
                chosen = self.preferences.show(link)
                return self.pages.refused() if chosen is None else self._form(link, chosen)

    def move_button(self, request: Request) -> Response:
        """Offer to take a new address."""
        link = request.path_params["link"]
        if not self.preferences.awaits(link):
            return self.pages.refused()
        return self.pages.button("move", f"/move/{link}", wording=self.pages.consent())

    def move(self, request: Request, _: Mapping[str, str]) -> Response:
        """Take a new address."""
        done = self.preferences.moved(request.path_params["link"], self.pages.consent())
        return self.pages.message("moved") if done else self.pages.refused()

    def _save(self, link: str, sent: Mapping[str, str]) -> Response:
        wanted = Wanted(
            pace=Pace(sent["pace"]) if sent.get("pace") in set(Pace) else Pace.EACH,
            guise=Guise(sent["guise"]) if sent.get("guise") in set(Guise) else Guise.OPEN,
            text=bool(sent.get("text")),
            left_out=frozenset(name.removeprefix(_LEFT_OUT) for name in sent if name.startswith(_LEFT_OUT)),
            pause=sent.get("pause", ""),
        )
        answer = self.preferences.save(link, wanted)
        if isinstance(answer, Mistake):
            shown = Choices(
                guise=wanted.guise,
                text=wanted.text,
                left_out=tuple(wanted.left_out),
                paces=((self.preferences.clock(), wanted.pace),),
            )
            return self._form(link, shown, mistake=answer, pause=wanted.pause)
        return self.pages.refused() if answer is None else self._form(link, answer, saved=True)

    def _ask_move(self, request: Request, link: str, sent: Mapping[str, str]) -> Response:
        ticket, chosen = self.preferences.ticket(link), self.preferences.show(link)
        if ticket is None or chosen is None:
            return self.pages.refused()
        match self.signing_up.move(ticket, sent.get("email", ""), source=self.source(request)):
            case Answer.TAKEN:
                return self.pages.message("move_asked", title="asked")
            case Answer.TOO_MANY:
                return self.pages.wait(429)
            case Answer.FULL:
                return self.pages.wait(503)
            case _:
                return self._form(link, chosen, mistake=Mistake.ADDRESS)

    def _form(
        self,
        link: str,
        chosen: Choices,
        *,
        saved: bool = False,
        mistake: Mistake | None = None,
        pause: str | None = None,
    ) -> Response:
        now = self.preferences.clock()
        if chosen.paused_until and not chosen.paused_at(now):
            chosen = replace(chosen, paused_until=None)
        today = now.astimezone(UTC).date()
        until = chosen.paused_until.isoformat() if chosen.paused_until else ""
        return self.pages.preferences(
            PreferenceForm(
                path=f"/preferences/{link}",
                choices=chosen,
                topics=sorted({*self.preferences.topics(), *chosen.left_out}),
                guises=tuple(dict.fromkeys([*self.preferences.guises, chosen.guise])),
                soonest=today + timedelta(days=1),
                latest=today + LONGEST_PAUSE,
                upcoming=chosen.upcoming(now),
                saved=saved,
                mistake=mistake,
                pause=until if pause is None else pause,
            )
        )
