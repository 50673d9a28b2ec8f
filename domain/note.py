"""A few words that somebody writes about what is another's: why they flag a message, how they settled a report."""

from __future__ import annotations

from typing import Literal
from uuid import UUID, uuid5

from domain.kernel import Aggregate, Personal, event

NoteKind = Literal["flag", "resolution"]


class Note(Aggregate):
    """One author's words about one thing. The stream is the author's, as the thing's own stream is another's."""

    TOPIC = "note"

    def __init__(self) -> None:
        self.text: str | None = None

    @staticmethod
    def id_of(kind: NoteKind, about: UUID, author: UUID) -> UUID:
        """The stream of what that author writes about that."""
        return uuid5(about, f"{kind} by {author}")

    def write(self, kind: NoteKind, about: UUID, author: UUID, text: str | None) -> None:
        """Say it, or say it otherwise, or nothing any more. What was said once may be said again."""
        self._written(kind=kind, about=about, author=author, text=text)

    @event("Written", topic="note.written.v1")
    def _written(self, kind: str, about: UUID, author: UUID, text: Personal | None) -> None:
        self.text = text
