"""The message rules: a good letter breaks none, and each way to break one is found and named."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from pipeline.letters import EmbeddedImage, ImagePolicy, Letter, LetterLinks
from pipeline.rendering import SIZE_LIMIT, check_letter
from pipeline.rendering.rules import Finding, Severity
from tests.rendering.making import LINKS, SITE, everything, hebrew, letter, long, png, post


def found(of: Letter, **options: object) -> tuple[Finding, ...]:
    return check_letter(of, **{"links": LINKS, "site": SITE, **options})  # type: ignore[arg-type]


def changed(old: str, new: str, *, count: int = -1) -> Letter:
    """A good letter with something in its HTML replaced."""
    good = letter(everything())
    assert old in good.html
    return dataclasses.replace(good, html=good.html.replace(old, new, count))


def with_body(html: str) -> Letter:
    """A good letter with something put into its text."""
    return changed("<p", f"{html}<p", count=2)


def with_text(old: str, new: str, *, count: int = -1) -> Letter:
    """A good letter with something in its plain text replaced."""
    good = letter(post())
    assert old in good.text
    return dataclasses.replace(good, text=good.text.replace(old, new, count))


def with_line(**lines: str) -> Letter:
    """A good letter with another subject or preheader."""
    return dataclasses.replace(letter(post()), **lines)  # type: ignore[arg-type]


def without_foot() -> Letter:
    """A good letter whose last link to unsubscribe is gone."""
    good = letter(post())
    before, _, after = good.html.rpartition(LINKS.unsubscribe)
    return dataclasses.replace(good, html=f"{before}https://example.org/{after}")


@pytest.mark.parametrize(
    "make",
    [
        lambda: letter(post()),
        lambda: letter(everything()),
        lambda: letter(everything(), images=ImagePolicy.OMIT),
        lambda: letter(everything(), images=ImagePolicy.EMBED, picture=lambda _: png()),
        lambda: letter(hebrew()),
        lambda: letter(long()),
    ],
)
def test_a_letter_as_it_is_rendered_breaks_no_rule(make: Callable[[], Letter]) -> None:
    assert found(make()) == ()


@pytest.mark.parametrize(
    ("rule", "make"),
    [
        ("html", lambda: changed("<!DOCTYPE html>", "")),
        ("html", lambda: dataclasses.replace(letter(post()), html="")),
        ("language", lambda: changed('<html lang="en"', "<html")),
        ("language", lambda: changed('<html lang="en" dir="ltr"', '<html lang="en"')),
        ("language", lambda: changed('doesn’t fit" lang="en"', '"')),
        ("title", lambda: changed("<title>Everything", "<title></title><b>")),
        ("h1", lambda: with_body("<h1>Again</h1>")),
        ("h1", lambda: changed("<h1", "<h2")),
        ("dark", lambda: changed('content="light dark"', 'content="light"')),
        ("dark", lambda: changed("prefers-color-scheme: dark", "prefers-color-scheme: light")),
        ("table", lambda: changed('role="presentation"', "")),
        ("table", lambda: with_body("<table><tr><td>a</td></tr></table>")),
        ("table", lambda: changed("<!--[if mso]><table role=", "<!--[if mso]><table rule=")),
        ("alt", lambda: with_body(f'<img src="{SITE.url}/a.png" width="90">')),
        ("link-words", lambda: with_body('<a href="https://example.org/" style="color:#000"> </a>')),
        ("link-words", lambda: with_body('<a href="https://example.org/"><img src="cid:x" alt=""></a>')),
        ("hidden", lambda: with_body('<p style="display:none">for you alone</p>')),
        ("hidden", lambda: with_body('<p style="font-size: 0px">for you alone</p>')),
        ("hidden", lambda: with_body("<p hidden>for you alone</p>")),
        ("hidden", lambda: changed("A letter with one of each.", "Something else.")),
        ("forbidden", lambda: with_body("<script>x</script>")),
        ("forbidden", lambda: with_body("<form action='https://example.org/'></form>")),
        ("forbidden", lambda: with_body("<details>a</details>")),
        ("forbidden", lambda: with_body('<p onclick="x">a</p>')),
        ("forbidden", lambda: changed('<meta charset="utf-8">', '<meta http-equiv="refresh" content="0">')),
        ("forbidden", lambda: with_body("<!--[if mso]><script>x</script><![endif]-->")),
        ("remote", lambda: with_body('<img src="https://pixel.example.com/p.gif" alt="">')),
        ("remote", lambda: with_body('<img src="//pixel.example.com/p.gif" alt="">')),
        ("remote", lambda: with_body('<img src="https://belonging.example.org@pixel.example.com/p.gif" alt="">')),
        ("remote", lambda: with_body('<img src="/p.gif" alt="">')),
        ("remote", lambda: with_body('<table role="presentation" background="https://x.example.com/b.png"></table>')),
        ("remote", lambda: with_body("<p style=\"background:url('https://x.example.com/b.png')\">a</p>")),
        ("remote", lambda: changed("<style>", "<style>p{background:url(https://x.example.com/b.png)}")),
        ("remote", lambda: changed("<style>", "<style>@font-face{font-family:x;src:local(x)}")),
        ("remote", lambda: changed("<style>", '<style>@import "https://x.example.com/";')),
        ("remote", lambda: with_body('<!--[if mso]><v:fill src="https://x.example.com/b.png" /><![endif]-->')),
        ("embedded", lambda: with_body('<img src="cid:nobody@example.org" alt="">')),
        ("pixel", lambda: with_body(f'<img src="{SITE.url}/p.gif" alt="" width="1" height="1">')),
        ("pixel", lambda: with_body(f'<img src="{SITE.url}/p.gif" alt="" style="max-height: 0px">')),
        ("link", lambda: with_body('<a href="javascript:x" style="color:#000">a</a>')),
        ("link", lambda: with_body('<a href="/other/" style="color:#000">a</a>')),
        ("link", lambda: with_body('<a href="#top" style="color:#000">a</a>')),
        ("link", lambda: with_body('<a href="https://[x/" style="color:#000">a</a>')),
        ("tracking", lambda: with_body('<a href="https://example.org/?mc_eid=1" style="color:#000">a</a>')),
        ("personal", lambda: with_body('<a href="https://example.org/*|UNIQID|*" style="color:#000">a</a>')),
        ("personal", lambda: with_body(f'<img src="{SITE.url}/a.png?{{{{ id }}}}" alt="">')),
        ("personal", lambda: with_body("<p>Dear *|FNAME|*,</p>")),
        ("personal", lambda: with_line(subject="For *|FNAME|*")),
        ("size", lambda: dataclasses.replace(letter(post()), html=letter(post()).html + "<!--" + "x" * SIZE_LIMIT)),
        ("style", lambda: changed("<style>", "<style>/*" + "x" * 16_384 + "*/")),
        ("style", lambda: changed("#ffffff", "rgb(0 0 0 / 1)")),
        ("subject", lambda: with_line(subject="a\nb")),
        ("subject", lambda: with_line(subject=" ")),
        ("subject", lambda: with_line(subject="It isn&#39;t")),
        ("preheader", lambda: with_line(preheader="a\u202eb")),
        ("text", lambda: dataclasses.replace(letter(post()), text="\n")),
        ("characters", lambda: with_text("Monday", "\x1b[2J")),
        ("characters", lambda: with_body("<p>a\u202eb</p>")),
        ("unsubscribe", lambda: changed(LINKS.unsubscribe, "https://example.org/", count=1)),
        ("unsubscribe", without_foot),
        ("unsubscribe", lambda: with_text(LINKS.unsubscribe, "", count=1)),
        ("postal-address", lambda: changed("1 Example Street", "")),
        ("postal-address", lambda: with_text("Sampletown", "")),
        ("contrast", lambda: with_body('<p style="color:#888888">a</p>')),
        ("contrast", lambda: with_body('<p style="background-color:#1f2a37">a</p>')),
        ("contrast", lambda: with_body('<table role="presentation" bgcolor="#222"><tr><td>a</td></tr></table>')),
        ("contrast", lambda: changed(".sheet { background-color: #161c25", ".sheet { background-color: #ffffff")),
    ],
)  # fmt: skip
def test_each_broken_rule_is_found_and_stops_the_letter(rule: str, make: Callable[[], Letter]) -> None:
    findings = found(make())
    assert rule in {finding.rule for finding in findings if finding.severity is Severity.ERROR}
    assert all(finding.detail for finding in findings)


@pytest.mark.parametrize(
    ("rule", "make"),
    [
        ("link-words", lambda: letter(post('<p><a href="https://example.org/">Click here!</a></p>'))),
        ("tracking", lambda: letter(post('<p><a href="https://example.org/?utm_source=x">a</a></p>'))),
        ("personal", lambda: letter(post("<p>In code: {{ name }}</p>"))),
        ("subject", lambda: letter(post(subject="word " * 30))),
        (
            "size",
            lambda: dataclasses.replace(
                changed("<p", '<img src="cid:a@b" alt="" width="90"><p', count=1),
                images=(EmbeddedImage(content_id="a@b", media_type="image/png", data=b"x" * 3_000_001),),
            ),
        ),
    ],
)
def test_what_a_person_should_look_at_does_not_stop_the_letter(rule: str, make: Callable[[], Letter]) -> None:
    findings = found(make())
    assert {finding.rule for finding in findings} == {rule}
    assert {finding.severity for finding in findings} == {Severity.WARNING}


def test_a_picture_that_travels_unseen_is_found() -> None:
    unseen = EmbeddedImage(content_id="a@b", media_type="image/png", data=png())
    assert [finding.rule for finding in found(dataclasses.replace(letter(post()), images=(unseen,)))] == [
        "embedded"
    ]


def test_a_provider_may_put_its_tags_where_links_and_address_belong() -> None:
    links = LetterLinks(
        unsubscribe="*|UNSUB|*", preferences="*|UPDATE_PROFILE|*", postal_address=("*|LIST:ADDRESSLINE|*",)
    )
    good = letter(everything())
    for old, new in (
        (LINKS.unsubscribe, links.unsubscribe),
        (LINKS.preferences, links.preferences),
        ("Belonging<br>\n1 Example Street<br>\nSampletown", links.postal_address[0]),
    ):
        good = dataclasses.replace(good, html=good.html.replace(old, new), text=good.text.replace(old, new))
    good = dataclasses.replace(good, text=good.text + links.postal_address[0])
    assert found(good, links=links) == ()


def test_no_address_to_write_to_or_to_leave_by_is_found() -> None:
    nowhere = LetterLinks(unsubscribe="", postal_address=(" ",))
    rules = {finding.rule for finding in found(letter(post()), links=nowhere)}
    assert rules == {"unsubscribe", "postal-address"}


def test_a_link_to_nowhere_is_found_also_where_there_are_no_preferences() -> None:
    links = dataclasses.replace(LINKS, preferences="")
    broken = with_body('<a href="" style="color:#000000">a</a>')
    assert "link" in {finding.rule for finding in found(broken, links=links)}


def test_errors_come_first_and_each_finding_once() -> None:
    link = '<a href="https://example.org/?utm_source=x" style="color:#000000">here</a>'
    findings = found(with_body(f"{link}{link}<h1>x</h1>"))
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, key=lambda severity: severity is not Severity.ERROR)
    assert len(set(findings)) == len(findings)


def test_the_limit_of_size_is_the_callers() -> None:
    assert [finding.rule for finding in found(letter(post()), size_limit=10_000)] == ["size"]
