"""The site's form where somebody else keeps it: it is posted there, and nowhere else."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.serving import Served, serve
from tests.site_fixture.building import build


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[tuple[str, list[dict[str, list[str]]]]]:
    """A form's server on this machine that is not the site's, and what it was sent."""
    sent: list[dict[str, list[str]]] = []

    class Form(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            sent.append({**parse_qs(body), "path": [self.path], "referer": [self.headers.get("Referer", "")]})
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<title>Taken</title>")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Form) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/join?u=1", sent
        server.shutdown()
        thread.join()


def test_a_form_elsewhere_is_named_posted_to_and_the_only_host_the_policy_allows(
    chromium: Browser, tmp_path: Path, elsewhere: tuple[str, list[dict[str, list[str]]]]
) -> None:
    address, sent = elsewhere
    with serve(tmp_path) as start:
        site = start("static", build, {"SUBSCRIBE_URL": address})
        page = chromium.new_page()
        page.goto(f"{site.url}/subscribe/")
        expect(page.locator(".join")).to_contain_text("The form leads to 127.0.0.1")
        expect(page.locator(".join")).not_to_contain_text("one message with a button")
        page.get_by_label("Your e-mail address").fill("reader@example.org")
        page.get_by_role("button", name="Subscribe").click()
        page.wait_for_url(address)
        assert sent == [{"email": ["reader@example.org"], "path": ["/join?u=1"], "referer": [""]}]
        page.goto(f"{site.url}/subscribe/")
        page.evaluate("document.forms[0].action = 'http://localhost:9/'")  # whatever changed the page
        with page.expect_console_message(lambda message: "form-action" in message.text):
            page.get_by_label("Your e-mail address").fill("reader@example.org")
            page.evaluate("document.forms[0].requestSubmit()")
        assert page.url == f"{site.url}/subscribe/"
        page.close()
    assert len(sent) == 1


def test_without_either_the_page_says_how_to_follow_and_asks_for_nothing(
    chromium: Browser, served: Served
) -> None:
    page = chromium.new_page()
    for path in ("/subscribe/", "/short-01/", "/es/en-otra-lengua/"):
        page.goto(served.url + path)
        expect(page.locator("form")).to_have_count(0)
        feed = page.locator(".join a").first.get_attribute("href")
        assert feed is not None
        assert page.request.get(feed).ok
    page.close()
