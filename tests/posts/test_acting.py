"""What in a body would act by itself."""

from __future__ import annotations

import time

import pytest

from pipeline.posts import acting, frontmatter
from pipeline.posts.mistakes import Severity


def said(body: str) -> list[str]:
    document = frontmatter.parse(f"---\ntitle: A\n---\n{body}".encode(), path="x.md")
    found = list(acting.judge(document))
    assert {mistake.severity for mistake in found} <= {Severity.WARNING}
    return [str(mistake) for mistake in found]


@pytest.mark.parametrize(
    ("body", "place", "what"),
    [
        ("Words\n\n<script>alert(1)</script>", "6:1", "<script>"),
        ("<IFRAME src='https://example.org'></IFRAME>", "4:1", "<iframe>"),
        ("a <base href=//example.org>", "4:3", "<base>"),
        ('<meta http-equiv="refresh" content="0; url=https://example.org">', "4:1", "<meta>"),
        ("<form/action=https://example.org>", "4:1", "<form>"),
        ("<p\nonclick = 'x()'>a</p>", "5:1", "onclick="),
        ('<img src="a.png"onerror=x()>', "4:17", "onerror="),
        ("[a](javascript:alert(1))", "4:5", "a link to javascript:"),
        ("<a href='&#106;ava&Tab;Script:x()'>a</a>", "4:10", "a link to javascript:"),
        ("[a]: data:text/html,x", "4:6", "a link to data:"),
        ("[a](<java\tscript:x>)", "4:6", "a link to javascript:"),
    ],
)
def test_what_acts_is_named_where_it_stands(body: str, place: str, what: str) -> None:
    (only,) = said(body)
    assert only.startswith(f"x.md:{place}: warning: {what} does nothing on the page")


@pytest.mark.parametrize(
    "body",
    [
        "`<script>` and\n\n    <iframe src='https://example.org'>\n\n```\n<p onclick='x()'>\n```",
        "<!-- <script> --> <figure><img alt='' src='{static}/images/a.png'></figure><details open>a</details>",
        "One = two, on = off; <https://example.org/?on=1> [a](https://example.org/javascript:x)",
        "<a href='https://example.org/?onclick=1' title='once = twice'>a</a> <basement> <formal>",
        "JavaScript: a short history",
    ],
)
def test_what_does_not_act_is_left_alone(body: str) -> None:
    assert said(body) == []


@pytest.mark.parametrize("piece", ["<a ", "<a on", "<script", '<p "', "[a](java"])
def test_a_body_full_of_beginnings_takes_no_longer_than_one_full_of_words(piece: str) -> None:
    began = time.process_time()
    said(piece * 50_000)
    assert time.process_time() - began < 5
