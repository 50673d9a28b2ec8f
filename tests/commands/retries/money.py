"""Retries of what is done about money: payments, records, disputes."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import timedelta
from typing import Any

from domain.actor import NOBODY, SYSTEM
from tests.commands.marketplace import VISA
from tests.commands.retries.table import ANOTHER, Asked, Row, Town, check_in
from tests.commands.till import Killed, attempts, call_back, ledger, refund_event, signed, stripe_event

WAITS = {"paymentMethodId": "pm_card_processing", "settleAfterSeconds": 60}
SOON = timedelta(minutes=2)


async def pays(town: Town) -> Asked:
    held = await town.asked_for()
    return Asked(town.guest, {"reservationId": held["id"], "paymentUserParams": VISA})


async def pays_a_request(town: Town) -> Asked:
    held = await town.asked_for(approvalType="manual")
    return Asked(town.guest, {"reservationId": held["id"], "paymentUserParams": VISA})


async def is_declined(town: Town) -> Asked:
    held = await town.asked_for()
    method = {"paymentMethodId": "pm_card_chargeDeclined"}
    return Asked(town.guest, {"reservationId": held["id"], "paymentUserParams": method})


async def under_way(town: Town) -> Any:
    """A reservation whose payment settles in a minute."""
    held = await town.asked_for()
    await town.told("startReservationPayment", town.guest, reservationId=held["id"], paymentUserParams=WAITS)
    return held


async def refreshed(town: Town) -> Asked:
    held = await under_way(town)
    return Asked(town.guest, {"reservationId": held["id"]}, town.market.now + SOON)


async def called_back(town: Town) -> Asked:
    held = await under_way(town)
    (attempt,) = await attempts(town.market, held)
    body = json.dumps(stripe_event("succeeded", held, attempt["paymentId"])).encode()
    now = int(town.market.product.clock.real_now().timestamp())
    return Asked(NOBODY, {"raw": body, "signature": signed(body, now)}, town.market.now + SOON)


async def refund_came_back(town: Town) -> Asked:
    paid = await town.paid()
    await town.market.ask("deleteReservation", town.host, reservationId=paid["id"])
    (refund,) = (await ledger(town.market, paid)).refunds
    body = json.dumps(refund_event(paid, str(refund))).encode()
    now = int(town.market.product.clock.real_now().timestamp())
    return Asked(NOBODY, {"raw": body, "signature": signed(body, now)}, town.market.now + SOON)


async def given_otherwise(town: Town) -> Asked:
    paid = await town.paid()
    await town.market.ask("deleteReservation", town.host, reservationId=paid["id"])
    (refund,) = (await ledger(town.market, paid)).refunds
    await call_back(town.market, refund_event(paid, str(refund)))
    return Asked(town.admin, {"reservationId": paid["id"]})


async def noted(town: Town) -> Asked:
    told = {"paymentIntentId": "pi_by_hand", "currency": "EUR", "amountPaid": 12.5, "paymentStatus": "paid"}
    return Asked(town.admin, told | {"reservationId": (await town.paid())["id"]})


async def attempt_of(town: Town) -> str:
    (attempt,) = await attempts(town.market, await town.paid())
    id: str = attempt["id"]
    return id


async def attempt_made_up(town: Town) -> Asked:
    return Asked(town.admin, {"orderId": (await town.asked_for())["id"]})


async def attempt_redirected(town: Town) -> Asked:
    address = "https://innkeep.example/thanks"
    return Asked(town.admin, {"sys_reservationPaymentId": await attempt_of(town), "redirectUrl": address})


async def attempt_taken_away(town: Town) -> Asked:
    return Asked(town.admin, {"sys_reservationPaymentId": await attempt_of(town)})


async def cut_off_start(town: Town) -> Asked:
    """The provider has the money; the process that asked is gone."""
    held = await town.asked_for()
    town.provider.dies_after = {"start"}
    with suppress(Killed):
        await town.market.pay(town.guest, held)
    town.provider.dies_after = set()
    (attempt,) = (await ledger(town.market, held)).attempts
    return Asked(SYSTEM, {"subject": attempt}, town.market.now + SOON)


async def settled_meanwhile(town: Town) -> Asked:
    (attempt,) = (await ledger(town.market, await under_way(town))).attempts
    return Asked(SYSTEM, {"subject": attempt}, town.market.now + SOON)


async def not_settled_yet(town: Town) -> Asked:
    (attempt,) = (await ledger(town.market, await under_way(town))).attempts
    return Asked(SYSTEM, {"subject": attempt}, town.market.now + timedelta(seconds=30))


async def cut_off_refund(town: Town) -> Asked:
    """The provider has given the money back; the process that asked is gone."""
    paid = await town.paid()
    town.provider.dies_after = {"refund"}
    with suppress(Killed):
        await town.market.ask("deleteReservation", town.host, reservationId=paid["id"])
    town.provider.dies_after = set()
    return Asked(SYSTEM, {"subject": (await ledger(town.market, paid)).id}, town.market.now + SOON)


async def payout_due(town: Town) -> Asked:
    paid = await town.paid()
    due = check_in(paid) + timedelta(days=1)
    return Asked(SYSTEM, {"subject": (await ledger(town.market, paid)).id}, due)


async def new_dispute(town: Town) -> Asked:
    paid = await town.paid()
    return Asked(town.guest, {"reservationId": paid["id"], "issueType": "noise", "description": "All night"})


async def reworded(town: Town) -> Asked:
    return Asked(town.guest, {"disputeId": (await town.disputed())["id"], "description": "Two nights"})


async def looked_into(town: Town) -> Asked:
    return Asked(town.admin, {"disputeId": (await town.disputed())["id"], "resolutionStatus": "reviewing"})


async def _in_review(town: Town) -> str:
    asked = await looked_into(town)
    await town.told("updateDispute", town.admin, **asked.body)
    id: str = asked.body["disputeId"]
    return id


async def resolved(town: Town) -> Asked:
    told = {"resolutionStatus": "resolved", "refundApproved": True, "refundAmount": 50}
    return Asked(town.admin, told | {"disputeId": await _in_review(town)})


async def resolved_in_full(town: Town) -> Asked:
    told = {"resolutionStatus": "resolved", "refundApproved": True}
    return Asked(town.admin, told | {"disputeId": await _in_review(town)})


async def rejected(town: Town) -> Asked:
    return Asked(town.admin, {"disputeId": await _in_review(town), "resolutionStatus": "rejected"})


ROWS = (
    Row("startReservationPayment", pays, "PAYMENT_OPEN"),
    Row("startReservationPayment", pays_a_request, "PAYMENT_OPEN"),
    Row("startReservationPayment", is_declined, ANOTHER),  # it may be tried again while the hold lasts
    Row("refreshReservationPayment", refreshed),
    Row("callbackReservationPayment", called_back),
    Row("callbackReservationPayment", refund_came_back),
    Row("settleReservationRefund", given_otherwise, "WRONG_STATE"),
    Row("createPaymentRecord", noted, ANOTHER),
    Row("createReservationPayment", attempt_made_up, "SERVER_OWNED", refused=True),
    Row("updateReservationPayment", attempt_redirected),
    Row("deleteReservationPayment", attempt_taken_away, "SERVER_OWNED", refused=True),
    Row("resumePayment", cut_off_start),
    Row("checkPayment", settled_meanwhile),
    Row("checkPayment", not_settled_yet),
    Row("resumeRefund", cut_off_refund),
    Row("payOut", payout_due),
    Row("createDispute", new_dispute, "DISPUTE_OPEN"),
    Row("updateDispute", reworded),
    Row("updateDispute", looked_into),
    Row("updateDispute", resolved),
    Row("updateDispute", resolved_in_full),
    Row("updateDispute", rejected),
)
