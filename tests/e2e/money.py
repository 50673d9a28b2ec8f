"""Prices and refunds reckoned a second time, from the rule book alone, to the cent."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from tests.e2e.talk import Json

CENT = Decimal("0.01")


def cents(value: Decimal) -> Decimal:
    """Rounded half-even to two digits."""
    return value.quantize(CENT, ROUND_HALF_EVEN)


def dec(value: Any) -> Decimal:
    """An amount of the wire as it was written."""
    return Decimal(str(value))


def price_lines(reservation: Json) -> dict[str, Decimal]:
    """The sum of the lines of each kind."""
    sums: dict[str, Decimal] = {}
    for row in reservation["priceLines"]:
        sums[row["kind"]] = sums.get(row["kind"], Decimal(0)) + dec(row["amount"])
    return sums


class Worked:
    """The worked example: EUR, 8 nights: 3 × 99.99, 3 × 120.50 (season), 2 × 149.95 (override)."""

    nights = [Decimal("99.99")] * 3 + [Decimal("120.50")] * 3 + [Decimal("149.95")] * 2
    gross = Decimal("961.37")
    discount = Decimal("72.10")
    net = Decimal("889.27")
    cleaning = Decimal("45.00")
    service = Decimal("124.50")
    tax = Decimal("48.91")
    total = Decimal("1107.68")
    host_fee = Decimal("26.68")

    @classmethod
    def worth(cls, k: int) -> Decimal:
        """What the first k nights are worth."""
        return cents(cls.net * sum(cls.nights[:k]) / cls.gross)

    @classmethod
    def refund(cls, nights: Decimal, *, cleaning: bool, fee: bool = False) -> Decimal:
        """All that goes back when this much of the net nights does."""
        tax = cents(cls.tax * nights / cls.net)
        return nights + tax + (cls.cleaning if cleaning else 0) + (cls.service if fee else 0)
