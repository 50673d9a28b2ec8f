"""Asking for a stay: what is agreed on, what is refused, and in which order. Quotes refuse alike."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.calendar_month import CalendarMonth
from domain.errors import Invalid, NotThere, Refused
from tests.commands.booking import (
    GUEST,
    HOST,
    refusal,
    stay,
)
from tests.commands.marketplace import Marketplace, money, somebody


async def test_the_server_takes_from_the_listing_what_is_the_listings(market: Marketplace) -> None:
    policies = {"maxGuests": 4, "cleaningFee": 45, "checkInTime": "16:00"}
    listing = await market.listing(
        HOST, approvalType="manual", bookingPolicies=policies, cancellationPolicy={"tier": "strict"}
    )
    made = await market.book(GUEST, listing, guestCount=2, iCalExportUrl="https://a.example/x.ics")
    assert (
        made
        | {
            "hostId": str(HOST.id),
            "guestId": str(GUEST.id),
            "_owner": str(GUEST.id),
            "approvalType": "manual",
            "currency": "EUR",
            "timeZone": "UTC",
            "guestCount": 2,
            "bookingStatus": "pending",
            "bookingStatus_idx": 0,
            "paymentConfirmation": "pending",
            "disputeStatus": "none",
            "cancellationPolicySnapshot": {"tier": "strict"},
            "iCalExportUrl": "https://a.example/x.ics",
            "recordVersion": 1,
            "isActive": True,
        }
        == made
    )
    snapshot = made["bookingPoliciesSnapshot"]
    assert snapshot | {"maxGuests": 4, "checkInTime": "16:00"} == snapshot
    assert money(snapshot["cleaningFee"]) == 45


async def test_what_the_reference_asks_for_and_the_server_decides_is_not_looked_at(market: Marketplace) -> None:
    listing = await market.listing(HOST)
    said: dict[str, Any] = {
        "guestId": str(uuid4()),
        "approvalType": "manual",
        "bookingStatus": "confirmed",
        "disputeStatus": "active",
        "paymentConfirmation": "paid",
        "bookingPoliciesSnapshot": {"maxGuests": 1},
        "cancellationPolicySnapshot": {"tier": "non_refundable"},
    }
    made = await market.book(GUEST, listing, **said, hostId=str(HOST.id), currency="EUR", totalPrice=341.97)
    assert (made["guestId"], made["approvalType"], made["bookingStatus"]) == (str(GUEST.id), "instant", "pending")


async def test_the_rules_worked_example_is_priced_to_the_cent(market: Marketplace) -> None:
    first = date.fromisoformat(market.day(60))
    day = [(first + timedelta(days=n)).isoformat() for n in range(9)]
    listing = await market.listing(
        HOST,
        seasonalPricing=[{"from": day[3], "to": day[6], "pricePerNight": 120.50}],
        bookingPolicies={"weeklyDiscountPercent": 7.5, "cleaningFee": 45},
        cityTaxPercent=5.5,
    )
    nights = {"listingId": listing["id"], "date": day[6], "dateTo": day[8]}
    await market.ask("createListingCalendar", HOST, **nights, priceOverride=149.95, isAvailable=True)
    asked = {"listingId": listing["id"], "checkIn": day[0], "checkOut": day[8], "guestCount": 2}
    quoted = await market.quote(**asked)
    made = await market.ask("createReservation", GUEST, **asked)
    assert money(quoted["totalPrice"]) == money(made["totalPrice"]) == money("1107.68")
    others = {line["kind"]: money(line["amount"]) for line in made["priceLines"] if line["kind"] != "night"}
    assert others == {
        "discount": money("-72.10"),
        "cleaningFee": money("45.00"),
        "serviceFee": money("124.50"),
        "cityTax": money("48.91"),
    }
    assert sum(money(line["amount"]) for line in made["priceLines"]) == money("1107.68")
    assert [line["date"] for line in made["priceLines"] if line["kind"] == "night"] == day[:8]


async def test_a_date_time_is_taken_at_the_listing(market: Marketplace) -> None:
    place = {"lat": 1.87, "lon": -157.4, "timeZone": "Pacific/Kiritimati"}
    listing = await market.listing(HOST, location=place)
    noon = datetime.combine(date.fromisoformat(market.day(30)), datetime.min.time(), UTC).replace(hour=12)
    made = await market.ask(
        "createReservation",
        GUEST,
        listingId=listing["id"],
        checkIn=noon.isoformat(),
        checkOut=(noon + timedelta(days=2)).isoformat(),
        guestCount=1,
    )
    assert (made["checkIn"], made["checkOut"]) == (market.day(31), market.day(33))


async def test_today_is_the_listings_own_today(market: Marketplace) -> None:
    """At ten in the morning, UTC, it is tomorrow already in Kiritimati, and yesterday still in Pago Pago."""
    east = await market.listing(HOST, location={"lat": 1.87, "lon": -157.4, "timeZone": "Pacific/Kiritimati"})
    west = await market.listing(HOST, location={"lat": -14.3, "lon": -170.7, "timeZone": "Pacific/Pago_Pago"})
    ten = datetime.combine(market.now.date() + timedelta(days=1), datetime.min.time(), UTC).replace(hour=10, minute=30)

    async def booked(listing: dict[str, Any], days: int) -> dict[str, Any]:
        check_in = ten.date() + timedelta(days=days)
        asked = {"listingId": listing["id"], "checkIn": str(check_in), "checkOut": str(check_in + timedelta(days=1))}
        made = await market.answered("createReservation", GUEST, at=ten, **asked, guestCount=1)
        return dict(made["shown"])

    assert (await booked(east, 1))["checkIn"] == str(ten.date() + timedelta(days=1))
    assert (await booked(west, -1))["checkIn"] == str(ten.date() - timedelta(days=1))
    for listing, day in ((east, 0), (west, -2)):
        with pytest.raises(Refused) as refused:
            await booked(listing, day)
        assert refused.value.rule == "CHECK_IN_PAST"


LIMITS = {"maxGuests": 2, "advanceNoticeDays": 5, "bookingWindowDays": 100}
WRONG: dict[str, dict[str, Any]] = {
    "CHECK_IN_PAST": {"ahead": -1},
    "NOTICE_TOO_SHORT": {"ahead": 4},
    "TOO_FAR_AHEAD": {"ahead": 101},
    "STAY_TOO_SHORT": {"nights": 1},
    "STAY_TOO_LONG": {"nights": 8},
    "TOO_MANY_GUESTS": {"guestCount": 3},
    "PRICE_DIFFERS": {"totalPrice": 1},
}


@pytest.mark.parametrize("rule", list(WRONG))
async def test_each_rule_refuses_reservations_and_quotes_alike(market: Marketplace, rule: str) -> None:
    listing = await market.listing(HOST, bookingPolicies=LIMITS, minStay=2, maxStay=7)
    asked = stay(market, listing, **WRONG[rule])
    assert (await refusal(market, **asked)).rule == rule
    if rule != "PRICE_DIFFERS":
        with pytest.raises(Refused) as refused:
            await market.quote(**asked)
        assert refused.value.rule == rule


async def test_the_min_stay_is_that_of_the_arrival_night(market: Marketplace) -> None:
    """The calendar's entry wins over the season's, that over the listing's."""
    season = {"from": market.day(30), "to": market.day(40), "minStay": 4}
    listing = await market.listing(HOST, minStay=2, seasonalPricing=[season])
    entry = {"listingId": listing["id"], "date": market.day(32), "minStay": 1, "isAvailable": True}
    await market.ask("createListingCalendar", HOST, **entry)
    assert (await refusal(market, **stay(market, listing, 29, 1))).detail["minStay"] == 2
    assert (await refusal(market, **stay(market, listing, 31, 3))).detail["minStay"] == 4
    assert (await market.book(GUEST, listing, 32, 1))["checkIn"] == market.day(32)


