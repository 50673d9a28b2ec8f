"""A refund that is due to a guest: asked for until it is given, and given anew if it comes back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

RefundCause = Literal["cancellation", "late", "duplicate", "dispute"]

RESUME_AFTER = timedelta(seconds=30)
"""A refund that the provider has not answered for so long is asked for again."""
RETRY_AFTER = timedelta(days=1)
"""A refund that the provider refused is tried again so much later."""
MOST_DOUBLED = 5
"""One that came back waits twice as long after each time, up to so many times: 32 days."""


@dataclass(frozen=True, slots=True)
class GivingBack:
    """A refund that is due to the guest."""

    attempt: UUID
    """The attempt whose money goes back."""
    amount: int
    cause: RefundCause
    resume_at: datetime | None
    """When it is asked for again; absent once the guest has it."""
    tries: int = 1
    returns: int = 0
    """How often it was given and came back."""

    @property
    def open(self) -> bool:
        """Whether the guest does not have it yet."""
        return self.resume_at is not None

    def waits(self, at: datetime) -> bool:
        """Whether it was refused or came back, and its next try is still to come."""
        return self.resume_at is not None and self.tries > 1 and at < self.resume_at

    def again_at(self, at: datetime) -> datetime:
        """When it is given anew if it came back at that instant: who could not take it a day ago may not tomorrow."""
        return at + RETRY_AFTER * (1 << min(self.returns, MOST_DOUBLED))

    def given(self) -> GivingBack:
        """After the provider has taken it on."""
        return replace(self, resume_at=None)

    def refused(self, resume_at: datetime) -> GivingBack:
        """After the provider would not."""
        return replace(self, resume_at=resume_at, tries=self.tries + 1)

    def returned(self, resume_at: datetime) -> GivingBack:
        """After it came back."""
        return replace(self, resume_at=resume_at, tries=self.tries + 1, returns=self.returns + 1)
