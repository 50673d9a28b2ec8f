"""The secret with which a guest's browser goes on with a payment: told to the guest, and stored nowhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from commands.bus import Ask, Done
from commands.payment_provider import Answered
from commands.ports import Key
from infra.http.envelope import decode, encode
from infra.payments.simulator import Simulator
from tests.commands.marketplace import Marketplace, somebody

HOST, GUEST = somebody(), somebody()
SECRET = "pi_1_secret_2"


class Telling(Simulator):
    """A provider that tells a secret, as Stripe does."""

    async def start(self, *asked: Any) -> Answered:
        return replace(await super().start(*asked), client_secret=SECRET)

    async def refresh(self, *asked: Any) -> Answered:
        return replace(await super().refresh(*asked), client_secret=SECRET)


@pytest.fixture
async def provider(database: str) -> AsyncIterator[Telling]:
    provider = Telling(database)
    yield provider
    await provider.close()


async def asked(market: Marketplace, command: str, key: Key, **body: Any) -> Done:
    """What a guest is answered who sent a key."""
    wanted = market.product.registry[command]
    message = wanted.message.model_validate(body)

    def rendered(told: Any, _shown: Any) -> bytes:
        return encode(told.extra)

    now = market.product.clock.real_now()
    return await market.product.bus.run(wanted, message, Ask(GUEST, market.now, now, rendered, key=key))


@pytest.mark.parametrize("method", ["pm_card_authenticationRequired", "pm_card_chargeDeclined"])
async def test_a_retry_is_told_all_of_a_payment_but_its_secret(market: Marketplace, method: str) -> None:
    reservation = await market.book(GUEST, await market.listing(HOST))
    paying = {"reservationId": reservation["id"], "paymentUserParams": {"paymentMethodId": method}}
    key = Key(f"{GUEST.text} {uuid4()}", b"the same")
    first, again = [await asked(market, "startReservationPayment", key, **paying) for _ in range(2)]
    assert SECRET.encode() in first.body
    assert (again.replayed, again.status) == (True, first.status)
    assert without_secret(decode(first.body)) == decode(again.body)


async def test_whoever_lost_the_secret_is_told_it_by_a_refresh(market: Marketplace) -> None:
    reservation = await market.book(GUEST, await market.listing(HOST))
    method = {"paymentMethodId": "pm_card_authenticationRequired"}
    await market.answered("startReservationPayment", GUEST, reservationId=reservation["id"], paymentUserParams=method)
    key = Key(f"{GUEST.text} {uuid4()}", b"the same")
    told = await asked(market, "refreshReservationPayment", key, reservationId=reservation["id"])
    assert SECRET.encode() in told.body


async def test_an_admin_who_refreshes_a_payment_is_not_told_it(market: Marketplace) -> None:
    reservation = await market.book(GUEST, await market.listing(HOST))
    method = {"paymentMethodId": "pm_card_authenticationRequired"}
    await market.answered("startReservationPayment", GUEST, reservationId=reservation["id"], paymentUserParams=method)
    told = await market.answered("refreshReservationPayment", somebody("admin"), reservationId=reservation["id"])
    assert SECRET not in str(told)


def without_secret(body: Any) -> Any:
    """The same without the field."""
    if not isinstance(body, dict):
        return body
    return {name: without_secret(value) for name, value in body.items() if name != "clientSecret"}
