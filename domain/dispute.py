"""What a party of a stay holds against it, and how it is settled: pending → reviewing → resolved or rejected."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.errors import Refused
from domain.kernel import Aggregate, Personal, event

Resolution = Literal["pending", "reviewing", "resolved", "rejected"]
CLOSED: frozenset[str] = frozenset({"resolved", "rejected"})

_NEXT: dict[str, frozenset[str]] = {
    "pending": frozenset({"reviewing"}),
    "reviewing": CLOSED,
    "resolved": frozenset(),
    "rejected": frozenset(),
}


@dataclass(frozen=True, slots=True)
class Matter:
    """The stay that a dispute is about, and who opened it."""

    reservation: UUID
    guest: UUID
    host: UUID
    raised_by: UUID
    currency: str


class Dispute(Aggregate):
    """One dispute. Its stream is its opener's: what they wrote stands nowhere else."""

    TOPIC = "dispute"

    def __init__(self) -> None:
        self.matter: Matter
        self.issue_type = ""
        self.description = ""
        self.related_payment: UUID | None = None
        self.status: Resolution = "pending"
        self.admin: UUID | None = None
        self.refund: int | None = None
        """What the guest was given back, in minor units; None if nothing was approved."""

    @property
    def open(self) -> bool:
        """Whether it is still to be settled."""
        return self.version > 0 and self.status not in CLOSED

    def raise_(self, matter: Matter, *, issue_type: str, description: str, related_payment: UUID | None) -> None:
        """Open it."""
        if self.version == 0:
            self._raised(matter=matter, issue_type=issue_type, description=description, related_payment=related_payment)

    def reword(self, *, issue_type: str, description: str) -> None:
        """Say it otherwise. Raises WRONG_STATE once an admin is at work on it."""
        if (issue_type, description) == (self.issue_type, self.description):
            return
        if self.status != "pending":
            raise Refused("WRONG_STATE", f"This dispute is {self.status}; it was changeable while pending.")
        self._reworded(issue_type=issue_type, description=description)

    def review(self, admin: UUID | None) -> None:
        """An admin takes it on."""
        if (self.status, self.admin) == ("reviewing", admin):
            return
        self._check_step("reviewing")
        self._review_begun(admin=admin)

    def assign(self, admin: UUID | None) -> None:
        """Another admin is to see to it. Raises WRONG_STATE once it is closed."""
        if admin == self.admin:
            return
        if not self.open:
            raise Refused("WRONG_STATE", f"This dispute is {self.status}.", resolutionStatus=self.status)
        self._assigned(admin=admin)

    def check_resolvable(self) -> None:
        """Raise WRONG_STATE unless it is under review."""
        self._check_step("resolved")

    def resolve(self, *, admin: UUID | None, refund: int | None, at: datetime) -> None:
        """Settle it for the opener; `refund` is what the guest is given back, if that was approved."""
        self._check_step("resolved")
        self._resolved(admin=admin, refund=refund, at=at)

    def reject(self, *, admin: UUID | None, at: datetime) -> None:
        """Settle it against the opener."""
        self._check_step("rejected")
        self._rejected(admin=admin, at=at)

    def _check_step(self, to: Resolution) -> None:
        if to not in _NEXT[self.status]:
            raise Refused(
                "WRONG_STATE", f"A dispute that is {self.status} cannot become {to}.", resolutionStatus=self.status
            )

    @event("Raised", topic="dispute.raised.v1")
    def _raised(self, matter: Matter, issue_type: str, description: Personal, related_payment: UUID | None) -> None:
        self.matter, self.related_payment = matter, related_payment
        self.issue_type, self.description = issue_type, description

    @event("Reworded", topic="dispute.reworded.v1")
    def _reworded(self, issue_type: str, description: Personal) -> None:
        self.issue_type, self.description = issue_type, description

    @event("ReviewBegun", topic="dispute.review_begun.v1")
    def _review_begun(self, admin: UUID | None) -> None:
        self.status, self.admin = "reviewing", admin

    @event("Assigned", topic="dispute.assigned.v1")
    def _assigned(self, admin: UUID | None) -> None:
        self.admin = admin

    @event("Resolved", topic="dispute.resolved.v1")
    def _resolved(self, admin: UUID | None, refund: int | None, at: datetime) -> None:
        self.status, self.admin, self.refund = "resolved", admin, refund

    @event("Rejected", topic="dispute.rejected.v1")
    def _rejected(self, admin: UUID | None, at: datetime) -> None:
        self.status, self.admin = "rejected", admin
