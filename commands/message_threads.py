"""Conversations: begun about a listing or a stay, one at a time about the same, closed, opened again, put away."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import UNSET, Flag, Id, Message, RecordVersion
from commands.work import Work
from domain.claim import Claim
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from domain.listing import Listing
from domain.message_thread import Context, MessageThread
from domain.reservation import Reservation
from domain.resources.bookings import RESERVATION
from domain.resources.catalog import LISTING
from domain.resources.messaging import MESSAGE_THREAD, SERVICE
from domain.user import User

COUNTED = frozenset({"messageCount", "lastMessageAt"})
"""What follows from the messages, whatever is sent."""
OPEN_THREAD = "open-thread"
"""The kind of claim that keeps a context to one open conversation."""


class CreateMessageThread(Message):
    """Begin a conversation about a listing, or about a stay."""

    IGNORED: ClassVar[frozenset[str]] = COUNTED | {"isOpen"}

    listing_id: Id | None = None
    reservation_id: Id | None = None
    guest_id: Id | None = None
    host_id: Id | None = None


class UpdateMessageThread(Message):
    """Close a conversation, or open it again."""

    IGNORED: ClassVar[frozenset[str]] = COUNTED

    message_thread_id: Id
    is_open: Flag = UNSET
    listing_id: Id | None = UNSET
    reservation_id: Id | None = UNSET
    record_version: RecordVersion | None = None


class DeleteMessageThread(Message):
    """Put a conversation away."""

    message_thread_id: Id
    record_version: RecordVersion | None = None


async def create_message_thread(work: Work, m: CreateMessageThread) -> Answer:
    """See the listing or the stay, be somebody to the other, who is there, and not talk about it already."""
    if m.reservation_id is not None:
        context = await _about_stay(work, m.reservation_id)
    elif m.listing_id is not None:
        context = await _about_listing(work, m.listing_id)
    else:
        raise Invalid({"listingId": "is needed, or reservationId"})
    _check_sent(context, {"guestId": m.guest_id, "hostId": m.host_id, "listingId": m.listing_id})
    other = context.other(work.actor.id)
    if other is None:
        raise NotAllowed("Only the guest and the host of a stay talk about it.")
    await check_reachable(work, other)
    thread = work.begin(MessageThread)
    await _claim(work, context, thread.id)
    thread.begin(context)
    return Answer(MESSAGE_THREAD.name, thread.id)


async def update_message_thread(work: Work, m: UpdateMessageThread) -> Answer:
    """Either party or an admin closes it or opens it again; what it is about stays. Raises ENTRY_EXISTS, SERVER_OWNED,
    STALE_VERSION.
    """
    thread = await seen_thread(work, m.message_thread_id, to="change")
    thread.expect(m.record_version)
    context = thread.context
    _check_same(context, m)
    if m.is_open is False and thread.open:
        thread.close()
        (await work.load(Claim, claim_id(context))).give_up(thread.id)
    elif m.is_open and not thread.open:
        await _claim(work, context, thread.id)
        thread.reopen()
    return Answer(MESSAGE_THREAD.name, thread.id)


async def delete_message_thread(work: Work, m: DeleteMessageThread) -> Answer:
    """Either party or an admin puts it away, for both. Raises NotThere, NotAllowed, STALE_VERSION."""
    thread = await seen_thread(work, m.message_thread_id, to="change")
    thread.expect(m.record_version)
    (await work.load(Claim, claim_id(thread.context))).give_up(thread.id)
    thread.archive()
    return Answer(MESSAGE_THREAD.name, thread.id)


async def seen_thread(work: Work, id: UUID, *, to: str = "see") -> MessageThread:
    """The conversation, if the caller may see it, or change it. Raises NotThere, NotAllowed."""
    thread = await work.load(MessageThread, id)
    if not thread.there:
        raise NotThere(MESSAGE_THREAD.name)
    work.admit(MESSAGE_THREAD, thread.facts, to=to)
    return thread


async def check_reachable(work: Work, user: UUID) -> None:
    """Raise USER_GONE if that account is closed: nobody would read what is written."""
    if (await work.load(User, user, fresh=True)).status in {"archived", "deleted"}:
        raise Refused("USER_GONE", "The account of the other is closed: nobody would read it.")


def claim_id(context: Context) -> UUID:
    """The claim that the open conversation about the same holds."""
    return Claim.id_of(OPEN_THREAD, context.text)


async def _about_stay(work: Work, id: UUID) -> Context:
    """Raises NotThere."""
    stay = await work.load(Reservation, id)
    if not stay.exists:
        raise NotThere(RESERVATION.name)
    work.admit(RESERVATION, {"guestId": str(stay.guest), "hostId": str(stay.host)}, to="see")
    return Context(stay.guest, stay.host, stay.listing, stay.id)


async def _about_listing(work: Work, id: UUID) -> Context:
    """The caller is who asks its host. Raises NotThere, OWN_LISTING, LISTING_NOT_PUBLISHED."""
    listing = await work.load(Listing, id, fresh=True)
    work.admit(LISTING, listing.facts, to="see")
    host, caller = listing.host, work.actor.id
    if host is None or caller is None:
        raise NotThere(LISTING.name)
    if host == caller:
        raise Refused("OWN_LISTING", "This listing is your own: there is nobody to talk to.")
    if not listing.published:
        raise Refused("LISTING_NOT_PUBLISHED", "This listing is not published.")
    return Context(caller, host, listing.id)


def _check_sent(context: Context, sent: dict[str, UUID | None]) -> None:
    """Who talks, and where, follows from what it is about. Raises SERVER_OWNED."""
    decided = {"guestId": context.guest, "hostId": context.host, "listingId": context.listing}
    for name, value in sent.items():
        if value not in (None, decided[name]):
            raise Refused("SERVER_OWNED", f"The {name} follows from what the conversation is about.", field=name)


def _check_same(context: Context, m: UpdateMessageThread) -> None:
    """What a conversation is about stays. Raises SERVER_OWNED."""
    about = {"listing_id": context.listing, "reservation_id": context.reservation}
    for name, value in m.sent(*about).items():
        if value != about[name]:
            raise Refused("SERVER_OWNED", "What a conversation is about does not change; begin another one.")


async def _claim(work: Work, context: Context, thread: UUID) -> None:
    """Be the one open conversation about it. Raises ENTRY_EXISTS, which names the other: its parties are the same."""
    claim = await work.load(Claim, claim_id(context))
    if claim.holder not in (None, thread):
        raise Refused(
            "ENTRY_EXISTS",
            "There is an open conversation about this already: write there.",
            messageThreadId=str(claim.holder),
        )
    claim.take(thread, "ENTRY_EXISTS", "There is an open conversation about this already.")


COMMANDS: tuple[Command, ...] = (
    Command(
        "createMessageThread",
        "Begins a conversation: of a guest with the host of a published listing (`listingId`), or of the parties of a "
        "stay (`reservationId`). Guest and host follow from that, and may be left out.",
        CreateMessageThread,
        create_message_thread,
        Route("POST", "/v1/messagethreads", SERVICE, status=201, action="create", data_name="messageThread"),
        refuses=("OWN_LISTING", "LISTING_NOT_PUBLISHED", "SERVER_OWNED", "USER_GONE", "ENTRY_EXISTS"),
    ),
    Command(
        "updateMessageThread",
        "Closes a conversation (`isOpen: false`) or opens it again; by its guest, its host or an admin.",
        UpdateMessageThread,
        update_message_thread,
        Route("PATCH", "/v1/messagethreads/{messageThreadId}", SERVICE, data_name="messageThread"),
        refuses=("STALE_VERSION", "SERVER_OWNED", "ENTRY_EXISTS"),
    ),
    Command(
        "deleteMessageThread",
        "Archives a conversation for both parties; by its guest, its host or an admin.",
        DeleteMessageThread,
        delete_message_thread,
        Route("DELETE", "/v1/messagethreads/{messageThreadId}", SERVICE, action="delete", data_name="messageThread"),
        refuses=("STALE_VERSION",),
    ),
)
