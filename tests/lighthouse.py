"""Have Lighthouse look at four pages as a phone sees them, and say what it gives each of 100.

    make lighthouse

The site is served with the headers it is published with, compressed. Performance is measured on this machine and
swings with what else it does: each page is measured up to five times, until it has 100, and the best is said.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.browser.serving import serve
from tests.site_fixture.building import ROOT, build_own

__all__ = ["PAGES", "PROGRAM", "Report", "look"]

PROGRAM = ROOT / "node_modules" / ".bin" / "lighthouse"
PAGES = {"home": "", "post": "insight-alone/", "archive": "archive/", "subscribe": "subscribe/"}
_TRIES = 5
_FIGURES = (
    "largest-contentful-paint",
    "cumulative-layout-shift",
    "total-blocking-time",
    "total-byte-weight",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What Lighthouse said of a page."""

    scores: Mapping[str, int]  # of 100, by category
    figures: Mapping[str, float]  # milliseconds, bytes and shifts, by audit
    lost: Mapping[str, tuple[str, ...]]  # audits that cost a category points


def look(url: str, *, only: str = "") -> Report:
    """Measure one page, throttled as a phone.

    Args:
        url: Its address.
        only: Categories, with commas between; "" for all.
    """
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder, "report.json")
        command = [str(PROGRAM), url, "--quiet", "--output=json", f"--output-path={target}"]
        command += [
            "--chrome-flags=--headless=new --no-sandbox --disable-quic --disable-background-networking"
        ]
        command += [f"--only-categories={only}"] if only else []
        chromium = shutil.which("chromium") or "/usr/bin/chromium"
        # Nothing of Lighthouse's own is sent anywhere.
        environment = {**os.environ, "CHROME_PATH": chromium, "LIGHTHOUSE_NO_ERROR_REPORTING": "1", "CI": "1"}
        subprocess.run([*command, "--no-enable-error-reporting"], check=True, env=environment, timeout=180)
        report = json.loads(target.read_text(encoding="utf-8"))
    audits = report["audits"]
    return Report(
        scores={name: round(part["score"] * 100) for name, part in report["categories"].items()},
        figures={
            name: audits[name]["numericValue"]
            for name in (
                "largest-contentful-paint",
                "cumulative-layout-shift",
                "total-blocking-time",
                "total-byte-weight",
            )
            if name in audits and "numericValue" in audits[name]
        },
        lost={
            name: tuple(
                ref["id"]
                for ref in part["auditRefs"]
                if ref["weight"] and audits[ref["id"]]["score"] not in (None, 1)
            )
            for name, part in report["categories"].items()
        },
    )


def _best(url: str) -> Report:
    best = look(url)
    for _ in range(_TRIES - 1):
        if min(best.scores.values()) == 100:
            break
        again = look(url)
        best = max(best, again, key=lambda report: sum(report.scores.values()))
    return best


def main() -> int:
    """Measure the four pages; answer 0 if each has 100 in everything."""
    whole = True
    with tempfile.TemporaryDirectory() as built, serve(Path(built)) as start:
        site = start("own", build_own, {"SUBSCRIBE_URL": "/list/subscribe"})
        for name, path in PAGES.items():
            best = _best(f"{site.url}/{path}")
            whole = whole and min(best.scores.values()) == 100
            scores = "  ".join(f"{part} {score}" for part, score in best.scores.items())
            sys.stdout.write(f"{name:10} {scores}  LCP {best.figures['largest-contentful-paint']:.0f} ms\n")
            for part, audits in best.lost.items():
                if audits:
                    sys.stdout.write(f"{'':10} {part}: {', '.join(audits)}\n")
    return 0 if whole else 1


if __name__ == "__main__":
    sys.exit(main())
