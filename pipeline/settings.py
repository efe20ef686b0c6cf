"""Settings: newsletter.toml and the environment, read once, as one frozen object.

Nothing else in the pipeline reads the environment. Secrets are masked wherever the object is printed.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from email_validator import EmailNotValidError, validate_email
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from pipeline.errors import SettingsError
from pipeline.letters import ImagePolicy

__all__ = [
    "ENVIRONMENT",
    "FILE_NAME",
    "CampaignSettings",
    "FirstRun",
    "ImapSettings",
    "KeySettings",
    "LetterSettings",
    "ListSettings",
    "MailchimpSettings",
    "ProviderName",
    "Security",
    "SenderSettings",
    "ServiceSettings",
    "Settings",
    "SmtpSettings",
    "TransportName",
    "load",
]

FILE_NAME = "newsletter.toml"
ENVIRONMENT = {
    "BELONGING_KEY": ("list", "key", "value"),
    "BELONGING_STORE": ("list", "store"),
    "BELONGING_SMTP_PASSWORD": ("list", "smtp", "password"),
    "BELONGING_IMAP_PASSWORD": ("list", "imap", "password"),
    "MAILCHIMP_API_KEY": ("mailchimp", "api_key"),
    "MAILCHIMP_WEBHOOK_SECRET": ("mailchimp", "webhook_secret"),
}
"""What the environment may hold, and the setting that each of it goes before."""
_ROOT = "the folder"  # not a bare key: nothing in the file is taken for it
_RETURN_PATH = 19  # with a token of 43 characters, 64 at most remain a local part (RFC 5321 §4.5.3.1.1)
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
    # What RFC 3986 allows in a host, a port and a path, and nothing that would end a <…> in a header.
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d{1,5})?(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?", value):
        raise ValueError(
            "not an https address in plain ASCII without query; write one like https://example.org/list"
        )
    return value.rstrip("/")


def _sign_up(value: str) -> str:
    address, _, query = value.partition("?")
    if value not in {"", "service"}:
        try:
            _https(address)
        except ValueError:
            address = ""
        if not address or not re.fullmatch(r"[A-Za-z0-9._~!$'()*+,;=:@%/?&-]*", query):
            raise ValueError('write "service", the https address that a form elsewhere posts to, or ""')
    return value


Mailbox = Annotated[str, AfterValidator(_mailbox)]
Line = Annotated[str, AfterValidator(_one_line)]
HttpsUrl = Annotated[str, AfterValidator(_https)]
SignUp = Annotated[str, AfterValidator(_sign_up)]


_TELLING = (
    # How words begin that tell what somebody lives with.
    *(
        "abus",
        "addict",
        "alcohol",
        "anxi",
        "bereav",
        "bipolar",
        "cancer",
        "crisis",
        "depress",
        "detox",
        "drug",
    ),
    *(
        "eating disorder",
        "grief",
        "grieving",
        "healing",
        "hiv",
        "incest",
        "mental",
        "miscarr",
        "opioid",
        "overdose",
    ),
    *(
        "panic",
        "psych",
        "ptsd",
        "rape",
        "recover",
        "rehab",
        "relapse",
        "schizo",
        "self-harm",
        "sexual",
        "sober",
    ),
    *("suicid", "survivor", "therap", "trauma", "victim", "violen", "withdrawal"),
    # … and in Spanish, where that is another one.
    *(
        "adicc",
        "ansied",
        "depres",
        "droga",
        "duelo",
        "recaíd",
        "recuperac",
        "sobri",
        "terap",
        "víctima",
        "violac",
    ),
)


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


class DiscreetSettings(_Section):
    """Letters that nobody can tell by their outside, for those who choose them; their subject is the theme's."""

    sender_name: Line = Field(
        "",
        description="Shown as sender of discreet letters and of confirmation mails: neutral, and true. "
        "Empty: sender.name.",
    )
    words: tuple[Annotated[Line, Field(min_length=2)], ...] = Field(
        _TELLING,
        description="Words, or how they begin, that may stand nowhere on the outside of a discreet letter: names, "
        "subject, first words, host names. While one does, discreet letters are not offered.",
    )

    @field_validator("words")
    @classmethod
    def _small(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word.casefold() for word in words)


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
        14,
        ge=1,
        le=36_500,
        description="A post that is new here but older than this is not mailed by itself. Days.",
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
    timeout_seconds: float = Field(
        30.0, gt=0, le=3_600, description="How long to wait for an answer. Seconds."
    )

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


