"""Stripe: one PaymentIntent for each attempt, confirmed as it is made."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, TypeVar, cast
from uuid import UUID

import stripe

from commands.payment_provider import JUST_NOW, NEVER_MADE, Answered, ProviderAway, Refunding, Returned
from domain.errors import Invalid
from domain.payment_attempt import AttemptStatus, Charge, Report
from domain.payment_steps import GiveBack
from infra.payments.silence import Silence

T = TypeVar("T")

TIMEOUT = 20.0
"""Seconds to wait for an answer; what is unknown then is asked again with the same key."""
RETRIES = 1
FORGETS = timedelta(hours=23)
"""Stripe may forget a key when it is 24 hours old. What would be asked again then is looked up instead."""
FINDS = timedelta(hours=2)
"""What Stripe's search does not show so long after it was made was never made: it may lag by an hour."""
GIVEN = frozenset({"succeeded", "pending", "requires_action"})
"""How a refund stands that Stripe has taken on. Should it come back, a callback tells."""

STATUSES: Mapping[str, AttemptStatus] = MappingProxyType(
    {
        "requires_action": "requires_action",
        "processing": "processing",
        "requires_capture": "authorised",
        "succeeded": "captured",
        "canceled": "voided",
        "requires_payment_method": "failed",
        "requires_confirmation": "failed",
    }
)

HUNDREDFOLD = frozenset({"ISK", "UGX"})
"""Currencies without decimals that Stripe nevertheless counts in hundredths."""
WHOLE = frozenset({"MGA"})
"""Currencies with decimals that Stripe counts in whole units."""
TENS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})
"""Currencies of which Stripe takes no more than two of their three decimals."""
NOT_EXACT = "amount_not_exact"
"""The reason of what failed, or was refused, for that."""


class Fault(ProviderAway):
    """Stripe failed. Under the same key it says so again, for a day."""


