"""Letters in every guise: what they show from outside, what they hold, and the rules that all of them keep."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.digests import Digest, Pace, period_of
from pipeline.letters import Guise
from pipeline.rendering import check_letter, digest_post
from tests.rendering.making import LINKS, PUBLICATION, SITE, letter, post, theme

_DATE = datetime(2026, 11, 18, 9, tzinfo=UTC)
TELLING = post(
    title="Relapse is not the end",
    subject="About relapse",
    preheader="When sobriety breaks",
    summary="On relapse",
    content_note="relapse",
    date=_DATE,
    url=f"{SITE.url}/relapse/",
)


@pytest.mark.parametrize("guise", Guise)
@pytest.mark.parametrize("lang", ["en", "es"])
def test_every_guise_keeps_every_rule(guise: Guise, lang: str) -> None:
    made = letter(post(lang=lang), guise=guise)
    assert check_letter(made, links=LINKS, site=SITE) == ()


def test_a_discreet_letter_tells_nothing_before_it_is_opened_and_everything_inside() -> None:
    made = letter(TELLING, guise=Guise.DISCREET)
    assert made.subject == "Your letter of 18 November 2026"
    outside = (
        made.subject,
        made.preheader,
        re.findall(r"<title>(.*?)</title>", made.html)[0],
        re.findall(r'class="preheader"[^>]*>(.*?)</div>', made.html)[0],
        made.text[:160],
    )
    assert not [text for text in outside if re.search("relapse|sobriety", text, re.IGNORECASE)]
    assert "Relapse is not the end" in made.html
    assert "Relapse is not the end" in made.text


def test_a_notice_holds_nothing_of_the_post_nor_its_address() -> None:
    made = letter(TELLING, guise=Guise.NOTICE)
    for part in (made.subject, made.preheader, made.html, made.text):
        assert not re.search("relapse|sobriety|people who answer", part, re.IGNORECASE)
    assert f'href="{SITE.url}/"' in made.html
    assert PUBLICATION.help_url not in made.html


def test_the_outside_of_discreet_letters_of_a_day_is_one() -> None:
    one, other = (letter(post(title=title, date=_DATE), guise=Guise.DISCREET) for title in ("One", "Another"))
    assert (one.subject, one.preheader) == (other.subject, other.preheader)


@pytest.mark.parametrize("guise", Guise)
@pytest.mark.parametrize("pace", [Pace.WEEKLY, Pace.MONTHLY])
def test_a_digest_is_a_letter_like_any_other(guise: Guise, pace: Pace) -> None:
    posts = [
        (TELLING, _DATE),
        (
            post(title='Ampersands & "quotes" <b>', summary="1 < 2", lang="es", date=_DATE),
            _DATE + timedelta(hours=1),
        ),
    ]
    made = letter(digest_post(Digest(period=period_of(pace, _DATE), posts=posts), SITE, theme()), guise=guise)
    assert check_letter(made, links=LINKS, site=SITE) == ()
    if guise is Guise.NOTICE:
        assert "Relapse" not in made.html
        return
    assert 'Ampersands &amp; "quotes" &lt;b&gt;' in made.html.replace("&quot;", '"')
    assert 'lang="es"' in made.html
    assert f'href="{SITE.url}/relapse/"' in made.html
    assert made.html.index("Before you read") < made.html.index("On relapse")


def test_a_digest_of_fewer_posts_is_another_digest_of_the_same_name() -> None:
    period = period_of(Pace.WEEKLY, _DATE)
    whole, part = (
        digest_post(Digest(period=period, posts=posts), SITE, theme())
        for posts in ([(TELLING, _DATE), (post(), _DATE)], [(TELLING, _DATE)])
    )
    assert whole.id == part.id == "weekly:2026-W47"
    assert whole.fingerprint != part.fingerprint
    assert whole.title == "Letters from 16 November 2026 to 22 November 2026"