class ImapSettings(_Section):
    """The mailbox that letters come back to, if it is on a mail server; its password is BELONGING_IMAP_PASSWORD."""

    host: Line = Field("", description="The server's host name; empty: there is no such mailbox.")
    port: int = Field(993, ge=1, le=65535, description="Its port: 993 with tls, 143 with starttls.")
    security: Security = Field(
        Security.TLS, description="tls, starttls, or none; none only where the server is this machine."
    )
    username: Line = Field("", description="The account.")
    password: SecretStr = Field(SecretStr(""), exclude=True, description="Only from the environment.")
    folder: Annotated[str, Field(pattern=r"^[ -~]+$")] = Field(
        "INBOX", description="The folder that they lie in. What was dealt with is deleted from it."
    )

    @model_validator(mode="after")
    def _protected(self) -> Self:
        if self.security is Security.NONE and self.host not in _LOOPBACK:
            raise ValueError(
                'security = "none" is only for a server on this machine; write "tls" or "starttls"'
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
    sign_up: SignUp = Field(
        "",
        description="Where the site's sign-up form posts the field `email` to: `service`, for the service at "
        "service_url; an https address, for a form that somebody else keeps; empty: there is no form, and the "
        "pages say how to follow by feed.",
    )
    unsubscribe_mailto: Mailbox | None = Field(
        None,
        description="An address that letters offer beside the link; `belonging bounces read` takes off who "
        "writes to it.",
    )
    bounce_address: Mailbox | None = Field(
        None,
        description="Where letters that cannot be delivered come back to, with a token behind a plus sign; "
        "your mail server has to deliver name+anything@ to one mailbox. Else they come back to the sender.",
    )
    transport: TransportName = Field(
        TransportName.MAILDIR,
        description="maildir: letters stay on this machine; smtp: they are really sent.",
    )
    maildir: str = Field("var/mail", description="The folder letters are written to with transport maildir.")
    lease_seconds: int = Field(
        300,
        ge=1,
        le=86_400,
        description="How long a sender that has died keeps its deliveries to itself. Seconds.",
    )
    smtp: SmtpSettings = Field(default_factory=SmtpSettings, description="See below.")
    imap: ImapSettings = Field(default_factory=ImapSettings, description="See below.")
    key: KeySettings = Field(default_factory=KeySettings, description="See below.")

    @model_validator(mode="after")
    def _room_for_a_token(self) -> Self:
        if self.bounce_address and len(self.bounce_address.partition("@")[0]) > _RETURN_PATH:
            raise ValueError(
                f"bounce_address has more than {_RETURN_PATH} characters before the @; write a shorter one"
            )
        return self


class ServiceSettings(_Section):
    """The list service: the pages by which people join, leave, and see what is stored; run by `belonging web`."""

    host: Line = Field(
        "127.0.0.1",
        description="The name of this machine it answers at; a web server with TLS stands in front.",
    )
    port: int = Field(8010, ge=0, le=65535, description="Its port.")
    behind_proxy: bool = Field(
        False,
        description="true: the last address in X-Forwarded-For, set by your web server, is whom a limit counts.",
    )
    consent: Line = Field(
        "I want to get these letters, which speak of trauma, addiction, recovery and belonging. My address is used "
        "for them and for nothing else. I can leave at any time, with one press of a button.",
        min_length=1,
        description="What people agree to, word for word; it has to name the subject. Recorded with each consent.",
    )
    confirm_days: int = Field(
        7, ge=1, le=60, description="Whoever has not confirmed by then is deleted. Days."
    )
    quiet_days: int = Field(
        7,
        ge=1,
        le=365,
        description="At most one message in this time to an address that has not confirmed, or is on the list. Days.",
    )
    rights_hours: int = Field(
        24,
        ge=1,
        le=168,
        description="How long a link to what is stored works, and the next one waits. Hours.",
    )
    per_source: int = Field(
        10, ge=1, description="Requests taken from one network address (one /64 with IPv6) in an hour."
    )
    per_hour: int = Field(
        600,
        ge=4,
        description="Requests taken from everybody in an hour: a quarter from forms on static pages, half from those "
        "whose browser has not worked for it.",
    )
    shortest_seconds: float = Field(
        1.5, ge=0, le=60, description="A form that comes back sooner is shown once more. Seconds."
    )


class MailchimpSettings(_Section):
    """A Mailchimp account; its key is MAILCHIMP_API_KEY in the environment."""

    server: Annotated[str, Field(pattern=r"^([a-z]+[0-9]+)?$")] = Field(
        "", description="The data centre, such as us1; the key ends in it, so it can be left out."
    )
    audience: Line = Field(
        "", description="The audience's name, or its id; may be left out where there is one only."
    )
    segment: Line = Field("", description="A saved segment's name: letters go to it alone.")
    interest_group: Line = Field(
        "",
        description="A group's name: each letter goes to those who chose the interest called like its category.",
    )
    interests: dict[str, Line] = Field(
        default_factory=dict,
        description="Where a category and its interest have different names: category = interest.",
    )
    least: float = Field(
        0.5, ge=0, le=1, description="Nothing is sent to fewer people than this part of the last campaign's."
    )
    most: float = Field(
        2.0, ge=1, description="Nothing is sent to more people than this multiple of the last campaign's."
    )
    quarter: bool = Field(
        False,
        description="true: letters leave at the next quarter of an hour, and can be stopped until then.",
    )
    api_key: SecretStr = Field(SecretStr(""), exclude=True, description="Only from the environment.")
    webhook_secret: SecretStr = Field(SecretStr(""), exclude=True, description="Only from the environment.")

    @model_validator(mode="after")
    def _one_audience(self) -> Self:
        if self.segment and self.interest_group:
            raise ValueError("segment and interest_group exclude each other; write one of them")
        if self.interests and not self.interest_group:
            raise ValueError("interests without interest_group; write the group's name as well")
        return self


class Settings(_Section):
    """Everything that a person can set."""

    root: Path = Field(
        alias=_ROOT, exclude=True, description="The folder newsletter.toml lies in; paths are relative to it."
    )
    provider: ProviderName = Field(ProviderName.EMBEDDED, description="embedded or mailchimp.")
    letter: LetterSettings = Field(default_factory=LetterSettings, description="See below.")
    sender: SenderSettings = Field(default_factory=SenderSettings, description="See below.")
    discreet: DiscreetSettings = Field(default_factory=DiscreetSettings, description="See below.")
    campaigns: CampaignSettings = Field(default_factory=CampaignSettings, description="See below.")
    list: ListSettings = Field(default_factory=ListSettings, description="See below.")
    service: ServiceSettings = Field(default_factory=ServiceSettings, description="See below.")
    mailchimp: MailchimpSettings = Field(default_factory=MailchimpSettings, description="See below.")

    @property
    def neutral_name(self) -> str:
        """Answer the sender's name where nothing may tell what the letters are about."""
        return self.discreet.sender_name or self.sender.name

    @property
    def leaves_machine(self) -> bool:
        """Tell whether mail can reach anybody beyond this machine."""
        return self.provider is ProviderName.MAILCHIMP or self.list.transport is TransportName.SMTP

    @model_validator(mode="after")
    def _real_mail_needs_real_settings(self) -> Self:
        problems: list[str] = []
        # Also for a server on this machine: most of those pass on to the world what they are given.
        if self.provider is ProviderName.EMBEDDED and self.list.transport is TransportName.SMTP:
            if _is_sample(self.sender.address.partition("@")[2]):
                problems.append(
                    "sender.address is still the sample; write the address your letters come from"
                )
            if _is_sample(self.list.service_url.removeprefix("https://").partition("/")[0].partition(":")[0]):
                problems.append("list.service_url is still the sample; write where readers reach your list")
        if (
            self.provider is ProviderName.MAILCHIMP
            and self.list.transport is TransportName.SMTP
            and "service_url" not in self.list.model_fields_set
        ):
            problems.append(
                "list.service_url is missing; links that we mail ourselves lead there: write where readers reach it"
            )
        if self.leaves_machine and not self.letter.postal_address:
            problems.append("letter.postal_address is empty; the law asks for one in each letter")
        if self.provider is ProviderName.MAILCHIMP and self.letter.images is ImagePolicy.EMBED:
            problems.append(
                'letter.images: Mailchimp carries no pictures inside letters; write "link" or "omit"'
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def path(self, relative: str) -> Path:
        """Resolve a path of the settings against the folder they lie in."""
        return self.root / Path(relative).expanduser()


def load(root: Path, environment: Mapping[str, str]) -> Settings:
    """Read the settings of the project in a folder.

    Args:
        root: The folder that holds newsletter.toml; a folder without one has the defaults.
        environment: Where the names of ENVIRONMENT are looked up.

    Raises:
        SettingsError: The file is not TOML, or a value is impossible; every mistake is named with its line.
    """
    text = _text(root / FILE_NAME)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{FILE_NAME} cannot be read: {error}", advice="mend that line") from None
    _refuse_secrets(data)
    for name, setting in ENVIRONMENT.items():
        if secret := environment.get(name):
            _put(data, setting, secret)
    try:
        # The folder comes last and under a name that no file can hold, so that no file can move it.
        return Settings.model_validate({**data, _ROOT: root})
    except ValidationError as error:
        lines = [line for e in error.errors() for line in _explain(text, e["loc"], e["type"], e["msg"])]
        raise SettingsError("\n".join(lines), advice="see docs/reference/settings.md") from None


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise SettingsError(
            f"{FILE_NAME} cannot be read ({error.strerror})", advice="see that it is a file you may read"
        ) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{FILE_NAME}:{line}: not UTF-8", advice="save the file as UTF-8") from None


def _put(data: dict[str, Any], path: tuple[str, ...], value: str) -> None:
    """Put a value into nested tables; where something else stands in its way, validation will say so."""
    *sections, name = path
    for section in sections:
        inner: object = data.setdefault(section, {})
        if not isinstance(inner, dict):
            return
        data = inner
    data[name] = value


def _refuse_secrets(data: Mapping[str, object]) -> None:
    part = data.get("list")
    store = part.get("store") if isinstance(part, dict) else None
    if isinstance(store, str) and re.search(r"^[^:/]+://[^:/@]*:[^@]*@|[?&]password=", store):
        raise SettingsError(
            f"{FILE_NAME} holds a password in list.store",
            advice="take it out, change it, and set BELONGING_STORE in the environment",
        )
    for section, name, variable in (
        ("smtp", "password", "BELONGING_SMTP_PASSWORD"),
        ("imap", "password", "BELONGING_IMAP_PASSWORD"),
        ("key", "value", "BELONGING_KEY"),
    ):
        inner = part.get(section) if isinstance(part, dict) else None
        if isinstance(inner, dict) and name in inner:
            raise SettingsError(
                f"{FILE_NAME} holds list.{section}.{name}, a secret",
                advice=f"take it out, change it, and set {variable} in the environment",
            )
    hosted = data.get("mailchimp")
    for name in ("api_key", "webhook_secret"):
        if isinstance(hosted, dict) and name in hosted:
            raise SettingsError(
                f"{FILE_NAME} holds mailchimp.{name}, a secret",
                advice=f"take it out, revoke it in Mailchimp, and set MAILCHIMP_{name.upper()} in the environment",
            )


_PLAIN_WORDS = {  # for kinds of mistakes that the library explains in words of Python
    "extra_forbidden": "no such setting",
    "tuple_type": 'write a list, as in ["one", "another"]',
    "string_type": "write text in quotation marks",
}


def _explain(text: str, loc: tuple[int | str, ...], kind: str, message: str) -> list[str]:
    where = tuple(map(str, loc))
    message = _PLAIN_WORDS.get(kind, message)
    return [_located(text, where, line) for line in message.removeprefix("Value error, ").split("\n")]


def _located(text: str, where: tuple[str, ...], message: str) -> str:
    """Begin a message with its place; one over several settings begins with the name of that to be changed."""
    named = (*where, *message.partition(" ")[0].split("."))
    line = _line_of(text, named) or _line_of(text, where)
    place = f"{FILE_NAME}:{line}" if line else FILE_NAME
    return f"{place}: {'.'.join(where)}: {message}" if where else f"{place}: {message}"


def _line_of(text: str, where: tuple[str, ...]) -> int | None:
    """Find the line a setting stands on; good enough for the plain tables that this file has."""
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.fullmatch(r"\s*\[([\w.\s-]+)\]\s*(#.*)?", line):
            section = _names(header[1])
            if section == where:
                return number
        elif key := re.match(r"\s*([\w-]+(?:\s*\.\s*[\w-]+)*)\s*=", line):
            path = (*section, *_names(key[1]))
            if path == where[: len(path)] and len(path) >= len(where) - 1:
                return number
    return None


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in dotted.split("."))


def _is_sample(domain: str) -> bool:
    """Tell whether a domain is one of those that are only for examples (RFC 2606)."""
    return re.search(r"(^|\.)example(\.(org|com|net))?$", domain) is not None
