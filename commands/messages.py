"""Messages: sent by a party of a conversation, read by the other, corrected, flagged, and hidden again."""

from __future__ import annotations

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import AfterValidator, Field

from commands.message_threads import check_reachable, seen_thread
from commands.ports import Answer, Wanted
from commands.registry import Command, Route
from commands.wire import UNSET, Flag, Id, LongText, NonEmpty, RecordVersion, Text
from commands.wire import Message as Request
from commands.work import Work
from domain.access import holds
from domain.errors import Invalid, NotAllowed, NotThere
from domain.message import CONTENT_MAX, Message, MessageType
from domain.message_thread import MessageThread
from domain.note import Note
from domain.resources.messaging import MESSAGE, SERVICE


def _address(text: str) -> str:
    if not text.lower().startswith(("https://", "http://")):
        raise ValueError("is no address (https://…)")
    return text


Content = Annotated[LongText, Field(max_length=CONTENT_MAX)]
MediaUrl = Annotated[Text, AfterValidator(_address)]


class CreateMessage(Request):
    """Say something in a conversation."""

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"senderId", "sentAt", "isModerated", "isFlagged", "flaggedBy", "flagReason", "isRead"}
    )

    thread_id: Id
    content: Content = ""
    message_type: MessageType = "text"
    media_url: MediaUrl | None = None


