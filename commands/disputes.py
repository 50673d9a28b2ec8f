"""Disputes: opened by a party of a stay, moved by an admin, with money back for the guest if that is how it ends."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from commands.payment_books import book_payouts
from commands.payment_process import carry_out, ledger
from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import UNSET, Flag, Id, LongText, Message, NonEmpty, Number, RecordVersion
from commands.work import Work
from domain.actor import Actor
from domain.claim import Claim
from domain.dispute import Dispute, Matter, Resolution
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from domain.money import from_major, major
from domain.payment import Payment
from domain.payment_attempt import PaymentAttempt
from domain.payment_record import PaymentRecord
from domain.reservation import Reservation
from domain.resources.bookings import RESERVATION, SERVICE
from domain.resources.payments import DISPUTE
from domain.user import User

Description = Annotated[LongText, Field(min_length=1)]
DISPUTABLE = frozenset({"confirmed", "complete", "cancelled"})


class CreateDispute(Message):
    """Open a dispute about a stay."""

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"reportedAt", "raisedBy", "adminId", "resolutionStatus", "resolvedAt", "refundApproved"}
    )

    reservation_id: Id
    issue_type: NonEmpty
    description: Description
    related_payment_id: Id | None = None


class UpdateDispute(Message):
    """The opener's words while it is pending, or the next step by an admin."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"resolvedAt"})

    dispute_id: Id
    issue_type: NonEmpty = UNSET
    description: Description = UNSET
    resolution_status: Resolution = UNSET
    admin_id: Id | None = UNSET
    refund_approved: Flag | None = UNSET
    refund_amount: Number | None = UNSET
    record_version: RecordVersion | None = None


async def create_dispute(work: Work, m: CreateDispute) -> Answer:
    """Be a party of the stay, in time, and have no other dispute about it open."""
    reservation = await work.load(Reservation, m.reservation_id, fresh=True)
    side = _side(work, reservation)
    if reservation.status not in DISPUTABLE:
        raise Refused("WRONG_STATE", f"A reservation that is {reservation.status} cannot be disputed.")
    ends = reservation.check_out_at + work.services.terms.dispute_window
    if work.at >= ends:
        raise Refused("DISPUTE_TOO_LATE", "The time for disputes about this stay is over.", until=ends)
    if m.related_payment_id is not None:
        await _check_related(work, m.related_payment_id, reservation.id)
    dispute = work.begin(Dispute)
    claim = await work.load(Claim, _claim_id(reservation.id, side))
    claim.take(dispute.id, "DISPUTE_OPEN", "You have an open dispute about this stay already.")
    raised_by = reservation.guest if side == "guest" else reservation.host
    matter = Matter(reservation.id, reservation.guest, reservation.host, raised_by, reservation.price.currency)
    dispute.raise_(matter, issue_type=m.issue_type, description=m.description, related_payment=m.related_payment_id)
    await _note(work, reservation, await ledger(work, reservation.id), dispute)
    return Answer("dispute", dispute.id)


async def update_dispute(work: Work, m: UpdateDispute) -> Answer:
    """Its opener rewords it while it is pending; an admin moves it, one step at a time."""
    dispute = await work.load(Dispute, m.dispute_id)
    if dispute.version == 0:
        raise NotThere("dispute")
    matter = dispute.matter
    work.admit(DISPUTE, {"guestId": str(matter.guest), "hostId": str(matter.host), "raisedBy": str(matter.raised_by)})
    work.expect(dispute, m.record_version)
    new = _new(dispute, m)
    words = new & {"issue_type", "description"}
    if words and new != words:
        raise Invalid({"resolutionStatus": "cannot change together with issueType or description"})
    if words:
        _reword(work, dispute, m)
    elif new or work.actor.admin:  # who asks again for what was decided has done what is left of it
        await _move(work, dispute, m)
    return Answer("dispute", dispute.id)


def _new(dispute: Dispute, m: UpdateDispute) -> set[str]:
    """What is asked for and does not hold already. Null and false are no refund, as absent is."""
    held = {
        "issue_type": dispute.issue_type,
        "description": dispute.description,
        "resolution_status": dispute.status,
        "admin_id": dispute.admin,
        "refund_approved": dispute.refund is not None,
        "refund_amount": None if dispute.refund is None else major(dispute.refund, dispute.matter.currency),
    }
    return {name for name, value in m.sent(*held).items() if (value or None) != (held[name] or None)}


def _reword(work: Work, dispute: Dispute, m: UpdateDispute) -> None:
    if work.actor.id != dispute.matter.raised_by:
        raise NotAllowed("Only who opened a dispute says what it is about.")
    said = m.sent("issue_type", "description")
    dispute.reword(
        issue_type=said.get("issue_type", dispute.issue_type),
        description=said.get("description", dispute.description),
    )


async def _move(work: Work, dispute: Dispute, m: UpdateDispute) -> None:
    """Raises NotAllowed, Invalid, WRONG_STATE, REFUND_TOO_LARGE."""
    if not work.actor.admin:
        raise NotAllowed("Only an admin moves a dispute.")
    said = m.sent()
    await _check_admin(work, said.get("admin_id"))
    admin = said.get("admin_id", dispute.admin) or work.actor.id
    status = said.get("resolution_status", dispute.status)
    refund = _refund_asked(dispute, m, status)
    if status == dispute.status:
        _check_unchanged(dispute, m, refund)
        if "admin_id" in said:
            dispute.assign(m.admin_id)
        if status == "resolved":
            await carry_out(work, (await _money_of(work, dispute))[0])
        return
    if status == "reviewing":
        dispute.review(admin)
    elif status == "resolved":
        await _resolve(work, dispute, admin, refund)
        return
    elif status == "rejected":
        dispute.reject(admin=admin, at=work.at)
    else:
        raise Refused("WRONG_STATE", "A dispute does not go back.", resolutionStatus=dispute.status)
    await _settle(work, dispute)


