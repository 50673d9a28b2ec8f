"""One entry in the books of a stay: filed once, never changed. Amounts are minor units; what an entry has not is 0."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.kernel import Aggregate, event

RecordKind = Literal["charge", "failed", "refund", "payout", "manual"]
RecordStatus = Literal["pending", "paid", "refunded", "failed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """What an entry says."""

    kind: RecordKind
    reservation: UUID
    owner: UUID | None
    """Whose business it is beside the admins': the guest's, or of a payout the host's."""
    currency: str
    status: RecordStatus
    intent: str | None = None
    charge: str | None = None
    amount_paid: int = 0
    city_tax: int = 0
    platform_fee: int = 0
    """The guest's service fee and the host's fee together."""
    refund_amount: int = 0
    payout_amount: int = 0
    paid_at: datetime | None = None
    """Of a manual note: when it says that money moved. Absent: when it was filed."""


class PaymentRecord(Aggregate):
    """An entry. The stream has one event, ever."""

    TOPIC = "payment_record"

    def __init__(self) -> None:
        self.entry: Entry

    def file(self, entry: Entry) -> None:
        """Write the entry down; the same one again is none."""
        if self.version == 0:
            self._filed(entry=entry)

    @event("Filed", topic="payment_record.filed.v1")
    def _filed(self, entry: Entry) -> None:
        self.entry = entry
