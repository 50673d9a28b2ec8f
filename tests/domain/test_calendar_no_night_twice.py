"""Whatever is asked of a calendar, in whatever order: no night is had twice, and documents say what the log says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.calendar_month import CalendarMonth
from domain.calendar_night import Entry, Place
from domain.errors import NotThere, Refused
from domain.kernel import Fact, Recorded
from domain.money import Money
from domain.stay import Nights, months
from projections.calendars import CALENDARS
from projections.projection import fold
from tests.domain.nights_log import nights_had_twice

LISTING, HOST = UUID(int=1), UUID(int=2)
PLACE = Place(LISTING, HOST, "Pacific/Kiritimati")
START = date(2026, 12, 26)
DAYS = 12
"""Over the end of a month, and of a year."""
AT = datetime(2026, 11, 22, tzinfo=UTC)
RULES = {"NIGHTS_TAKEN", "ENTRY_EXISTS", "STALE_VERSION"}

days = st.integers(0, DAYS - 1)
claims = st.integers(10, 14).map(lambda n: UUID(int=n))
kinds = st.sampled_from(["hold", "booking", "ical"])
entries = st.builds(Entry, price=st.none() | st.just(Money(100, "EUR")), min_stay=st.none() | st.just(2))


@st.composite
def ranges(draw: st.DrawFn) -> Nights:
    first = draw(days)
    return Nights(START + timedelta(first), START + timedelta(draw(st.integers(first, DAYS - 1)) + 1))


class OneCalendar(RuleBasedStateMachine):
    """One listing's nights, asked for in pieces that are decided month by month, kept and replayed as a store does."""

    def __init__(self) -> None:
        super().__init__()
        self.log: dict[UUID, list[Fact]] = {}
        self.recorded: list[Recorded] = []
        self.had: dict[date, UUID] = {}
        """Who has which night, reckoned from the answers alone."""
        self.said: dict[date, tuple[Entry, bool]] = {}
        self.closed = False

    def month(self, day: date) -> CalendarMonth:
        stream = CalendarMonth.id_of(LISTING, day)
        return CalendarMonth.at(stream, self.log.get(stream, ()))

    def decide(self, nights: Nights, decision: Any) -> bool:
        """All months of it or none, as a store saves; whether it was granted."""
        pieces = [(self.month(day), part) for day, part in months(nights)]
        try:
            for month, part in pieces:
                decision(month, part)
        except Refused as refusal:
            if refusal.rule not in RULES:
                raise
            return False
        except NotThere:
            return False
        for month, _ in pieces:
            self.log.setdefault(month.id, []).extend(month.pending_events)  # type: ignore[arg-type]
            for fact in month.pending_events:
                position = len(self.recorded) + 1
                self.recorded.append(Recorded(position, fact, AT, None, "system", HOST, "test"))  # type: ignore[arg-type]
        return True

    @rule(claim=claims, nights=ranges(), kind=kinds)
    def claim(self, claim: UUID, nights: Nights, kind: Any) -> None:
        free = all(self.had.get(n, claim) == claim for n in nights) and not self.closed
        assert self.decide(nights, lambda month, part: month.claim(PLACE, claim, part, kind)) == free
        if free:
            self.had |= dict.fromkeys(nights, claim)

    @rule(claim=claims)
    def settle(self, claim: UUID) -> None:
        self.decide(Nights(START, START + timedelta(DAYS)), lambda month, _: month.settle(claim))

    @rule(claim=claims, nights=ranges())
    def release(self, claim: UUID, nights: Nights) -> None:
        assert self.decide(nights, lambda month, part: month.release(claim, part))
        self.had = {n: c for n, c in self.had.items() if c != claim or n not in nights}

    @rule(nights=ranges(), entry=entries, available=st.booleans())
    def enter(self, nights: Nights, entry: Entry, available: bool) -> None:
        fits = not self.closed and not any(n in self.said or (not available and n in self.had) for n in nights)
        assert self.decide(nights, lambda m, part: m.enter(PLACE, part, entry, available=available)) == fits
        if fits:
            self.said |= dict.fromkeys(nights, (entry, available))
            self.had |= {} if available else dict.fromkeys(nights, HOST)

    @rule(day=days, entry=entries, available=st.none() | st.booleans())
    def change(self, day: int, entry: Entry, available: bool | None) -> None:
        night = START + timedelta(day)
        has = self.had.get(night)
        fits = not self.closed and (has is not None or night in self.said)
        fits = fits and not (available is False and has not in {None, HOST})
        granted = self.decide(_one(night), lambda month, _: month.change(night, entry, available))
        assert granted == fits
        if not fits:
            return
        blocked = (has == HOST) if available is None else (available is False)
        if night in self.said or entry != Entry() or blocked:
            self.said[night] = (entry, not blocked)
        if has in {None, HOST}:
            self.had.pop(night, None)
            self.had |= {night: HOST} if blocked else {}

    @rule(day=days)
    def drop(self, day: int) -> None:
        night = START + timedelta(day)
        assert self.decide(_one(night), lambda month, _: month.drop(night)) == (night in self.had or night in self.said)
        if self.said.pop(night, None) and self.had.get(night) == HOST:
            del self.had[night]

    @rule()
    def close(self) -> None:
        self.decide(Nights(START, START + timedelta(DAYS)), lambda month, _: month.close())
        self.closed = True

    @invariant()
    def the_streams_say_who_has_which_night(self) -> None:
        nights = {n: state for day in (START, START + timedelta(DAYS)) for n, state in self.month(day).nights.items()}
        assert {n: state.claim.by for n, state in nights.items() if state.claim} == self.had
        assert {n: state.entry for n, state in nights.items() if state.entry} == {
            n: e for n, (e, _) in self.said.items()
        }

    @invariant()
    def the_documents_say_the_same(self) -> None:
        for offset in range(DAYS):
            night = START + timedelta(offset)
            document = fold(CALENDARS, None, self.recorded, CalendarMonth.night_id(LISTING, night))
            listed = night in self.had or night in self.said
            assert listed == (document is not None and document["isActive"])
            if document is None or not listed:
                continue
            state = self.month(night).nights[night]
            assert document["recordVersion"] == state.version
            assert document["isAvailable"] == (night not in self.had)
            assert (document["bookedBy"] is not None) == (
                state.claim is not None and state.claim.kind in {"hold", "booking"}
            )

    @invariant()
    def the_log_alone_proves_that_no_night_was_had_twice(self) -> None:
        assert nights_had_twice(self.recorded) == []


def _one(night: date) -> Nights:
    return Nights(night, night + timedelta(1))


TestOneCalendar = OneCalendar.TestCase
TestOneCalendar.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_a_log_in_which_a_night_was_had_twice_is_told_from_others() -> None:
    """The proof has teeth: two months decided apart from each other make such a log."""
    night, events = _one(START), []
    for claim in (UUID(int=10), UUID(int=11)):
        month = CalendarMonth.at(CalendarMonth.id_of(LISTING, START))
        month.claim(PLACE, claim, night, "hold")
        events += [Recorded(1, fact, AT, None, "system", HOST, "test") for fact in month.pending_events]  # type: ignore[arg-type]
    assert nights_had_twice(events[:1]) == []
    assert nights_had_twice(events) == [START]
