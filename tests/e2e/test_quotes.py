"""What a stay costs, and offers that hold for fifteen minutes."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.e2e.money import Worked, dec, price_lines
from tests.e2e.talk import ABSENT, Caller, Json, Person, invalid, ok, refused, told
from tests.e2e.world import World, instant, wire


def ask(world: World, caller: Caller, listing: Json, ahead: int = 30, nights: int = 2, **over: Any) -> Any:
    params = {
        "listingId": listing["id"],
        "checkIn": world.day(ahead),
        "checkOut": world.day(ahead + nights),
        "guestCount": 1,
    } | over
    return caller.get("/v1/quotes", **params)


def worked(world: World, host: Person, ahead: int, **over: Any) -> Json:
    """The worked example's place, for a stay that begins so many days from today."""
    day = date.fromisoformat(world.day(ahead))
    place = world.listing(
        host,
        pricePerNight=99.99,
        cityTaxPercent=5.5,
        seasonalPricing=[
            {"from": str(day + timedelta(days=3)), "to": str(day + timedelta(days=8)), "pricePerNight": 120.50}
        ],
        bookingPolicies={"cleaningFee": 45.00, "weeklyDiscountPercent": 7.5},
        **over,
    )
    override = {"listingId": place["id"], "date": str(day + timedelta(days=6)), "dateTo": str(day + timedelta(days=8))}
    ok(host.post("/v1/listingcalendars", override | {"isAvailable": True, "priceOverride": 149.95}), 201)
    return place


def test_a_quote_is_as_it_is_described(world: World, host: Person) -> None:
    described = ok(world.nobody.get("/openapi.json"))["components"]["schemas"]["quote"]
    quote = ok(ask(world, world.nobody, world.listing(host)))["quote"]
    assert {*quote} == {*described["properties"]} == {*described["required"]}


def test_the_worked_example_to_the_cent(world: World, host: Person, guest: Person) -> None:
    place = worked(world, host, 30)
    quote = ok(ask(world, world.nobody, place, 30, 8))["quote"]
    stay = world.book(guest, place, 30, 8)
    for priced in (quote, stay):
        assert dec(priced["totalPrice"]) == Worked.total
        sums = price_lines(priced)
        assert sums["night"] == Worked.gross
        assert abs(sums["discount"]) == Worked.discount
        assert sums["cleaningFee"] == Worked.cleaning
        assert sums["serviceFee"] == Worked.service
        assert sums["cityTax"] == Worked.tax
        assert sum(sums.values()) == Worked.total, "lines add up to the total"
        nights = [line for line in priced["priceLines"] if line["kind"] == "night"]
        assert [dec(line["amount"]) for line in nights] == Worked.nights
        assert [line["date"] for line in nights] == [world.day(30 + n) for n in range(8)]


@pytest.mark.parametrize(("nights", "percent"), [(6, 0), (7, 10), (27, 10), (28, 25), (40, 25)])
def test_long_stays_are_discounted(world: World, host: Person, nights: int, percent: int) -> None:
    place = world.listing(host, bookingPolicies={"weeklyDiscountPercent": 10, "monthlyDiscountPercent": 25})
    sums = price_lines(ok(ask(world, world.nobody, place, 30, nights))["quote"])
    assert abs(sums.get("discount", Decimal(0))) == nights * percent


def test_without_a_monthly_discount_the_weekly_one_holds(world: World, host: Person) -> None:
    """`monthlyDiscountPercent` from 28 nights, else `weeklyDiscountPercent` from 7."""
    place = world.listing(host, bookingPolicies={"weeklyDiscountPercent": 10})
    assert abs(price_lines(ok(ask(world, world.nobody, place, 30, 30))["quote"])["discount"]) == 300


def test_yen_have_no_digits_and_dinars_three(world: World, host: Person) -> None:
    yen = ok(ask(world, world.nobody, world.listing(host, currency="JPY", pricePerNight=1001), nights=1))["quote"]
    assert yen["totalPrice"] == 1001 + 140
    dinars = ok(ask(world, world.nobody, world.listing(host, currency="KWD", pricePerNight=1.005), nights=1))["quote"]
    assert dec(dinars["totalPrice"]) == Decimal("1.146")  # 0.1407 → 0.141


def test_lines_round_half_even(world: World, host: Person) -> None:
    """14 % of 0.75 is 0.105, which is 0.10; of 1.25 it is 0.175, which is 0.18."""
    for price, fee in (("0.75", "0.10"), ("1.25", "0.18")):
        place = world.listing(host, pricePerNight=float(price))
        sums = price_lines(ok(ask(world, world.nobody, place, nights=1))["quote"])
        assert sums["serviceFee"] == Decimal(fee)


def test_a_quote_lasts_fifteen_minutes(world: World, host: Person) -> None:
    before = world.now()
    quote = ok(ask(world, world.nobody, world.listing(host)))["quote"]
    assert isinstance(quote["quoteId"], str)
    expires = instant(quote["expiresAt"][:10], quote["expiresAt"][11:23])
    assert timedelta(minutes=15) <= expires - before <= timedelta(minutes=15, seconds=5)


