"""A complaint about a message, and what staff made of it: pending → reviewed → closed, or closed at once."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from domain.errors import Refused
from domain.kernel import Aggregate, Personal, event

ReportStatus = Literal["pending", "reviewed", "closed"]

_ORDER: tuple[ReportStatus, ...] = ("pending", "reviewed", "closed")


class MessageReport(Aggregate):
    """One report. Its stream is its reporter's; what staff write of it stands in streams of theirs (`Note`)."""

    TOPIC = "message_report"

    def __init__(self) -> None:
        self.message: UUID
        self.sender: UUID | None
        """Who sent the message."""
        self.reporter: UUID
        self.status: ReportStatus = "pending"
        self.admin: UUID | None = None
        self.noted_by: UUID | None = None
        """Whose notes count, if there are any."""

    def file(self, *, message: UUID, sender: UUID | None, reporter: UUID, reason: str) -> None:
        """Complain."""
        if self.version == 0:
            self._filed(message=message, sender=sender, reporter=reporter, reason=reason)

    def move(self, status: ReportStatus, admin: UUID | None) -> None:
        """Go on with it, with that member of staff in charge. Raises WRONG_STATE for a step back."""
        if _ORDER.index(status) < _ORDER.index(self.status):
            raise Refused("WRONG_STATE", f"A report that is {self.status} does not become {status} again.")
        if (status, admin) != (self.status, self.admin):
            self._moved(status=status, admin=admin)

    def note(self, by: UUID | None) -> None:
        """Somebody has written down what came of it; None: the notes are taken away."""
        if by is not None or self.noted_by is not None:
            self._noted(by=by)

    def change_at_once(self) -> None:
        """Whatever was decided of it is one change."""
        self.in_one(lambda: self._changed(status=self.status, admin=self.admin, noted_by=self.noted_by))

    @event("Filed", topic="message_report.filed.v1")
    def _filed(self, message: UUID, sender: UUID | None, reporter: UUID, reason: Personal) -> None:
        self.message, self.sender, self.reporter = message, sender, reporter

    @event("Moved", topic="message_report.moved.v1")
    def _moved(self, status: ReportStatus, admin: UUID | None) -> None:
        self.status, self.admin = status, admin

    @event("Noted", topic="message_report.noted.v1")
    def _noted(self, by: UUID | None) -> None:
        self.noted_by = by

    @event("Changed", topic="message_report.changed.v1")
    def _changed(self, status: ReportStatus, admin: UUID | None, noted_by: UUID | None) -> None:
        self.status, self.admin, self.noted_by = status, admin, noted_by
