"""Slugs and ids."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pelican.settings import DEFAULT_CONFIG
from pelican.utils import slugify as pelicans

from pipeline.posts import slugs


@given(st.text() | st.text(alphabet="<>!- &;amp#x27'é ßŁ\u3000\tA_.’—中"))
@example("<!--->a--><b>Fish & Chips &amp; <!-- x --> Déjà vu — “now”")
@example("<!<!-- -->--x-->")
def test_a_title_gets_the_slug_that_pelican_gives_it(title: str) -> None:
    assert slugs.slugify(title) == pelicans(title, DEFAULT_CONFIG["SLUG_REGEX_SUBSTITUTIONS"])


@pytest.mark.parametrize("slug", ["a", "being-witnessed", "ñandú", "v1.2", "a_b", "A", "2026", "a~b", "中文"])
def test_a_plain_name_is_a_slug(slug: str) -> None:
    assert slugs.is_slug(slug)


@pytest.mark.parametrize(
    "slug",
    [
        "", ".", "..", "../x", "a/b", "/a", "a\\b", "a b", " a", "a.", ".a", "-a", "a?b", "a#b", "a%2e", "a:b", "a\n",
        "é" * 101,
    ],
)  # fmt: skip
def test_what_a_url_or_a_file_system_would_take_otherwise_is_no_slug(slug: str) -> None:
    assert not slugs.is_slug(slug)


@pytest.mark.parametrize("good", ["a", "2026-03-02-healing-alone", "A.b_c-d", "a" * 100])
def test_ids_are_short_and_plain(good: str) -> None:
    assert slugs.is_id(good)


@pytest.mark.parametrize("bad", ["", "-a", ".a", "a b", "a/b", "é", "a" * 101, "a\n", "a@b"])
def test_anything_else_is_no_id(bad: str) -> None:
    assert not slugs.is_id(bad)


def test_a_post_without_an_id_is_known_by_its_slug() -> None:
    assert slugs.post_id("being-witnessed", "en", "en") == "being-witnessed"
    assert slugs.post_id("being-witnessed", "EN", "en") == "being-witnessed"
    assert slugs.post_id("being-witnessed", "pt-br", "pt-BR") == "being-witnessed"


def test_a_translation_which_shares_the_slug_has_an_id_of_its_own() -> None:
    assert slugs.post_id("being-witnessed", "es", "en") == "being-witnessed.es"
    assert slugs.post_id("being-witnessed", "pt-BR", "en") == "being-witnessed.pt-br"


def test_a_slug_that_is_no_id_still_gives_a_readable_one() -> None:
    assert re.fullmatch(r"nandu-[0-9a-f]{8}", slugs.post_id("ñandú", "en", "en"))
    assert slugs.post_id("ñandú", "en", "en") != slugs.post_id("nandú", "en", "en")


@given(st.text(min_size=1), st.sampled_from(["en", "es"]))
def test_every_slug_gives_an_id_and_always_the_same(slug: str, lang: str) -> None:
    derived = slugs.post_id(slug, lang, "en")
    assert slugs.is_id(derived)
    assert derived == slugs.post_id(slug, lang, "en")
