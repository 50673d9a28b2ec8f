"""What the host is paid, and when."""

from datetime import timedelta
from decimal import Decimal

from tests.e2e.money import Worked, dec
from tests.e2e.talk import Person
from tests.e2e.test_quotes import worked
from tests.e2e.world import World, instant


def test_the_host_is_paid_a_day_after_check_in(world: World, host: Person, guest: Person) -> None:
    world.morning()
    stay = world.pay(guest, world.book(guest, worked(world, host, 1), 1, 8))
    check_in = instant(stay["checkIn"], "15:00")
    world.travel(check_in + timedelta(hours=24) - timedelta(seconds=30))
    assert world.records(stay, "payout") == []
    world.travel(check_in + timedelta(hours=24))
    (payout,) = world.records(stay, "payout")
    assert payout["paymentStatus"] == "paid"
    assert dec(payout["payoutAmountHost"]) == Worked.net + Worked.cleaning - Worked.host_fee
    assert (payout["amountPaid"], payout["refundAmount"], payout["cityTax"], payout["platformFee"]) == (0, 0, 0, 0)
    (charge,) = world.records(stay, "charge")
    held = dec(charge["cityTax"]) + dec(charge["platformFee"])
    assert dec(charge["amountPaid"]) == dec(payout["payoutAmountHost"]) + held, "money in = money out + held"


def test_a_host_who_keeps_half_is_paid_for_half(world: World, host: Person, guest: Person) -> None:
    """Strict at 50 %: kept 444.63, host fee 13.34, payout 431.29."""
    world.morning()
    stay = world.pay(guest, world.book(guest, worked(world, host, 12, cancellationPolicy={"tier": "strict"}), 12, 8))
    world.advance("P2D")
    world.cancel(guest, stay)
    world.travel(instant(stay["checkIn"], "15:00") + timedelta(hours=24))
    (payout,) = world.records(stay, "payout")
    assert dec(payout["payoutAmountHost"]) == Decimal("431.29")


def test_a_host_who_keeps_nothing_is_not_paid(world: World, host: Person, guest: Person) -> None:
    world.morning()
    stay = world.confirmed(guest, world.listing(host), 2, 1)
    world.cancel(host, stay)
    world.travel(instant(stay["checkIn"], "15:00") + timedelta(hours=25))
    assert [row for row in world.records(stay, "payout") if row["payoutAmountHost"]] == []
