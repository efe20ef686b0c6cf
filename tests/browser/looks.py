"""The ways a page is looked at: how wide, in which colours, with scripts or without, in which size of text."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Literal
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

__all__ = ["Inspection", "Look", "looks"]

Colours = Literal["light", "dark", "forced"]

_STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_FINDINGS = """async (standards) => {
  const { violations } = await axe.run(document, { runOnly: standards });
  return violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.target} ${n.failureSummary}`));
}"""
_TOO_WIDE = """() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"""
_VIOLATIONS = """window.violations = []; addEventListener('securitypolicyviolation',
  e => violations.push(`${e.effectiveDirective} ${e.blockedURI}`));"""
_STORED = """async () => [document.cookie, localStorage.length, sessionStorage.length,
  (await indexedDB.databases()).length, (await caches.keys()).length]"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One way to look at a page."""

    width: int  # CSS pixels
    colours: Colours
    scripts: bool
    text: int  # per cent


def _look(width: int, colours: Colours, scripts: bool, text: int) -> Look:
    return Look(width=width, colours=colours, scripts=scripts, text=text)


# In these nine every two properties meet in every combination; each row of three has every width and every colours.
_PAIRWISE: Sequence[Sequence[Look]] = (
    (_look(320, "light", True, 100), _look(768, "dark", True, 200), _look(1440, "forced", False, 200)),
    (_look(320, "dark", False, 200), _look(768, "forced", False, 100), _look(1440, "light", True, 200)),
    (_look(320, "forced", True, 200), _look(768, "light", False, 100), _look(1440, "dark", False, 100)),
)
_EVERY = [
    Look(width=width, colours=colours, scripts=scripts, text=text)
    for width, colours, scripts, text in product(
        (320, 768, 1440), ("light", "dark", "forced"), (True, False), (100, 200)
    )
]


def looks(number: int) -> Sequence[Look]:
    """Choose how the page with this number is looked at: in three ways, and in a soak in all thirty-six."""
    return _EVERY if os.environ.get("BELONGING_SOAK") == "1" else _PAIRWISE[number % len(_PAIRWISE)]


class Inspection:
    """A browser window, and what was seen in it."""

    def __init__(self, browser: Browser, axe: str) -> None:
        self.found: list[str] = []
        self.asked: set[str] = set()  # hosts
        self._axe = axe
        self._context = browser.new_context(reduced_motion="reduce")
        self._page = self._opened()
        self._switch = self._context.new_cdp_session(self._page)

    @classmethod
    @contextlib.contextmanager
    def of(cls, browser: Browser, axe: str) -> Iterator[Inspection]:
        """Open the window, and close it at the end."""
        inspection = cls(browser, axe)
        yield inspection
        if cookies := inspection._context.cookies():
            inspection.found.append(f"cookies: {cookies}")
        inspection._context.close()

    def visit(self, address: str, views: Sequence[Look]) -> None:
        """Open a page and look at it in several ways."""
        for scripts in (True, False):
            chosen = [view for view in views if view.scripts is scripts]
            if not chosen:
                continue
            page = self._page
            page.set_viewport_size({"width": chosen[0].width, "height": 900})
            self._run_scripts(run=scripts)
            answer = page.goto(address)
            self._run_scripts(run=True)  # those of the page had their chance; axe needs some
            assert answer is not None
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            page.mouse.wheel(0, 100_000)  # what is loaded lazily is loaded too
            page.evaluate(self._axe)
            for view in chosen:
                self._look(page, address, view)
            self.found += [f"{address}: {line}" for line in page.evaluate("window.violations ?? []")]
            if scripts and (stored := page.evaluate(_STORED)) != ["", 0, 0, 0, 0]:
                self.found.append(f"{address}: keeps something: {stored}")

    def _look(self, page: Page, address: str, view: Look) -> None:
        page.set_viewport_size({"width": view.width, "height": 900})
        page.emulate_media(
            color_scheme="dark" if view.colours == "dark" else "light",
            forced_colors="active" if view.colours == "forced" else "none",
            reduced_motion="reduce",
        )
        page.evaluate("size => { document.documentElement.style.fontSize = size }", f"{view.text}%")
        if (by := page.evaluate(_TOO_WIDE)) > 0:
            self.found.append(f"{address}: {by} px too wide: {view}")
        self.found += [f"{address}: {view}: {line}" for line in page.evaluate(_FINDINGS, _STANDARDS)]

    def _run_scripts(self, *, run: bool) -> None:
        self._switch.send("Emulation.setScriptExecutionDisabled", {"value": not run})

    def _opened(self) -> Page:
        page = self._context.new_page()
        page.add_init_script(_VIOLATIONS)
        page.on("console", lambda message: self.found.append(f"{page.url}: console: {message.text}"))
        page.on("pageerror", lambda error: self.found.append(f"{page.url}: {error}"))
        page.on("request", lambda request: self.asked.add(urlsplit(request.url).netloc))
        page.on(
            "response",
            lambda answer: (
                self.found.append(f"{answer.url}: {answer.status}") if answer.status >= 400 else None
            ),
        )
        return page
