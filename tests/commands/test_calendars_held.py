"""Nights that guests have, beside what the host says of them; and many nights at once, written whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from commands.calendar_nights import claim_nights, night_terms, release_nights, settle_nights
from commands.ports import Answer, Cause
from commands.registry import Command
from commands.wire import Id, Message
from commands.work import Work
from domain.actor import Actor
from domain.errors import NotThere, Refused
from domain.stay import Nights
from tests.commands.house import LOFT, NOON, House, entered, entries, open_house, somebody


class Stay(Message):
    """Nights of a listing, and who has them."""

    listing_id: Id
    claim_id: Id
    check_in: date
    check_out: date

    @property
    def nights(self) -> Nights:
        return Nights(self.check_in, self.check_out)


async def hold(work: Work, m: Stay) -> Answer:
    await claim_nights(work, m.listing_id, m.claim_id, m.nights)
    return Answer()


async def settle(work: Work, m: Stay) -> Answer:
    await settle_nights(work, m.listing_id, m.claim_id, m.nights)
    return Answer()


async def free(work: Work, m: Stay) -> Answer:
    await release_nights(work, m.listing_id, m.claim_id, m.nights)
    return Answer()


COMMANDS = tuple(Command(name=h.__name__, doc="For tests.", message=Stay, handler=h) for h in (hold, settle, free))


@pytest.fixture(scope="module")
async def opened(module_database: str) -> AsyncIterator[House]:
    async with open_house(module_database, commands=COMMANDS) as house:
        yield house


@pytest.fixture
def house(opened: House) -> House:
    opened.now = NOON
    return opened


@pytest.fixture
async def listing(house: House, host: Actor) -> str:
    return str((await house.ask("createListing", host, **LOFT))["id"])


def stay(listing: str, claim: UUID, check_in: str, check_out: str) -> dict[str, Any]:
    return {"listingId": listing, "claimId": str(claim), "checkIn": check_in, "checkOut": check_out}


class TestRanges:
    async def test_a_range_is_one_command_over_month_ends(self, house: House, host: Actor, listing: str) -> None:
        made: Any = await entered(house, host, listing, "2026-07-30", dateTo="2026-08-03", minStay=2)
        assert [e["date"] for e in made] == ["2026-07-30", "2026-07-31", "2026-08-01", "2026-08-02"]
        assert {(e["minStay"], e["recordVersion"]) for e in made} == {(2, 1)}
        assert set(await entries(house, listing)) == {e["date"] for e in made}

    async def test_two_years_are_set_at_once_and_not_a_day_more(self, house: House, host: Actor, listing: str) -> None:
        made: Any = await entered(house, host, listing, "2027-01-01", dateTo="2029-01-01")
        assert len(made) == 731

    async def test_it_is_written_whole_or_not_at_all(self, house: House, host: Actor, listing: str) -> None:
        await house.ask("hold", somebody(), **stay(listing, uuid4(), "2026-08-02", "2026-08-03"))
        with pytest.raises(Refused) as refusal:
            await entered(house, host, listing, "2026-07-30", dateTo="2026-08-05", isAvailable=False)
        assert (refusal.value.rule, refusal.value.detail) == ("NIGHTS_TAKEN", {"nights": ["2026-08-02"]})
        assert set(await entries(house, listing)) == {"2026-08-02"}
        await entered(house, host, listing, "2026-07-31")
        with pytest.raises(Refused) as refusal:
            await entered(house, host, listing, "2026-07-30", dateTo="2026-08-05")
        assert (refusal.value.rule, refusal.value.detail) == ("ENTRY_EXISTS", {"dates": ["2026-07-31"]})


class TestStays:
    async def test_held_nights_are_listed_with_who_has_them(self, house: House, host: Actor, listing: str) -> None:
        claim = uuid4()
        await house.ask("hold", somebody(), **stay(listing, claim, "2026-06-29", "2026-07-02"))
        seen = await entries(house, listing, host)
        assert list(seen) == ["2026-07-01", "2026-06-30", "2026-06-29"] or len(seen) == 3
        assert {(e["bookedBy"], e["isAvailable"], e["recordVersion"]) for e in seen.values()} == {
            (str(claim), False, 1)
        }
        await house.ask("settle", somebody(), **stay(listing, claim, "2026-06-29", "2026-07-02"))
        assert await entries(house, listing, host) == seen

    async def test_what_is_freed_is_listed_no_more(self, house: House, host: Actor, listing: str) -> None:
        claim = uuid4()
        await house.ask("hold", somebody(), **stay(listing, claim, "2026-06-29", "2026-07-03"))
        await house.ask("free", somebody(), **stay(listing, claim, "2026-07-01", "2026-07-03"))
        assert set(await entries(house, listing, host)) == {"2026-06-29", "2026-06-30"}

    async def test_taken_nights_are_named_in_every_month(self, house: House, host: Actor, listing: str) -> None:
        await house.ask("hold", somebody(), **stay(listing, uuid4(), "2026-06-30", "2026-07-02"))
        await entered(house, host, listing, "2026-08-01", isAvailable=False)
        with pytest.raises(Refused) as refusal:
            await house.ask("hold", somebody(), **stay(listing, uuid4(), "2026-06-28", "2026-08-05"))
        taken = {"nights": ["2026-06-30", "2026-07-01", "2026-08-01"]}
        assert (refusal.value.rule, refusal.value.detail) == ("NIGHTS_TAKEN", taken)

    async def test_the_same_claim_twice_is_one_claim(self, house: House, listing: str) -> None:
        asked = stay(listing, uuid4(), "2026-06-30", "2026-07-02")
        await house.ask("hold", somebody(), **asked)
        before = await house.recorded()
        await house.ask("hold", somebody(), **asked)
        assert await house.recorded() == before

    async def test_an_entry_for_a_booked_night_is_no_second_one(self, house: House, host: Actor, listing: str) -> None:
        claim = uuid4()
        await house.ask("hold", somebody(), **stay(listing, claim, "2026-07-01", "2026-07-02"))
        entry = await entered(house, host, listing, priceOverride=150)
        assert (entry["isAvailable"], entry["bookedBy"], entry["priceOverride"]) == (False, str(claim), 150)
        await house.ask("free", somebody(), **stay(listing, claim, "2026-07-01", "2026-07-02"))
        seen = (await entries(house, listing, host))["2026-07-01"]
        assert (seen["isAvailable"], seen["bookedBy"], seen["priceOverride"]) == (True, None, 150)

    async def test_prices_change_on_a_booked_night_and_availability_does_not(
        self, house: House, host: Actor, listing: str
    ) -> None:
        await house.ask("hold", somebody(), **stay(listing, uuid4(), "2026-07-01", "2026-07-02"))
        entry = (await entries(house, listing, host))["2026-07-01"]
        change = {"listingCalendarId": entry["id"]}
        assert (await house.ask("updateListingCalendar", host, **change, priceOverride=90))["priceOverride"] == 90
        assert (await house.ask("updateListingCalendar", host, **change, isAvailable=True))["isAvailable"] is False
        with pytest.raises(Refused) as refusal:
            await house.ask("updateListingCalendar", host, **change, isAvailable=False)
        assert refusal.value.rule == "NIGHTS_TAKEN"

    async def test_deleting_the_entry_of_a_booked_night_frees_it_not(
        self, house: House, host: Actor, listing: str
    ) -> None:
        await house.ask("hold", somebody(), **stay(listing, uuid4(), "2026-07-01", "2026-07-02"))
        entry = await entered(house, host, listing, minStay=2)
        kept = await house.ask("deleteListingCalendar", host, listingCalendarId=entry["id"])
        assert (kept["isActive"], kept["isAvailable"], kept["minStay"]) == (True, False, None)
        with pytest.raises(Refused):
            await house.ask("hold", somebody(), **stay(listing, uuid4(), "2026-07-01", "2026-07-02"))

    async def test_a_block_keeps_guests_out_until_it_is_lifted(self, house: House, host: Actor, listing: str) -> None:
        entry = await entered(house, host, listing, isAvailable=False)
        asked = stay(listing, uuid4(), "2026-07-01", "2026-07-02")
        with pytest.raises(Refused):
            await house.ask("hold", somebody(), **asked)
        await house.ask("updateListingCalendar", host, listingCalendarId=entry["id"], isAvailable=True)
        await house.ask("hold", somebody(), **asked)

    async def test_of_many_at_once_one_has_the_night(self, house: House, host: Actor, listing: str) -> None:
        guests = [stay(listing, uuid4(), "2026-06-30", f"2026-07-0{n % 3 + 2}") for n in range(12)]
        block = entered(house, host, listing, "2026-06-30", isAvailable=False)
        answers = await asyncio.gather(
            *(house.ask("hold", somebody(), **asked) for asked in guests), block, return_exceptions=True
        )
        refused = [answer for answer in answers if isinstance(answer, BaseException)]
        assert {type(answer) for answer in refused} == {Refused}
        assert len(refused) == 12

    async def test_night_terms_are_what_a_price_needs_of_the_calendar(
        self, house: House, host: Actor, listing: str
    ) -> None:
        await entered(house, host, listing, "2026-07-30", dateTo="2026-08-02", priceOverride=150, minStay=3)
        await house.ask("hold", somebody(), **stay(listing, uuid4(), "2026-07-31", "2026-08-01"))
        cause = Cause(uuid4(), "look", host, house.now)
        work = Work(house.store, house.bus.services, cause, real_now=house.now)
        arrival = date(2026, 7, 30)
        terms = await night_terms(work, UUID(listing), Nights(arrival, arrival + timedelta(4)), fresh=True)
        assert terms.overrides == dict.fromkeys((arrival, date(2026, 7, 31), date(2026, 8, 1)), 15_000)
        assert (terms.min_stay, terms.taken) == (3, (date(2026, 7, 31),))

    async def test_nights_of_no_listing_cannot_be_had(self, house: House) -> None:
        with pytest.raises(NotThere):
            await house.ask("hold", somebody(), **stay(str(uuid4()), uuid4(), "2026-07-01", "2026-07-02"))
