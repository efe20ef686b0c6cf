"""Take the pictures of docs/pictures/ anew: eight pages, each on a desk and on a phone, by day and by night.

make pictures
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.serving import serve
from tests.site_fixture.building import ROOT, build_own

PAGES = {
    "home": "",
    "post": "how-to-be-a-witness/",
    "archive": "archive/",
    "topic": "topics/circles/",
    "search": "search/",
    "subscribe": "subscribe/",
    "404": "404.html",
    "help": "help/",
}
_DESK, _PHONE = (1280, 860), (390, 860)
_SCALE = 0.55
_GAP = 16


def _view(browser: Browser, address: str, size: tuple[int, int], colours: str) -> Image.Image:
    page: Page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if colours == "dark" else "light",
        device_scale_factor=2,
    )
    page.goto(address, wait_until="networkidle")
    if address.endswith("/search/"):
        page.get_by_role("searchbox").fill("chair")
        page.locator("#SearchFound li").first.wait_for()
    taken = page.screenshot()
    page.close()
    with Image.open(io.BytesIO(taken)) as image:
        small = (round(size[0] * _SCALE), round(size[1] * _SCALE))
        return image.convert("RGB").resize(small, Image.Resampling.LANCZOS)


def take(folder: Path) -> None:
    """Write one picture for each page."""
    with tempfile.TemporaryDirectory() as built, serve(Path(built)) as start, sync_playwright() as playwright:
        site = start("own", build_own, {"SUBSCRIBE_URL": "/list/subscribe"})
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-quic"]
        )
        for name, path in PAGES.items():
            views = [
                _view(browser, f"{site.url}/{path}", size, colours)
                for size, colours in ((_DESK, "light"), (_PHONE, "light"), (_PHONE, "dark"), (_DESK, "dark"))
            ]
            width = sum(view.width for view in views) + _GAP * (len(views) + 1)
            sheet = Image.new("RGB", (width, views[0].height + 2 * _GAP), "#7c9082")
            left = _GAP
            for view in views:
                sheet.paste(view, (left, _GAP))
                left += view.width + _GAP
            sheet.save(folder / f"{name}.webp", quality=80, method=6)
        browser.close()


if __name__ == "__main__":
    target = ROOT / "docs" / "pictures"
    target.mkdir(exist_ok=True)
    take(target)
