"""One message of a conversation: written by one of its parties, read by the other, hidden at the end, perhaps."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from domain.errors import Invalid, NotAllowed, Refused
from domain.kernel import Aggregate, Personal, event

MessageType = Literal["text", "media", "system"]
CONTENT_MAX = 10_000
"""Characters that a message may have."""


class Message(Aggregate):
    """A message. Its stream is its sender's: what they wrote stands nowhere else.

    What others think of it (`Note`) stands in streams of theirs.
    """

    TOPIC = "message"

    def __init__(self) -> None:
        self.thread: UUID
        self.sender: UUID | None = None
        """None for a message of the product itself."""
        self.type: str = "text"
        self.content = ""
        self.media_url: str | None = None
        self.read = False
        self.moderated = False
        self.flagged_by: UUID | None = None
        self.hidden = False

    @property
    def there(self) -> bool:
        """Sent, and not hidden."""
        return self.version > 0 and not self.hidden

    def send(
        self, *, thread: UUID, sender: UUID | None, type: MessageType, content: str, media_url: str | None
    ) -> None:
        """Send it. Raises Invalid for a text without a word, or a medium without an address."""
        if self.version == 0:
            check(type, content, media_url)
            self._sent(thread=thread, sender=sender, type=type, content=content, media_url=media_url)

    def edit(self, *, content: str, media_url: str | None) -> None:
        """Say it otherwise. Raises Invalid as `send`."""
        if (content, media_url) != (self.content, self.media_url):
            check(self.type, content, media_url)
            self._edited(content=content, media_url=media_url)

    def mark(self, *, read: bool) -> None:
        """Its reader has read it. Raises WRONG_STATE for what would be unread again."""
        if self.read and not read:
            raise Refused("WRONG_STATE", "What was read stays read.", isRead=True)
        if read and not self.read:
            self._read()

    def flag(self, by: UUID, *, anew: bool = False) -> bool:
        """Somebody thinks that it should not have been sent; `anew`: for another reason now, which stands in a note.
        Answers whether it was not flagged before.

        Raises NotAllowed to who sent it, WRONG_STATE if another has flagged it.
        """
        if by == self.sender:
            raise NotAllowed("Who sent a message does not flag it.")
        if self.flagged_by not in (None, by):
            raise Refused("WRONG_STATE", "This message is flagged already.", isFlagged=True)
        new = self.flagged_by is None
        if new or anew:
            self._flagged(by=by)
        return new

    def unflag(self) -> None:
        """The flag is taken back."""
        if self.flagged_by is not None:
            self._unflagged()

    def moderate(self, *, moderated: bool) -> None:
        """Staff have looked at it, or are to look again."""
        if moderated != self.moderated:
            self._moderated(moderated=moderated)

    def change_at_once(self) -> None:
        """Whatever was decided of it is one change."""
        self.in_one(
            lambda: self._changed(
                content=self.content,
                media_url=self.media_url,
                read=self.read,
                flagged_by=self.flagged_by,
                moderated=self.moderated,
            )
        )

    def hide(self) -> None:
        """Neither party sees it any more."""
        if self.there:
            self._hidden()

    @event("Sent", topic="message.sent.v1")
    def _sent(
        self, thread: UUID, sender: UUID | None, type: str, content: Personal, media_url: Personal | None
    ) -> None:
        self.thread, self.sender, self.type = thread, sender, type
        self.content, self.media_url = content, media_url

    @event("Edited", topic="message.edited.v1")
    def _edited(self, content: Personal, media_url: Personal | None) -> None:
        self.content, self.media_url = content, media_url

    @event("Read", topic="message.read.v1")
    def _read(self) -> None:
        self.read = True

    @event("Flagged", topic="message.flagged.v1")
    def _flagged(self, by: UUID) -> None:
        self.flagged_by = by

    @event("Unflagged", topic="message.unflagged.v1")
    def _unflagged(self) -> None:
        self.flagged_by = None

    @event("Moderated", topic="message.moderated.v1")
    def _moderated(self, moderated: bool) -> None:
        self.moderated = moderated

    @event("Changed", topic="message.changed.v1")
    def _changed(
        self, content: Personal, media_url: Personal | None, read: bool, flagged_by: UUID | None, moderated: bool
    ) -> None:
        self.content, self.media_url = content, media_url
        self.read, self.flagged_by, self.moderated = read, flagged_by, moderated

    @event("Hidden", topic="message.hidden.v1")
    def _hidden(self) -> None:
        self.hidden = True


def check(type: str, content: str, media_url: str | None) -> None:
    """Is there something to read, or to look at? Raises Invalid."""
    if type == "media" and media_url is None:
        raise Invalid({"mediaUrl": "is needed of a message of the type media"})
    if type != "media" and media_url is not None:
        raise Invalid({"mediaUrl": "goes with the type media"})
    if type != "media" and not content.strip():
        raise Invalid({"content": "says nothing"})
