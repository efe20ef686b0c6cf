"""The alarm: stop a campaign when what comes back says more about us than about single recipients."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.errors import PolicyBlock
from pipeline.mail.transport import Outcome, Rejected, Unknown

__all__ = ["LOST", "REFUSED", "Alarm"]

LOST = 3  # messages in a row whose answer never came
REFUSED = 5  # recipients in a row who were refused without being the reason
_THEIRS = re.compile(r"\b5\.[12]\.")  # their address or their mailbox is the reason (RFC 3463)


@dataclass
class Alarm:
    """Watch the outcomes of a run.

    A relay that refuses everybody says so to each recipient, often without the 5.7 that would tell; a broken box
    in between swallows the answer to each message. Unwatched, either would use up a whole list: everybody rejected
    for good, or everybody unknown and waiting for a person.
    """

    lost: int = 0
    refused: int = 0

    def hear(self, outcome: Outcome) -> None:
        """Take note of one outcome.

        Raises:
            PolicyBlock: It is one too many of its kind in a row.
        """
        self.lost = self.lost + 1 if isinstance(outcome, Unknown) else 0
        if isinstance(outcome, Rejected):
            self.refused += not _THEIRS.search(outcome.code)
        elif not isinstance(outcome, Unknown):
            self.refused = 0
        if self.lost >= LOST:
            raise PolicyBlock(
                f"the mail server took {self.lost} messages in a row and did not answer",
                advice="see what ends its connections; then decide about those: belonging status --unknown",
            )
        if isinstance(outcome, Rejected) and self.refused >= REFUSED:
            raise PolicyBlock(
                f"the mail server refused {self.refused} recipients in a row ({outcome.code})",
                advice="see whether it lets you send at all (relaying, authentication, the sender's address)",
            )
