"""Live reload in a real browser: a page shows itself anew where it was, and says what is wrong."""

from __future__ import annotations

import signal
import subprocess
import sys

from playwright.sync_api import Browser, expect

from pipeline.web.reload import Live
from tests.acceptance.projects import Project

_POST = "---\ntitle: Live\ndate: 2026-01-01\nslug: live\nstatus: draft\ncategory: Notes\nsummary: S.\n---\n\n"
_LONG = "\n\n".join(["A line."] * 300)


def test_a_page_listens_whether_it_is_whole_or_not() -> None:
    live = Live()
    assert live.page("<p>x</p></body></html>") == (
        '<p>x</p><script src="/_reload/reload.js" defer></script></body></html>'
    )
    assert live.page("<p>x") == '<p>x<script src="/_reload/reload.js" defer></script>'
    live.failed("wrong")
    assert live.mistake == "wrong"
    live.built()
    assert not live.mistake


def test_what_is_saved_is_shown_where_the_reader_was_and_mistakes_are_named(
    fresh: Project, chromium: Browser
) -> None:
    post = fresh.root / "content" / "posts" / "live.md"
    post.write_text(f"{_POST}{_LONG}\n\nBefore.\n", encoding="utf-8")
    command = [sys.executable, "-m", "pipeline", "--root", str(fresh.root), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=fresh.environment) as process:
        assert process.stdout is not None
        try:
            line = next(line for line in process.stdout if "http://localhost:" in line)
            address = line.split()[-1]
            with chromium.new_context(viewport={"width": 800, "height": 600}) as context:
                page = context.new_page()
                refused: list[str] = []
                page.on("console", lambda said: refused.append(said.text) if said.type == "error" else None)
                page.goto(f"{address}live/")
                page.get_by_text("Before.", exact=True).scroll_into_view_if_needed()
                place = page.evaluate("scrollY")
                assert place > 1000
                post.write_text(f"{_POST}{_LONG}\n\nAfter.\n", encoding="utf-8")
                expect(page.get_by_text("After.", exact=True)).to_be_visible(timeout=60_000)
                assert abs(page.evaluate("scrollY") - place) < 50
                post.write_text(
                    f"{_POST.replace('2026-01-01', 'never')}{_LONG}\n\nThird.\n", encoding="utf-8"
                )
                mistake = page.get_by_role("alert").filter(has_text="live.md:3:")
                expect(mistake).to_be_visible(timeout=60_000)
                post.write_text(f"{_POST}{_LONG}\n\nThird.\n", encoding="utf-8")
                expect(page.get_by_text("Third.", exact=True)).to_be_visible(timeout=60_000)
                expect(mistake).to_have_count(0)
                drafts = fresh.root / "var" / "build" / "drafts"
                aside = drafts.rename(drafts.with_name("aside"))
                drafts.write_text("in the way", encoding="utf-8")
                post.write_text(f"{_POST}{_LONG}\n\nFourth.\n", encoding="utf-8")
                unusable = page.get_by_role("alert").filter(has_text="drafts cannot be used")
                expect(unusable).to_be_visible(timeout=60_000)
                drafts.unlink()
                aside.rename(drafts)
                post.write_text(f"{_POST}{_LONG}\n\nFifth.\n", encoding="utf-8")
                expect(page.get_by_text("Fifth.", exact=True)).to_be_visible(timeout=60_000)
                assert not refused
            assert not (fresh.root / "output" / "live").exists()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
