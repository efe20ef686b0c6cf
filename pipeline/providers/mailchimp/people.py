"""One person at a time: join, leave, choose, be forgotten. Mailchimp keeps the list; we never list it.

An address is carried in a ``SecretStr`` up to the moment it is asked about, so that nothing can print it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import SecretStr

from pipeline.errors import RequestRefused
from pipeline.providers.mailchimp.audience import Audience
from pipeline.providers.mailchimp.client import Mailchimp

__all__ = ["MailchimpPeople", "member_of"]


_LOG = logging.getLogger(__name__)


def member_of(address: SecretStr) -> SecretStr:
    """Name a person as Mailchimp does: MD5 of the address in lower case, which can be guessed like the address."""
    lower = address.get_secret_value().lower().encode()
    return SecretStr(hashlib.md5(lower, usedforsecurity=False).hexdigest())


@dataclass(frozen=True, kw_only=True)
class MailchimpPeople:
    """The people of a Mailchimp audience (a HostedList)."""

    client: Mailchimp
    audience: Audience

    def subscribe(self, address: SecretStr) -> None:
        """Pass a wish to join on: Mailchimp mails the confirmation.

        Somebody who left comes back to where they must confirm; somebody who is on the list stays as they are.
        Whoever has not confirmed gets letters of all interests, and chooses later: without one they would get none.

        Raises:
            DeliveryError: It could not be passed on now.
        """
        member = member_of(address)
        everything = dict.fromkeys(self.audience.all_interests(), True)
        try:
            status = self.client.put_member(
                self.audience.list.id,
                member,
                lambda: {"email_address": address.get_secret_value(), "status_if_new": "pending"},
            )
            change: dict[str, object] = (
                {"status": "pending"} if status in {"unsubscribed", "archived"} else {}
            )
            if everything and (change or status == "pending"):
                change["interests"] = everything
            if change:
                self.client.change_member(self.audience.list.id, member, lambda: change)
        except RequestRefused as refused:
            if refused.status != 400:
                raise
            # Forgotten, bounced or impossible: whoever asked must not be told one from another.
            _LOG.warning("a wish to join leads to nothing: %s", refused.message)

    def unsubscribe(self, address: SecretStr) -> None:
        """Take somebody off the list. Whoever is not on it has left already.

        Raises:
            DeliveryError: It could not be done now.
        """
        self._if_there(
            lambda: self.client.change_member(
                self.audience.list.id, member_of(address), lambda: {"status": "unsubscribed"}
            )
        )

    def forget(self, address: SecretStr) -> None:
        """Erase somebody for good; Mailchimp will not let the operator add them again.

        Raises:
            DeliveryError: It could not be done now.
        """
        self._if_there(lambda: self.client.forget_member(self.audience.list.id, member_of(address)))

    def interests(self) -> Sequence[str]:
        """Name the interests of the group that letters go by.

        Raises:
            DeliveryError: It could not be asked now.
        """
        return self.audience.interest_names()

    def choose(self, address: SecretStr, interests: Sequence[str]) -> None:
        """Set which interests somebody has: these and no other.

        Raises:
            SettingsError: There is no interest of one of these names.
            DeliveryError: It could not be done now.
        """
        wanted = set(self.audience.interest_ids(interests))
        choice = {each: each in wanted for each in self.audience.all_interests()}
        self._if_there(
            lambda: self.client.change_member(
                self.audience.list.id, member_of(address), lambda: {"interests": choice}
            )
        )

    def _if_there(self, do: Callable[[], None]) -> None:
        try:
            do()
        except RequestRefused as refused:
            if refused.status not in {404, 405}:
                raise
