"""The gallery of components: every one is shown, and each by itself can be used by anybody."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser

from tests.site_fixture.building import ROOT

COMPONENTS = sorted(path.stem for path in (ROOT / "theme/templates/components").glob("*.html"))
FINDINGS = """async () => {
  const { violations } = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa'] });
  return violations.flatMap(v => v.nodes.map(n => `${v.id}: ${n.target} ${n.failureSummary}`));
}"""
BROKEN = "() => [...document.images].filter(image => !image.naturalWidth).map(image => image.src)"
STYLED = "() => getComputedStyle(document.body).fontFamily.includes('Palatino')"


def test_every_component_is_shown_and_axe_finds_nothing_in_light_or_dark(
    chromium: Browser, axe: str, tmp_path: Path
) -> None:
    folder = tmp_path / "gallery"
    subprocess.run([sys.executable, str(ROOT / "theme/gallery.py"), str(folder)], check=True, timeout=120)
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'<iframe src="([a-z_]+)\.html"', index) == COMPONENTS
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    found = []
    for name in COMPONENTS:
        page.goto((folder / f"{name}.html").as_uri())
        assert page.evaluate(STYLED), name
        page.evaluate(axe)
        for colours in ("light", "dark"):
            page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
            found += [f"{name}: {colours}: {line}" for line in page.evaluate(FINDINGS)]
        found += [f"{name}: {source} is not there" for source in page.evaluate(BROKEN)]
        if page.evaluate("document.scrollingElement.scrollWidth") > 390:
            found.append(f"{name}: too wide")
    page.close()
    assert found == []


def test_the_gallery_is_no_part_of_the_published_site() -> None:
    settings = (ROOT / "pelicanconf.py").read_text(encoding="utf-8")
    assert "gallery" not in settings
    assert "/docs/gallery/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
