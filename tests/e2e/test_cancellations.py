"""Cancelling: what each policy pays back, to the cent, at each side of each cut-off."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from tests.e2e.money import Worked, cents, dec
from tests.e2e.talk import Json, Person, ok, refused
from tests.e2e.test_quotes import worked
from tests.e2e.world import World, instant

GUESTS_OUTCOME = {
    # tier, days from confirmation to check-in, hours before check-in when cancelled → refund
    ("flexible", 6, 25): Decimal("1107.68"),
    ("flexible", 6, 23): Decimal("885.60"),
    ("moderate", 6, 5 * 24 + 1): Decimal("1107.68"),
    ("moderate", 6, 5 * 24 - 1): Worked.refund(Decimal("398.39"), cleaning=True),
    ("limited", 20, 14 * 24 + 1): Decimal("1107.68"),
    ("limited", 20, 14 * 24 - 1): Decimal("514.10"),
    ("limited", 20, 7 * 24 + 1): Decimal("514.10"),
    ("limited", 20, 7 * 24 - 1): Decimal("45.00"),
    ("firm", 35, 30 * 24 + 1): Decimal("1107.68"),
    ("firm", 35, 30 * 24 - 1): Decimal("514.10"),
    ("firm", 35, 7 * 24 - 1): Decimal("45.00"),
    ("strict", 35, 30 * 24 + 1): Decimal("514.10"),
    ("strict", 35, 7 * 24 + 1): Decimal("514.10"),
    ("strict", 35, 7 * 24 - 1): Decimal("45.00"),
    ("non_refundable", 35, 30 * 24): Decimal("45.00"),
    ("non_refundable", 35, 1): Decimal("45.00"),
}


def confirmed(world: World, host: Person, guest: Person, ahead: int, policy: Json) -> Json:
    """The worked example, paid at eight in the morning."""
    world.morning()
    return world.pay(guest, world.book(guest, worked(world, host, ahead, cancellationPolicy=policy), ahead, 8))


def check_in(stay: Json) -> datetime:
    return instant(stay["checkIn"], "15:00")


def paid_back(world: World, stay: Json) -> Decimal:
    return sum((dec(row["refundAmount"]) for row in world.records(stay, "refund")), Decimal(0))


def amount(stay: Json) -> Decimal:
    """What a cancelled reservation says goes back; its lines add up to it."""
    refund = stay["refund"]
    if refund is None:
        return Decimal(0)
    assert sum(dec(line["amount"]) for line in refund["lines"]) == dec(refund["amount"])
    assert refund["trace"]["rule"]
    assert "cutOffs" in refund["trace"]
    assert refund["trace"]["cancelledAt"]
    return dec(refund["amount"])


@pytest.mark.parametrize(("tier", "ahead", "hours"), GUESTS_OUTCOME)
def test_a_guest_gets_back_what_the_tier_says(
    world: World, host: Person, guest: Person, tier: str, ahead: int, hours: int
) -> None:
    stay = confirmed(world, host, guest, ahead, {"tier": tier})
    world.travel(check_in(stay) - timedelta(hours=hours))
    cancelled = world.cancel(guest, stay)
    assert (cancelled["bookingStatus"], cancelled["cancelledBy"]) == ("cancelled", "guest")
    assert cancelled["paymentConfirmation"] == "paid", "once captured, after refunds too"
    assert amount(cancelled) == GUESTS_OUTCOME[tier, ahead, hours]
    assert paid_back(world, stay) == GUESTS_OUTCOME[tier, ahead, hours]
    assert all(row["paymentStatus"] == "refunded" for row in world.records(stay, "refund"))


@pytest.mark.parametrize(
    ("tier", "refunded"),
    [
        # One night is stayed and one more kept; of moderate half of the rest besides.
        ("flexible", Worked.net - Worked.worth(2)),
        ("moderate", cents((Worked.net - Worked.worth(2)) / 2)),
        ("limited", Decimal(0)),
        ("firm", Decimal(0)),
        ("strict", Decimal(0)),
        ("non_refundable", Decimal(0)),
    ],
)
def test_after_check_in_the_host_keeps_more(
    world: World, host: Person, guest: Person, tier: str, refunded: Decimal
) -> None:
    stay = confirmed(world, host, guest, 2, {"tier": tier})
    world.travel(check_in(stay) + timedelta(hours=1))
    assert amount(world.cancel(guest, stay)) == Worked.refund(refunded, cleaning=False)


def test_a_night_is_stayed_from_the_check_in_time_on_its_date(world: World, host: Person, guest: Person) -> None:
    stay = confirmed(world, host, guest, 2, {"tier": "flexible"})
    world.travel(check_in(stay) + timedelta(days=2, hours=-1))  # two nights stayed; the third begins in an hour
    assert amount(world.cancel(guest, stay)) == Worked.refund(Worked.net - Worked.worth(3), cleaning=False)


@pytest.mark.parametrize("tier", ["flexible", "non_refundable"])
def test_a_host_or_admin_who_cancels_pays_everything_before_check_in(
    world: World, host: Person, guest: Person, tier: str
) -> None:
    for by, name in ((host, "host"), (world.root, "admin")):
        stay = confirmed(world, host, guest, 2, {"tier": tier})
        cancelled = world.cancel(by, stay)
        assert cancelled["cancelledBy"] == name
        assert amount(cancelled) == paid_back(world, stay) == Worked.total


def test_a_host_who_cancels_later_pays_the_nights_not_stayed_with_their_tax(
    world: World, host: Person, guest: Person
) -> None:
    stay = confirmed(world, host, guest, 2, {"tier": "non_refundable"})
    world.travel(check_in(stay) + timedelta(hours=1))
    assert amount(world.cancel(host, stay)) == Worked.refund(Worked.net - Worked.worth(1), cleaning=False)


STEPS = {
    "steps": [
        {"hoursBeforeCheckIn": 96, "refundPercent": 100},
        {"hoursBeforeCheckIn": 48, "refundPercent": 50},
        {"hoursBeforeCheckIn": 24, "refundPercent": 10},
    ]
}


@pytest.mark.parametrize(
    ("hours", "percent"),
    [
        (97, 100),
        (95, 50),
        (49, 50),
        (47, 10),
        (25, 10),
        (23, 0),
    ],
)
def test_steps_of_a_hosts_own(world: World, host: Person, guest: Person, hours: int, percent: int) -> None:
    stay = confirmed(world, host, guest, 6, STEPS)
    world.travel(check_in(stay) - timedelta(hours=hours))
    nights = cents(Worked.net * percent / 100)
    expected = Worked.refund(nights, cleaning=True, fee=percent == 100)
    assert amount(world.cancel(guest, stay)) == expected


def test_within_a_day_of_confirmation_everything_goes_back(world: World, host: Person, guest: Person) -> None:
    """Confirmed at least 7 days ahead, a stay under 28 nights; not under non_refundable."""
    stay = confirmed(world, host, guest, 8, {"tier": "strict"})
    world.advance("PT23H")
    assert amount(world.cancel(guest, stay)) == Worked.total
    stay = confirmed(world, host, guest, 8, {"tier": "strict"})
    world.advance("PT24H")
    assert amount(world.cancel(guest, stay)) == Decimal("514.10")
    stay = confirmed(world, host, guest, 6, {"tier": "strict"})
    assert amount(world.cancel(guest, stay)) == Decimal("45.00")
    stay = confirmed(world, host, guest, 8, {"tier": "non_refundable"})
    assert amount(world.cancel(guest, stay)) == Decimal("45.00")
    stay = confirmed(world, host, guest, 8, {"steps": [{"hoursBeforeCheckIn": 24, "refundPercent": 0}]})
    assert amount(world.cancel(guest, stay)) == Decimal("45.00")
    stay = confirmed(world, host, guest, 8, {"steps": [{"hoursBeforeCheckIn": 720, "refundPercent": 10}]})
    assert amount(world.cancel(guest, stay)) == Worked.total


def test_a_long_stay_has_no_grace(world: World, host: Person, guest: Person) -> None:
    world.morning()
    place = world.listing(host, cancellationPolicy={"tier": "strict"})
    for nights, back in ((27, 27 * 114), (28, 28 * 50)):
        stay = world.confirmed(guest, place, 20, nights)
        assert amount(world.cancel(guest, stay)) == back


def test_when_nothing_goes_back_there_is_no_refund_and_no_record(world: World, host: Person, guest: Person) -> None:
    world.morning()
    stay = world.confirmed(guest, world.listing(host, cancellationPolicy={"tier": "non_refundable"}), 5, 2)
    cancelled = world.cancel(guest, stay)
    assert cancelled["refund"] is None
    assert world.records(stay, "refund") == []


def test_cut_offs_count_back_on_the_listings_calendar(world: World, host: Person, guest: Person) -> None:
    """Flexible: until the same local time one day before, in the listing's zone."""
    world.morning()
    zone = "Asia/Tokyo"
    for minutes, back in ((-1, 228), (1, 100)):
        place = world.listing(
            host, location={"lat": 35.68, "lon": 139.69, "timeZone": zone}, bookingPolicies={"checkInTime": "16:30"}
        )
        stay = world.confirmed(guest, place, 4, 2)
        cut_off = instant(stay["checkIn"], "16:30", zone) - timedelta(days=1)
        world.travel(cut_off + timedelta(minutes=minutes))
        assert amount(world.cancel(guest, stay)) == back


