"""Parts of pages that are true with one provider alone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from pipeline.posts import frontmatter, provided
from pipeline.settings import ProviderName
from tests.site_fixture.building import ROOT, build

BODY = """Before.
<!-- provider: embedded -->
Ours.
<!-- provider: mailchimp -->
Theirs.
<!-- provider: all -->
After.
"""


def said(body: str, *, fence: str = "---\ntitle: A\n---\n") -> list[str]:
    document = frontmatter.parse(f"{fence}{body}".encode(), path="x.md")
    return [str(mistake) for mistake in provided.judge(document)]


@pytest.mark.parametrize(("provider", "kept"), [("embedded", "Ours."), ("mailchimp", "Theirs.")])
def test_a_body_keeps_what_is_meant_for_all_and_for_its_provider(provider: str, kept: str) -> None:
    assert provided.only(BODY, provider).split() == ["Before.", kept, "After."]


def test_a_body_without_parts_stays_as_it_is() -> None:
    assert provided.only("A\n\n<!-- a comment -->\n", "embedded") == "A\n\n<!-- a comment -->\n"
    assert provided.providers("A") == frozenset()
    assert provided.providers(BODY) == {"embedded", "mailchimp"}


def test_the_names_are_those_of_the_settings() -> None:
    for name in ProviderName:
        assert said(f"<!-- provider: {name} -->") == []


@pytest.mark.parametrize(
    "line",
    [
        "<!-- provider: mailchmp -->",
        "<!--provider: embedded-->",
        "<!-- provider embedded -->",
        "<!-- Provider: embedded -->",
        "Text <!-- provider: all -->",
    ],
)
def test_a_line_that_was_meant_to_begin_a_part_is_named_with_its_place(line: str) -> None:
    (mistake,) = said(f"One.\n{line}\n")
    assert mistake.startswith("x.md:5:1: this names no provider of the list")
    assert "<!-- provider: embedded -->" in mistake


def test_parts_need_front_matter_that_is_fenced() -> None:
    (mistake,) = said(BODY.splitlines()[1], fence="Title: A\n\n")
    assert "between two lines ---" in mistake


def test_each_page_says_what_holds_for_the_provider_in_use(tmp_path: Path) -> None:
    pages = {}
    shutil.copytree(ROOT / "content" / "pages", tmp_path / "content" / "pages")
    for provider in ("embedded", "mailchimp"):
        output = build(tmp_path / provider / "output", content=tmp_path / "content", LIST_PROVIDER=provider)
        for name in ("privacy", "subscribe"):
            html = (output / name / "index.html").read_text(encoding="utf-8")
            pages[provider, name] = html
            assert "provider:" not in html
    for name in ("privacy", "subscribe"):
        assert "Mailchimp" not in pages["embedded", name]
        assert "company" in pages["mailchimp", name]
        assert "AES-GCM" not in pages["mailchimp", name]
        assert "keyed fingerprint" not in pages["mailchimp", name]
    assert "Mailchimp leads the links of a letter through its own servers" in pages["mailchimp", "privacy"]
    assert "not with a mailing company" not in pages["mailchimp", "privacy"]
    assert pages["mailchimp", "privacy"].count("<h2") == pages["embedded", "privacy"].count("<h2")


def test_what_the_pages_say_to_all_has_no_provider_in_it() -> None:
    for name in ("privacy", "subscribe"):
        body = frontmatter.read(ROOT / "content" / "pages" / f"{name}.md").body
        assert provided.providers(body) == set(ProviderName)
        assert not re.search("Mailchimp|AES|keyed", provided.only(body, "neither"))
