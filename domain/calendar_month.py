"""One listing's calendar for one month: a night is never claimed twice, and carries what the host says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache
from hashlib import sha1
from uuid import UUID

from domain.calendar_night import FREE, STAYS, Claimed, ClaimKind, Entry, Night, Place, claimed, said
from domain.errors import NotThere, Refused
from domain.kernel import Aggregate, event
from domain.stay import Nights, months

_MARKS, _VERSION_5 = 0xF << 76 | 0x3 << 62, 0x5 << 76 | 0x2 << 62
"""Where a UUID says of which version and variant it is, and what it says there."""


class CalendarMonth(Aggregate):
    """Who has which night of the month. Every claim, of guest, host or another calendar, goes through one guard."""

    TOPIC = "calendar"

    def __init__(self) -> None:
        self.nights: dict[date, Night] = {}
        self.place: Place | None = None
        self.currency: str | None = None
        self.closed = False

    @staticmethod
    def id_of(listing: UUID, month: date) -> UUID:
        """The stream of the month that the day is in."""
        return _month_id(listing, month.year, month.month)

    @staticmethod
    def night_id(listing: UUID, night: date) -> UUID:
        """The id under which callers know the night's entry."""
        return _night_id(listing, night)

    def taken(self, nights: Nights, claim: UUID | None = None) -> tuple[date, ...]:
        """Those of the nights that somebody has, save whoever holds this claim."""
        had = [(n, self.nights[n].claim) for n in nights if n in self.nights]
        return tuple([n for n, held in had if held is not None and held.by != claim])

    def entered(self, nights: Nights) -> tuple[date, ...]:
        """Those of the nights that the host has an entry for."""
        return tuple(n for n in self._listed(nights) if self.nights[n].entry is not None)

    def stays(self) -> dict[UUID, date]:
        """Every hold and booking with its last night in this month."""
        return {claim.by: night for night, claim in self._claims().items() if claim.kind in STAYS}

    def entry(self, night: date) -> Entry:
        """What the host says of a night that is listed. Raises NotThere if it is not."""
        return self._known(night, None)[0].entry or Entry()

    def prices(self, nights: Nights, currency: str) -> dict[date, int]:
        """The host's own prices of these nights, in minor units of that currency."""
        entries = ((n, self.nights[n].entry) for n in self._listed(nights))
        return {n: e.price.minor for n, e in entries if e is not None and e.price and e.price.currency == currency}

    def min_stay(self, arrival: date) -> int | None:
        """The fewest nights for an arrival on that night, if the host has said so for it."""
        entry = self.nights.get(arrival, FREE).entry
        return entry.min_stay if entry is not None else None

    def claim(self, place: Place, claim: UUID, nights: Nights, kind: ClaimKind) -> None:
        """All of these nights or none; the same claim twice is one claim. Raises NIGHTS_TAKEN, NotThere if closed."""
        self._check_free(nights, claim)
        if any(self.nights.get(night, FREE).claim is None for night in nights):
            self._claimed(place=place, claim=claim, nights=nights, kind=kind)

    def settle(self, claim: UUID) -> None:
        """A hold becomes a booking."""
        if any(c == Claimed(claim, "hold") for c in self._claims().values()):
            self._settled(claim=claim)

    def release(self, claim: UUID, nights: Nights | None = None) -> None:
        """What this claim has of these nights, or all that it has, is free again. A host's block has no such name."""
        held = (n for n, c in self._claims().items() if c.by == claim and c.kind != "block")
        found = tuple(n for n in held if nights is None or n in nights)
        if found and self.place is not None:
            self._released(listing=self.place.listing, claim=claim, nights=found)

    def enter(self, place: Place, nights: Nights, entry: Entry, *, available: bool) -> None:
        """What the host says of nights of which they had said nothing: of all of them or of none.

        Raises ENTRY_EXISTS; NIGHTS_TAKEN for a block on a held or booked night; NotThere if closed.
        """
        check_unentered(self.entered(nights))
        self._check_open()
        if not available:
            self._check_free(nights)
        self._check_currency(entry)
        self._entered(place=place, nights=nights, entry=entry, available=available)

    def change(
        self, night: date, entry: Entry, available: bool | None = None, record_version: int | None = None
    ) -> None:
        """What the host says of the night from now on; `available` None leaves that as it is.

        True frees a host's block, never a stay. Raises NotThere, STALE_VERSION, NIGHTS_TAKEN.
        """
        self._check_open()
        known, place = self._known(night, record_version)
        blocked = known.claim is not None and known.claim.kind == "block"
        if available is False and not blocked:
            self._check_free(Nights(night, night + timedelta(days=1)))
        self._check_currency(entry)
        to_block = blocked if available is None else not available
        if entry != (known.entry or Entry()) or to_block != blocked:
            self._changed(place=place, night=night, entry=entry, available=not to_block)

    def drop(self, night: date, record_version: int | None = None) -> None:
        """The host says nothing of the night any more; a block is freed, a stay is not. Raises NotThere."""
        known, place = self._known(night, record_version)
        if known.entry is not None:
            self._dropped(listing=place.listing, night=night)

    def denominate(self, currency: str) -> None:
        """From now on its prices are in this currency. Raises WRONG_STATE while it has one in another."""
        if any(n.entry and n.entry.price and n.entry.price.currency != currency for n in self.nights.values()):
            raise Refused("WRONG_STATE", "The currency cannot change while the calendar has prices of its own.")
        if self.currency != currency:
            self._denominated(currency=currency)

    def close(self) -> None:
        """Its listing is gone, or its host: nothing more is claimed or entered."""
        if not self.closed:
            self._closed()

    @event("Claimed", topic="calendar.claimed.v1")
    def _claimed(self, place: Place, claim: UUID, nights: Nights, kind: ClaimKind) -> None:
        self.place = place
        self.nights = claimed(self.nights, nights, Claimed(claim, kind))

    @event("Settled", topic="calendar.settled.v1")
    def _settled(self, claim: UUID) -> None:
        booked = {
            n: replace(night, claim=Claimed(claim, "booking"))
            for n, night in self.nights.items()
            if night.claim == Claimed(claim, "hold")
        }
        self.nights = {**self.nights, **booked}

    @event("Released", topic="calendar.released.v1")
    def _released(self, listing: UUID, claim: UUID, nights: tuple[date, ...]) -> None:
        self.nights = claimed(self.nights, nights, None)

    @event("Entered", topic="calendar.entered.v1")
    def _entered(self, place: Place, nights: Nights, entry: Entry, available: bool) -> None:
        self.place = place
        claim = None if available else Claimed(place.host, "block")
        self.nights = said(self.nights, nights, entry, claim)

    @event("Changed", topic="calendar.changed.v1")
    def _changed(self, place: Place, night: date, entry: Entry, available: bool) -> None:
        claim = None if available else Claimed(place.host, "block")
        self.nights = said(self.nights, (night,), entry, claim)

    @event("Dropped", topic="calendar.dropped.v1")
    def _dropped(self, listing: UUID, night: date) -> None:
        self.nights = said(self.nights, (night,), None, None)

    @event("Denominated", topic="calendar.denominated.v1")
    def _denominated(self, currency: str) -> None:
        self.currency = currency

    @event("Closed", topic="calendar.closed.v1")
    def _closed(self) -> None:
        self.closed = True

    def _listed(self, nights: Nights) -> Iterator[date]:
        return (night for night in nights if night in self.nights)

    def _claims(self) -> dict[date, Claimed]:
        return {n: night.claim for n, night in sorted(self.nights.items()) if night.claim is not None}

    def _check_free(self, nights: Nights, claim: UUID | None = None) -> None:
        self._check_open()
        check_untaken(self.taken(nights, claim))

    def _check_open(self) -> None:
        if self.closed:
            raise NotThere("listing")

    def _check_currency(self, entry: Entry) -> None:
        if entry.price is not None and self.currency not in (None, entry.price.currency):
            raise Refused("WRONG_STATE", f"This calendar's prices are in {self.currency} by now.")

    def _known(self, night: date, record_version: int | None) -> tuple[Night, Place]:
        known = self.nights.get(night)
        if known is None or self.place is None:
            raise NotThere("listingCalendar")
        if record_version not in (None, known.version):
            raise Refused(
                "STALE_VERSION",
                f"This entry was changed meanwhile: it is at version {known.version}, you sent {record_version}.",
                recordVersion=known.version,
            )
        return known, self.place