def test_a_cut_off_on_the_day_clocks_change_is_at_the_same_local_time(
    world: World, host: Person, guest: Person
) -> None:
    """Check-in the day after clocks go forward in New York: a day before is 24 elapsed hours only by the calendar."""
    world.morning()
    zone = "America/New_York"
    change = next_spring_forward(world.now())
    world.travel(datetime.combine(change - timedelta(days=4), time(8), UTC))
    ahead = (change + timedelta(days=1) - world.today()).days
    there = {"lat": 40.7, "lon": -74.0, "timeZone": zone}
    early, late = (
        world.confirmed(guest, world.listing(host, location=there, bookingPolicies={"checkInTime": "02:30"}), ahead, 2)
        for _ in range(2)
    )
    # 02:30 does not exist on the day of the change; it moves forward by the gap, to 03:30 summer time.
    cut_off = instant(change.isoformat(), "03:30", zone)
    world.travel(cut_off - timedelta(minutes=1))
    assert amount(world.cancel(guest, early)) == 228
    world.travel(cut_off)
    assert amount(world.cancel(guest, late)) == 100


def next_spring_forward(after: datetime) -> date:
    """The second Sunday of March that comes at least five days later."""
    day = (after + timedelta(days=5)).date()
    while not (day.month == 3 and day.weekday() == 6 and 8 <= day.day <= 14):
        day += timedelta(days=1)
    return day


