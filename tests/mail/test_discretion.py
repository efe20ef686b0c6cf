"""What others see of a discreet letter is searched for words that tell what it is about."""

from __future__ import annotations

import pytest

from pipeline.mail.composing import Composer
from pipeline.mail.discretion import exposures
from pipeline.settings import DiscreetSettings
from tests.builders import envelope, letter

WORDS = DiscreetSettings().words


def found(
    *, subject: str = "Your letter", text: str = "", preheader: str = "", **around: str
) -> tuple[str, ...]:
    made = letter(subject, preheader=preheader, **({"text": text + "\n"} if text else {}))
    return exposures(Composer(made, envelope(**around)), preheader, WORDS)


def test_a_neutral_letter_tells_nothing() -> None:
    assert found() == ()


@pytest.mark.parametrize(
    ("what", "where"),
    [
        ({"sender_name": "The Recovery Letters"}, "From holds “recover”"),
        ({"sender_name": "Cartas de adicción"}, "From holds “adicc”"),
        ({"sender_name": "SOBRIETY"}, "From holds “sobri”"),
        ({"list_name": "Trauma & us"}, "List-Id holds “trauma”"),
        ({"subject": "Your letter, survivor"}, "Subject holds “survivor”"),
        ({"preheader": "On self-harm"}, "the preheader holds “self-harm”"),
        ({"text": "On eating disorders"}, "the beginning of the text holds “eating disorder”"),
        ({"sender_address": "letters@addiction-help.org"}, "the host name addiction-help.org holds “addict”"),
        ({"sender_address": "sobertogether@example.org"}, "an address in From holds “sober”"),
        ({"reply_to": "no-relapse@example.org"}, "an address in Reply-To holds “relapse”"),
        ({"site_url": "https://mysoberlife.test"}, "the host name mysoberlife.test holds “sober”"),
        (
            {
                "unsubscribe_url": "https://self-harm.test/list/unsubscribe/token-goes-here-xxxxxxxxxxxxxxxxxxxx"
            },
            "the host name self-harm.test holds “self-harm”",
        ),
    ],
)
def test_whatever_tells_is_named_with_its_place(what: dict[str, str], where: str) -> None:
    assert where in found(**what)


def test_a_word_inside_another_is_none_but_in_names_of_hosts() -> None:
    assert found(sender_name="The Grapevine") == ()
    assert "the host name grapevine.test holds “rape”" in found(site_url="https://grapevine.test")


def test_what_is_written_encoded_is_read_all_the_same() -> None:
    assert "From holds “recuperac”" in found(sender_name="Cartas de recuperación")
