"""The pages of the list service, made from the theme's templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from jinja2 import Environment
from starlette.responses import HTMLResponse, Response

from pipeline.digests import Pace
from pipeline.letters import Guise
from pipeline.posts.languages import Catalogue, direction
from pipeline.rendering import load
from pipeline.rendering.phrases import phrases_for
from pipeline.subscribers.choices import Choices
from pipeline.subscribers.preferences import Mistake
from pipeline.subscribers.puzzles import ROUNDS
from pipeline.web.service.speaking import Spoken, spoken

__all__ = ["Look", "Pages", "PreferenceForm"]

_TEMPLATES: Final = (
    "message",
    "button",
    "address",
    "again",
    "preferences",
    "rights",
    "record",
    "hosted",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """What all pages have in common."""

    name: str  # of the list
    lang: str
    site_url: str  # links to the site begin with it; "" where both stand side by side
    base: str  # path that the service stands at, "/list"
    exit_url: str  # where "Exit this page" leads; "" for none
    exit_name: str  # what that is
    consent: str  # the sentence somebody agrees to
    rights_hours: int
    keeper: str = ""  # who keeps the list, if it is not kept here
    write_to: str = ""  # the address of a person who answers


@dataclass(frozen=True, kw_only=True, slots=True)
class PreferenceForm:
    """What somebody chose, and what they can choose."""

    path: str  # where the form leads, below the service
    choices: Choices
    topics: Sequence[str]
    guises: Sequence[Guise]
    soonest: date  # that a pause can end
    latest: date
    upcoming: tuple[datetime, Pace] | None = None  # a pace that begins later
    saved: bool = False
    mistake: Mistake | None = None
    pause: str = ""  # as it was typed


class Pages:
    """Make pages. None of them holds anything about anybody, but those that show people what is theirs."""

    def __init__(self, environment: Environment, look: Look) -> None:
        """Take the theme's environment, and what all pages have in common.

        Raises:
            RenderingError: The theme lacks words.
        """
        self._look = look
        self._catalogue = Catalogue.of(environment)
        self._phrases = {lang: phrases_for(environment, lang) for lang in self._catalogue.languages}
        self._templates = load(environment, [f"list/{name}.html" for name in _TEMPLATES])

    def choose(self, named: str, wanted: Sequence[str]) -> Spoken:
        """Decide which language to speak.

        Args:
            named: The one that a link of ours names, or "".
            wanted: Those that a browser asks for, most wanted first.
        """
        known = self._catalogue.languages
        if named in known:
            return Spoken(lang=named, chosen=True)
        return Spoken(lang=self._catalogue.choose(*wanted, self._look.lang), chosen=False)

    def consent(self) -> str:
        """Answer the sentence somebody agrees to, as the pages of this request show it."""
        return self._catalogue.say(self._spoken.lang, self._look.consent)

    def message(self, name: str, *, status: int = 200, title: str = "") -> Response:
        """Make a page that says one thing.

        Args:
            name: Which: its words are called ``name_lines``, and ``name_title`` unless ``title`` names others.
            status: HTTP status.
            title: Whose title it takes.
        """
        return self._page(
            "message", status, title=self._word(f"{title or name}_title"), lines=self._lines(name)
        )

    def refused(self) -> Response:
        """Answer a link that does not act, of whatever kind it is and whyever it does not."""
        return self.message("refused", status=404)

    def wait(self, status: int) -> Response:
        """Ask to come back later."""
        answer = self.message("wait", status=status)
        answer.headers["Retry-After"] = "3600"
        return answer

    def button(self, name: str, path: str, *, wording: str = "", discreet: bool = False) -> Response:
        """Make a page with one button, that posts to a path below the service.

        Args:
            name: Which: see ``message``.
            path: Where it leads.
            wording: What is agreed to by pressing it.
            discreet: Whether discreet letters can be chosen in the same moment.
        """
        return self._page(
            "button",
            title=self._word(f"{name}_title"),
            lines=self._lines(name),
            button=self._word(f"{name}_button"),
            action=self._action(path),
            wording=wording,
            discreet=discreet,
        )

    def again(self, path: str, *, carried: str, stamp: str, bits: int, shortest: timedelta) -> Response:
        """Make the second step of a form: one button, and with ``bits`` a puzzle that a browser solves by itself.

        Args:
            path: Where it posts to, below the service.
            carried: The address, sealed.
            stamp: When this is shown.
            bits: How hard the puzzle is; 0: there is none.
            shortest: Time before which it is not to be sent.
        """
        least = int(shortest / timedelta(milliseconds=1)) + 100
        return self._page(
            "again",
            title=self._word("again_title"),
            lines=self._lines("again"),
            action=self._action(path),
            carried=carried,
            stamp=stamp,
            puzzle={"bits": bits, "rounds": ROUNDS, "least": least} if bits else None,
        )

    def address(
        self, name: str, path: str, *, stamp: str, wording: str = "", problem: bool = False
    ) -> Response:
        """Make a form that asks for an address; with ``problem``, one that says that there was none.

        Args:
            name: Which: see ``message``.
            path: Where it leads, below the service.
            stamp: When it is shown.
            wording: What is agreed to by sending it, where that is not asked for later.
            problem: Whether something else than an address was sent.
        """
        return self._page(
            "address",
            422 if problem else 200,
            title=self._word(f"{name}_title"),
            lines=self._lines(name),
            button=self._word(f"{name}_button"),
            action=self._action(path),
            stamp=stamp,
            wording=wording,
            problem=self._word("join_error") if problem else "",
        )

    def preferences(self, form: PreferenceForm) -> Response:
        """Make the form on which people choose how letters come to them."""
        upcoming = ""
        if form.upcoming:
            since, pace = form.upcoming
            day = self._catalogue.day(self._spoken.lang, since.astimezone(UTC).date())
            upcoming = self._word("upcoming").format(day=day, pace=self._word(f"pace_{pace}"))
        mistake = self._word(f"mistake_{form.mistake}") if form.mistake else ""
        return self._page(
            "preferences",
            422 if form.mistake else 200,
            title=self._word("preferences_title"),
            action=self._action(form.path),
            form=form,
            mine=form.choices,
            pace=form.choices.paces[-1][1] if form.choices.paces else Pace.EACH,
            upcoming=upcoming,
            mistake=mistake,
        )

    def rights(self, path: str) -> Response:
        """Make the page on which people choose what happens to what is stored."""
        return self._page(
            "rights",
            title=self._word("rights_title"),
            lines=self._lines("open"),
            action=self._action(path),
        )

    def hosted(self, path: str, topics: Sequence[str]) -> Response:
        """Make the page on which people choose what happens to them on a list that somebody else keeps."""
        return self._page(
            "hosted",
            title=self._word("rights_title"),
            lines=self._lines("open"),
            choose_lines=self._lines("choose"),
            erase_lines=self._lines("erase"),
            action=self._action(path),
            topics=topics,
        )

    def record(self, stored: Mapping[str, object]) -> Response:
        """Make the page that shows everything stored about one person."""
        return self._page("record", title=self._word("seen_title"), lines=self._lines("seen"), stored=stored)

    def _page(self, template: str, status: int = 200, **values: object) -> Response:
        look, lang = self._look, self._spoken.lang
        html = self._templates[f"list/{template}.html"].render(
            words=self._words,
            speaks=lang,
            dir=direction(lang),
            name=look.name,
            site_url=look.site_url,
            base=look.base,
            exit_url=look.exit_url,
            exit_name=look.exit_name,
            chosen=self._chosen,
            others=[other for other in self._catalogue.languages if other != lang],
            choosing=not look.keeper,
            **values,
        )
        return HTMLResponse(html.lstrip(), status_code=status)

    @property
    def _spoken(self) -> Spoken:
        return spoken() or self.choose("", [])

    @property
    def _words(self) -> Mapping[str, object]:
        return self._phrases[self._spoken.lang]

    @property
    def _chosen(self) -> str:
        """Write what a link or a form adds, so that what comes next is in the same language."""
        now = self._spoken
        usual = self.choose("", []).lang
        return f"?lang={now.lang}" if now.chosen or now.lang != usual else ""

    def _action(self, path: str) -> str:
        return f"{self._look.base}{path}{self._chosen}"

    def _word(self, name: str) -> str:
        return str(self._words[self._ours(name)])

    def _lines(self, name: str) -> list[str]:
        lines = self._words[self._ours(f"{name}_lines")]
        assert isinstance(lines, list | tuple)  # noqa: S101 - the theme's own
        look = self._look
        blanks = {"{hours}": str(look.rights_hours), "{keeper}": look.keeper, "{us}": look.write_to}
        filled = [str(line) for line in lines]
        for blank, value in blanks.items():
            filled = [line.replace(blank, value) for line in filled]
        return filled

    def _ours(self, name: str) -> str:
        """Choose the words for a list that somebody else keeps, where there are any."""
        hosted = f"hosted_{name}"
        return hosted if self._look.keeper and hosted in self._words else name