async def _check_admin(work: Work, id: UUID | None) -> None:
    """Whoever is put in charge may move disputes. Raises Invalid."""
    if id is None or id == work.actor.id:
        return
    user = await work.load(User, id, fresh=True)
    if not user.active or not Actor(id, user.role).admin:
        raise Invalid({"adminId": "is no admin"})


async def _resolve(work: Work, dispute: Dispute, admin: UUID | None, refund: int | Literal["all"] | None) -> None:
    """With a refund it is the guest's, whoever opened the dispute: recorded with the step, given right after."""
    dispute.check_resolvable()
    reservation, payment = await _money_of(work, dispute)
    given = None
    if refund is not None:
        given = payment.refund_for_dispute(dispute.id, None if refund == "all" else refund, work.at)
    dispute.resolve(admin=admin, refund=given, at=work.at)
    await _close(work, dispute)
    await _note(work, reservation, payment, dispute)
    await carry_out(work, reservation)


async def _settle(work: Work, dispute: Dispute) -> None:
    reservation, payment = await _money_of(work, dispute)
    if not dispute.open:
        await _close(work, dispute)
    await _note(work, reservation, payment, dispute)


async def _money_of(work: Work, dispute: Dispute) -> tuple[Reservation, Payment]:
    reservation = await work.load(Reservation, dispute.matter.reservation, fresh=True)
    return reservation, await ledger(work, reservation.id)


async def _close(work: Work, dispute: Dispute) -> None:
    """The party may open another."""
    matter = dispute.matter
    side = "guest" if matter.raised_by == matter.guest else "host"
    (await work.load(Claim, _claim_id(matter.reservation, side))).give_up(dispute.id)


async def _note(work: Work, reservation: Reservation, payment: Payment, dispute: Dispute) -> None:
    """What the reservation shows of its disputes; an open one holds the payout back, the last one closed lets it go."""
    payment.note_dispute(dispute.id, dispute.status)
    await book_payouts(work, payment)
    reservation.note_dispute(payment.dispute_status)


def _refund_asked(dispute: Dispute, m: UpdateDispute, status: Resolution) -> int | Literal["all"] | None:
    """What the admin wants refunded: an amount, all that is left, or nothing. Raises Invalid."""
    if m.refund_amount is not None and not m.refund_approved:
        raise Invalid({"refundAmount": "goes with refundApproved: true"})
    if not m.refund_approved:
        return None
    if status != "resolved":
        raise Invalid({"refundApproved": "goes with resolutionStatus: resolved"})
    if m.refund_amount is None:
        return "all"
    return from_major(m.refund_amount, dispute.matter.currency, "refundAmount", least=1).minor


def _check_unchanged(dispute: Dispute, m: UpdateDispute, refund: int | Literal["all"] | None) -> None:
    """What was decided stands: asking for the same again is nothing, for another is refused."""
    if dispute.status != "resolved" or "refund_approved" not in m.model_fields_set:
        return
    same = bool(m.refund_approved) == (dispute.refund is not None) and refund in {None, "all", dispute.refund}
    if not same:
        raise Refused("WRONG_STATE", "This dispute is resolved already.", resolutionStatus=dispute.status)


def _side(work: Work, reservation: Reservation) -> str:
    """Which party the caller is. Raises NotThere, NotAllowed."""
    if not reservation.exists:
        raise NotThere("reservation")
    facts = {"guestId": str(reservation.guest), "hostId": str(reservation.host)}
    work.admit(RESERVATION, facts, to="see")
    if work.actor.id not in {reservation.guest, reservation.host}:
        raise NotAllowed("Only the guest and the host of a stay dispute it.")
    return "guest" if work.actor.id == reservation.guest else "host"


async def _check_related(work: Work, id: UUID, reservation: UUID) -> None:
    """The payment must be one of this stay: a record, or an attempt. Raises Invalid."""
    if reservation not in {await _record_of(work, id), await _attempt_of(work, id)}:
        raise Invalid({"relatedPaymentId": "is no payment of this reservation"})


async def _record_of(work: Work, id: UUID) -> UUID | None:
    record = await work.load(PaymentRecord, id, fresh=True)
    return record.entry.reservation if record.version else None


async def _attempt_of(work: Work, id: UUID) -> UUID | None:
    attempt = await work.load(PaymentAttempt, id, fresh=True)
    return attempt.charge.reservation if attempt.version else None


def _claim_id(reservation: UUID, side: str) -> UUID:
    return Claim.id_of("open-dispute", f"{reservation} {side}")


COMMANDS: tuple[Command, ...] = (
    Command(
        "createDispute",
        "Opens a dispute about a confirmed, complete or cancelled reservation: its guest or its host, until 60 days "
        "after check-out, one at a time each.",
        CreateDispute,
        create_dispute,
        Route("POST", "/v1/disputes", SERVICE, status=201, action="create", data_name="dispute"),
        refuses=("WRONG_STATE", "DISPUTE_TOO_LATE", "DISPUTE_OPEN"),
    ),
    Command(
        "updateDispute",
        "Its opener changes `issueType` and `description` while it is pending. An admin moves it: `resolutionStatus` "
        "reviewing, then resolved or rejected; with `refundApproved` the guest is given back `refundAmount`, else all "
        "that is left.",
        UpdateDispute,
        update_dispute,
        Route("PATCH", "/v1/disputes/{disputeId}", SERVICE, data_name="dispute"),
        refuses=("STALE_VERSION", "WRONG_STATE", "REFUND_TOO_LARGE"),
    ),
)
