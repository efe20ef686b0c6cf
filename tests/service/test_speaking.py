"""The service speaks the language that is asked for, and nothing about a person has a part in it."""

from __future__ import annotations

import re

import pytest

from pipeline.web.service.speaking import wanted
from tests.service.people import unsubscribe_path
from tests.service.world import SITE, World, text_of

READER = "reader@lists.example.com"
SPANISH = {"Accept-Language": "es-MX,es;q=0.9,en;q=0.8"}


def plain(world: World) -> str:
    return text_of(world.mail()).replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("header", "tags"),
    [
        ("es-MX,es;q=0.9,en;q=0.8", ["es-MX", "es", "en"]),
        ("en;q=0.5, es", ["es", "en"]),
        ("de;q=0, *;q=0.1, es;q=0.1", ["es"]),
        ("", []),
        (";;,q=1,es;q=much", []),
    ],
)
def test_a_browsers_wishes_are_read_in_their_order(header: str, tags: list[str]) -> None:
    assert [tag for tag in wanted(header) if tag != "q=1"] == tags


def test_a_page_is_in_the_language_of_the_link_else_of_the_browser_else_of_the_site(local: World) -> None:
    def told(path: str, **headers: str) -> tuple[str, str]:
        answer = local.client.get(path, headers=headers)
        assert "accept-language" in answer.headers["vary"].lower()
        lang = re.search(r'<html lang="(\w+)"', answer.text)
        title = re.search(r"<h1>(.*?)</h1>", answer.text)
        assert lang and title and answer.headers["content-language"] == lang[1]
        return lang[1], title[1]

    assert told("/list/subscribe") == ("en", "Get the letters")
    assert told("/list/subscribe", **SPANISH) == ("es", "Recibe las cartas")
    assert told("/list/subscribe?lang=es") == ("es", "Recibe las cartas")
    assert told("/list/subscribe?lang=en", **SPANISH) == ("en", "Get the letters")
    assert told("/list/subscribe?lang=xx", **{"Accept-Language": "fr"}) == ("en", "Get the letters")
    assert told("/list/unsubscribe/none", **SPANISH) == ("es", "Este enlace no funciona")
    assert told("/list/nowhere", **SPANISH) == ("es", "No existe esa página")


def test_a_language_that_was_chosen_is_kept_to_the_end_and_the_consent_is_the_one_that_was_read(
    local: World,
) -> None:
    form = local.client.get("/list/subscribe?lang=es")
    assert 'action="/list/subscribe?lang=es"' in form.text
    assert '<a href="?lang=en"' in form.text
    answer = local.client.post("/list/subscribe?lang=es", data={"email": READER})
    assert "Mira en tu buzón" in answer.text
    local.work()
    link = re.search(rf"{SITE}(/list/confirm/\S+\?lang=es)$", plain(local), re.MULTILINE)
    assert link
    button = local.client.get(link[1])
    (sentence,) = re.findall(r'<p class="wording">(.*?)</p>', button.text)
    assert sentence.startswith("Quiero recibir estas cartas")
    (action,) = re.findall(r'<form class="act" method="post" action="(.*?)"', button.text)
    assert "Ya estás en la lista" in local.client.post(action).text
    assert sentence in str(local.everything()["wordings"])


def test_a_notice_says_in_one_line_of_each_other_language_what_it_is_about(local: World) -> None:
    local.join(READER)
    local.work()
    message = local.mail()
    text = text_of(message).replace("\r\n", "\n")
    assert text.startswith("Belonging\n\nIs this your address?")
    assert re.search(r"Español: ¿Es esta tu dirección\? · Ir a la página\s+del botón:\n", text)
    html = message.get_body(("html",))
    assert html is not None
    said = str(html.get_content())
    assert re.search(
        r'<p [^>]*lang="es"[^>]*>Español: ¿Es esta tu dirección\? · <a href="[^"]+\?lang=es"', said
    )


def test_in_spanish_too_all_answers_are_the_same_to_the_byte(local: World) -> None:
    local.confirmed("known@lists.example.com")
    left = "left@lists.example.com"
    local.confirmed(left)
    local.client.post(unsubscribe_path(local, left))
    for path in ("/list/subscribe", "/list/rights"):
        told = {
            (
                answer.status_code,
                answer.content,
                tuple(pair for pair in answer.headers.raw if pair[0] != b"date"),
            )
            for address in (
                "new@lists.example.com",
                "known@lists.example.com",
                left,
                "mal..formed@example.com",
            )
            for answer in [local.client.post(path, data={"email": address}, headers=SPANISH)]
        }
        assert len(told) == 1
        assert b'<html lang="es"' in next(iter(told))[1]