def test_after_a_cancellation_the_nights_not_stayed_are_free(
    world: World, host: Person, guest: Person, stranger: Person
) -> None:
    world.morning()
    place = world.listing(host)
    stay = world.confirmed(guest, place, 1, 4)
    world.travel(check_in(stay) + timedelta(hours=1))
    world.cancel(guest, stay)
    refused(stranger.post("/v1/reservations", world.stay(place, 0, 1)), 409, "NIGHTS_TAKEN")
    world.book(stranger, place, 1, 3)


def test_cancelling_twice_is_cancelling_once(world: World, host: Person, guest: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    first = world.cancel(guest, stay)
    assert world.cancel(guest, stay) == first
    assert world.cancel(host, stay) == first
    assert len(world.records(stay, "refund")) == 1


def test_who_cancels(world: World, host: Person, guest: Person, stranger: Person, moderator: Person) -> None:
    stay = world.book(guest, world.listing(host))
    path = f"/v1/reservations/{stay['id']}"
    refused(stranger.patch(path, {"bookingStatus": "cancelled"}), 404, "NOT_FOUND")
    refused(moderator.patch(path, {"bookingStatus": "cancelled"}), 403, "FORBIDDEN")
    refused(stranger.delete(path), 404, "NOT_FOUND")
    refused(world.nobody.delete(path), 401)
    ok(host.delete(path))
    assert world.see(guest, stay)["cancelledBy"] == "host"
