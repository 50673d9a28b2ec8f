"""A refund that the provider cannot give, and that an admin says was given by other means."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commands.ports import Unavailable
from domain.errors import NotAllowed, NotThere, Refused
from tests.commands.marketplace import Marketplace, money, somebody
from tests.commands.paying import GUEST, HOST, called_off, held, started
from tests.commands.till import Frail, call_back, given_back, ledger, refund_event, total

ADMIN = somebody("admin")
DAY = timedelta(days=1)


async def come_back(market: Marketplace) -> Any:
    """Such a stay, whose refund the guest's bank has sent back."""
    reservation = await called_off(market)
    (refund,) = (await ledger(market, reservation)).refunds
    await call_back(market, refund_event(reservation, str(refund)))
    return reservation


async def settle(market: Marketplace, reservation: Any, by: Any = ADMIN) -> Any:
    return await market.ask("settleReservationRefund", by, reservationId=reservation["id"])


async def test_it_is_out_in_the_books_and_not_asked_for_again(market: Marketplace, database: str) -> None:
    reservation = await come_back(market)
    assert (await ledger(market, reservation)).held > 0
    assert (await settle(market, reservation))["id"] == reservation["id"]
    payment = await ledger(market, reservation)
    assert (payment.held, payment.refunded) == (0, payment.money_in)
    assert await total(market, reservation, "refundAmount") == money(reservation["totalPrice"])
    await market.pass_time(60 * DAY)
    assert given_back(database) == 1
    payment = await ledger(market, reservation)
    assert (payment.held, payment.refunded, payment.paid_out) == (0, payment.money_in, 0)


async def test_what_is_told_of_earlier_tries_is_no_news(market: Marketplace) -> None:
    reservation = await come_back(market)
    await settle(market, reservation)
    (refund,) = (await ledger(market, reservation)).refunds
    await call_back(market, refund_event(reservation, str(refund), type="refund.updated"))
    assert (await ledger(market, reservation)).held == 0


async def test_not_twice_and_not_what_nobody_waits_for(market: Marketplace) -> None:
    reservation = await come_back(market)
    await settle(market, reservation)
    paid, unpaid = await held(market), await held(market)
    await started(market, paid)
    for of in (reservation, paid, unpaid, await called_off(market)):
        with pytest.raises(Refused) as refused:
            await settle(market, of)
        assert refused.value.rule == "WRONG_STATE"


async def test_not_while_the_provider_may_be_giving_it(market: Marketplace, provider: Frail) -> None:
    """Asked and not answered: it may have given it, and the guest would have the money twice."""
    with provider.cut_off("refund"):
        reservation = await called_off(market)
        with pytest.raises(Refused):
            await settle(market, reservation)
    await market.pass_time(DAY)
    (refund,) = (await ledger(market, reservation)).refunds
    await call_back(market, refund_event(reservation, str(refund)))
    with provider.cut_off("refund"):
        with pytest.raises(Unavailable):
            await market.pass_time(DAY)
        with pytest.raises(Refused):
            await settle(market, reservation)
    await market.pass_time(DAY)
    assert (await ledger(market, reservation)).held == 0


async def test_admins_alone(market: Marketplace) -> None:
    reservation = await come_back(market)
    for by in (GUEST, HOST, somebody("moderator")):
        with pytest.raises(NotAllowed):
            await settle(market, reservation, by)
    with pytest.raises(NotThere):
        await settle(market, {"id": str(GUEST.id)})
    assert (await ledger(market, reservation)).held > 0