@pytest.mark.parametrize("nights", [366, 2_900_000])
async def test_without_a_limit_of_its_own_a_listing_takes_365_nights(market: Marketplace, nights: int) -> None:
    listing = await market.listing(HOST)
    found = await refusal(market, **stay(market, listing, 30, nights))
    assert (found.rule, found.detail["maxStay"]) == ("STAY_TOO_LONG", 365)


async def test_a_listing_that_takes_longer_stays_is_booked_for_longer(market: Marketplace) -> None:
    listing = await market.listing(HOST, maxStay=400, pricePerNight=10)
    asked = stay(market, listing, 30, 400)
    quoted = await market.quote(**asked)
    made = await market.ask("createReservation", GUEST, **asked, quoteId=quoted["quoteId"])
    assert len(made["priceLines"]) == 401
    assert (await refusal(market, **stay(market, listing, 429, 1))).rule == "NIGHTS_TAKEN"


async def test_the_host_learns_that_it_is_unpublished_and_others_not_even_that_it_is(market: Marketplace) -> None:
    listing = await market.listing(HOST, isPublished=False)
    asked = stay(market, listing)
    for insider in (HOST, somebody("admin")):
        assert (await refusal(market, insider, **asked)).rule == "LISTING_NOT_PUBLISHED"
    for outsider in (GUEST, somebody()):
        with pytest.raises(NotThere):
            await market.ask("createReservation", outsider, **asked)
    with pytest.raises(NotThere):
        await market.quote(**asked)
    with pytest.raises(Refused):
        await market.quote(HOST, **asked)
    with pytest.raises(NotThere):
        await market.ask("createReservation", GUEST, **(asked | {"listingId": str(uuid4())}))


