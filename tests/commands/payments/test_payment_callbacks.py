"""What a provider calls back with: believed if signed, once, in any order."""

from __future__ import annotations

import json
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest

from domain.errors import Invalid
from tests.commands.marketplace import Marketplace, money
from tests.commands.paying import GUEST, HOST, WAITS, state
from tests.commands.till import attempts, call_back, kinds, ledger, signed, stripe_event


async def held(market: Marketplace, method: str | None = WAITS, *, manual: bool = False) -> tuple[Any, str | None]:
    """A reservation with a payment under way, and the provider's id of the payment."""
    listing = await market.listing(HOST, approvalType="manual" if manual else "instant")
    reservation = await market.book(GUEST, listing)
    if method is None:
        return reservation, None
    await market.pay(GUEST, reservation, method)
    (attempt,) = await attempts(market, reservation)
    return reservation, attempt["paymentId"]


async def test_a_signed_success_confirms_and_is_answered_with_the_reservation(market: Marketplace) -> None:
    reservation, intent = await held(market)
    answered = await call_back(market, stripe_event("succeeded", reservation, intent))
    assert answered["shown"]["id"] == reservation["id"]
    assert answered["shown"]["bookingStatus"] == "confirmed"
    assert answered["extra"]["paymentResult"]["paymentStatus"] == "succeeded"
    assert await kinds(market, reservation) == ["charge"]


async def test_a_known_event_writes_nothing(market: Marketplace) -> None:
    reservation, intent = await held(market)
    event = stripe_event("succeeded", reservation, intent)
    assert (await call_back(market, event))["recorded"]
    head = await market.product.store.end()
    again = await call_back(market, event)
    assert again["shown"]["bookingStatus"] == "confirmed"
    assert await market.product.store.end() == head


async def test_a_known_event_id_writes_nothing_whatever_it_says_now(market: Marketplace) -> None:
    reservation, intent = await held(market)
    event = stripe_event("processing", reservation, intent)
    await call_back(market, event)
    head = await market.product.store.end()
    await call_back(market, event | {"type": "payment_intent.succeeded"})
    assert await market.product.store.end() == head
    assert await state(market, reservation) == ("pending", "processing")


async def test_a_bad_signature_is_invalid_and_writes_nothing(market: Marketplace) -> None:
    reservation, intent = await held(market)
    head = await market.product.store.end()
    body = json.dumps(stripe_event("succeeded", reservation, intent)).encode()
    now = int(market.product.clock.real_now().timestamp())
    for signature in (
        "",
        "t=1,v1=abc",
        "nonsense",
        "t=é,v1=é",
        signed(body, now, "whsec_other"),
        signed(body + b" ", now),
        signed(body, now - 301),
        f"t={now}",
    ):
        with pytest.raises(Invalid):
            await call_back(market, body, signature)
    assert await market.product.store.end() == head
    assert await state(market, reservation) == ("pending", "processing")


async def test_a_signed_body_that_is_no_event_is_invalid(market: Marketplace) -> None:
    now = int(market.product.clock.real_now().timestamp())
    for body in (b"", b"[]", b"{", b"{}", b'{"id":"evt_1"}', b'{"id":1,"type":"x"}', b"\xff\xfe", b"[" * 100_000):
        with pytest.raises(Invalid):
            await call_back(market, body, "t=1,v1=x" if body == b"\xff\xfe" else signed(body, now))
    with pytest.raises(Invalid):
        await call_back(market, stripe_event("succeeded", None, None))


async def test_an_event_of_another_kind_or_about_nobody_is_passed_over(market: Marketplace) -> None:
    _, intent = await held(market)
    head = await market.product.store.end()
    stranger = {"id": str(uuid4())}
    for event in (
        stripe_event("succeeded", None, intent) | {"type": "charge.dispute.created"},
        stripe_event("succeeded", stranger, "pi_of_somebody_else"),
        stripe_event("succeeded", None, "pi_of_somebody_else"),
        stripe_event("succeeded", None, "pi_1", payment={"metadata": {"reservationId": "no id"}}),
    ):
        answered = await call_back(market, event)
        assert (answered["shown"], answered["recorded"]) == (None, False)
    assert await market.product.store.end() == head


async def test_the_reservation_comes_from_the_signed_payment_never_from_the_body_beside_it(market: Marketplace) -> None:
    reservation, intent = await held(market)
    other, _ = await held(market)
    event = stripe_event("succeeded", None, intent) | {"reservationId": other["id"]}
    answered = await call_back(market, event)
    assert answered["shown"]["id"] == reservation["id"]
    assert (await state(market, other))[0] == "pending"


@pytest.mark.parametrize("order", list(permutations(("requires_action", "processing", "succeeded"))))
async def test_callbacks_in_any_order_end_confirmed_and_charged_once(
    market: Marketplace, order: tuple[str, ...]
) -> None:
    reservation, intent = await held(market)
    for kind in order:
        await call_back(market, stripe_event(kind, reservation, intent))
    assert await state(market, reservation) == ("confirmed", "paid")
    assert await kinds(market, reservation) == ["charge"]


