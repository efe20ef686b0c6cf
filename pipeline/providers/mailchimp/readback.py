"""Before anything is sent: what Mailchimp would send, compared with what we want. Pure; anything odd is a finding."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from pipeline.providers import Finding
from pipeline.providers.mailchimp.content import essence
from pipeline.providers.mailchimp.drafts import Draft
from pipeline.providers.mailchimp.remote import Checklist, Content, Domain, MailingList, Remote

__all__ = ["campaign_findings", "list_findings", "recipient_findings", "sender_findings", "standing_findings"]

_ADDRESS = re.compile(r"\S+@\S+")
_MUST_BE_SAID = ("opens", "html_clicks", "text_clicks")  # on by default: silence is no answer
_MUST_BE_OFF = ("fb_comments", "auto_tweet", "auto_fb_post", "auto_footer", "use_conversation", "timewarp")
_EDIT = "open the campaign in Mailchimp and see who changed it, or run belonging send again to write it anew"


def campaign_findings(
    draft: Draft, wanted: Content, remote: Remote, content: Content, checklist: Checklist
) -> tuple[Finding, ...]:
    """Compare a campaign with what it is to be.

    Args:
        draft: What we want of it.
        wanted: What we want it to say.
        remote: What Mailchimp says it is.
        content: What Mailchimp says that it says.
        checklist: What Mailchimp itself objects to.
    """
    return (
        *_tracking(remote.tracking),
        *_settings(draft, remote),
        *_recipients(draft, remote),
        *_content(wanted, content),
        *_checklist(checklist),
    )


def standing_findings(draft: Draft, remote: Remote) -> tuple[Finding, ...]:
    """Compare, a last time before sending, what the campaign itself says; its content is compared before."""
    return (*_tracking(remote.tracking), *_settings(draft, remote), *_recipients(draft, remote))


def recipient_findings(
    count: int | None, before: int | None, *, least: float, most: float
) -> tuple[Finding, ...]:
    """Hold the number of recipients against the last campaign's.

    Args:
        count: How many people Mailchimp says it would reach.
        before: How many the last campaign to the same people reached; None: there was none.
        least: The smallest part of ``before`` that is expected.
        most: The largest multiple of ``before`` that is expected.
    """
    if not count:
        said = "does not say whom it would reach" if count is None else "would reach nobody"
        return (Finding(what=f"the campaign {said}", advice="look at the audience and segment in Mailchimp"),)
    if before and not before * least <= count <= before * most:
        what = f"it would reach {count:,} people, the last campaign reached {before:,}"
        advice = "if that is right, widen mailchimp.least or mailchimp.most in newsletter.toml for this run"
        return (Finding(what=what, advice=advice),)
    return ()


def list_findings(mailing_list: MailingList) -> tuple[Finding, ...]:
    """Look at the list itself."""
    found = []
    if mailing_list.archive_bar:
        found.append(
            Finding(
                what="the list puts Mailchimp's archive bar above each letter's page",
                advice="Audience → Settings → Audience name and defaults: archive bar off",
            )
        )
    if mailing_list.contact_missing:
        found.append(
            Finding(
                what=f"the list's postal address lacks {', '.join(mailing_list.contact_missing)}",
                advice="Audience → Settings → Required email footer content",
            )
        )
    return tuple(found)


def sender_findings(address: str, domains: Iterable[Domain]) -> tuple[Finding, ...]:
    """Look at the domain that letters come from."""
    name = address.rpartition("@")[2].lower()
    domain = next((each for each in domains if each.name == name), None)
    advice = f"Website → Domains: verify and authenticate {name}"
    if domain is None or not domain.verified:
        return (Finding(what=f"Mailchimp has not verified {name}, where letters come from", advice=advice),)
    if not domain.authenticated:
        return (Finding(what=f"{name} is not authenticated (DKIM) at Mailchimp", advice=advice),)
    return ()


def _tracking(tracking: Mapping[str, object]) -> Iterator[Finding]:
    advice = "Settings & tracking in the campaign: all off"
    for name in sorted({*tracking, *_MUST_BE_SAID}):
        given = tracking.get(name)
        if name in _MUST_BE_SAID and given is not False:
            yield Finding(what=f"tracking is not known to be off: {name}", advice=advice)
        elif _on(given):
            yield Finding(what=f"tracking is on: {name}", advice=advice)


def _settings(draft: Draft, remote: Remote) -> Iterator[Finding]:
    if remote.kind != "regular":
        yield Finding(
            what=f"the campaign is of the kind {remote.kind or 'unknown'}, not regular", advice=_EDIT
        )
    settings = remote.settings
    for name in _MUST_BE_OFF:
        if _on(settings.get(name)):
            yield Finding(what=f"{name} is on", advice=_EDIT)
    wanted = {
        "subject_line": draft.subject,
        "preview_text": draft.preview,
        "from_name": draft.from_name,
        "reply_to": draft.from_address,
    }
    for name, value in wanted.items():
        if settings.get(name, "") != value:
            yield Finding(what=f"{name} is not the one that was written", advice=_EDIT)


def _recipients(draft: Draft, remote: Remote) -> Iterator[Finding]:
    if remote.list_id != draft.list_id:
        yield Finding(what="the campaign goes to another list", advice=_EDIT)
    if not draft.segment.matches(remote.segment_options):
        yield Finding(what="the campaign goes to another part of the list", advice=_EDIT)


def _content(wanted: Content, got: Content) -> Iterator[Finding]:
    if _plain(got.html) != _plain(wanted.html) and essence(got.html) != essence(wanted.html):
        yield Finding(what="the HTML is not the one that was written", advice=_EDIT)
    if got.text.split() != wanted.text.split():
        yield Finding(what="the plain text is not the one that was written", advice=_EDIT)


def _checklist(checklist: Checklist) -> Iterator[Finding]:
    for error in checklist.errors:
        said = _ADDRESS.sub("…", error)
        yield Finding(what=f"Mailchimp objects: {said}", advice="mend it in Mailchimp")
    if not checklist.ready and not checklist.errors:
        yield Finding(
            what="Mailchimp says the campaign is not ready and not why", advice="look at it in Mailchimp"
        )


def _on(value: object) -> bool:
    """Tell whether anything at all is switched on in a value, however deep."""
    if isinstance(value, Mapping):
        return any(_on(part) for part in value.values())
    if isinstance(value, list):
        return any(_on(part) for part in value)
    return bool(value)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
