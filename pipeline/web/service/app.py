"""The list service as an ASGI application.

GET and HEAD look at nothing but the link itself and change nothing, so that scanners and previews confirm nobody and
take nobody off. Only a POST acts. What is done about an address somebody entered is done behind the answer, which is
therefore the same whoever it belongs to.
"""

from __future__ import annotations

import functools
import ipaddress
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from pipeline.errors import BelongingError, KeyProblem
from pipeline.letters import Guise
from pipeline.subscribers.leaving import Leaving
from pipeline.subscribers.membership import Wish
from pipeline.subscribers.preferences import Preferences
from pipeline.subscribers.rights import Rights
from pipeline.subscribers.signing_up import Answer, Form, SigningUp
from pipeline.web.service.forms import TooLarge, fields, read_body
from pipeline.web.service.hosted import Hosted
from pipeline.web.service.pages import Pages
from pipeline.web.service.preferences import PreferencePages
from pipeline.web.service.renewing import Renewable
from pipeline.web.service.shield import Shield
from pipeline.web.service.speaking import Speaking

__all__ = ["Health", "Service"]

Health = Callable[[], Mapping[str, bool]]
"""Answers which parts of the service are well, by name."""

_LOG = logging.getLogger(__name__)
_HERE: Final = Path(__file__).parent
_KINDS: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything the pages need of the world."""

    signing_up: SigningUp
    leaving: Leaving
    rights: Rights
    pages: Pages
    health: Health
    theme: Path  # folder whose style the pages share
    base: str  # path that the service stands at: "/list", or "" for the whole host
    behind_proxy: bool  # whether a web server on this machine says where a request comes from
    preferences: Preferences | None = None  # where the list is kept here
    hosted: Hosted | None = None  # what is different where somebody else keeps the list

    def alone(self) -> Starlette:
        """Make the application as it runs by itself."""
        return Starlette(
            routes=[Mount(self.base, app=self.application())],
            exception_handlers={HTTPException: self._refused},
            middleware=[Middleware(Shield, broken=self.pages.message("broken", status=500))],
        )

    def application(self) -> Starlette:
        """Make the application as it is mounted at ``base``."""
        routes: list[Route] = []

        def add(path: str, get: Callable[..., Response], post: Callable[..., Response]) -> None:
            routes.append(Route(path, _looking(get), methods=["GET"]))
            routes.append(Route(path, _acting(post), methods=["POST"]))

        add("/subscribe", self._join_form, self._join)
        add("/unsubscribe/{link}", self._leave_button, self._leave)
        if self.hosted is None:
            add("/confirm/{link}", self._confirm_button, self._confirm)
            if self.preferences is not None:
                chosen = PreferencePages(self.preferences, self.signing_up, self.pages, self._source)
                add("/preferences", self._preferences_form, self._ask_preferences)
                add("/preferences/{link}", chosen.button, chosen.act)
                add("/move/{link}", chosen.move_button, chosen.move)
        else:
            routes += self.hosted.routes()
        if self.hosted is None or self.hosted.mails:
            add("/rights", self._rights_form, self._ask_rights)
            add("/rights/{link}", self._rights_choice, self._use_rights)
        else:
            routes.append(Route("/rights", _looking(self._whom_to_write), methods=["GET"]))
        return Starlette(
            routes=[
                Route("/", _looking(self._join_form), methods=["GET"]),
                *routes,
                Route("/health", self._well, methods=["GET"]),
                Route("/static/{name}", self._static, methods=["GET"]),
            ],
            exception_handlers={HTTPException: self._refused, TooLarge: self._too_large},
            middleware=[
                Middleware(Shield, broken=self.pages.message("broken", status=500)),
                Middleware(Renewable),
                Middleware(Speaking, choose=self.pages.choose),
            ],
        )

    # --- joining ----------------------------------------------------------------------------------------------------

    def _join_form(self, _: Request) -> Response:
        return self._address("join", "/subscribe")

    def _join(self, request: Request, sent: Mapping[str, str]) -> Response:
        return self._take_in(Wish.JOIN, "join", "/subscribe", request, sent)

    def _take_in(
        self, wish: Wish, form: str, path: str, request: Request, sent: Mapping[str, str]
    ) -> Response:
        done = ("asked", "") if wish is Wish.JOIN else ("rights_asked", "asked")
        if sent.get("website"):  # no person sees this field
            return self.pages.message(done[0], title=done[1])
        came = Form(**{field: sent.get(field, "") for field in ("email", "carried", "stamp", "work")})
        reply = self.signing_up.receive(wish, came, source=self._source(request))
        match reply.answer:
            case Answer.TAKEN:
                return self.pages.message(done[0], title=done[1])
            case Answer.IMPLAUSIBLE:
                return self._address(form, path, problem=True)
            case Answer.ONCE_MORE:
                return self.pages.again(
                    path,
                    carried=reply.carried,
                    stamp=self._stamp(),
                    bits=reply.bits,
                    shortest=self.signing_up.rules.shortest,
                )
            case Answer.TOO_MANY:
                return self._wait(429)
            case Answer.FULL:
                return self._wait(503)

    def _confirm_button(self, request: Request) -> Response:
        link = request.path_params["link"]
        if not self.signing_up.recognises(link):
            return self._refuse()
        discreet = self.preferences is not None and Guise.DISCREET in self.preferences.guises
        return self.pages.button(
            "confirm", f"/confirm/{link}", wording=self.pages.consent(), discreet=discreet
        )

    def _confirm(self, request: Request, sent: Mapping[str, str]) -> Response:
        discreet = bool(sent.get("discreet")) and self._discreet
        done = self.signing_up.confirm(request.path_params["link"], self.pages.consent(), discreet=discreet)
        return self.pages.message("confirmed") if done else self._refuse()

    @property
    def _discreet(self) -> bool:
        """Tell whether discreet letters can be chosen."""
        return self.preferences is not None and Guise.DISCREET in self.preferences.guises

    # --- leaving ----------------------------------------------------------------------------------------------------

    def _leave_button(self, request: Request) -> Response:
        link = request.path_params["link"]
        return (
            self.pages.button("leave", f"/unsubscribe/{link}")
            if self.leaving.recognises(link)
            else self._refuse()
        )

    def _leave(self, request: Request, _: Mapping[str, str]) -> Response:
        # Whoever posts here with a token means it: a person by the button, a mail program by RFC 8058. So the body
        # is not looked at, whatever it is written in.
        done = self.leaving.leave(request.path_params["link"])
        return self.pages.message("left") if done else self._refuse()

    # --- preferences ------------------------------------------------------------------------------------------------

    def _preferences_form(self, _: Request) -> Response:
        return self._address("preferences", "/preferences")

    def _ask_preferences(self, request: Request, sent: Mapping[str, str]) -> Response:
        return self._take_in(Wish.CHOICES, "preferences", "/preferences", request, sent)

    # --- rights -----------------------------------------------------------------------------------------------------

    def _rights_form(self, _: Request) -> Response:
        return self._address("rights", "/rights")

    def _ask_rights(self, request: Request, sent: Mapping[str, str]) -> Response:
        return self._take_in(Wish.RIGHTS, "rights", "/rights", request, sent)

    def _whom_to_write(self, _: Request) -> Response:
        return self.pages.message("hosted_write", title="rights")

    def _rights_choice(self, request: Request) -> Response:
        link = request.path_params["link"]
        if not self.rights.recognises(link):
            return self._refuse()
        path = f"/rights/{link}"
        return self.pages.hosted(path, self.hosted.topics()) if self.hosted else self.pages.rights(path)

    def _use_rights(self, request: Request, sent: Mapping[str, str]) -> Response:
        link, wanted = request.path_params["link"], sent.get("do", "")
        if self.hosted is not None and wanted == "leave":
            return self.pages.message("left") if self.rights.leave(link) else self._refuse()
        if self.hosted is not None and wanted == "choose":
            return self._choose(self.hosted, link, sent)
        if wanted in {"erase", "forget"}:
            done = self.rights.erase(link, entirely=wanted == "forget")
            return self.pages.message("erased") if done else self._refuse()
        if wanted not in {"see", "take"}:
            return self._rights_choice(request)
        stored = self.rights.see(link)
        if stored is None:
            return self._refuse()
        if wanted == "see":
            return self.pages.record(stored)
        return Response(
            json.dumps(stored, ensure_ascii=False, indent=2) + "\n",
            media_type="application/json",
            headers={"Content-Disposition": 'attachment; filename="what-is-stored.json"'},
        )

    def _choose(self, hosted: Hosted, link: str, sent: Mapping[str, str]) -> Response:
        topics = [value for name, value in sent.items() if name.startswith("topic")]
        try:
            done = hosted.choose(link, topics)
        except KeyProblem:  # ours, not theirs
            raise
        except BelongingError:
            return self.pages.message("hosted_later", status=503, title="hosted_later")
        return self.pages.message("hosted_chosen") if done else self._refuse()

    # --- the rest ---------------------------------------------------------------------------------------------------

    async def _well(self, _: Request) -> Response:
        parts = await run_in_threadpool(self.health)
        return JSONResponse(
            {name: "ok" if well else "down" for name, well in parts.items()},
            status_code=200 if all(parts.values()) else 503,
        )

    async def _static(self, request: Request) -> Response:
        file = {
            "site.css": self.theme / "static" / "css" / "site.css",
            "favicon.svg": self.theme / "static" / "favicon.svg",
            "exit.js": self.theme / "static" / "js" / "exit.js",
            "service.css": _HERE / "static" / "service.css",
            "work.js": _HERE / "static" / "work.js",
        }.get(request.path_params["name"])
        if file is None or not file.is_file():
            raise HTTPException(404)
        return Response(file.read_bytes(), media_type=_KINDS[file.suffix])

    def _address(self, form: str, path: str, *, problem: bool = False) -> Response:
        # A list kept elsewhere does not come back here to ask for consent.
        wording = self.pages.consent() if self.hosted and form == "join" else ""
        return self.pages.address(form, path, stamp=self._stamp(), wording=wording, problem=problem)

    def _stamp(self) -> str:
        return self.signing_up.passes.stamp(self.signing_up.clock())

    def _refuse(self) -> Response:
        return self.pages.refused()

    def _wait(self, status: int) -> Response:
        return self.pages.wait(status)

    def _refused(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it alone
        answer = self.pages.message("missing", status=error.status_code)
        answer.headers.update(error.headers or {})
        return answer

    def _too_large(self, _: Request, __: Exception) -> Response:
        return self.pages.message("large", status=413)

    def _source(self, request: Request) -> str:
        """Tell where a request comes from: the last address that the web server before us wrote down.

        What stands before it in that header was written by whoever asks, and is not believed.
        """
        peer = request.client.host if request.client else ""
        if self.behind_proxy and (not peer or _is_loopback(peer)):
            return request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip() or peer
        if _is_loopback(peer) and "x-forwarded-for" in request.headers:
            _warn_of_proxy()
        return peer


@functools.cache  # once is enough
def _warn_of_proxy() -> None:
    _LOG.warning(
        "a web server on this machine passes requests on, but service.behind_proxy is not true: "
        "everybody counts as one source"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _looking(answer: Callable[[Request], Response]) -> Callable[..., object]:
    async def endpoint(request: Request) -> Response:
        return answer(request)

    return endpoint


def _acting(answer: Callable[[Request, Mapping[str, str]], Response]) -> Callable[..., object]:
    async def endpoint(request: Request) -> Response:
        body = await read_body(request)
        sent = fields(request.headers.get("content-type", ""), body)
        return await run_in_threadpool(answer, request, sent)

    return endpoint
