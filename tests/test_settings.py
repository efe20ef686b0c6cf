"""Settings: defaults, every mistake with its place, secrets that do not show."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from pipeline.errors import SettingsError
from pipeline.settings import FirstRun, ProviderName, Security, Settings, SmtpSettings, TransportName, load

ROOT = Path(__file__).parents[1]


def read(tmp_path: Path, text: str, environment: Mapping[str, str] | None = None) -> Settings:
    (tmp_path / "newsletter.toml").write_text(text, encoding="utf-8")
    return load(tmp_path, environment or {})


def mistakes(tmp_path: Path, text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text, environment)
    assert caught.value.exit_code == 3
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    return caught.value.message.splitlines()


# --- what holds with nothing said ---------------------------------------------------------------------------------


def test_with_nothing_configured_no_mail_leaves_the_machine(tmp_path: Path) -> None:
    settings = load(tmp_path, {})
    assert settings.root == tmp_path
    assert settings.provider is ProviderName.EMBEDDED
    assert settings.list.transport is TransportName.MAILDIR
    assert settings.campaigns.first_run is FirstRun.NONE
    assert settings.campaigns.max_new == 2
    assert settings.campaigns.max_age_days == 14
    assert settings.list.smtp.security is Security.STARTTLS
    assert not settings.leaves_machine


def test_the_projects_own_file_is_sound_and_mails_nobody() -> None:
    settings = load(ROOT, {})
    assert settings.campaigns.first_run is FirstRun.NEWEST
    assert settings.letter.postal_address
    assert not settings.leaves_machine


def test_every_setting_says_what_it_is_for() -> None:
    def walk(model: type) -> None:
        for name, field in model.model_fields.items():  # type: ignore[attr-defined]
            assert field.description, f"{model.__name__}.{name}"
            assert field.description.rstrip().endswith((".", "…")), f"{model.__name__}.{name}"
            if isinstance(field.annotation, type) and hasattr(field.annotation, "model_fields"):
                walk(field.annotation)

    walk(Settings)


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    settings = load(tmp_path, {})
    with pytest.raises(ValidationError, match="frozen"):
        settings.list.transport = TransportName.SMTP


def test_paths_are_below_the_folder_of_the_file_unless_they_say_otherwise(tmp_path: Path) -> None:
    settings = load(tmp_path, {})
    assert settings.path("var/mail") == tmp_path / "var/mail"
    assert settings.path("/somewhere/else") == Path("/somewhere/else")
    assert settings.path("~/mail") == Path.home() / "mail"


# --- mistakes -----------------------------------------------------------------------------------------------------


def test_every_mistake_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    text = """\
provider = "mailman"
colour = "red"

[sender]
name = "Be\\nlonging"
address = "letters at example.org"

[campaigns]
max_new = 0
max_age_days = 40_000

[list]
transport = "pigeon"
service_url = "http://lists.example.org"

[list.smtp]
port = 70_000
password_file = "x"

[letter]
postal_address = [
  "Belonging",
  "1\\tStreet",
]
images = "pixel"

