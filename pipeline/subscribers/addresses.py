"""Addresses: what is accepted as one and how it is written down."""

from __future__ import annotations

from email_validator import EmailNotValidError, validate_email

__all__ = ["normalise"]


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
    try:
        checked = validate_email(
            text.strip(),
            strict=True,  # a local part of at most 64 octets (RFC 5321 §4.5.3.1.1)
            check_deliverability=False,
            allow_smtputf8=False,
            test_environment=True,
        )
    except EmailNotValidError:
        return None
    return checked.ascii_email
