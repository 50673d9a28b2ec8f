"""A conversation between a guest and a host, about a listing or a stay. What they write stands in `domain.message`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.errors import Refused
from domain.kernel import Aggregate, event


@dataclass(frozen=True, slots=True)
class Context:
    """Who talks, and about what: a stay, or else a listing. It never changes."""

    guest: UUID
    host: UUID
    listing: UUID
    reservation: UUID | None = None

    @property
    def text(self) -> str:
        """What only one open conversation has."""
        if self.reservation is not None:
            return f"reservation {self.reservation}"
        return f"listing {self.listing} guest {self.guest}"

    def other(self, user: UUID | None) -> UUID | None:
        """Whom that party talks to; None for who is no party."""
        return {self.guest: self.host, self.host: self.guest}.get(user) if user is not None else None


class MessageThread(Aggregate):
    """Open or closed, as often as its parties like, until it is archived.

    It knows of each message that it was sent, and not what it says: whoever sends, reads nothing of what was said
    before, and what a person wrote stands in streams of theirs alone.
    """

    TOPIC = "message_thread"

    def __init__(self) -> None:
        self.context: Context
        self.open = False
        self.archived = False
        self.message_count = 0
        """How many messages can be seen."""

    @property
    def there(self) -> bool:
        """Begun, and not archived."""
        return self.version > 0 and not self.archived

    @property
    def facts(self) -> Mapping[str, Any]:
        """What rules of access ask of it."""
        return {"guestId": str(self.context.guest), "hostId": str(self.context.host)}

    def begin(self, context: Context) -> None:
        """Begin to talk. That nobody has an open conversation about the same is a claim beside it."""
        if self.version == 0:
            self._begun(context=context)

    def check_open(self) -> None:
        """Raise WRONG_STATE unless messages can be sent."""
        if not self.open:
            raise Refused("WRONG_STATE", "This conversation is closed; open it again to write.", isOpen=False)

    def send(self, message: UUID, sender: UUID | None) -> None:
        """A message is sent; without a sender it is the product's own. Raises WRONG_STATE."""
        self.check_open()
        self._message_sent(message=message, sender=sender)

    def hide(self, message: UUID) -> None:
        """A message of it is seen no more."""
        self._message_hidden(message=message)

    def close(self) -> None:
        """Nothing more is to be said for now."""
        if self.open:
            self._closed()

    def reopen(self) -> None:
        """Talk on."""
        if not self.open:
            self._reopened()

    def archive(self) -> None:
        """Put it away for both, for good."""
        if not self.archived:
            self._archived()

    @event("Begun", topic="message_thread.begun.v1")
    def _begun(self, context: Context) -> None:
        self.context, self.open = context, True

    @event("MessageSent", topic="message_thread.message_sent.v1")
    def _message_sent(self, message: UUID, sender: UUID | None) -> None:
        self.message_count += 1

    @event("MessageHidden", topic="message_thread.message_hidden.v1")
    def _message_hidden(self, message: UUID) -> None:
        self.message_count -= 1

    @event("Closed", topic="message_thread.closed.v1")
    def _closed(self) -> None:
        self.open = False

    @event("Reopened", topic="message_thread.reopened.v1")
    def _reopened(self) -> None:
        self.open = True

    @event("Archived", topic="message_thread.archived.v1")
    def _archived(self) -> None:
        self.open, self.archived = False, True
