"""Disputes as the parties of the stay and the staff see them."""

from __future__ import annotations

from typing import Any

from domain.dispute import Dispute, Matter
from domain.kernel import Recorded
from domain.money import Money, to_major
from domain.resources.payments import DISPUTE
from projections.projection import Document, Projection, born, changed, id_text, instant, on


def _raised(_: Document | None, event: Recorded, __: Any) -> Document:
    fact: Any = event.fact
    matter: Matter = fact.matter
    return born(
        event,
        reportedAt=instant(event.at),
        reservationId=id_text(matter.reservation),
        raisedBy=id_text(matter.raised_by),
        adminId=None,
        issueType=fact.issue_type,
        description=fact.description,
        relatedPaymentId=_text(fact.related_payment),
        resolutionStatus="pending",
        resolvedAt=None,
        refundApproved=False,
        refundAmount=None,
        guestId=id_text(matter.guest),
        hostId=id_text(matter.host),
        currency=matter.currency,
    )


def _reworded(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, issueType=fact.issue_type, description=fact.description)


def _review_begun(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, resolutionStatus="reviewing", adminId=_text(fact.admin))


def _assigned(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, adminId=_text(fact.admin))


def _resolved(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    currency = document["currency"] if document else ""
    return changed(
        document,
        event,
        resolutionStatus="resolved",
        adminId=_text(fact.admin),
        resolvedAt=instant(fact.at),
        refundApproved=fact.refund is not None,
        refundAmount=None if fact.refund is None else to_major(Money(fact.refund, currency)),
    )


def _rejected(document: Document | None, event: Recorded, _: Any) -> Document:
    fact: Any = event.fact
    return changed(document, event, resolutionStatus="rejected", adminId=_text(fact.admin), resolvedAt=instant(fact.at))


def _text(id: Any) -> str | None:
    return None if id is None else id_text(id)


DISPUTES = Projection(
    DISPUTE.name,
    on(
        Dispute,
        Raised=_raised,
        Reworded=_reworded,
        ReviewBegun=_review_begun,
        Assigned=_assigned,
        Resolved=_resolved,
        Rejected=_rejected,
    ),
)
