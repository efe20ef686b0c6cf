"""Mailchimp, as the rest of this package calls it: one method for one endpoint, values in, values out.

Every way in which an answer can be odd ends here, in one of three errors: ``RequestRefused`` (nothing was done),
``AnswerLost`` (nobody knows), or another ``DeliveryError`` (nothing could be asked). None of them has the key, an
address, a path, or the exception it was made from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import SecretStr

from pipeline.errors import DeliveryError, RequestRefused, SettingsError
from pipeline.providers.mailchimp.edge import Answer, Document, official_client
from pipeline.providers.mailchimp.judging import failure, is_done, may_repeat
from pipeline.providers.mailchimp.remote import (
    Account,
    Checklist,
    Content,
    Domain,
    Folder,
    MailingList,
    Named,
    Remote,
    Sums,
    items,
)
from pipeline.providers.mailchimp.wire import Wire

if TYPE_CHECKING:
    import mailchimp_marketing

__all__ = ["BASE", "PAUSES", "Mailchimp", "data_centre"]

BASE = "https://{}.api.mailchimp.com/3.0"
PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0)
"""Seconds between tries of what may be tried again."""

_PAGE = 1_000  # the most that Mailchimp puts on one page
_PAGES_TRIES = 3
_ID = re.compile(r"[0-9a-f]+\Z")
_KEY = re.compile(r"[0-9A-Za-z]{8,128}-([a-z]+[0-9]+)\Z")
_CAMPAIGN_FIELDS = ",".join(
    f"campaigns.{name}"
    for name in (
        "id",
        "type",
        "status",
        "create_time",
        "send_time",
        "emails_sent",
        "recipients",
        "settings.title",
        "settings.subject_line",
    )
)

_T = TypeVar("_T")


def data_centre(key: SecretStr, server: str = "") -> str:
    """Name the data centre that a key belongs to.

    Args:
        key: Mailchimp's API key, whose end names it.
        server: What the settings say, if anything; must be the same.

    Raises:
        SettingsError: That is no key, or the two differ.
    """
    found = _KEY.match(key.get_secret_value())
    if found is None:
        raise SettingsError(
            "MAILCHIMP_API_KEY does not hold a key: one ends in a data centre, such as -us1",
            advice="make one under Account & billing → Extras → API keys and copy all of it",
        )
    if server and server != found[1]:
        raise SettingsError(
            "mailchimp.server is not the data centre that the key ends in",
            advice="leave mailchimp.server out, or bring the key of that account",
        )
    return found[1]


@dataclass(frozen=True, kw_only=True)
class Mailchimp:
    """One account."""

    wire: Wire = field(repr=False)
    base: str  # "https://us1.api.mailchimp.com/3.0"
    sleep: Callable[[float], object] = field(repr=False)
    pauses: Sequence[float] = PAUSES
    _client: mailchimp_marketing.Client = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_client", official_client(self.wire, self.base))

    # --- the account ------------------------------------------------------------------------------------------

    def account(self) -> Account:
        """Answer the account that the key belongs to."""
        fields = "pricing_plan_type,first_payment"
        return Account.read(self._ask(lambda: self._client.root.get_root(fields=[fields])))

    def time(self) -> datetime | None:
        """Tell what time it is at Mailchimp, to the second; None: it does not say."""
        said = self._answer(lambda: self._client.root.get_root(fields=["account_id"])).date
        try:
            return parsedate_to_datetime(said)
        except ValueError:
            return None

    def domains(self) -> tuple[Domain, ...]:
        """List the domains that letters may come from."""
        answer = self._ask(self._client.verifiedDomains.get_verified_domains_all)
        return tuple(Domain.read(item) for item in items(answer, "domains"))

    # --- lists ------------------------------------------------------------------------------------------------

    def lists(self) -> tuple[Named, ...]:
        """List the account's lists by name."""
        return self._pages(
            "lists",
            lambda offset: self._client.lists.get_all_lists(
                fields=["lists.id,lists.name,total_items"], count=_PAGE, offset=offset
            ),
            Named.read,
        )

    def mailing_list(self, list_id: str) -> MailingList:
        """Answer one list."""
        fields = "id,name,contact,double_optin,use_archive_bar,stats.member_count,stats.campaign_last_sent"
        return MailingList.read(
            self._ask(lambda: self._client.lists.get_list(_checked(list_id), fields=[fields]))
        )

    def segments(self, list_id: str) -> tuple[Named, ...]:
        """List the saved segments of a list; how many people are in each is counted by Mailchimp."""
        fields = "segments.id,segments.name,segments.member_count,total_items"
        return self._pages(
            "segments",
            lambda offset: self._client.lists.list_segments(
                _checked(list_id), fields=[fields], count=_PAGE, offset=offset
            ),
            lambda item: Named.read(item, members="member_count"),
        )

    def groups(self, list_id: str) -> tuple[Named, ...]:
        """List the groups of interests of a list."""
        fields = "categories.id,categories.title,total_items"
        return self._pages(
            "categories",
            lambda offset: self._client.lists.get_list_interest_categories(
                _checked(list_id), fields=[fields], count=_PAGE, offset=offset
            ),
            lambda item: Named.read(item, name="title"),
        )

    def interests(self, list_id: str, group: str) -> tuple[Named, ...]:
        """List the interests of a group."""
        fields = "interests.id,interests.name,interests.subscriber_count,total_items"
        return self._pages(
            "interests",
            lambda offset: self._client.lists.list_interest_category_interests(
                _checked(list_id), _checked(group), fields=[fields], count=_PAGE, offset=offset
            ),
            lambda item: Named.read(item, members="subscriber_count"),
        )

    # --- campaigns --------------------------------------------------------------------------------------------

    def folders(self) -> tuple[Folder, ...]:
        """List the folders for campaigns."""
        return self._pages(
            "folders",
            lambda offset: self._client.campaignFolders.list(
                fields=["folders.id,folders.name,total_items"], count=_PAGE, offset=offset
            ),
            Folder.read,
        )

    def add_folder(self, name: str) -> Folder:
        """Make a folder."""
        return Folder.read(self._ask(lambda: self._client.campaignFolders.create({"name": name})))

    def campaigns(self, list_id: str) -> tuple[Remote, ...]:
        """List every campaign of a list, in whatever state, the oldest first."""
        return self._pages(
            "campaigns",
            lambda offset: self._client.campaigns.list(
                fields=[f"{_CAMPAIGN_FIELDS},total_items"],
                list_id=_checked(list_id),
                sort_field="create_time",
                sort_dir="ASC",
                count=_PAGE,
                offset=offset,
            ),
            Remote.read,
        )

    def campaign(self, campaign_id: str) -> Remote | None:
        """Answer one campaign, or None where there is none (any more)."""
        try:
            return Remote.read(self._ask(lambda: self._client.campaigns.get(_checked(campaign_id))))
        except RequestRefused as error:
            if error.status != 404:
                raise
        return None

    def create(self, body: Document) -> Remote:
        """Create a campaign. Asked once."""
        return Remote.read(self._ask(lambda: self._client.campaigns.create(body)))

    def update(self, campaign_id: str, body: Document) -> None:
        """Overwrite settings, recipients and tracking of a campaign."""
        self._ask(lambda: self._client.campaigns.update(_checked(campaign_id), body))

    def content(self, campaign_id: str) -> Content:
        """Answer what a campaign would say."""
        fields = "html,plain_text"
        return Content.read(
            self._ask(lambda: self._client.campaigns.get_content(_checked(campaign_id), fields=[fields]))
        )

    def set_content(self, campaign_id: str, content: Content) -> None:
        """Overwrite what a campaign says."""
        body = {"html": content.html, "plain_text": content.text}
        self._ask(lambda: self._client.campaigns.set_content(_checked(campaign_id), body))

    def checklist(self, campaign_id: str) -> Checklist:
        """Answer what Mailchimp itself thinks of a campaign."""
        return Checklist.read(
            self._ask(lambda: self._client.campaigns.get_send_checklist(_checked(campaign_id)))
        )

    def send(self, campaign_id: str) -> None:
        """Send a campaign now. Asked once."""
        self._ask(lambda: self._client.campaigns.send(_checked(campaign_id)))

    def schedule(self, campaign_id: str, when: datetime) -> None:
        """Send a campaign at a quarter of an hour. Asked once."""
        body = {"schedule_time": f"{when:%Y-%m-%dT%H:%M:%S+00:00}"}
        self._ask(lambda: self._client.campaigns.schedule(_checked(campaign_id), body))

    def unschedule(self, campaign_id: str) -> None:
        """Take back what was scheduled. Asked once."""
        self._ask(lambda: self._client.campaigns.unschedule(_checked(campaign_id)))

    def test(self, campaign_id: str, address: SecretStr) -> None:
        """Send a test of a campaign to one address. Asked once."""
        self._ask(
            lambda: self._client.campaigns.send_test_email(
                _checked(campaign_id), {"test_emails": [address.get_secret_value()], "send_type": "html"}
            )
        )

    def report(self, campaign_id: str) -> Sums:
        """Answer what became of a campaign, in sums."""
        fields = "emails_sent,bounces,unsubscribed,abuse_reports"
        return Sums.read(
            self._ask(
                lambda: self._client.reports.get_campaign_report(_checked(campaign_id), fields=[fields])
            )
        )

    # --- one person at a time ---------------------------------------------------------------------------------

    def put_member(self, list_id: str, member: SecretStr, body: Callable[[], Document]) -> str:
        """Add a person, or change one; answer the state they are in then.

        Args:
            list_id: The list.
            member: MD5 of the address in lower case, which says as much as the address.
            body: Makes what is asked, when it is asked: nothing keeps it.
        """
        answer = self._ask(
            lambda: self._client.lists.set_list_member(
                _checked(list_id),
                _checked(member.get_secret_value()),
                body(),
                skip_merge_validation=True,  # we ask for nothing but an address, whatever fields the list has
            )
        )
        return str(answer.get("status", ""))

    def change_member(self, list_id: str, member: SecretStr, body: Callable[[], Document]) -> None:
        """Change a person who is there; for the arguments see ``put_member``."""
        self._ask(
            lambda: self._client.lists.update_list_member(
                _checked(list_id),
                _checked(member.get_secret_value()),
                body(),
                skip_merge_validation=True,
            )
        )

    def forget_member(self, list_id: str, member: SecretStr) -> None:
        """Erase a person for good; for the arguments see ``put_member``."""
        self._ask(
            lambda: self._client.lists.delete_list_member_permanent(
                _checked(list_id), _checked(member.get_secret_value())
            )
        )

    # --- asking -----------------------------------------------------------------------------------------------

    def _pages(
        self, name: str, page: Callable[[int], object], read: Callable[[Mapping[str, object]], _T]
    ) -> tuple[_T, ...]:
        """Ask for all pages of a list; one that changes meanwhile is read again from the start."""
        for _ in range(_PAGES_TRIES):
            found: dict[str, _T] = {}
            total: object = None
            while True:
                offset = len(found)
                answer = self._ask(lambda at=offset: page(at))  # type: ignore[misc]
                batch = items(answer, name)
                found.update((str(item.get("id")), read(item)) for item in batch)
                if total not in (None, answer.get("total_items")):
                    break
                total = answer.get("total_items")
                if not isinstance(total, int) or len(found) >= total:
                    return tuple(found.values())
                if len(found) < offset + len(batch) or not batch:
                    break
        raise DeliveryError(
            f"Mailchimp's {name} changed each time they were listed",
            advice="run it again when nobody works there",
        )

    def _ask(self, do: Callable[[], object]) -> Document:
        """Ask, and answer the document that came back, or an empty one."""
        return self._answer(do).document or {}

    def _answer(self, do: Callable[[], object]) -> Answer:
        """Ask, and ask again where asking again can do no harm."""
        pauses = iter(self.pauses)
        while True:
            answer = cast("Answer", do())
            endpoint = answer.endpoint
            if endpoint is None:
                raise AssertionError("a request outside the table of endpoints was about to leave")
            if is_done(endpoint, answer):
                return answer
            pause = next(pauses, None) if may_repeat(endpoint, answer) else None
            if pause is None:
                raise failure(endpoint, answer)
            self.sleep(max(pause, min(answer.retry_after, 300.0)))


def _checked(identity: str) -> str:
    if not _ID.match(identity):
        raise AssertionError("that is no id")
    return identity
