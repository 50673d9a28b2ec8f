"""Cancellation policies as data. Each reservation keeps a snapshot, so that a tier may change without touching it.

A policy is a row of bands. A band says what the host keeps: so many nights, the earliest, and of the rest the share
that is not refunded. Bands follow one another up to check-in; one more holds from check-in on.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType

from domain.errors import Invalid
from domain.money import WHOLE
from domain.stay import Stay

HALF = WHOLE // 2

CUSTOM = "custom"
"""The tier of a policy made of steps."""

MOST_STEPS = 50
MOST_HOURS = 100_000
"""More than eleven years: no stay is booked so far ahead."""


@dataclass(frozen=True, slots=True)
class Band:
    """What a cancellation refunds while the band lasts.

    The host keeps `kept_nights`, the earliest (after check-in: so many beyond those stayed), and of the rest
    `refund_rate` (basis points) goes back. It lasts until so many `days` before check-in on the listing's calendar,
    that instant not included; or up to so many `hours` of elapsed time before it, that instant included; or, with
    neither, until check-in.
    """

    rule: str
    kept_nights: int
    refund_rate: int
    days: int | None = None
    hours: int | None = None

    def until(self, stay: Stay) -> datetime | None:
        """The band's cut-off for this stay, in UTC; None if it has none."""
        if self.days is not None:
            return stay.days_before_check_in(self.days)
        return stay.check_in - timedelta(hours=self.hours) if self.hours is not None else None

    def reaches(self, at: datetime, stay: Stay) -> bool:
        """Whether a cancellation at that instant, before check-in, is still in time for this band."""
        cut_off = self.until(stay)
        return cut_off is None or at < cut_off or (self.hours is not None and at == cut_off)


@dataclass(frozen=True, slots=True)
class Grace:
    """A change of mind: everything back `hours` after confirmation, for short stays confirmed early enough."""

    hours: int = 24
    days_ahead: int = 7
    under_nights: int = 28

    def ends(self, stay: Stay, confirmed_at: datetime) -> datetime | None:
        """When the grace ends, in UTC, never past check-in; None for a stay too long or confirmed too late."""
        if len(stay.nights) >= self.under_nights or confirmed_at > stay.days_before_check_in(self.days_ahead):
            return None
        return min(confirmed_at + timedelta(hours=self.hours), stay.check_in)

    def covers(self, stay: Stay, confirmed_at: datetime, at: datetime) -> bool:
        """Whether a cancellation at that instant is within the grace."""
        end = self.ends(stay, confirmed_at)
        return end is not None and at <= end and at < stay.check_in


GRACE = Grace()
"""The grace that the marketplace gives unless its terms say otherwise."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A cancellation policy: the bands in order, the one from check-in on, and the grace, if it gives any."""

    tier: str
    bands: tuple[Band, ...]
    after_check_in: Band
    grace: Grace | None = None

    def band(self, stay: Stay, at: datetime) -> Band:
        """The band that a cancellation at that instant falls in."""
        if at >= stay.check_in:
            return self.after_check_in
        return next(band for band in self.bands if band.reaches(at, stay))


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a custom policy: with so many hours left to check-in, this rate of the net nights goes back."""

    hours_before_check_in: int
    refund_rate: int


def _tier(tier: str, *bands: tuple[str, int, int, int | None], after: tuple[int, int], grace: bool = True) -> Policy:
    return Policy(
        tier,
        tuple(Band(f"{tier}.{rule}", kept, refunded, days) for rule, kept, refunded, days in bands),
        Band(f"{tier}.afterCheckIn", *after),
        GRACE if grace else None,
    )


TIERS = MappingProxyType(
    {
        policy.tier: policy
        for policy in (
            _tier("flexible", ("beforeCutOff", 0, WHOLE, 1), ("late", 1, WHOLE, None), after=(1, WHOLE)),
            _tier("moderate", ("beforeCutOff", 0, WHOLE, 5), ("late", 1, HALF, None), after=(1, HALF)),
            _tier(
                "limited",
                ("beforeFirstCutOff", 0, WHOLE, 14),
                ("beforeSecondCutOff", 0, HALF, 7),
                ("late", 0, 0, None),
                after=(0, 0),
            ),
            _tier(
                "firm",
                ("beforeFirstCutOff", 0, WHOLE, 30),
                ("beforeSecondCutOff", 0, HALF, 7),
                ("late", 0, 0, None),
                after=(0, 0),
            ),
            _tier("strict", ("beforeCutOff", 0, HALF, 7), ("late", 0, 0, None), after=(0, 0)),
            _tier("non_refundable", ("beforeCheckIn", 0, 0, None), after=(0, 0), grace=False),
        )
    }
)
"""The six published tiers by name."""

DEFAULT = TIERS["flexible"]
"""What a listing has that names no policy."""

BY_HOST = Policy("byHost", (Band("byHost.beforeCheckIn", 0, WHOLE),), Band("byHost.afterCheckIn", 0, WHOLE))
BY_ADMIN = Policy("byAdmin", (Band("byAdmin.beforeCheckIn", 0, WHOLE),), Band("byAdmin.afterCheckIn", 0, WHOLE))
"""What a cancellation by the host or an admin refunds, whatever the guest's policy: all but the nights stayed."""

IN_GRACE = Band("grace", 0, WHOLE)
"""Everything back."""


@lru_cache(maxsize=64)
def named(tier: str, grace: Grace = GRACE, field: str = "cancellationPolicy.tier") -> Policy:
    """The policy of a tier, with this grace if the tier gives any. Raises Invalid for a name that is none."""
    if tier not in TIERS:
        raise Invalid({field: f"must be one of {', '.join(TIERS)}"})
    policy = TIERS[tier]
    return replace(policy, grace=grace) if policy.grace else policy


def custom(steps: Iterable[Step], grace: Grace = GRACE, field: str = "cancellationPolicy.steps") -> Policy:
    """The policy of steps, in any order. Raises Invalid: no steps, too many, two at one hour, a number out of range."""
    ordered = sorted(steps, key=lambda step: -step.hours_before_check_in)
    _check_steps(ordered, field)
    bands = [
        Band(f"{CUSTOM}.step{s.hours_before_check_in}", 0, s.refund_rate, hours=s.hours_before_check_in)
        for s in ordered
    ]
    return Policy(
        CUSTOM,
        (*bands, Band(f"{CUSTOM}.belowLastStep", 0, 0)),
        Band(f"{CUSTOM}.afterCheckIn", 0, 0),
        grace if any(step.refund_rate for step in ordered) else None,
    )


def steps_of(policy: Policy) -> tuple[Step, ...]:
    """The steps that a custom policy was made of, the earliest cut-off first; none for a tier."""
    return tuple(Step(band.hours, band.refund_rate) for band in policy.bands if band.hours is not None)


def _check_steps(steps: list[Step], field: str) -> None:
    hours = [step.hours_before_check_in for step in steps]
    if not 1 <= len(steps) <= MOST_STEPS:
        raise Invalid({field: f"must be from 1 to {MOST_STEPS} steps"})
    if not all(0 <= hour <= MOST_HOURS for hour in hours):
        raise Invalid({field: f"hoursBeforeCheckIn must be from 0 to {MOST_HOURS}"})
    if not all(0 <= step.refund_rate <= WHOLE for step in steps):
        raise Invalid({field: "refundPercent must be from 0 to 100"})
    if len(set(hours)) < len(hours):
        raise Invalid({field: "two steps have the same hoursBeforeCheckIn"})