async def test_a_failure_that_was_overtaken_by_the_success_is_none(market: Marketplace) -> None:
    reservation, intent = await held(market)
    for kind in ("succeeded", "payment_failed", "canceled"):
        await call_back(market, stripe_event(kind, reservation, intent))
    assert await state(market, reservation) == ("confirmed", "paid")


async def test_a_failure_leaves_the_guest_to_try_again(market: Marketplace) -> None:
    reservation, intent = await held(market)
    error = {"last_payment_error": {"code": "card_declined"}}
    await call_back(market, stripe_event("payment_failed", reservation, intent, payment=error))
    assert await state(market, reservation) == ("pending", "pending")
    await market.pay(GUEST, reservation)
    assert await state(market, reservation) == ("confirmed", "paid")


async def test_an_older_attempt_that_succeeds_after_all_is_given_back_in_full(market: Marketplace) -> None:
    reservation, intent = await held(market)
    await call_back(market, stripe_event("payment_failed", reservation, intent))
    await market.pay(GUEST, reservation)
    await call_back(market, stripe_event("succeeded", reservation, intent))
    assert await state(market, reservation) == ("confirmed", "paid")
    assert await kinds(market, reservation) == ["charge", "charge", "failed", "refund"]
    payment = await ledger(market, reservation)
    assert (payment.money_in, payment.refunded) == (2 * payment.held, payment.held)


async def test_an_older_attempt_that_succeeds_first_pays_and_the_newer_is_let_go(market: Marketplace) -> None:
    reservation, intent = await held(market)
    await call_back(market, stripe_event("payment_failed", reservation, intent))
    await market.pay(GUEST, reservation, "pm_card_authenticationRequired")
    await call_back(market, stripe_event("succeeded", reservation, intent))
    assert await state(market, reservation) == ("confirmed", "paid")
    assert [a["statusLiteral"] for a in await attempts(market, reservation)] == ["paid", "canceled"]
    assert (await ledger(market, reservation)).money_in == 34_197


async def test_an_authorisation_that_is_told_waits_for_the_host(market: Marketplace) -> None:
    reservation, intent = await held(market, manual=True)
    await call_back(market, stripe_event("amount_capturable_updated", reservation, intent))
    now = await market.reservation(reservation["id"])
    assert now["holdExpiresAt"] > reservation["holdExpiresAt"]
    accepted = await market.ask("updateReservation", HOST, reservationId=reservation["id"], bookingStatus="confirmed")
    assert accepted["bookingStatus"] == "confirmed"


async def test_money_captured_elsewhere_waits_for_the_host_and_goes_back_if_declined(market: Marketplace) -> None:
    for answer, expected, gone in (("confirmed", ["charge"], 0), ("declined", ["charge", "refund"], 34_197)):
        reservation, intent = await held(market, manual=True)
        await call_back(market, stripe_event("succeeded", reservation, intent))
        assert await state(market, reservation) == ("pending", "paid")
        await market.ask("updateReservation", HOST, reservationId=reservation["id"], bookingStatus=answer)
        assert await state(market, reservation) == (answer, "paid")
        assert await kinds(market, reservation) == expected
        assert (await ledger(market, reservation)).refunded == gone
        refund = (await market.reservation(reservation["id"]))["refund"]
        assert (None if refund is None else refund["amount"]) == (money(gone) / 100 if gone else None)


async def test_money_captured_elsewhere_goes_back_with_its_reason_when_the_request_ends(market: Marketplace) -> None:
    for by_guest in (True, False):
        reservation, intent = await held(market, manual=True)
        await call_back(market, stripe_event("succeeded", reservation, intent))
        if by_guest:
            await market.ask("updateReservation", GUEST, reservationId=reservation["id"], bookingStatus="cancelled")
        else:
            await market.pass_time(timedelta(minutes=15))
        now = await market.reservation(reservation["id"])
        assert now["bookingStatus"] == "cancelled"
        assert now["refund"]["amount"] == now["totalPrice"]
        assert now["refund"]["trace"]["rule"] == "neverConfirmed"
        assert await kinds(market, reservation) == ["charge", "refund"]


async def test_an_authorisation_that_the_provider_cancels_can_be_followed_by_another(market: Marketplace) -> None:
    reservation, intent = await held(market, "pm_card_visa", manual=True)
    await call_back(market, stripe_event("canceled", reservation, intent))
    assert await state(market, reservation) == ("pending", "canceled")
    await market.pay(GUEST, reservation)
    assert await state(market, reservation) == ("pending", "processing")


async def test_a_payment_that_was_not_started_here_is_nobodys(market: Marketplace) -> None:
    for method in (None, WAITS):
        reservation, _ = await held(market, method)
        before = await state(market, reservation)
        for kind in ("succeeded", "payment_failed", "amount_capturable_updated"):
            event = stripe_event(kind, reservation, "pi_elsewhere")
            assert not (await call_back(market, event))["recorded"]
        assert await state(market, reservation) == before
        assert await kinds(market, reservation) == []
