"""What an answer means: done, to be asked again, or one of our errors. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pipeline.errors import AnswerLost, DeliveryError, RequestRefused, SettingsError, TransportDown
from pipeline.providers.mailchimp.edge import Answer
from pipeline.providers.mailchimp.endpoints import Effect, Endpoint
from pipeline.providers.mailchimp.wire import Fate

__all__ = ["failure", "is_done", "may_repeat"]


def is_done(endpoint: Endpoint, answer: Answer) -> bool:
    """Tell whether what was asked has been done."""
    if answer.fate is not Fate.ANSWERED or not 200 <= answer.status < 300:
        return False
    # An action says yes with 204 and in no other way: an empty 200 may come from something in between.
    return answer.document is not None if endpoint.answers else answer.status == 204


def may_repeat(endpoint: Endpoint, answer: Answer) -> bool:
    """Tell whether asking again can do no harm: nothing was done, or there was nothing to do."""
    if answer.fate is Fate.UNOPENED or (answer.fate is Fate.ANSWERED and answer.status == 429):
        return True
    return endpoint.effect is Effect.READ and (
        answer.fate is Fate.LOST or answer.status >= 500 or 200 <= answer.status < 300
    )


def failure(endpoint: Endpoint, answer: Answer) -> Exception:
    """Turn an answer that is no success into one of our errors."""
    again = "run it again later"
    if answer.fate is Fate.UNOPENED:
        return TransportDown(
            f"Mailchimp cannot be reached ({endpoint})",
            advice="see that this machine is online, and run it again",
        )
    status = answer.status if answer.fate is Fate.ANSWERED else 0
    if status == 429:
        return DeliveryError(f"Mailchimp asks for fewer requests ({endpoint})", advice=again)
    if status == 401:
        return SettingsError(
            "Mailchimp does not accept the key in MAILCHIMP_API_KEY",
            advice="make a new one under Account & billing → Extras → API keys",
        )
    if 400 <= status < 500 and status != 408:
        return RequestRefused(
            f"Mailchimp refused {endpoint} ({status}{_reason(endpoint, answer)})",
            advice="the key's owner may not do this, or the account is locked: look at it in Mailchimp"
            if status == 403
            else "",
            status=status,
        )
    what = f"{status}" if status else "no answer"
    if 200 <= status < 400:
        what = f"{status}, but not from Mailchimp's API; is something in between?"
    if endpoint.effect is Effect.READ:
        return DeliveryError(f"Mailchimp could not be asked ({endpoint}: {what})", advice=again)
    return AnswerLost(
        f"Mailchimp may or may not have done what it was asked ({endpoint}: {what})", advice=again
    )


def _reason(endpoint: Endpoint, answer: Answer) -> str:
    """Say Mailchimp's reason as far as it can hold nobody's address and no key."""
    document = answer.document or {}
    title, detail = document.get("title"), document.get("detail")
    parts = [title] if isinstance(title, str) and re.fullmatch(r"[A-Za-z ]{1,60}", title) else []
    if not endpoint.personal and isinstance(detail, str) and _harmless(detail):
        parts.append(detail)
    errors = document.get("errors")
    fields = {
        str(e["field"])
        for e in (errors if isinstance(errors, list) else [])
        if isinstance(e, Mapping) and re.fullmatch(r"[a-z_.]{1,60}", str(e.get("field", "")))
    }
    if fields:
        parts.append(", ".join(sorted(fields)))
    return ": " + "; ".join(parts) if parts else ""


def _harmless(detail: str) -> bool:
    """Tell whether a sentence of Mailchimp's can be repeated: no address, nothing as long as a key in any coding."""
    return (
        detail.isprintable()
        and len(detail) <= 300
        and not re.search(r"[@%*]|[0-9A-Za-z+/_=-]{20}|\b[Bb]asic\b", detail)
    )