[lists]
"""
    found = mistakes(tmp_path, text)
    places = [line.split(": ")[:2] for line in found]
    assert places == [
        ["newsletter.toml:1", "provider"],
        ["newsletter.toml:21", "letter.postal_address.1"],
        ["newsletter.toml:25", "letter.images"],
        ["newsletter.toml:5", "sender.name"],
        ["newsletter.toml:6", "sender.address"],
        ["newsletter.toml:9", "campaigns.max_new"],
        ["newsletter.toml:10", "campaigns.max_age_days"],
        ["newsletter.toml:14", "list.service_url"],
        ["newsletter.toml:13", "list.transport"],
        ["newsletter.toml:17", "list.smtp.port"],
        ["newsletter.toml:18", "list.smtp.password_file"],
        ["newsletter.toml:2", "colour"],
        ["newsletter.toml:27", "lists"],
    ]
    said = dict(zip((place[1] for place in places), found, strict=True))
    assert "'embedded' or 'mailchimp'" in said["provider"]
    assert "write it on one line" in said["sender.name"]
    assert "write one like letters@example.org" in said["sender.address"]
    assert "write one like https://example.org/list" in said["list.service_url"]
    assert said["colour"].endswith(": no such setting")
    assert not any("Value error" in line for line in found)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('list.smtp.port = "x"', 1),
        ('\n[list]\nsmtp.port = "x"', 3),
        ('[list]\nsmtp = {port = "x"}', 2),
        ('[ list . smtp ] # the server\n  port="x"', 2),
    ],
)
def test_the_line_is_found_however_the_table_is_written(tmp_path: Path, text: str, line: int) -> None:
    assert mistakes(tmp_path, text)[0].startswith(f"newsletter.toml:{line}: list.smtp.port: ")


@pytest.mark.parametrize("text", ["list = 5", "[list]\nsmtp = 5\nkey = 6", "[[list]]\nstore = 'x'"])
def test_a_value_where_a_table_belongs_is_a_mistake_and_no_crash(tmp_path: Path, text: str) -> None:
    environment = {"BELONGING_STORE": "s", "BELONGING_SMTP_PASSWORD": "p", "BELONGING_KEY": "k"}
    for given_environment in ({}, environment):
        found = mistakes(tmp_path, text, given_environment)
        assert all(line.startswith("newsletter.toml") and ": list" in line for line in found)


def test_a_value_of_another_kind_is_told_how_to_be_written(tmp_path: Path) -> None:
    assert set(mistakes(tmp_path, '[letter]\npostal_address = "x"\nwhy = 5')) == {
        'newsletter.toml:2: letter.postal_address: write a list, as in ["one", "another"]',
        "newsletter.toml:3: letter.why: write text in quotation marks",
    }


def test_the_folder_cannot_be_set_from_the_file(tmp_path: Path) -> None:
    assert mistakes(tmp_path, 'root = "/"') == ["newsletter.toml:1: root: no such setting"]
    assert load(tmp_path / "elsewhere", {}).root == tmp_path / "elsewhere"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"[list\n", "newsletter.toml cannot be read: Expected ']'"),
        (b"a = 1\na = 2\n", "newsletter.toml cannot be read: Cannot overwrite a value (at line 2"),
        (b'provider = "embedded"\nletter.name = "Zugeh\xf6rigkeit"\n', "newsletter.toml:2: not UTF-8"),
    ],
)
def test_a_file_that_is_not_toml_is_a_clear_mistake(tmp_path: Path, raw: bytes, expected: str) -> None:
    (tmp_path / "newsletter.toml").write_bytes(raw)
    with pytest.raises(SettingsError) as caught:
        load(tmp_path, {})
    assert caught.value.message.startswith(expected)


def test_a_file_from_an_editor_that_marks_utf8_is_read(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_bytes(b'\xef\xbb\xbf[letter]\nname = "Zugeh\xc3\xb6rigkeit"\r\n')
    assert load(tmp_path, {}).letter.name == "Zugehörigkeit"


def test_a_folder_in_the_files_place_is_a_clear_mistake(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").mkdir()
    with pytest.raises(SettingsError, match="Is a directory"):
        load(tmp_path, {})


@given(raw=st.one_of(st.binary(max_size=60), st.text("ab[]{}.,=\"'#\n 1", max_size=60).map(str.encode)))
def test_whatever_the_file_holds_it_ends_in_settings_or_a_clear_mistake(
    raw: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.getbasetemp() / "newsletter.toml"
    file.write_bytes(raw)
    with contextlib.suppress(SettingsError):
        load(file.parent, SECRETS)


@pytest.mark.parametrize(
    "url",
    [
        "https://lists.example.org/a b",
        "https://lists.example.org/>,<http://other.example",
        "https://lists.example.org/?campaign=1",
        "https://lists.example.org/#here",
        "https://user@lists.example.org/",
        "https://bücher.example.org/",
        "https://lists.example.org/übrig",
        "https://",
        "ftp://lists.example.org",
        "https://lists.example.org:99999999/",
        'https://lists.example.org/"',
    ],
)
def test_a_service_address_that_would_break_a_header_or_tell_on_readers_is_refused(
    tmp_path: Path, url: str
) -> None:
    escaped = url.replace('"', '\\"')
    found = mistakes(tmp_path, f'[list]\nservice_url = "{escaped}"')
    assert found[0].startswith("newsletter.toml:2: list.service_url: not an https address")


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://lists.example.org", "https://lists.example.org"),
        ("https://lists.example.org/", "https://lists.example.org"),
        ("https://lists.example.org:8443/a/b%20c/", "https://lists.example.org:8443/a/b%20c"),
        ("https://xn--bcher-kva.example.org/list", "https://xn--bcher-kva.example.org/list"),
    ],
)
def test_a_service_address_is_kept_without_its_last_slash(tmp_path: Path, url: str, kept: str) -> None:
    assert read(tmp_path, f'[list]\nservice_url = "{url}"').list.service_url == kept


@pytest.mark.parametrize(
    "name", ["A\\r\\nBcc: x@example.com", "A\\u0000", "A\\u202eB", "A\\u2028B", "\\u0085"]
)
@pytest.mark.parametrize("setting", ["sender.name", "letter.name", "letter.why", "list.smtp.host"])
def test_what_could_break_a_header_is_refused(tmp_path: Path, setting: str, name: str) -> None:
    found = mistakes(tmp_path, f'{setting} = "{name}"')
    assert found == [
        f"newsletter.toml:1: {setting}: holds a line break or a control character; write it on one line"
    ]


@pytest.mark.parametrize(
    "address", ["", "a", "a@", "a@b@c.org", "A <a@example.org>", "zoë@example.org", "a b@x.org"]
)
def test_a_sender_has_a_plain_address(tmp_path: Path, address: str) -> None:
    assert "not an e-mail address" in mistakes(tmp_path, f'[sender]\naddress = "{address}"')[0]


def test_a_senders_domain_is_kept_in_ascii(tmp_path: Path) -> None:
    sender = read(tmp_path, '[sender]\naddress = "letters@bücher.test"\nreply_to = "me@example.org"').sender
    assert (sender.address, sender.reply_to) == ("letters@xn--bcher-kva.test", "me@example.org")


# --- real mail needs real settings --------------------------------------------------------------------------------

REAL = """\
[sender]
address = "letters@belonging.test"
[letter]
postal_address = ["1 Street"]
[list]
transport = "smtp"
service_url = "https://lists.belonging.test"
[list.smtp]
host = "mail.belonging.test"
"""


def test_real_settings_are_taken(tmp_path: Path) -> None:
    assert read(tmp_path, REAL).leaves_machine


@pytest.mark.parametrize(
    ("real", "sample", "said"),
    [
        ("letters@belonging.test", "letters@example.org", "2: sender.address is still the sample"),
        ("letters@belonging.test", "letters@belonging.example.org", "2: sender.address is still the sample"),
        ("letters@belonging.test", "letters@a.example", "2: sender.address is still the sample"),
        ('["1 Street"]', "[]", "4: letter.postal_address is empty"),
        (
            "https://lists.belonging.test",
            "https://example.com/list",
            "7: list.service_url is still the sample",
        ),
        (
            "https://lists.belonging.test",
            "https://a.example.net:8443/",
            "7: list.service_url is still the sample",
        ),
    ],
)
def test_real_mail_is_not_sent_with_sample_settings(
    tmp_path: Path, real: str, sample: str, said: str
) -> None:
    assert real in REAL
    found = mistakes(tmp_path, REAL.replace(real, sample))
    assert len(found) == 1
    assert found[0].startswith(f"newsletter.toml:{said}; ")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_server_on_this_machine_may_pass_mail_on_so_it_gets_none_from_a_sample_either(
    tmp_path: Path, host: str
) -> None:
    text = REAL.replace("mail.belonging.test", host)
    assert read(tmp_path, text).leaves_machine
    found = mistakes(tmp_path, text.replace("letters@belonging.test", "letters@belonging.example.org"))
    assert found == [
        "newsletter.toml:2: sender.address is still the sample; write the address your letters come from"
    ]


def test_all_samples_are_named_at_once(tmp_path: Path) -> None:
    found = mistakes(tmp_path, '[list]\ntransport = "smtp"\nsmtp.host = "mail.belonging.test"')
    assert [line.split(": ", 1)[1].split(" ")[0] for line in found] == [
        "sender.address",
        "list.service_url",
        "letter.postal_address",
    ]


def test_a_domain_that_only_ends_like_a_sample_is_real(tmp_path: Path) -> None:
    text = REAL.replace("letters@belonging.test", "letters@myexample.org")
    assert read(tmp_path, text).sender.address == "letters@myexample.org"


def test_links_mailed_beside_mailchimp_need_a_place_to_lead_to(tmp_path: Path) -> None:
    text = 'provider = "mailchimp"\nletter.postal_address = ["1 Street"]\n[list]\ntransport = "smtp"\n'
    assert "list.service_url is missing" in str(mistakes(tmp_path, text))
    assert read(tmp_path, f'{text}service_url = "https://lists.test/list"').leaves_machine


def test_mailchimp_needs_an_address_on_paper_and_nothing_of_our_own_server(tmp_path: Path) -> None:
    found = mistakes(tmp_path, 'provider = "mailchimp"')
    assert [line.split(" is empty")[0] for line in found] == ["newsletter.toml: letter.postal_address"]
    settings = read(tmp_path, 'provider = "mailchimp"\nletter.postal_address = ["1 Street"]')
    assert settings.leaves_machine


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_only_this_machine_is_spoken_to_in_the_clear(tmp_path: Path, host: str) -> None:
    text = REAL.replace("mail.belonging.test", host) + 'security = "none"\n'
    assert read(tmp_path, text).list.smtp.loopback
    found = mistakes(tmp_path, REAL + 'security = "none"\n')
    assert found[0].startswith(
        'newsletter.toml:10: list.smtp: security = "none" is only for a server on this'
    )


@pytest.mark.parametrize("host", ["localhost.example.org", "127.0.0.1.example.org", "128.0.0.1", "0.0.0.0"])
def test_no_other_host_passes_for_this_machine(host: str) -> None:
    assert not SmtpSettings(host=host).loopback


# --- secrets ------------------------------------------------------------------------------------------------------

SECRETS = {
    "BELONGING_KEY": "bk1_SECRET-KEY",
    "BELONGING_STORE": "postgresql+psycopg://me:SECRET-STORE@db/list",
    "BELONGING_SMTP_PASSWORD": "SECRET-PASSWORD",
}


def test_secrets_come_from_the_environment(tmp_path: Path) -> None:
    settings = read(tmp_path, '[list]\nstore = "sqlite:///other.sqlite"', SECRETS)
    assert settings.list.key.value.get_secret_value() == SECRETS["BELONGING_KEY"]
    assert settings.list.store.get_secret_value() == SECRETS["BELONGING_STORE"]
    assert settings.list.smtp.password.get_secret_value() == SECRETS["BELONGING_SMTP_PASSWORD"]
    # Other keys of the same tables stand as the file has them.
    settings = read(tmp_path, "[list.smtp]\nport = 25\n[list.key]\nfile = 'k'", SECRETS)
    assert (settings.list.smtp.port, settings.list.key.file) == (25, "k")


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    settings = read(tmp_path, '[list]\nstore = "sqlite:///other.sqlite"', dict.fromkeys(SECRETS, ""))
    assert settings.list.store.get_secret_value() == "sqlite:///other.sqlite"


def test_secrets_do_not_show_wherever_the_settings_are_printed(tmp_path: Path) -> None:
    settings = load(tmp_path, SECRETS)
    shown = [
        repr(settings),
        str(settings),
        f"{settings.list}",
        repr(settings.list.smtp),
        repr(settings.list.key),
    ]
    shown += [str(settings.model_dump()), str(settings.model_dump(mode="json")), settings.model_dump_json()]
    assert not [text for text in shown if "SECRET" in text]


def test_secrets_do_not_show_in_mistakes(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "[list]\nsmtp = 5\nkey = 6\nstore = 7", SECRETS)
    found += mistakes(tmp_path, "list = 5", SECRETS)
    assert "SECRET" not in "\n".join(found)


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        ('[list.smtp]\npassword = "SECRET"', "BELONGING_SMTP_PASSWORD"),
        ('list.smtp = {password = ""}', "BELONGING_SMTP_PASSWORD"),
        ('[list.key]\nvalue = "SECRET"', "BELONGING_KEY"),
        ('[list]\nstore = "postgresql+psycopg://me:SECRET@db/list"', "BELONGING_STORE"),
        ('[list]\nstore = "postgresql+psycopg://me:SEC/RET@db/list"', "BELONGING_STORE"),
        ('[list]\nstore = "postgresql+psycopg://:SECRET@db/list"', "BELONGING_STORE"),
        ('[list]\nstore = "postgresql+psycopg://db/list?user=me&password=SECRET"', "BELONGING_STORE"),
    ],
)
def test_a_secret_in_the_file_is_refused(tmp_path: Path, text: str, variable: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, text)
    assert "SECRET" not in str(caught.value)
    assert variable in caught.value.advice


@pytest.mark.parametrize(
    "store",
    [
        "sqlite:///var/list.sqlite",
        "sqlite:////absolute/path@host:1/list.sqlite",
        "postgresql+psycopg://me@db:5432/list",
        "postgresql+psycopg:///list?host=/run/postgresql",
    ],
)
def test_a_store_without_a_password_may_stand_in_the_file(tmp_path: Path, store: str) -> None:
    settings = read(tmp_path, f'[list]\nstore = "{store}"')
    assert settings.list.store.get_secret_value() == store


def test_the_projects_own_file_names_only_settings_that_exist() -> None:
    data = tomllib.loads((ROOT / "newsletter.toml").read_text(encoding="utf-8"))
    assert set(data) <= set(Settings.model_fields)


@pytest.mark.parametrize(
    "value", ["", "service", "https://forms.example.org/x?u=1&id=2", "https://forms.example.org/x/"]
)
def test_a_form_leads_to_the_service_to_an_address_or_nowhere(tmp_path: Path, value: str) -> None:
    (tmp_path / "newsletter.toml").write_text(f'[list]\nsign_up = "{value}"\n', encoding="utf-8")
    assert load(tmp_path, {}).list.sign_up == value


@pytest.mark.parametrize(
    "value",
    ["servcie", "http://forms.example.org/", 'https://forms.example.org/?a="', "mailto:a@example.org"],
)
def test_a_form_that_would_go_nowhere_is_refused(tmp_path: Path, value: str) -> None:
    assert "list.sign_up" in " ".join(mistakes(tmp_path, f"[list]\nsign_up = '{value}'"))
