"""Addresses: what is accepted as one and how it is written down."""

from __future__ import annotations

import re

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

__all__ = ["normalise"]

# What nearly every address looks like. No rule leaves a doubt about these, so an import need not ask them all.
_PLAIN = re.compile(
    r"(?P<local>[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*)"
    r"@(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9]|-(?!-)){0,61}(?<!-)\.)+(?P<top>[A-Za-z]{2,63}))"
)
_SPECIAL = frozenset(name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES)


def normalise(text: str) -> str | None:
    """Bring an address into the form it is kept in, or answer None for what is not one.

    Only ASCII results: an internationalised domain becomes its punycode (RFC 5891), an internationalised local
    part is politely refused, since it would need SMTPUTF8 (RFC 6531) all the way. ``+tag`` is kept. Nothing is
    looked up.

    Args:
        text: What somebody typed, at most 320 characters of it count.
    """
    if len(text) > 320:
        return None
    text = text.strip()
    if (plain := _PLAIN.fullmatch(text)) and len(text) <= 254 and len(plain["local"]) <= 64:
        domain = plain["domain"].lower()
        if len(domain) <= 253 and domain.rpartition(".")[2] not in _SPECIAL:
            return f"{plain['local']}@{domain}"
    try:
        checked = validate_email(
            text,
            strict=True,  # a local part of at most 64 octets (RFC 5321 §4.5.3.1.1)
            check_deliverability=False,
            allow_smtputf8=False,
            test_environment=True,
        )
    except EmailNotValidError:
        return None
    return checked.ascii_email
