"""Settings: newsletter.toml and the environment, read once, as one frozen object.

Nothing else in the pipeline reads the environment. Secrets are masked wherever the object is printed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from pipeline.errors import SettingsError
from pipeline.letters import ImagePolicy

__all__ = [
    "FILE_NAME",
    "CampaignSettings",
    "FirstRun",
    "KeySettings",
    "LetterSettings",
    "ListSettings",
    "ProviderName",
    "Security",
    "SenderSettings",
    "Settings",
    "SmtpSettings",
    "TransportName",
    "load",
]

FILE_NAME = "newsletter.toml"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _mailbox(value: str) -> str:
    try:
        return (
            validate_email(
                value, check_deliverability=False, test_environment=True, allow_smtputf8=False
            ).ascii_email
            or ""
        )
    except EmailNotValidError as error:
        raise ValueError(f"not an e-mail address ({error}); write one like letters@example.org") from None


def _one_line(value: str) -> str:
    if not value.isprintable():
        raise ValueError("holds a line break or a control character; write it on one line")
    return value


def _https(value: str) -> str:
    if not re.fullmatch(r"https://[^\s/?#@]+(/[^\s?#]*)?", value):
        raise ValueError("not an https address without query; write one like https://example.org/list")
    return value.rstrip("/")


Mailbox = Annotated[str, AfterValidator(_mailbox)]
Line = Annotated[str, AfterValidator(_one_line)]
HttpsUrl = Annotated[str, AfterValidator(_https)]


class ProviderName(StrEnum):
    """Who keeps the list and sends the campaigns."""

    EMBEDDED = "embedded"
    MAILCHIMP = "mailchimp"


class TransportName(StrEnum):
    """Where the embedded list's messages go."""

    MAILDIR = "maildir"
    SMTP = "smtp"


class FirstRun(StrEnum):
    """What is mailed when nothing was ever mailed before."""

    NONE = "none"
    NEWEST = "newest"


class Security(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, hide_input_in_errors=True)


class LetterSettings(_Section):
    """What every letter says about itself."""

    name: Line = Field(
        "Newsletter", min_length=1, description="The list's name, in each letter and in List-Id."
    )
    why: Line = Field(
        "You get this letter because you asked for it and confirmed that you did.",
        description="One sentence at the foot of each letter: why this person gets it.",
    )
    postal_address: tuple[Line, ...] = Field(
        (),
        description="Where a letter on paper reaches you, line by line. The law asks for it in each letter.",
    )
    images: ImagePolicy = Field(
        ImagePolicy.LINK,
        description="link: shown from your own site; embed: carried inside the message; omit: left out.",
    )


class SenderSettings(_Section):
    """Who the letters come from."""

    name: Line = Field("", description="The name shown as sender.")
    address: Mailbox = Field("letters@example.org", description="The address letters come from.")
    reply_to: Mailbox | None = Field(None, description="Where answers go, if not to the sender's address.")


class CampaignSettings(_Section):
    """Which posts become campaigns by themselves."""

    first_run: FirstRun = Field(
        FirstRun.NONE,
        description="With no history: none counts every post as published already; newest mails the newest.",
    )
    max_new: int = Field(
        2, ge=1, description="More new posts than this at once are not mailed before a person has said so."
    )
    max_age_days: int = Field(
        14, ge=1, description="A post that is new here but older than this is not mailed by itself. Days."
    )


class SmtpSettings(_Section):
    """The mail server that takes our messages; the password is BELONGING_SMTP_PASSWORD in the environment."""

    host: Line = Field("localhost", min_length=1, description="Its host name.")
    port: int = Field(587, ge=1, le=65535, description="Its port: 587 with starttls, 465 with tls.")
    security: Security = Field(
        Security.STARTTLS,
        description="starttls, tls, or none; none only where the server is this machine.",
    )
    username: Line = Field("", description="Empty: no authentication.")
    password: SecretStr = Field(SecretStr(""), exclude=True, description="Only from the environment.")
    connections: int = Field(1, ge=1, le=16, description="Connections used at once.")
    timeout_seconds: float = Field(30.0, gt=0, description="How long to wait for an answer. Seconds.")

    @property
    def loopback(self) -> bool:
        """Tell whether the server is this very machine."""
        return self.host in _LOOPBACK

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.security is Security.NONE and not self.loopback:
            raise ValueError(
                'security = "none" is only for a server on this machine; write "starttls" or "tls"'
            )
        return self


class KeySettings(_Section):
    """Where the root key comes from; BELONGING_KEY in the environment goes before both."""

    file: str = Field(
        "var/key", description="A file with the key; made on the first run, readable by you alone."
    )
    command: tuple[str, ...] = Field(
        (),
        description='A command that prints the key, such as ["pass", "show", "belonging"]; goes before file.',
    )
    value: SecretStr = Field(SecretStr(""), exclude=True, description="Only from the environment.")


class ListSettings(_Section):
    """The embedded list."""

    store: SecretStr = Field(
        SecretStr("sqlite:///var/list.sqlite"),
        description="sqlite:///path below this folder or postgresql+psycopg://…; BELONGING_STORE goes first.",
    )
    service_url: HttpsUrl = Field(
        "https://example.org/list",
        description="Where readers reach the list's service; confirm and unsubscribe links begin with it.",
    )
    unsubscribe_mailto: Mailbox | None = Field(
        None,
        description="An address whose incoming mail you treat as a wish to leave; offered beside the link.",
    )
    transport: TransportName = Field(
        TransportName.MAILDIR,
        description="maildir: letters stay on this machine; smtp: they are really sent.",
    )
    maildir: str = Field("var/mail", description="The folder letters are written to with transport maildir.")
    lease_seconds: int = Field(
        300, ge=1, description="How long a sender that has died keeps its deliveries to itself. Seconds."
    )
    smtp: SmtpSettings = Field(default_factory=SmtpSettings, description="See below.")
    key: KeySettings = Field(default_factory=KeySettings, description="See below.")