class StripeProvider:
    """The payment provider Stripe, over its own library.

    Args:
        api_key: the secret key.
        api_base: another address than Stripe's own, for tests.
    """

    def __init__(self, api_key: str, api_base: str | None = None) -> None:
        stripe.enable_telemetry = False  # it keeps a file in the home of the user, who may have none
        self._http = stripe.HTTPXClient(timeout=TIMEOUT)
        self._silence = Silence()
        base = cast("Any", {"base_addresses": {"api": api_base}} if api_base else {})
        client = stripe.StripeClient(api_key, http_client=self._http, max_network_retries=RETRIES, **base)
        self._intents = client.v1.payment_intents
        self._refunds = client.v1.refunds

    async def close(self) -> None:
        """Hang up."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

    def check(self, method: str, params: Mapping[str, str]) -> None:
        """Stripe itself says which methods there are; the parameters are the simulator's."""
        if not method.startswith("pm_"):
            raise Invalid({"paymentUserParams.paymentMethodId": "is no payment method"})
        for name in params:
            raise Invalid({f"paymentUserParams.{name}": "is for the simulator"})

    async def start(self, attempt: UUID, charge: Charge, at: datetime, age: timedelta = JUST_NOW) -> Answered:
        if age >= FORGETS:
            return await self.find(attempt, charge, at, age - FORGETS)
        amount = _at_stripe(charge.amount, charge.currency)
        if amount is None:
            why = f"Stripe cannot take such an amount of {charge.currency}: it has too many decimals."
            return Answered(Report("failed", None, None, NOT_EXACT), invalid=why)
        params: dict[str, Any] = {
            "amount": amount,
            "currency": charge.currency.lower(),
            "payment_method": charge.method,
            "capture_method": "manual" if charge.manual else "automatic",
            "confirm": True,
            "metadata": {"reservationId": str(charge.reservation), "attemptId": str(attempt)},
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
        if charge.redirect_url is not None:
            params["automatic_payment_methods"] = {"enabled": True}
            params["return_url"] = charge.redirect_url
        try:
            return _told(await self._asked(self._intents.create_async(cast("Any", params), _once(str(attempt)))))
        except stripe.CardError as declined:
            return _declined(declined)
        except stripe.InvalidRequestError as refused:
            reason = refused.code or "invalid_request"
            return Answered(Report("failed", _intent_of(refused), None, reason), invalid=refused.user_message or reason)

    async def find(self, attempt: UUID, charge: Charge, at: datetime, age: timedelta) -> Answered:  # noqa: ARG002
        query: Any = {"query": f"metadata['attemptId']:'{attempt}'", "limit": 1}
        found = await self._looked(self._intents.search_async(query))
        if found.data:
            return await self.retrieve(found.data[0].id, at)
        if age < FINDS:
            raise ProviderAway("Stripe does not show this payment, or not yet")
        return Answered(Report("failed", None, None, NEVER_MADE))

    async def retrieve(self, intent: str, at: datetime) -> Answered:  # noqa: ARG002 - Stripe has its own clock
        return _told(await self._looked(self._intents.retrieve_async(intent)))

    async def refresh(self, intent: str, at: datetime) -> Answered:
        return await self.retrieve(intent, at)

    async def capture(self, intent: str, key: str, at: datetime) -> Answered:
        """An authorisation that could not be captured is let go, so that it does not stay on the guest's card."""
        try:
            answered = await self._moved(self._intents.capture_async, intent, key)
        except stripe.CardError as declined:
            await self.void(intent, f"{key}:void", at)
            return Answered(Report("failed", intent, None, declined.code))
        except stripe.InvalidRequestError:
            answered = await self.retrieve(intent, at)
        return _final(answered, "captured", "voided", "failed")

    async def void(self, intent: str, key: str, at: datetime) -> Answered:
        try:
            answered = await self._moved(self._intents.cancel_async, intent, key)
        except stripe.InvalidRequestError:
            answered = await self.retrieve(intent, at)
        return _final(answered, "captured", "voided", "failed", "processing")

    async def refund(
        self,
        intent: str,
        charge: Charge,
        back: GiveBack,
        at: datetime,  # noqa: ARG002 - as above
    ) -> Refunding:
        """Looked for before it is made: that costs a call, and holds whatever Stripe, or a restored log, forgot."""
        exact = _at_stripe(back.amount, charge.currency)
        if exact is None:
            return Refunding(done=False, reason=NOT_EXACT)
        if (made := await self._given(intent, back)) is not None:
            return _of_refund(made)
        params = {"payment_intent": intent, "amount": exact, "metadata": _marks(charge, back)}
        try:
            return _of_refund(await self._asked(self._refunds.create_async(cast("Any", params), _once(back.key))))
        except (stripe.CardError, stripe.InvalidRequestError) as refused:
            return Refunding(done=False, reason=refused.code or "invalid_request")

    async def believe(self, attempt: UUID, charge: Charge, report: Report, at: datetime) -> None:
        """Stripe said so itself."""

    async def returned(self, intent: str, back: Returned) -> None:
        """As above."""

    async def _given(self, intent: str, back: GiveBack) -> stripe.Refund | None:
        """The refund that this try has made already, if it has. Unlike a search, a list shows what is new."""
        found = await self._looked(self._refunds.list_async({"payment_intent": intent, "limit": 100}))
        marks = {"refundId": str(back.refund), "tries": str(back.tries)}
        return next((made for made in found.data if _carries(made, marks)), None)

    async def _moved(
        self, call: Callable[..., Coroutine[Any, Any, stripe.PaymentIntent]], intent: str, key: str
    ) -> Answered:
        """After a capture or a void. A payment comes to either once, whatever the key: where a fault is the answer to
        one key for a day, another may be asked under.
        """
        try:
            return _told(await self._asked(call(intent, options=_once(key))))
        except Fault:
            return _told(await self._asked(call(intent, options=_once(f"{key}:again"))))

    async def _looked(self, call: Coroutine[Any, Any, T]) -> T:
        """As `_asked`, of what changes nothing: whatever keeps it from being answered says nothing of the money."""
        try:
            return await self._asked(call)
        except (stripe.CardError, stripe.InvalidRequestError) as refused:
            raise ProviderAway(f"Stripe would not tell: {refused.code or 'invalid_request'}") from refused

    async def _asked(self, call: Coroutine[Any, Any, T]) -> T:
        """The answer. Raises CardError and InvalidRequestError, which are answers too; ProviderAway for the rest."""
        if self._silence.lasts():
            call.close()
            raise ProviderAway("Stripe is silent, and is asked again in a while")
        try:
            answer = await call
        except stripe.APIConnectionError as silent:
            self._silence.met()
            raise _away(silent) from silent
        except stripe.StripeError as error:
            self._silence.over()
            if isinstance(error, stripe.CardError | stripe.InvalidRequestError):
                raise
            raise _away(error) from error
        self._silence.over()
        return answer


def _away(error: stripe.StripeError) -> ProviderAway:
    told = f"{type(error).__name__}: {error.user_message or error.code or 'no answer'}"
    return Fault(told) if (error.http_status or 0) >= 500 else ProviderAway(told)


def _told(intent: stripe.PaymentIntent) -> Answered:
    status = STATUSES.get(intent.status)
    if status is None:
        raise ProviderAway(f"a payment at Stripe is {intent.status}")
    error = getattr(intent, "last_payment_error", None) if status == "failed" else None
    reason = _text(error, "decline_code") or _text(error, "code")
    report = Report(status, intent.id, _text(intent, "latest_charge"), reason)
    return Answered(report, client_secret=_text(intent, "client_secret"))


def _of_refund(refund: stripe.Refund) -> Refunding:
    return Refunding(refund.status in GIVEN, refund.id, _text(refund, "failure_reason"))


def _marks(charge: Charge, back: GiveBack) -> dict[str, str]:
    """What a refund carries: whose it is and which try, so that what becomes of it later finds back."""
    return {"reservationId": str(charge.reservation), "refundId": str(back.refund), "tries": str(back.tries)}


def _carries(made: stripe.Refund, marks: Mapping[str, str]) -> bool:
    return all(_text(made.metadata, name) == mark for name, mark in marks.items())


def _declined(declined: stripe.CardError) -> Answered:
    reason = _text(declined.error, "decline_code") or declined.code or "card_declined"
    return Answered(Report("failed", _intent_of(declined), _text(declined.error, "charge"), reason))


def _intent_of(error: stripe.StripeError) -> str | None:
    return _text(getattr(error.error, "payment_intent", None), "id")


def _text(of: object, name: str) -> str | None:
    """A text that Stripe may leave out, or put an object in the place of."""
    value = getattr(of, name, None)
    return value if isinstance(value, str) else None


def _final(answered: Answered, *statuses: AttemptStatus) -> Answered:
    if answered.report.status not in statuses:
        raise ProviderAway(f"a payment at Stripe is still {answered.report.status}")
    return answered


def _once(key: str) -> Any:
    return {"idempotency_key": key}


def _at_stripe(amount: int, currency: str) -> int | None:
    """The amount, of our minor units, in Stripe's; None if Stripe cannot move it exactly."""
    if amount % (100 if currency in WHOLE else 10 if currency in TENS else 1):
        return None
    if currency in WHOLE:
        return amount // 100
    return amount * 100 if currency in HUNDREDFOLD else amount
