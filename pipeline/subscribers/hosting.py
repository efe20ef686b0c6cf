"""A list that somebody else keeps: what readers can do with it through our own pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pydantic import SecretStr

__all__ = ["HostedList"]


class HostedList(Protocol):
    """Pass on what readers ask for, so that no reader's browser ever talks to whoever keeps the list.

    No method tells whether an address was known, and none says anything about it when it fails. Each may be called
    again; twice is once.
    """

    def subscribe(self, address: SecretStr) -> None:
        """Pass on a wish to join. Whoever keeps the list mails the confirmation.

        Raises:
            DeliveryError: It could not be passed on now.
        """

    def unsubscribe(self, address: SecretStr) -> None:
        """Take somebody off the list.

        Raises:
            DeliveryError: It could not be done now.
        """

    def forget(self, address: SecretStr) -> None:
        """Erase somebody for good.

        Raises:
            DeliveryError: It could not be done now.
        """

    def choose(self, address: SecretStr, interests: Sequence[str]) -> None:
        """Set what somebody wants to read about: these interests and no other.

        Raises:
            SettingsError: There is no interest of one of these names.
            DeliveryError: It could not be done now.
        """
