"""Retries of what is done about conversations, messages and complaints."""

from __future__ import annotations

from typing import Any

from tests.commands.retries.table import ANOTHER, Asked, Row, Town


async def new_thread(town: Town) -> Asked:
    return Asked(town.guest, {"listingId": (await town.listing())["id"]})


async def thread(town: Town) -> str:
    asked = await new_thread(town)
    made: dict[str, Any] = await town.told("createMessageThread", asked.by, **asked.body)
    id: str = made["id"]
    return id


async def thread_closed(town: Town) -> Asked:
    return Asked(town.host, {"messageThreadId": await thread(town), "isOpen": False})


async def thread_reopened(town: Town) -> Asked:
    closed = await thread_closed(town)
    await town.told("updateMessageThread", closed.by, **closed.body)
    return Asked(town.guest, closed.body | {"isOpen": True})


async def thread_archived(town: Town) -> Asked:
    return Asked(town.guest, {"messageThreadId": await thread(town)})


async def new_message(town: Town) -> Asked:
    return Asked(town.guest, {"threadId": await thread(town), "content": "Is there a lift?"})


async def message(town: Town) -> str:
    asked = await new_message(town)
    made: dict[str, Any] = await town.told("createMessage", asked.by, **asked.body)
    id: str = made["id"]
    return id


async def message_edited(town: Town) -> Asked:
    return Asked(town.guest, {"messageId": await message(town), "content": "Is there a lift, and a bath?"})


async def message_read(town: Town) -> Asked:
    return Asked(town.host, {"messageId": await message(town), "isRead": True})


async def message_flagged(town: Town) -> Asked:
    return Asked(town.host, {"messageId": await message(town), "isFlagged": True, "flagReason": "Spam"})


async def message_unflagged(town: Town) -> Asked:
    flagged = await message_flagged(town)
    await town.told("updateMessage", flagged.by, **flagged.body)
    return Asked(town.host, {"messageId": flagged.body["messageId"], "isFlagged": False})


async def message_moderated(town: Town) -> Asked:
    return Asked(town.admin, {"messageId": await message(town), "isModerated": True})


async def message_hidden(town: Town) -> Asked:
    return Asked(town.guest, {"messageId": await message(town)})


async def new_report(town: Town) -> Asked:
    return Asked(town.host, {"messageId": await message(town), "reportReason": "Spam"})


async def report_settled(town: Town) -> Asked:
    asked = await new_report(town)
    report = await town.told("createMessageReport", asked.by, **asked.body)
    sent = {"moderationStatus": "closed", "resolutionNotes": "No spam."}
    return Asked(town.admin, {"messageReportId": report["id"]} | sent)


ROWS = (
    Row("createMessageThread", new_thread, "ENTRY_EXISTS"),
    Row("updateMessageThread", thread_closed),
    Row("updateMessageThread", thread_reopened),
    Row("deleteMessageThread", thread_archived, "NOT_FOUND"),
    Row("createMessage", new_message, ANOTHER),
    Row("updateMessage", message_edited),
    Row("updateMessage", message_read),
    Row("updateMessage", message_flagged),
    Row("updateMessage", message_unflagged),
    Row("updateMessage", message_moderated),
    Row("deleteMessage", message_hidden, "NOT_FOUND"),
    Row("createMessageReport", new_report, "ENTRY_EXISTS"),
    Row("updateMessageReport", report_settled),
)
