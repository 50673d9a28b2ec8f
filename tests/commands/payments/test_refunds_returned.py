"""A refund that the provider had taken on and that came back: held again, given anew, and in the books each time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.commands.marketplace import Marketplace, money, somebody
from tests.commands.paying import GUEST, HOST, called_off
from tests.commands.till import Frail, books, call_back, given_back, ledger, refund_event, stripe_event

DAY, SOON = timedelta(days=1), timedelta(seconds=30)


async def refund_of(market: Marketplace, reservation: Any) -> str:
    """The id of its one refund."""
    (refund,) = (await ledger(market, reservation)).refunds
    return str(refund)


async def told(market: Marketplace, reservation: Any, tries: int = 1, **over: Any) -> bool:
    """Tell of its refund that it came back; answers whether that was recorded."""
    event = refund_event(reservation, await refund_of(market, reservation), tries, **over)
    recorded: bool = (await call_back(market, event))["recorded"]
    return recorded


async def entries(market: Marketplace, reservation: Any) -> list[tuple[str, Any]]:
    """What the books say of refunds, as the guest sees it."""
    found = [record for record in await books(market, reservation, GUEST) if record["kind"] == "refund"]
    return sorted((record["paymentStatus"], money(record["refundAmount"])) for record in found)


async def test_what_came_back_is_held_again_and_given_anew_a_day_later(market: Marketplace, database: str) -> None:
    reservation = await called_off(market)
    total = money(reservation["totalPrice"])
    assert (await ledger(market, reservation)).held == 0
    assert await told(market, reservation)
    payment = await ledger(market, reservation)
    assert (payment.held, payment.refunded, payment.left) == (payment.money_in, 0, 0)
    assert await entries(market, reservation) == [("failed", -total), ("refunded", total)]
    await market.pass_time(DAY)
    payment = await ledger(market, reservation)
    assert (payment.held, payment.refunded) == (0, payment.money_in)
    assert await entries(market, reservation) == [("failed", -total), ("refunded", total), ("refunded", total)]
    assert given_back(database) == 2


async def test_the_answer_shows_the_reservation(market: Marketplace) -> None:
    reservation = await called_off(market)
    event = refund_event(reservation, await refund_of(market, reservation))
    assert (await call_back(market, event))["shown"]["id"] == reservation["id"]


async def test_each_time_it_comes_back_it_waits_twice_as_long(market: Marketplace, database: str) -> None:
    reservation = await called_off(market)
    for tries, days in ((1, 1), (2, 2), (3, 4)):
        assert await told(market, reservation, tries)
        await market.pass_time(days * DAY - timedelta(minutes=1))
        assert given_back(database) == tries
        await market.pass_time(timedelta(minutes=1))
        assert given_back(database) == tries + 1
    assert (await ledger(market, reservation)).held == 0


@pytest.mark.parametrize(
    "over",
    [
        {"type": "refund.updated"},
        {"type": "charge.refund.updated"},
        {"type": "refund.updated", "refunded": {"status": "canceled", "failure_reason": None}},
    ],
)
async def test_it_is_told_of_by_several_kinds_of_events(market: Marketplace, over: dict[str, Any]) -> None:
    reservation = await called_off(market)
    assert await told(market, reservation, **over)
    assert (await ledger(market, reservation)).refunded == 0


async def test_told_twice_it_came_back_once(market: Marketplace, database: str) -> None:
    reservation = await called_off(market)
    event = refund_event(reservation, await refund_of(market, reservation))
    await call_back(market, event)
    head = await market.product.store.end()
    assert (await call_back(market, event))["shown"]["id"] == reservation["id"]
    assert await market.product.store.end() == head
    await call_back(market, event | {"id": "evt_another", "type": "refund.updated"})
    await market.pass_time(DAY)
    await call_back(market, event | {"id": "evt_late", "type": "charge.refund.updated"})
    assert (await ledger(market, reservation)).held == 0
    assert given_back(database) == 2


async def test_what_goes_well_or_is_not_ours_is_no_news(market: Marketplace) -> None:
    reservation = await called_off(market)
    other = await called_off(market)
    head = await market.product.store.end()
    for event in (
        refund_event(reservation, await refund_of(market, reservation), refunded={"status": "succeeded"}),
        refund_event(reservation, await refund_of(market, reservation), refunded={"metadata": {}}),
        refund_event(reservation, await refund_of(market, other)),
        refund_event(reservation, str(uuid4())),
        refund_event({"id": str(uuid4())}, await refund_of(market, reservation)),
        refund_event(reservation, await refund_of(market, reservation), type="refund.created"),
        refund_event(reservation, await refund_of(market, reservation), type="refund.updated", data={}),
    ):
        assert not (await call_back(market, event))["recorded"]
    assert await market.product.store.end() == head


async def test_it_comes_back_before_its_answer_was_recorded(
    market: Marketplace, provider: Frail, database: str
) -> None:
    """Asked again with the same key the provider would say what it said then: that it was given."""
    reservation = await market.book(GUEST, await market.listing(HOST))
    await market.pay(GUEST, reservation)
    with provider.killed_after("refund"):
        await market.ask("updateReservation", HOST, reservationId=reservation["id"], bookingStatus="cancelled")
    assert await told(market, reservation)
    await market.pass_time(SOON)
    assert (await ledger(market, reservation)).refunded == 0
    await market.pass_time(DAY)
    assert (await ledger(market, reservation)).held == 0
    assert given_back(database) == 2
    assert await entries(market, reservation) == [("refunded", money(reservation["totalPrice"]))]


async def test_what_is_given_anew_for_a_dispute_is_taken_from_the_host_once(market: Marketplace) -> None:
    reservation = await market.book(GUEST, await market.listing(HOST))
    await market.pay(GUEST, reservation)
    asked = {"reservationId": reservation["id"], "issueType": "noise", "description": "All night"}
    dispute = await market.ask("createDispute", GUEST, **asked)
    for step in (
        {"resolutionStatus": "reviewing"},
        {"resolutionStatus": "resolved", "refundApproved": True, "refundAmount": 50},
    ):
        await market.ask("updateDispute", somebody("admin"), disputeId=dispute["id"], **step)
    await market.pass_time(timedelta(days=40))
    before = await ledger(market, reservation)
    assert await told(market, reservation)
    await market.pass_time(DAY)
    after = await ledger(market, reservation)
    assert (after.payouts, after.refunded, after.held) == (before.payouts, 5_000, before.held)


async def test_a_late_payment_whose_refund_comes_back_goes_back_in_the_end(market: Marketplace) -> None:
    reservation = await market.book(GUEST, await market.listing(HOST))
    await market.pay(GUEST, reservation, "pm_card_processing")
    await market.ask("updateReservation", GUEST, reservationId=reservation["id"], bookingStatus="cancelled")
    await call_back(market, stripe_event("succeeded", reservation, None, payment={"id": "pi_late"}))
    await market.pass_time(timedelta(minutes=10))
    assert await told(market, reservation)
    assert (await market.reservation(reservation["id"]))["paymentConfirmation"] == "paid"
    await market.pass_time(DAY)
    assert (await ledger(market, reservation)).held == 0
