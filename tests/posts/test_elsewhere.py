"""Pictures that a body calls from other sites."""

from __future__ import annotations

import time

import pytest

from pipeline.posts import elsewhere, frontmatter
from pipeline.posts.mistakes import Severity


def said(body: str) -> list[str]:
    document = frontmatter.parse(f"---\ntitle: A\n---\n{body}".encode(), path="x.md")
    found = list(elsewhere.judge(document))
    assert {mistake.severity for mistake in found} <= {Severity.WARNING}
    return [str(mistake) for mistake in found]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("![a](https://p.example.com/a.png)", "4:6"),
        ("Words ![](http://p.example.com/a.png 'A title')", "4:11"),
        ("[![a\nb](<//p.example.com/a.png>)](https://example.org)", "5:5"),
        ("\n<IMG alt='a' src='HTTPS://p.example.com?b'>", "5:19"),
        ("<img width=1 srcset=https://p.example.com/a>", "4:21"),
    ],
)
def test_a_picture_from_elsewhere_is_named_where_it_stands(body: str, place: str) -> None:
    (only,) = said(body)
    assert only.startswith(f"x.md:{place}: warning: a picture is called from p.example.com; ")


@pytest.mark.parametrize(
    "body",
    [
        "![a]({static}/images/a.png) ![b](../b.png) ![c](/images//c.png)",
        "[a](https://p.example.com/a.png) <a href='https://p.example.com/a.png'>b</a> https://p.example.com",
        "`![a](https://p.example.com/a.png)`\n\n    <img src='https://p.example.com/a.png'>",
        "<img alt='https://p.example.com' src='{static}/images/a.png'>",
    ],
)
def test_our_own_pictures_links_and_code_are_left_alone(body: str) -> None:
    assert said(body) == []


@pytest.mark.parametrize("piece", ["![", "![a](", "<img ", "<img src ", "![a](https://", "<img src=//"])
def test_no_body_takes_long(piece: str) -> None:
    body = piece * (200_000 // len(piece))
    start = time.process_time()
    said(body)
    assert time.process_time() - start < 5