def check_untaken(taken: Iterable[date]) -> None:
    """Raises NIGHTS_TAKEN, naming the nights, if there are any."""
    nights = [night.isoformat() for night in taken]
    if nights:
        raise Refused("NIGHTS_TAKEN", f"Not every night is free: {', '.join(nights)}.", nights=nights)


def check_unentered(entered: Iterable[date]) -> None:
    """Raises ENTRY_EXISTS, naming the nights, if there are any."""
    nights = [night.isoformat() for night in entered]
    if nights:
        raise Refused("ENTRY_EXISTS", f"The calendar has an entry already for: {', '.join(nights)}.", dates=nights)


@lru_cache(maxsize=4_096)
def streams_of(listing: UUID, nights: Nights) -> tuple[tuple[UUID, Nights], ...]:
    """The streams of the months that these nights are in, each with its part of them, in order."""
    return tuple((CalendarMonth.id_of(listing, month), part) for month, part in months(nights))


@lru_cache(maxsize=65_536)
def _month_id(listing: UUID, year: int, month: int) -> UUID:
    return _named(listing, f"calendar {year:04}-{month:02}")


@lru_cache(maxsize=16_384)
def _night_id(listing: UUID, night: date) -> UUID:
    return _named(listing, f"night {night}")


def _named(listing: UUID, name: str) -> UUID:
    """As the library's `uuid5`, in half its time: each night that is booked is named here."""
    digest = sha1(listing.bytes + name.encode(), usedforsecurity=False).digest()
    return UUID(int=int.from_bytes(digest[:16], "big") & ~_MARKS | _VERSION_5)