async def test_hosts_do_not_book_their_own_listing_but_may_ask_what_it_costs(market: Marketplace) -> None:
    asked = stay(market, await market.listing(HOST))
    assert (await refusal(market, HOST, **asked)).rule == "OWN_LISTING"
    assert money((await market.quote(HOST, **asked))["totalPrice"]) == money("341.97")


async def test_no_night_is_held_twice(market: Marketplace) -> None:
    listing = await market.listing(HOST)
    await market.book(GUEST, listing, 30, 3)
    for ahead, nights in ((30, 3), (29, 2), (32, 5), (31, 1)):
        found = await refusal(market, somebody(), **stay(market, listing, ahead, nights))
        assert found.rule == "NIGHTS_TAKEN"
        with pytest.raises(Refused) as refused:
            await market.quote(**stay(market, listing, ahead, nights))
        assert refused.value.rule == "NIGHTS_TAKEN"
    assert found.detail["nights"] == [market.day(31)]


async def test_back_to_back_stays_are_fine(market: Marketplace) -> None:
    listing = await market.listing(HOST)
    await market.book(GUEST, listing, 30, 3)
    await market.book(somebody(), listing, 33, 2)
    await market.book(somebody(), listing, 28, 2)


async def test_a_stay_over_a_months_end_is_held_whole_or_not_at_all(market: Marketplace) -> None:
    listing = await market.listing(HOST)
    first = (market.now.date().replace(day=1) + timedelta(days=70)).replace(day=1)
    await market.ask("createListingCalendar", HOST, listingId=listing["id"], date=str(first), isAvailable=False)
    start = first - timedelta(days=2)
    asked = {"listingId": listing["id"], "guestCount": 1, "checkIn": str(start)}
    found = await refusal(market, **asked, checkOut=str(first + timedelta(days=2)))
    assert found.detail["nights"] == [str(first)]
    month = await market.product.store.load(CalendarMonth, CalendarMonth.id_of(UUID(listing["id"]), start), fresh=True)
    assert not month.nights
    assert (await market.ask("createReservation", GUEST, **asked, checkOut=str(first)))["checkOut"] == str(first)


async def test_another_price_or_currency_is_refused_with_the_right_quote(market: Marketplace) -> None:
    listing = await market.listing(HOST)
    for wrong in ({"totalPrice": 300}, {"currency": "USD"}, {"currency": "JPY", "totalPrice": 341}):
        found = await refusal(market, **stay(market, listing, **wrong))
        assert found.rule == "PRICE_DIFFERS"
        assert money(found.detail["quote"]["totalPrice"]) == money("341.97")
    right = found.detail["quote"]
    made = await market.book(GUEST, listing, totalPrice=right["totalPrice"], quoteId=right["quoteId"])
    assert money(made["totalPrice"]) == money("341.97")


async def test_another_host_is_refused(market: Marketplace) -> None:
    found = await refusal(market, **stay(market, await market.listing(HOST), hostId=str(uuid4())))
    assert found.rule == "SERVER_OWNED"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("checkOut", "2020-01-01"),
        ("checkIn", "2030-02-30"),
        ("checkIn", "soon"),
        ("checkIn", "2030-01-01T12:00:00"),
        ("guestCount", 0),
        ("guestCount", "2"),
        ("guestCount", 1.5),
        ("currency", "EURO"),
        ("totalPrice", -1),
        ("totalPrice", 0),
        ("totalPrice", 341.975),
        ("totalPrice", "341.97"),
        ("listingId", "x"),
        ("quoteId", "x"),
        ("iCalExportUrl", "a\x00b"),
        ("nights", 3),
    ],
)
async def test_what_makes_no_sense_is_malformed(market: Marketplace, field: str, value: Any) -> None:
    listing = await market.listing(HOST)
    asked = stay(market, listing)
    with pytest.raises(Invalid) as invalid:
        await market.ask("createReservation", GUEST, **(asked | {field: value}))
    assert any(name.startswith(field) for name in invalid.value.detail["fields"])
