"""What hosts say of single nights, beside what guests have of them."""

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
from domain.actor import NOBODY, Actor
from domain.calendar_month import CalendarMonth
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from domain.stay import Nights
from tests.commands.house import LOFT, NOON, House, open_house, somebody


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
def host() -> Actor:
    return somebody()


@pytest.fixture
async def listing(house: House, host: Actor) -> str:
    return str((await house.ask("createListing", host, **LOFT))["id"])


def stay(listing: str, claim: UUID, check_in: str, check_out: str) -> dict[str, Any]:
    return {"listingId": listing, "claimId": str(claim), "checkIn": check_in, "checkOut": check_out}


async def entered(house: House, host: Actor, listing: str, night: str = "2026-07-01", **said: Any) -> dict[str, Any]:
    body = {"listingId": listing, "date": night, "isAvailable": True} | said
    entry: dict[str, Any] = await house.ask("createListingCalendar", host, **body)
    return entry


async def entries(house: House, listing: str, by: Actor = NOBODY) -> dict[str, dict[str, Any]]:
    return {e["date"]: e for e in await house.listed("listingCalendar", by) if e["listingId"] == listing}


class TestEntries:
    async def test_an_entry_is_what_the_host_says_of_a_night(self, house: House, host: Actor, listing: str) -> None:
        said: dict[str, Any] = {"priceOverride": 150, "minStay": 3, "iCalUrl": "https://x.example/1.ics"}
        entry = await entered(house, host, listing, **said, externalCalendarIds=["a"], bookedBy=str(uuid4()))
        assert {name: entry[name] for name in said} == said
        assert (entry["externalCalendarIds"], entry["bookedBy"]) == (["a"], None)
        assert (entry["date"], entry["listingId"], entry["isAvailable"]) == ("2026-07-01", listing, True)
        assert (entry["recordVersion"], entry["_owner"], entry["isActive"]) == (1, str(host.id), True)
        assert entry["id"] == str(CalendarMonth.night_id(UUID(listing), date(2026, 7, 1)))
        assert await house.get("listingCalendar", entry["id"], host) == entry

    async def test_strangers_see_neither_who_has_a_night_nor_other_calendars(
        self, house: House, host: Actor, listing: str
    ) -> None:
        entry = await entered(house, host, listing, iCalUrl="https://x.example/1.ics")
        hidden = {"bookedBy", "iCalUrl", "externalCalendarIds"}
        for stranger in (NOBODY, somebody()):
            seen = await house.get("listingCalendar", entry["id"], stranger)
            assert seen is not None
            assert not hidden & set(seen)
        for friend in (host, somebody("moderator")):
            assert hidden <= set(await house.get("listingCalendar", entry["id"], friend) or {})

    async def test_it_is_seen_as_its_listing(self, house: House, host: Actor, listing: str) -> None:
        entry = await entered(house, host, listing)
        await house.ask("updateListing", host, listingId=listing, isPublished=False)
        assert await house.get("listingCalendar", entry["id"], somebody()) is None
        assert await entries(house, listing, somebody()) == {}
        with pytest.raises(NotThere):
            await house.ask("updateListingCalendar", somebody(), listingCalendarId=entry["id"], minStay=2)
        assert await house.get("listingCalendar", entry["id"], host) == entry

    async def test_only_host_and_admins_speak_of_nights(self, house: House, host: Actor, listing: str) -> None:
        entry = await entered(house, host, listing)
        for stranger in (somebody(), somebody("moderator")):
            with pytest.raises(NotAllowed):
                await entered(house, stranger, listing, "2026-07-02")
            for command in ("updateListingCalendar", "deleteListingCalendar"):
                with pytest.raises(NotAllowed):
                    await house.ask(command, stranger, listingCalendarId=entry["id"])
        await entered(house, somebody("admin"), listing, "2026-07-02")

    async def test_a_night_has_one_entry(self, house: House, host: Actor, listing: str) -> None:
        await entered(house, host, listing)
        with pytest.raises(Refused) as refusal:
            await entered(house, host, listing, isAvailable=False)
        assert (refusal.value.rule, refusal.value.detail) == ("ENTRY_EXISTS", {"dates": ["2026-07-01"]})

    async def test_a_change_keeps_what_is_absent_and_clears_what_is_null(
        self, house: House, host: Actor, listing: str
    ) -> None:
        entry = await entered(house, host, listing, priceOverride=150, minStay=3)
        after = await house.ask("updateListingCalendar", host, listingCalendarId=entry["id"], priceOverride=None)
        assert (after["priceOverride"], after["minStay"], after["recordVersion"]) == (None, 3, 2)
        again = await house.ask("updateListingCalendar", host, listingCalendarId=entry["id"], minStay=3)
        assert again["recordVersion"] == 2

    async def test_a_stale_version_is_refused(self, house: House, host: Actor, listing: str) -> None:
        entry = await entered(house, host, listing)
        await entered(house, host, listing, "2026-07-02")
        change = {"listingCalendarId": entry["id"], "recordVersion": 1}
        await house.ask("updateListingCalendar", host, **change, minStay=2)
        with pytest.raises(Refused) as refusal:
            await house.ask("updateListingCalendar", host, **change, minStay=4)
        assert (refusal.value.rule, refusal.value.detail) == ("STALE_VERSION", {"recordVersion": 2})

    async def test_a_deleted_entry_can_be_made_anew(self, house: House, host: Actor, listing: str) -> None:
        entry = await entered(house, host, listing, minStay=3)
        gone = await house.ask("deleteListingCalendar", host, listingCalendarId=entry["id"])
        assert (gone["isActive"], gone["recordVersion"]) == (False, 2)
        assert await house.get("listingCalendar", entry["id"], host) is None
        with pytest.raises(NotThere):
            await house.ask("deleteListingCalendar", host, listingCalendarId=entry["id"])
        again = await entered(house, host, listing)
        assert (again["id"], again["recordVersion"], again["minStay"]) == (entry["id"], 1, None)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"priceOverride": 0}, "priceOverride"),
            ({"priceOverride": 1.005}, "priceOverride"),
            ({"minStay": 0}, "minStay"),
            ({"date": "2026-02-30"}, "date"),
            ({"date": "9999-12-31"}, "date"),
            ({"date": None}, "date"),
            ({"dateTo": "2026-07-01"}, "dateTo"),
            ({"dateTo": "2026-06-30"}, "dateTo"),
            ({"dateTo": "2028-07-02"}, "dateTo"),
            ({"isAvailable": None}, "isAvailable"),
            ({"isAvailable": "no"}, "isAvailable"),
            ({"listingId": "1"}, "listingId"),
            ({"externalCalendarIds": "a"}, "externalCalendarIds"),
            ({"guests": 2}, "guests"),
        ],
    )
    async def test_what_cannot_be_is_named(
        self, house: House, host: Actor, listing: str, body: dict[str, Any], field: str
    ) -> None:
        before = await house.recorded()
        with pytest.raises(Invalid) as refusal:
            await house.ask(
                "createListingCalendar",
                host,
                **{"listingId": listing, "date": "2026-07-01", "isAvailable": True} | body,
            )
        assert field in refusal.value.detail["fields"]
        assert await house.recorded() == before

    async def test_the_date_of_a_date_time_is_the_one_at_the_listing(
        self, house: House, host: Actor, listing: str
    ) -> None:
        assert (await entered(house, host, listing, "2026-07-01T22:30:00Z"))["date"] == "2026-07-02"

    async def test_nobody_elses_id_is_an_entry(self, house: House, host: Actor, listing: str) -> None:
        for id in (listing, str(uuid4())):
            with pytest.raises(NotThere):
                await house.ask("deleteListingCalendar", host, listingCalendarId=id)
        with pytest.raises(NotThere):
            await entered(house, host, str(uuid4()))


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
