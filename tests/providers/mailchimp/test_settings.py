"""The [mailchimp] part of newsletter.toml, and the key."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import SettingsError
from pipeline.settings import Settings, load
from tests.providers.mailchimp.fake import KEY

HEAD = 'provider = "mailchimp"\n[letter]\npostal_address = ["1 Example Street"]\n'


def read(tmp_path: Path, text: str, **environment: str) -> Settings:
    (tmp_path / "newsletter.toml").write_text(HEAD + text, encoding="utf-8")
    return load(tmp_path, environment)


def test_the_key_comes_from_the_environment_and_is_never_shown(tmp_path: Path) -> None:
    settings = read(tmp_path, "", MAILCHIMP_API_KEY=KEY)
    assert settings.mailchimp.api_key.get_secret_value() == KEY
    for shown in (repr(settings), str(settings.mailchimp), settings.model_dump_json(exclude={"root"})):
        assert KEY not in shown
        assert KEY[:32] not in shown


def test_a_key_in_the_file_is_refused_without_repeating_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"holds mailchimp\.api_key") as caught:
        read(tmp_path, f'[mailchimp]\napi_key = "{KEY}"\n')
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[mailchimp]\nsegment = "a"\ninterest_group = "b"\n', "exclude each other"),
        ('[mailchimp]\n[mailchimp.interests]\na = "b"\n', "interests without interest_group"),
        ('[mailchimp]\nserver = "us1.evil.example.org/"\n', "mailchimp.server"),
        ("[mailchimp]\nleast = 2\n", "mailchimp.least"),
        ("[mailchimp]\nmost = 0.5\n", "mailchimp.most"),
        ('images = "embed"\n', "no pictures inside letters"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read(tmp_path, text)