class UpdateMessage(Request):
    """Correct it, mark it as read, flag it or take the flag back, or say that staff have looked at it."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"flaggedBy"})

    message_id: Id
    content: Content = UNSET
    media_url: MediaUrl | None = UNSET
    is_moderated: Flag = UNSET
    is_flagged: Flag = UNSET
    flag_reason: NonEmpty | None = UNSET
    is_read: Flag = UNSET
    record_version: RecordVersion | None = None


class DeleteMessage(Request):
    """Hide a message."""

    message_id: Id
    record_version: RecordVersion | None = None


async def create_message(work: Work, m: CreateMessage) -> Answer:
    """See the conversation, be of it; it is open, and there is somebody to read it."""
    thread = await seen_thread(work, m.thread_id)
    sender = work.actor.id
    if work.actor.role != "system":
        if m.message_type == "system":
            raise NotAllowed("Only the product itself sends messages of the type system.")
        other = thread.context.other(sender)
        if other is None:
            raise NotAllowed("Only the guest and the host write in their conversation.")
        thread.check_open()
        await check_reachable(work, other)
    message = work.begin(Message)
    message.send(thread=thread.id, sender=sender, type=m.message_type, content=m.content, media_url=m.media_url)
    thread.send(message.id, sender)
    return Answer(MESSAGE.name, message.id)


def _ahead(m: CreateMessage) -> list[Wanted]:
    """The conversation."""
    return [Wanted(MessageThread, m.thread_id, fresh=True)]


async def update_message(work: Work, m: UpdateMessage) -> Answer:
    """Each part is asked for by whom it is for: words by the sender, reading by the reader, and so on."""
    message, thread = await seen_message(work, m.message_id)
    message.expect(m.record_version)
    said = m.sent()
    if said.keys() & {"content", "media_url"}:
        _edit(work, message, m)
    if "is_read" in said:
        _mark(work, message, thread, read=m.is_read)
    if said.keys() & {"is_flagged", "flag_reason"}:
        await _flag(work, message, m)
    if "is_moderated" in said:
        _moderate(work, message, moderated=m.is_moderated)
    message.change_at_once()
    return Answer(MESSAGE.name, message.id)


async def delete_message(work: Work, m: DeleteMessage) -> Answer:
    """Its sender or an admin hides it from both; staff still read its history. Raises NotThere, NotAllowed,
    STALE_VERSION.
    """
    message, thread = await seen_message(work, m.message_id)
    _check_changes(work, message)
    message.expect(m.record_version)
    message.hide()
    thread.hide(message.id)
    return Answer(MESSAGE.name, message.id)


async def seen_message(work: Work, id: UUID) -> tuple[Message, MessageThread]:
    """The message and its conversation, if the caller sees it. Raises NotThere."""
    message = await work.load(Message, id)
    if not message.there:
        raise NotThere(MESSAGE.name)
    thread = await work.load(MessageThread, message.thread)
    party = thread.there and thread.context.other(work.actor.id) is not None
    work.admit(MESSAGE, {"senderId": _text(message.sender), "as:messageThread": party}, to="see")
    return message, thread


def _edit(work: Work, message: Message, m: UpdateMessage) -> None:
    said = m.sent("content", "media_url")
    words = said.get("content", message.content), said.get("media_url", message.media_url)
    if words != (message.content, message.media_url):
        _check_changes(work, message)
        message.edit(content=words[0], media_url=words[1])


def _mark(work: Work, message: Message, thread: MessageThread, *, read: bool) -> None:
    """By whom it was sent to: of a message of the product itself, by either party. Raises NotAllowed."""
    if read == message.read:
        return
    if thread.context.other(work.actor.id) is None or work.actor.id == message.sender:
        raise NotAllowed("Only who a message was sent to has read it.")
    message.mark(read=read)


async def _flag(work: Work, message: Message, m: UpdateMessage) -> None:
    """Flag it, say why, or take the flag back: who flagged it, or an admin. Raises NotAllowed, Invalid, WRONG_STATE."""
    flagged = m.is_flagged if "is_flagged" in m.model_fields_set else message.flagged_by is not None
    if not flagged:
        if m.flag_reason is not None:
            raise Invalid({"flagReason": "goes with isFlagged: true"})
        if message.flagged_by is not None and work.actor.id != message.flagged_by and not work.actor.admin:
            raise NotAllowed("Who flagged a message takes that back, or an admin.")
        message.unflag()
        return
    if message.flagged_by is not None and "flag_reason" not in m.model_fields_set:
        return
    by = work.actor.id
    if by is None:
        raise NotAllowed("The product itself flags nothing.")
    note = await work.load(Note, Note.id_of("flag", message.id, by))
    another = m.flag_reason != note.text
    new = message.flag(by, anew=another)
    if another or (new and m.flag_reason is not None):
        note.write("flag", message.id, by, m.flag_reason)


def _moderate(work: Work, message: Message, *, moderated: bool) -> None:
    if moderated == message.moderated:
        return
    if not work.actor.staff:
        raise NotAllowed("Only staff moderate messages.")
    message.moderate(moderated=moderated)


def _check_changes(work: Work, message: Message) -> None:
    if not holds(MESSAGE.changes, work.actor, {"senderId": _text(message.sender)}):
        raise NotAllowed("Only its sender or an admin changes what a message says, or hides it.")


def _text(id: UUID | None) -> str | None:
    return None if id is None else str(id)


COMMANDS: tuple[Command, ...] = (
    Command(
        "createMessage",
        "Sends a message in an open conversation, by its guest or its host. A `media` message has a `mediaUrl`, and "
        "may have words beside it; `system` messages are the product's own.",
        CreateMessage,
        create_message,
        Route("POST", "/v1/messages", SERVICE, status=201, action="create", data_name="message"),
        ahead=_ahead,
        refuses=("WRONG_STATE", "USER_GONE"),
    ),
    Command(
        "updateMessage",
        "Its sender or an admin corrects `content` or `mediaUrl`. Who it was sent to marks it with `isRead: true`. "
        "They, or staff, flag it with `isFlagged` and `flagReason`; who flagged it, or an admin, takes that back. "
        "Staff set `isModerated`.",
        UpdateMessage,
        update_message,
        Route("PATCH", "/v1/messages/{messageId}", SERVICE, data_name="message"),
        refuses=("STALE_VERSION", "WRONG_STATE"),
    ),
    Command(
        "deleteMessage",
        "Hides a message from both parties, by its sender or an admin. Staff still read its history.",
        DeleteMessage,
        delete_message,
        Route("DELETE", "/v1/messages/{messageId}", SERVICE, action="delete", data_name="message"),
        refuses=("STALE_VERSION",),
    ),
)
