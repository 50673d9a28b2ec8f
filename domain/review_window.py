"""The time in which the two sides of a stay review each other, blind to what the other wrote.

The guest reviews the listing and the host, the host reviews the guest. When both sides have left all of theirs, or
the time is up, the window closes, and what was left is published. Who left what is known here and told to nobody;
that a side is complete is told to the two parties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID, uuid5

from domain.errors import Refused
from domain.kernel import Aggregate, event

Side = Literal["guest", "host"]
RevieweeType = Literal["host", "guest", "listing"]
SIDES: Mapping[Side, tuple[RevieweeType, ...]] = {"guest": ("listing", "host"), "host": ("guest",)}
"""What each side reviews; it is complete once it has left all of these."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who was in a stay, and where: who may review whom."""

    guest: UUID
    host: UUID
    listing: UUID

    def side_of(self, user: UUID | None) -> Side | None:
        """The side that a user was on, if any."""
        return "guest" if user == self.guest else "host" if user == self.host else None

    def reviewee(self, type: RevieweeType) -> UUID:
        """Whom, or what, a review of that type is about."""
        return {"guest": self.guest, "host": self.host, "listing": self.listing}[type]

    def check(self, reviewer: UUID | None, type: RevieweeType, reviewee: UUID | None) -> UUID:
        """The reviewee, if that user may review it (and, if one is named, meant it). Raises NOT_YOUR_STAY."""
        side = self.side_of(reviewer)
        if side is None:
            raise Refused("NOT_YOUR_STAY", "Only the guest and the host of a stay review it.")
        if type not in SIDES[side]:
            raise Refused("NOT_YOUR_STAY", f"The {side} of a stay does not review the {type}.")
        if reviewee not in (None, self.reviewee(type)):
            raise Refused("NOT_YOUR_STAY", f"That is not the {type} of this stay.")
        return self.reviewee(type)


class ReviewWindow(Aggregate):
    """One stay's window. Opened when the stay is complete, closed once and for good."""

    TOPIC = "review_window"

    def __init__(self) -> None:
        self.reservation: UUID
        self.parties: Parties
        self.closes_at: datetime
        self.closed = False
        self.left: Mapping[str, UUID] = {}
        """The reviews that stand, by reviewee type."""
        self.attempts: Mapping[str, int] = {}
        """How often a type was reviewed, withdrawn ones included."""

    @staticmethod
    def id_of(reservation: UUID) -> UUID:
        """The stream of that reservation's window."""
        return uuid5(reservation, "reviews")

    @property
    def opened(self) -> bool:
        """Whether the stay is complete, so that it can be, or could have been, reviewed."""
        return self.version > 0

    def open_at(self, at: datetime) -> bool:
        """Whether reviews can be left, changed and withdrawn at that instant."""
        return self.opened and not self.closed and at < self.closes_at

    def complete(self, side: Side) -> bool:
        """Whether that side has left all its reviews."""
        return all(type in self.left for type in SIDES[side])

    def open(self, reservation: UUID, parties: Parties, closes_at: datetime) -> None:
        """Open the window until that instant (UTC)."""
        if not self.opened:
            self._opened(reservation=reservation, parties=parties, closes_at=closes_at)

    def next_review(self, type: RevieweeType, at: datetime) -> UUID:
        """The id that the next review of that type has: one for each side and type, unless one was withdrawn.

        Raises STAY_NOT_COMPLETE, WINDOW_CLOSED, ALREADY_REVIEWED.
        """
        if not self.opened:
            raise Refused("STAY_NOT_COMPLETE", "A stay can be reviewed once it is complete.")
        if not self.open_at(at):
            raise Refused("WINDOW_CLOSED", "The time for reviews of this stay is over.", closesAt=self.closes_at)
        if type in self.left:
            raise Refused("ALREADY_REVIEWED", f"You have reviewed the {type} of this stay already.")
        again = self.attempts.get(type, 0)
        return uuid5(self.reservation, f"review {type} {again}" if again else f"review {type}")

    def leave(self, type: RevieweeType, review: UUID) -> None:
        """A review was left; with the last one of both sides the window closes."""
        self._left(type=type, review=review)
        side: Side = "host" if type == "guest" else "guest"
        if self.complete(side):
            self._side_completed(reservation=self.reservation, side=side)
        if self.complete("guest") and self.complete("host"):
            self._closed(reservation=self.reservation)

    def withdraw(self, review: UUID) -> None:
        """A review was deleted before the window closed: it may be written again."""
        type = next((t for t, id in self.left.items() if id == review), None)
        if self.closed or type is None:
            return
        side: Side = "host" if type == "guest" else "guest"
        was_complete = self.complete(side)
        self._withdrawn(type=type)
        if was_complete:
            self._side_reopened(reservation=self.reservation, side=side)

    def close(self, at: datetime) -> None:
        """Close the window if its time is up."""
        if self.opened and not self.closed and at >= self.closes_at:
            self._closed(reservation=self.reservation)

    @event("Opened", topic="review_window.opened.v1")
    def _opened(self, reservation: UUID, parties: Parties, closes_at: datetime) -> None:
        self.reservation, self.parties, self.closes_at = reservation, parties, closes_at

    @event("ReviewLeft", topic="review_window.review_left.v1")
    def _left(self, type: str, review: UUID) -> None:
        self.left = {**self.left, type: review}
        self.attempts = {**self.attempts, type: self.attempts.get(type, 0) + 1}

    @event("ReviewWithdrawn", topic="review_window.review_withdrawn.v1")
    def _withdrawn(self, type: str) -> None:
        self.left = {t: review for t, review in self.left.items() if t != type}

    @event("SideCompleted", topic="review_window.side_completed.v1")
    def _side_completed(self, reservation: UUID, side: str) -> None:
        pass

    @event("SideReopened", topic="review_window.side_reopened.v1")
    def _side_reopened(self, reservation: UUID, side: str) -> None:
        pass

    @event("Closed", topic="review_window.closed.v1")
    def _closed(self, reservation: UUID) -> None:
        self.closed = True
