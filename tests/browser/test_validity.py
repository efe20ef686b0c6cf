"""The HTML and the style sheet hold to their standards: two checkers find no error and give no warning."""

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


_VALIDATE = ROOT / "node_modules" / ".bin" / "html-validate"
_RULES = {
    "root": True,
    "extends": ["html-validate:recommended"],
    "rules": {
        "long-title": "off",  # a writer's title is as long as it is
        "tel-non-breaking": "off",  # numbers do not break; a word before one may
        "valid-id": ["error", {"relaxed": True}],  # Markdown's footnotes are called fn:1
    },
}


def further_findings(folder: Path, *pages: Path) -> list[str]:
    require("html-validate", found=_VALIDATE.exists(), install="npm ci")
    rules = folder / "rules.json"
    rules.write_text(json.dumps(_RULES), encoding="utf-8")
    run = subprocess.run(
        [str(_VALIDATE), "--config", str(rules), "--formatter", "json", *map(str, pages)],
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    return [
        f"{page['filePath']}:{found['line']}: {found['ruleId']}: {found['message']}"
        for page in json.loads(run.stdout)
        for found in page["messages"]
    ]


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


def test_every_page_and_the_style_sheet_are_valid(serving: Callable[[str], Served], tmp_path: Path) -> None:
    pages = [
        page for name in ("fixture", "form", "own") for page in sorted(serving(name).output.rglob("*.html"))
    ]
    assert len(pages) > 60
    sheet = ROOT / "theme/static/css/site.css"
    assert findings("--also-check-svg", "--also-check-css", *pages, sheet) == []
    assert further_findings(tmp_path, *pages) == []


def test_what_is_wrong_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("<!doctype html><html lang=en><title>T</title><p><h1>No</p>", encoding="utf-8")
    assert findings(page) != []
    assert further_findings(tmp_path, page) != []
