"""Conversations, messages and complaints as those see them whom they concern."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.kernel import Recorded
from domain.message import Message
from domain.message_report import MessageReport
from domain.message_thread import Context, MessageThread
from domain.note import Note, NoteKind
from domain.resources.messaging import MESSAGE, MESSAGE_REPORT, MESSAGE_THREAD
from projections.projection import Document, Projection, Target, born, changed, id_text, instant, on


@dataclass(frozen=True)
class Explained:
    """A text of a document that its author wrote in a note: a stream beside the document's own.

    Args:
        kind: of the notes.
        field: of the document, that shows the newest.
        authors: the field that has all who wrote one.
    """

    kind: NoteKind
    field: str
    authors: str

    def told(self, document: Document | None, event: Recorded, _: Any) -> Document | None:
        """The document with the text. Its version and time are those of its own event beside the note."""
        fact: Any = event.fact
        return document and document | {self.field: fact.text}

    def targets(self, event: Recorded) -> Iterable[Target]:
        """A stream is a document; a note of the kind belongs to what it is about, other notes to nothing here."""
        fact: Any = event.fact
        if not isinstance(fact, Note.Event):
            yield Target(event.stream)
        elif fact.kind == self.kind:  # type: ignore[attr-defined]
            yield Target(fact.about)  # type: ignore[attr-defined]

    def streams(self, document: Document) -> Sequence[UUID]:
        """The document's own, and its notes."""
        id = UUID(document["id"])
        return (id, *(Note.id_of(self.kind, id, UUID(author)) for author in document[self.authors]))


FLAGS = Explained("flag", "flagReason", "flaggers")
RESOLUTIONS = Explained("resolution", "resolutionNotes", "noters")


def _begun(_: Document | None, event: Recorded, __: Any) -> Document:
    context: Context = event.fact.context  # type: ignore[attr-defined]
    return born(
        event,
        messageCount=0,
        isOpen=True,
        guestId=id_text(context.guest),
        lastMessageAt=None,
        listingId=id_text(context.listing),
        hostId=id_text(context.host),
        reservationId=_text(context.reservation),
    )


def _message_sent(document: Document | None, event: Recorded, _: Any) -> Document:
    return changed(document, event, messageCount=_count(document) + 1, lastMessageAt=instant(event.at))


def _message_hidden(document: Document | None, event: Recorded, _: Any) -> Document:
    return changed(document, event, messageCount=_count(document) - 1)


def _count(document: Document | None) -> int:
    return document["messageCount"] if document is not None else 0


def _closed(document: Document | None, event: Recorded, _: Any) -> Document:
    return changed(document, event, isOpen=False)


def _reopened(document: Document | None, event: Recorded, _: Any) -> Document:
    return changed(document, event, isOpen=True)


def _archived(document: Document | None, event: Recorded, _: Any) -> Document:
    return changed(document, event, isOpen=False, isActive=False)


MESSAGE_THREADS = Projection(
    MESSAGE_THREAD.name,
    on(
        MessageThread,
        Begun=_begun,
        MessageSent=_message_sent,
        MessageHidden=_message_hidden,
        Closed=_closed,
        Reopened=_reopened,
        Archived=_archived,
    ),
)


def _sent(_: Document | None, event: Recorded, __: Any) -> Document:
    fact: Any = event.fact
    return born(
        event,
        threadId=id_text(fact.thread),
        content=fact.content,
        senderId=_text(fact.sender),
        sentAt=instant(event.at),
        messageType=fact.type,
        mediaUrl=fact.media_url,
        isModerated=False,
        isFlagged=False,
        flaggedBy=None,
        flagReason=None,
        isRead=False,
        flaggers=[],
    )


def _edited(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, content=fact.content, mediaUrl=fact.media_url)


def _read(document: Document | None, event: Recorded, _: Any) -> Document:
    return changed(document, event, isRead=True)


def _changed(document: Document | None, event: Recorded, _: Any) -> Document:
    """Several things at once."""
    fact: Any = event.fact
    said = changed(
        document,
        event,
        content=fact.content,
        mediaUrl=fact.media_url,
        isRead=fact.read,
        isModerated=fact.moderated,
        isFlagged=fact.flagged_by is not None,
        flaggedBy=_text(fact.flagged_by),
    )
    if fact.flagged_by is None:
        return said | {"flagReason": None}
    return said | {"flaggers": _with(document, "flaggers", id_text(fact.flagged_by))}


def _flagged(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    by = id_text(fact.by)
    return changed(document, event, isFlagged=True, flaggedBy=by, flaggers=_with(document, "flaggers", by))


def _unflagged(document: Document | None, event: Recorded, _: Any) -> Document:
    return changed(document, event, isFlagged=False, flaggedBy=None, flagReason=None)


def _moderated(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, isModerated=fact.moderated)


def _hidden(document: Document | None, event: Recorded, _: Any) -> Document:
    return changed(document, event, isActive=False)


MESSAGES = Projection(
    MESSAGE.name,
    on(
        Message,
        Sent=_sent,
        Edited=_edited,
        Read=_read,
        Flagged=_flagged,
        Unflagged=_unflagged,
        Moderated=_moderated,
        Changed=_changed,
        Hidden=_hidden,
    )
    | on(Note, Written=FLAGS.told),
    targets=FLAGS.targets,
    streams=FLAGS.streams,
)


def _filed(_: Document | None, event: Recorded, __: Any) -> Document:
    fact: Any = event.fact
    return born(
        event,
        reportedBy=id_text(fact.reporter),
        reportReason=fact.reason,
        moderationStatus="pending",
        messageId=id_text(fact.message),
        adminId=None,
        reportedAt=instant(event.at),
        resolutionNotes=None,
        senderId=_text(fact.sender),
        noters=[],
    )


def _moved(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, moderationStatus=fact.status, adminId=_text(fact.admin))


def _noted(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    if fact.by is None:
        return changed(document, event, resolutionNotes=None)
    return changed(document, event, noters=_with(document, "noters", id_text(fact.by)))


def _moved_and_noted(document: Document | None, event: Recorded, hint: Any) -> Document:
    fact: Any = event.fact
    moved = _moved(document, event, hint)
    if fact.noted_by is None:
        return moved | {"resolutionNotes": None}
    return moved | {"noters": _with(document, "noters", id_text(fact.noted_by))}


MESSAGE_REPORTS = Projection(
    MESSAGE_REPORT.name,
    on(MessageReport, Filed=_filed, Moved=_moved, Noted=_noted, Changed=_moved_and_noted)
    | on(Note, Written=RESOLUTIONS.told),
    targets=RESOLUTIONS.targets,
    streams=RESOLUTIONS.streams,
)


def _with(document: Document | None, name: str, one: str) -> list[str]:
    """Those that stand there, and this one."""
    known: list[str] = document[name] if document is not None else []
    return known if one in known else [*known, one]


def _text(id: UUID | None) -> str | None:
    return None if id is None else id_text(id)
