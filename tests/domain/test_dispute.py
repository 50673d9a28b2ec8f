"""A dispute goes pending → reviewing → resolved or rejected; no step is skipped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from domain.dispute import Dispute, Matter
from tests.specs import given

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
GUEST, ADMIN, OTHER = (UUID(int=n) for n in (1, 2, 3))
MATTER = Matter(UUID(int=9), GUEST, UUID(int=8), GUEST, "EUR")

Step = Callable[[Dispute], object]


def raised(dispute: Dispute) -> None:
    dispute.raise_(MATTER, issue_type="noise", description="All night", related_payment=None)


def reviewed(dispute: Dispute) -> None:
    dispute.review(ADMIN)


def resolved(dispute: Dispute) -> None:
    dispute.resolve(admin=ADMIN, refund=500, at=NOON)


def rejected(dispute: Dispute) -> None:
    dispute.reject(admin=ADMIN, at=NOON)


def test_it_begins_pending() -> None:
    dispute = given(Dispute).when(raised).then("dispute.raised.v1")
    assert (dispute.status, dispute.open) == ("pending", True)


def test_the_admin_who_takes_it_on_reviews_it() -> None:
    assert given(Dispute).having(raised).when(reviewed).then("dispute.review_begun.v1", admin=ADMIN).open
    given(Dispute).having(raised, reviewed).when(reviewed).nothing()


def test_it_is_closed_with_or_without_a_refund() -> None:
    assert not given(Dispute).having(raised, reviewed).when(resolved).then("dispute.resolved.v1", refund=500).open
    assert not given(Dispute).having(raised, reviewed).when(rejected).then("dispute.rejected.v1").open


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ((raised,), resolved),
        ((raised,), rejected),
        ((raised, reviewed, resolved), rejected),
        ((raised, reviewed, rejected), resolved),
        ((raised, reviewed, resolved), reviewed),
        ((raised, reviewed, rejected), reviewed),
    ],
)
def test_no_step_is_skipped_and_none_is_taken_back(before: tuple[Step, ...], step: Step) -> None:
    given(Dispute).having(*before).when(step).refused("WRONG_STATE")


def test_the_opener_may_reword_it_while_it_is_pending() -> None:
    def reword(dispute: Dispute) -> None:
        dispute.reword(issue_type="noise", description="All night long")

    given(Dispute).having(raised).when(reword).then("dispute.reworded.v1", description="All night long")
    given(Dispute).having(raised, reword).when(reword).nothing()
    given(Dispute).having(raised, reviewed).when(reword).refused("WRONG_STATE")


def test_another_admin_may_see_to_it_while_it_is_open() -> None:
    def assign(dispute: Dispute) -> None:
        dispute.assign(OTHER)

    given(Dispute).having(raised, reviewed).when(assign).then("dispute.assigned.v1", admin=OTHER)
    given(Dispute).having(raised, reviewed, assign).when(assign).nothing()
    given(Dispute).having(raised, reviewed, resolved).when(assign).refused("WRONG_STATE")
