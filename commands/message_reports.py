"""Complaints about messages, and what staff make of them."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from commands.messages import seen_message
from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import UNSET, Id, LongText, Message, NonEmpty, RecordVersion
from commands.work import Work
from domain.access import Staff
from domain.actor import Actor
from domain.claim import Claim
from domain.errors import Invalid, NotAllowed, NotThere
from domain.message_report import MessageReport, ReportStatus
from domain.note import Note
from domain.resources.messaging import MESSAGE_REPORT, SERVICE
from domain.user import User


class CreateMessageReport(Message):
    """Complain about a message."""

    IGNORED: ClassVar[frozenset[str]] = frozenset(
        {"reportedBy", "moderationStatus", "adminId", "reportedAt", "resolutionNotes"}
    )

    message_id: Id
    report_reason: NonEmpty


class UpdateMessageReport(Message):
    """Take a complaint on, hand it over, say what came of it."""

    message_report_id: Id
    moderation_status: ReportStatus = UNSET
    admin_id: Id | None = UNSET
    resolution_notes: LongText | None = UNSET
    record_version: RecordVersion | None = None


async def create_message_report(work: Work, m: CreateMessageReport) -> Answer:
    """See the message, have not written it, have no other complaint about it open."""
    message, _ = await seen_message(work, m.message_id)
    reporter = work.actor.id
    if reporter is None or reporter == message.sender:
        raise NotAllowed("Who sent a message does not report it.")
    report = work.begin(MessageReport)
    claim = await work.load(Claim, _claim_id(message.id, reporter))
    claim.take(report.id, "ENTRY_EXISTS", "You have an open report about this message already.")
    report.file(message=message.id, sender=message.sender, reporter=reporter, reason=m.report_reason)
    return Answer(MESSAGE_REPORT.name, report.id)


async def update_message_report(work: Work, m: UpdateMessageReport) -> Answer:
    """Staff move it on, name who sees to it, and write down what came of it."""
    report = await work.load(MessageReport, m.message_report_id)
    if report.version == 0:
        raise NotThere(MESSAGE_REPORT.name)
    work.admit(MESSAGE_REPORT, {"reportedBy": str(report.reporter), "senderId": str(report.sender)})
    report.expect(m.record_version)
    said = m.sent()
    if said.keys() & {"moderation_status", "admin_id"}:
        await _move(work, report, m)
    if "resolution_notes" in said:
        await _note(work, report, m.resolution_notes)
    report.change_at_once()
    return Answer(MESSAGE_REPORT.name, report.id)


async def _move(work: Work, report: MessageReport, m: UpdateMessageReport) -> None:
    said = m.sent()
    status: ReportStatus = said.get("moderation_status", report.status)
    admin: UUID | None = said.get("admin_id", report.admin)
    if admin is None and status != "pending" and "admin_id" not in said:
        admin = work.actor.id
    if admin != report.admin:
        await _check_staff(work, admin)
    was_closed = report.status == "closed"
    report.move(status, admin)
    if status == "closed" and not was_closed:
        (await work.load(Claim, _claim_id(report.message, report.reporter))).give_up(report.id)


async def _note(work: Work, report: MessageReport, text: str | None) -> None:
    """What is noted already, by whomever, is not noted again."""
    if report.noted_by is not None and text == (await _note_by(work, report, report.noted_by)).text:
        return
    author = work.actor.id if text else None
    report.note(author)
    if author is not None:
        (await _note_by(work, report, author)).write("resolution", report.id, author, text)


async def _note_by(work: Work, report: MessageReport, author: UUID) -> Note:
    return await work.load(Note, Note.id_of("resolution", report.id, author))


async def _check_staff(work: Work, id: UUID | None) -> None:
    """Whoever is put in charge may moderate. Raises Invalid."""
    if id is None or id == work.actor.id:
        return
    user = await work.load(User, id, fresh=True)
    if not user.active or not Actor(id, user.role).staff:
        raise Invalid({"adminId": "is nobody of the staff"})


def _claim_id(message: UUID, reporter: UUID) -> UUID:
    return Claim.id_of("open-message-report", f"{message} {reporter}")


COMMANDS: tuple[Command, ...] = (
    Command(
        "createMessageReport",
        "Reports a message to the staff: whoever sees it and did not send it, one open report each. Who sent it sees "
        "the report.",
        CreateMessageReport,
        create_message_report,
        Route("POST", "/v1/messagereports", SERVICE, status=201, action="create", data_name="messageReport"),
        refuses=("ENTRY_EXISTS",),
    ),
    Command(
        "updateMessageReport",
        "Staff move a report (`moderationStatus` pending, reviewed, closed; never back), name who sees to it "
        "(`adminId`, by default who moves it) and write `resolutionNotes`.",
        UpdateMessageReport,
        update_message_report,
        Route("PATCH", "/v1/messagereports/{messageReportId}", SERVICE, data_name="messageReport"),
        who=Staff(),
        refuses=("STALE_VERSION", "WRONG_STATE"),
    ),
)