class Settings(_Section):
    """Everything that a person can set."""

    root: Path = Field(
        exclude=True, description="The folder newsletter.toml lies in; paths are relative to it."
    )
    provider: ProviderName = Field(ProviderName.EMBEDDED, description="embedded or mailchimp.")
    letter: LetterSettings = Field(default_factory=LetterSettings, description="See below.")
    sender: SenderSettings = Field(default_factory=SenderSettings, description="See below.")
    campaigns: CampaignSettings = Field(default_factory=CampaignSettings, description="See below.")
    list: ListSettings = Field(default_factory=ListSettings, description="See below.")

    @property
    def leaves_machine(self) -> bool:
        """Tell whether mail can reach anybody beyond this machine."""
        return self.provider is ProviderName.MAILCHIMP or self.list.transport is TransportName.SMTP

    @model_validator(mode="after")
    def _real_mail_needs_real_settings(self) -> Self:
        remote = self.list.transport is TransportName.SMTP and not self.list.smtp.loopback
        if self.provider is ProviderName.EMBEDDED and remote:
            sample = re.compile(r"(^|\.)example(\.(org|com|net))?$")
            host = self.list.service_url.removeprefix("https://").partition("/")[0].partition(":")[0]
            if sample.search(self.sender.address.partition("@")[2]):
                raise ValueError(
                    "sender.address is still the sample; write the address your letters come from"
                )
            if sample.search(host):
                raise ValueError("list.service_url is still the sample; write where readers reach your list")
        if self.leaves_machine and not self.letter.postal_address:
            raise ValueError("letter.postal_address is empty; the law asks for one in each letter")
        return self

    def path(self, relative: str) -> Path:
        """Resolve a path of the settings against the folder they lie in."""
        return self.root / Path(relative).expanduser()


def load(root: Path, environment: Mapping[str, str]) -> Settings:
    """Read the settings of the project in a folder.

    Args:
        root: The folder that holds newsletter.toml; a folder without one has the defaults.
        environment: Where BELONGING_KEY, BELONGING_STORE and BELONGING_SMTP_PASSWORD are looked up.

    Raises:
        SettingsError: The file is not TOML, or a value is impossible; every mistake is named with its line.
    """
    file = root / FILE_NAME
    try:
        text = file.read_text(encoding="utf-8") if file.exists() else ""
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{FILE_NAME} cannot be read: {error}", advice="mend that line") from None
    _refuse_secrets(data)
    part = data.setdefault("list", {}) if isinstance(data.get("list", {}), dict) else {}
    if store := environment.get("BELONGING_STORE"):
        part["store"] = store
    if password := environment.get("BELONGING_SMTP_PASSWORD"):
        part.setdefault("smtp", {})["password"] = password
    if key := environment.get("BELONGING_KEY"):
        part.setdefault("key", {})["value"] = key
    try:
        return Settings.model_validate({**data, "root": root})
    except ValidationError as error:
        lines = [_explain(text, tuple(map(str, e["loc"])), e["type"], e["msg"]) for e in error.errors()]
        raise SettingsError("\n".join(lines), advice="see docs/reference/settings.md") from None


def _refuse_secrets(data: Mapping[str, object]) -> None:
    part = data.get("list")
    store = part.get("store") if isinstance(part, dict) else None
    if isinstance(store, str) and re.search(r"//[^/@]*:[^/@]+@", store):
        raise SettingsError(
            f"{FILE_NAME} holds a password in list.store",
            advice="take it out, change it, and set BELONGING_STORE in the environment",
        )
    for section, name, variable in (
        ("smtp", "password", "BELONGING_SMTP_PASSWORD"),
        ("key", "value", "BELONGING_KEY"),
    ):
        inner = part.get(section) if isinstance(part, dict) else None
        if isinstance(inner, dict) and name in inner:
            raise SettingsError(
                f"{FILE_NAME} holds list.{section}.{name}, a secret",
                advice=f"take it out, change it, and set {variable} in the environment",
            )


def _explain(text: str, loc: tuple[str, ...], kind: str, message: str) -> str:
    message = message.removeprefix("Value error, ")
    if kind == "extra_forbidden":
        message = "no such setting"
    place = f"{FILE_NAME}:{line}" if (line := _line_of(text, loc)) else FILE_NAME
    return f"{place}: {'.'.join(loc)}: {message}" if loc else f"{place}: {message}"


def _line_of(text: str, loc: tuple[str, ...]) -> int | None:
    """Find the line a setting stands on; good enough for the plain tables that this file has."""
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.fullmatch(r"\s*\[([\w.\s]+)\]\s*(#.*)?", line):
            section = tuple(part.strip() for part in header[1].split("."))
            if section == loc:
                return number
        elif key := re.match(r"\s*([\w-]+)\s*=", line):
            path = (*section, key[1])
            if path == loc[: len(path)] and len(path) >= len(loc) - 1:
                return number
    return None