def test_a_quote_fixes_the_price_not_the_nights(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    quote = ok(ask(world, guest, place))["quote"]
    ok(host.patch(f"/v1/listings/{place['id']}", {"pricePerNight": 900}))
    fresh = ok(ask(world, guest, place))["quote"]
    assert fresh["totalPrice"] > quote["totalPrice"]
    stay = world.book(guest, place, quoteId=quote["quoteId"], totalPrice=quote["totalPrice"], currency="EUR")
    assert stay["totalPrice"] == quote["totalPrice"]
    assert stay["priceLines"] == quote["priceLines"]
    other = world.person()
    refused(other.post("/v1/reservations", world.stay(place, quoteId=quote["quoteId"])), 409, "NIGHTS_TAKEN")


def test_an_expired_quote_is_refused(world: World, host: Person, guest: Person) -> None:
    world.morning()
    place = world.listing(host)
    quote = ok(ask(world, guest, place))["quote"]
    expires = instant(quote["expiresAt"][:10], quote["expiresAt"][11:23])
    world.travel(expires - timedelta(seconds=30))
    honoured = ok(guest.post("/v1/reservations", world.stay(place, quoteId=quote["quoteId"])), 201)["reservation"]
    world.cancel(guest, honoured)
    world.travel(expires)
    refused(guest.post("/v1/reservations", world.stay(place, quoteId=quote["quoteId"])), 409, "QUOTE_EXPIRED")


def test_a_quote_for_another_stay_does_not_match(world: World, host: Person, guest: Person) -> None:
    place, other = world.listing(host), world.listing(host)
    quote = ok(ask(world, guest, place, 30, 2))["quote"]["quoteId"]
    for body in (
        world.stay(other, 30, 2, quoteId=quote),
        world.stay(place, 31, 2, quoteId=quote),
        world.stay(place, 30, 3, quoteId=quote),
        world.stay(place, 30, 2, guestCount=2, quoteId=quote),
    ):
        refused(guest.post("/v1/reservations", body), 409, "QUOTE_MISMATCH")


def test_a_forged_quote_is_refused(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    quote = ok(ask(world, guest, place))["quote"]["quoteId"]
    for forged in (quote[:-4] + "AAAA", "nothing", "", quote + "x", "x" + quote):
        answer = guest.post("/v1/reservations", world.stay(place, quoteId=forged))
        assert answer.status_code in {400, 409}, told(answer)  # malformed, or no quote of ours
        refused(answer, answer.status_code, "INVALID", "QUOTE_MISMATCH")


def test_a_price_sent_with_a_quote_must_be_the_quotes(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    quote = ok(ask(world, guest, place))["quote"]
    body = world.stay(place, quoteId=quote["quoteId"], totalPrice=quote["totalPrice"] + 1)
    refused(guest.post("/v1/reservations", body), 409, "PRICE_DIFFERS")


def test_a_quote_is_refused_as_a_reservation_would_be(world: World, host: Person, guest: Person) -> None:
    place = world.listing(
        host, minStay=2, maxStay=10, bookingPolicies={"maxGuests": 2, "advanceNoticeDays": 2, "bookingWindowDays": 100}
    )
    refused(ask(world, guest, place, -1, 2), 409, "CHECK_IN_PAST")
    refused(ask(world, guest, place, 1, 2), 409, "NOTICE_TOO_SHORT")
    refused(ask(world, guest, place, 101, 2), 409, "TOO_FAR_AHEAD")
    refused(ask(world, guest, place, 30, 1), 409, "STAY_TOO_SHORT")
    refused(ask(world, guest, place, 30, 11), 409, "STAY_TOO_LONG")
    refused(ask(world, guest, place, guestCount=3), 409, "TOO_MANY_GUESTS")
    world.book(guest, place)
    refused(ask(world, guest, place), 409, "NIGHTS_TAKEN")
    ok(ask(world, host, place, 40, 2))  # "save OWN_LISTING"
    ok(host.patch(f"/v1/listings/{place['id']}", {"isPublished": False}))
    refused(ask(world, guest, place, 40, 2), 404, "NOT_FOUND")
    refused(ask(world, world.nobody, place, 40, 2), 404, "NOT_FOUND")
    refused(ask(world, host, place, 40, 2), 409, "LISTING_NOT_PUBLISHED")
    refused(ask(world, guest, {"id": ABSENT}), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("guestCount", 0),
        ("guestCount", "x"),
        ("guestCount", 1.5),
        ("checkIn", "2030-02-30"),
        ("checkOut", "soon"),
        ("listingId", "x"),
        ("colour", "red"),
    ],
)
def test_a_quote_for_nonsense_is_400(world: World, host: Person, field: str, value: Any) -> None:
    invalid(ask(world, world.nobody, world.listing(host), **{field: value}), field)


def test_a_quote_needs_its_four_parameters(world: World, host: Person) -> None:
    place = world.listing(host)
    for name in ("listingId", "checkIn", "checkOut", "guestCount"):
        params = {"listingId": place["id"], "checkIn": world.day(30), "checkOut": world.day(32), "guestCount": 1}
        del params[name]
        invalid(world.nobody.get("/v1/quotes", **params), name)


def test_a_stay_of_no_nights_is_400(world: World, host: Person) -> None:
    place = world.listing(host)
    for nights in (0, -1):
        refused(ask(world, world.nobody, place, 30, nights), 400, "INVALID")


def test_a_quote_stores_nothing(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    at = wire(world.now())
    ok(ask(world, guest, place))
    assert ok(world.root.get(f"/v1/listings/{place['id']}"))["listing"] == place, at
    world.book(world.person(), place)
