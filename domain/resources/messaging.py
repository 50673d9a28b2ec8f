"""Conversations, their messages and complaints about them, as those see them whom they concern."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from domain.access import Admin, As, LoggedIn, Own, Staff
from domain.message import MessageType
from domain.message_report import ReportStatus
from domain.resource import Field, Kind, Resource

SERVICE = "messaging"
PARTIES = Own("guestId") | Own("hostId")

MESSAGE_THREAD = Resource(
    name="messageThread",
    plural="messageThreads",
    service=SERVICE,
    path="/v1/messagethreads",
    doc="A conversation between a guest and a host, about a listing or a stay.",
    owner="guestId",
    sees=PARTIES | Staff(),
    changes=PARTIES | Admin(),
    history=PARTIES | Staff(),
    fields=(
        Field("messageCount", Kind.INTEGER, "How many messages there are to see."),
        Field("isOpen", Kind.BOOLEAN, "Whether messages can be sent.", filter=True),
        Field("guestId", Kind.ID, "The guest.", filter=True),
        Field("lastMessageAt", Kind.INSTANT, "When the last message was sent, hidden later or not; null before one."),
        Field("listingId", Kind.ID, "The listing that it is about; of a stay, the stay's.", filter=True),
        Field("hostId", Kind.ID, "The host.", filter=True),
        Field("reservationId", Kind.ID, "The stay that it is about.", filter=True),
    ),
)

MESSAGE = Resource(
    name="message",
    plural="messages",
    service=SERVICE,
    path="/v1/threadmessages/{threadId}",
    get_path="/v1/messages/{messageId}",
    doc="One message of a conversation. Whoever sees the conversation sees it, until it is hidden.",
    owner="senderId",
    sees=(LoggedIn() & As("messageThread", "threadId")) | Staff(),
    within=As("messageThread", "threadId"),
    oldest_first=True,
    changes=Own("senderId") | Admin(),
    fields=(
        Field("threadId", Kind.ID, "The conversation.", required=True, filter=True),
        Field("content", Kind.TEXT, "What is said.", required=True, personal=True),
        Field("senderId", Kind.ID, "Who says it; null for the product itself.", filter=True),
        Field("sentAt", Kind.INSTANT, "When it was sent."),
        Field(
            "messageType",
            Kind.ENUM,
            "A text, a medium with its address, or a word of the product itself.",
            filter=True,
            enum=get_args(MessageType),
        ),
        Field("mediaUrl", Kind.STRING, "Where the medium is.", personal=True),
        Field("isModerated", Kind.BOOLEAN, "Whether staff have looked at it.", filter=True),
        Field("isFlagged", Kind.BOOLEAN, "Whether somebody thinks that it should not have been sent.", filter=True),
        Field("flaggedBy", Kind.ID, "Who thinks so."),
        Field("flagReason", Kind.STRING, "Why.", personal=True),
        Field("isRead", Kind.BOOLEAN, "Whether who it was sent to has read it.", filter=True),
        Field("flaggers", Kind.LIST, "All who ever flagged it.", shown=False, of=Kind.ID),
    ),
)

GOT_MESSAGE = replace(
    MESSAGE,
    name="gotThreadMessage",
    path="/v1/gotthreadmessages/{threadId}",
    get_path=None,
    has_get=False,
    source=MESSAGE.name,
)
"""The same list at its second address in the reference. It marks nothing as read: a read changes nothing."""

MESSAGE_REPORT = Resource(
    name="messageReport",
    plural="messageReports",
    service=SERVICE,
    path="/v1/messagereports",
    doc="A complaint about a message, and what staff made of it.",
    owner="reportedBy",
    sees=Own("reportedBy") | Own("senderId") | Staff(),
    changes=Staff(),
    fields=(
        Field("reportedBy", Kind.ID, "Who complains.", filter=True),
        Field("reportReason", Kind.STRING, "Of what.", required=True, personal=True),
        Field("moderationStatus", Kind.ENUM, "How far it has come.", filter=True, enum=get_args(ReportStatus)),
        Field("messageId", Kind.ID, "The message.", required=True, filter=True),
        Field("adminId", Kind.ID, "Who of the staff sees to it.", filter=True),
        Field("reportedAt", Kind.INSTANT, "When it was filed."),
        Field("resolutionNotes", Kind.TEXT, "What came of it.", personal=True),
        Field("senderId", Kind.ID, "Who sent the message.", shown=False),
        Field("noters", Kind.LIST, "All who ever wrote notes.", shown=False, of=Kind.ID),
    ),
)
