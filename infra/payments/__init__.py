"""Payment providers: the simulator that ships with the product, Stripe, and the callbacks that either sends."""

from __future__ import annotations

from contextlib import AsyncExitStack

from commands.payment_provider import Callbacks, PaymentProvider
from infra.payments.simulator import Simulator
from infra.payments.stripe_provider import StripeProvider
from infra.payments.webhook import StripeCallbacks
from infra.settings import Settings


async def provider_of(stack: AsyncExitStack, settings: Settings, conninfo: str) -> PaymentProvider:
    """Who moves the money, as the settings say; hung up on when the stack is closed."""
    if settings.payment_provider == "stripe" and settings.stripe_api_key is not None:
        provider = StripeProvider(settings.stripe_api_key.get_secret_value(), settings.stripe_api_base)
        stack.push_async_callback(provider.close)
        return provider
    simulator = Simulator(conninfo)
    stack.push_async_callback(simulator.close)
    return simulator


def callbacks_of(settings: Settings) -> Callbacks:
    """Who reads callbacks; without a secret none is believed."""
    secret = settings.webhook_secret
    return StripeCallbacks(secret.get_secret_value() if secret is not None else None)
