"""What a cancellation gives back, and what the host is left with: a price and a policy, reckoned to the minor unit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from domain.money import part, share
from domain.policies import BY_ADMIN, BY_HOST, IN_GRACE, Band, Policy
from domain.pricing import CITY_TAX, CLEANING_FEE, NIGHT, SERVICE_FEE, Price
from domain.stay import Stay

GUEST = "guest"
HOST = "host"
ADMIN = "admin"
NOT_PAID = "notPaid"
LATE_PAYMENT = "latePayment"
"""Money came after the reservation had ended."""
NEVER_CONFIRMED = "neverConfirmed"
"""Money was there, but the reservation ended before it was confirmed."""


@dataclass(frozen=True, slots=True)
class CutOff:
    """The instant until which a rule would have decided, in UTC."""

    rule: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Trace:
    """Why a refund is what it is: the rule that decided, the cut-offs it was held against, the instant that counted."""

    rule: str
    cut_offs: tuple[CutOff, ...]
    cancelled_at: datetime


@dataclass(frozen=True, slots=True)
class RefundLine:
    """A part of the price that goes back; `night` is the net nights' share."""

    kind: str
    amount: int


@dataclass(frozen=True, slots=True)
class Kept:
    """What is not refunded: net nights and cleaning are the host's, the fee the platform's, the tax the authority's."""

    net_nights: int
    cleaning_fee: int
    service_fee: int
    city_tax: int

    @property
    def total(self) -> int:
        """What the guest has paid for good."""
        return self.net_nights + self.cleaning_fee + self.service_fee + self.city_tax


@dataclass(frozen=True, slots=True)
class Refund:
    """What goes back (lines of nothing left out), what stays, and why. An amount of 0 moves no money."""

    lines: tuple[RefundLine, ...]
    kept: Kept
    trace: Trace

    @property
    def amount(self) -> int:
        """What the guest gets, in minor units."""
        return sum(line.amount for line in self.lines)

    def at_most(self, left: int) -> Refund:
        """What can still go back of it, where disputes have given back a part before: the first lines as far as that
        reaches. What is kept is by the policy, as before.
        """
        lines = []
        for line in self.lines:
            lines.append(replace(line, amount=min(line.amount, left)))
            left -= lines[-1].amount
        return replace(self, lines=tuple(line for line in lines if line.amount))


@dataclass(frozen=True, slots=True)
class Payout:
    """What the host is due, in minor units, and how it comes about."""

    net_nights: int
    cleaning_fee: int
    host_fee: int
    dispute_refunds: int

    @property
    def amount(self) -> int:
        """Never below 0: the host is not asked for money."""
        return max(0, self.net_nights + self.cleaning_fee - self.host_fee - self.dispute_refunds)


def refund(
    price: Price, policy: Policy, stay: Stay, *, confirmed_at: datetime | None, cancelled_at: datetime, by: str
) -> Refund:
    """The refund of a stay cancelled at that instant by guest, host or admin.

    `confirmed_at` is None while nothing was captured: then nothing is refunded and nothing kept. Raises ValueError for
    anyone else in `by`: an expired hold was never paid.
    """
    policy = {GUEST: policy, HOST: BY_HOST, ADMIN: BY_ADMIN}.get(by) or _nobody(by)
    if confirmed_at is None:
        return nothing_paid(cancelled_at)
    band = policy.band(stay, cancelled_at)
    refunded = _net_refunded(price, band, stay, cancelled_at)
    if refunded < price.net_nights and policy.grace and policy.grace.covers(stay, confirmed_at, cancelled_at):
        band, refunded = IN_GRACE, price.net_nights
    trace = Trace(band.rule, _cut_offs(policy, stay, confirmed_at), cancelled_at)
    return _settled(price, refunded, cancelled_at < stay.check_in, trace)


def nothing_paid(cancelled_at: datetime) -> Refund:
    """The refund of a reservation whose payment was never captured: none, and nobody keeps anything."""
    return Refund((), Kept(0, 0, 0, 0), Trace(NOT_PAID, (), cancelled_at))


def in_full(price: Price, rule: str, cancelled_at: datetime) -> Refund:
    """Everything back, by a rule outside the policies, such as a payment settled after its reservation ended."""
    return _settled(price, price.net_nights, before_check_in=True, trace=Trace(rule, (), cancelled_at))


def all_kept(price: Price) -> Kept:
    """What is kept of a stay that ran its course."""
    return Kept(price.net_nights, price.sum_of(CLEANING_FEE), price.sum_of(SERVICE_FEE), price.sum_of(CITY_TAX))


def payout(kept: Kept, host_fee_rate: int, dispute_refunds: int = 0) -> Payout:
    """The host's due of what was kept: nights and cleaning, less the fee on the nights and what disputes gave back."""
    return Payout(kept.net_nights, kept.cleaning_fee, part(kept.net_nights, host_fee_rate), dispute_refunds)


def value_of_first(nights: int, price: Price) -> int:
    """What the earliest nights are worth: their part of the net nights by price. The discount is not reckoned anew."""
    prices = price.night_prices
    whole = sum(prices)
    return share(price.net_nights, sum(prices[:nights]), whole) if whole else 0


def _net_refunded(price: Price, band: Band, stay: Stay, at: datetime) -> int:
    """The net nights that the band refunds: its rate of what is left after the nights kept whole."""
    stayed = stay.nights_stayed(at) if at >= stay.check_in else 0
    rest = price.net_nights - value_of_first(stayed + band.kept_nights, price)
    return part(rest, band.refund_rate)


def _settled(price: Price, net_refunded: int, before_check_in: bool, trace: Trace) -> Refund:
    """The rest follows the net nights: tax in proportion, cleaning before check-in, the fee only with all of them."""
    paid = all_kept(price)
    everything = before_check_in and net_refunded == paid.net_nights
    tax = share(paid.city_tax, net_refunded, paid.net_nights) if paid.net_nights else 0
    cleaning = paid.cleaning_fee if before_check_in else 0
    service = paid.service_fee if everything else 0
    kinds = ((NIGHT, net_refunded), (CLEANING_FEE, cleaning), (SERVICE_FEE, service), (CITY_TAX, tax))
    return Refund(
        tuple(RefundLine(kind, amount) for kind, amount in kinds if amount),
        Kept(
            paid.net_nights - net_refunded,
            paid.cleaning_fee - cleaning,
            paid.service_fee - service,
            paid.city_tax - tax,
        ),
        trace,
    )


def _cut_offs(policy: Policy, stay: Stay, confirmed_at: datetime) -> tuple[CutOff, ...]:
    """Every cut-off that the cancellation was held against, in the policy's order; check-in is the last."""
    bands = [CutOff(band.rule, band.until(stay) or stay.check_in) for band in policy.bands]
    grace = policy.grace and policy.grace.ends(stay, confirmed_at)
    return (CutOff(IN_GRACE.rule, grace), *bands) if grace else tuple(bands)


def _nobody(by: str) -> Policy:
    raise ValueError(f"no policy for a cancellation by {by}")
