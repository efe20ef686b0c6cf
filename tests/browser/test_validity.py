"""The HTML and the style sheet hold to their standards: the Nu checker finds no error and gives no warning."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.browser.serving import Served
from tests.layers import require
from tests.site_fixture.building import ROOT

_CHECKER = ROOT / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
# It reads files and knows no address, so 'self' in the policy is nobody to it; and it takes a block of data for a
# script. What the policy really stops is seen in test_pages.py.
_NOT_MEANT = ".*Content Security Policy.*"


def findings(*arguments: str | Path) -> list[str]:
    java = shutil.which("java")
    require("Java", found=java is not None, install="sudo apt-get install default-jre-headless")
    require("The Nu checker", found=_CHECKER.exists(), install="npm ci")
    command = [str(java), "-Xss2m", "-jar", str(_CHECKER), "--format", "json", "--filterpattern", _NOT_MEANT]
    run = subprocess.run(
        [*command, *map(str, arguments)], capture_output=True, text=True, timeout=180, check=False
    )
    messages = json.loads(run.stderr)["messages"]
    return [f"{m.get('url')}:{m.get('lastLine')}: {m['message']}" for m in messages]


def test_every_page_and_the_style_sheet_are_valid(serving: Callable[[str], Served]) -> None:
    pages = [
        page for name in ("fixture", "form", "own") for page in sorted(serving(name).output.rglob("*.html"))
    ]
    assert len(pages) > 60
    sheet = ROOT / "theme/static/css/site.css"
    assert findings("--also-check-svg", "--also-check-css", *pages, sheet) == []


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><html lang=en><title>T</title><p><h1>No</p>", encoding="utf-8")
    assert findings(page) != []
