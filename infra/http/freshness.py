"""How fresh a read is: it shows what its caller wrote and, if the wait is short, what this process told anybody."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from domain.errors import Invalid
from infra.http.edge import POSITION
from infra.http.envelope import Context
from read_api.ports import ReadBehind

if TYPE_CHECKING:
    from infra.product import Product
    from infra.read_models.waiting import Waiting

Until = Callable[[int, float], Awaitable[None]]
"""Returns once reads show what was recorded up to that position, within so many seconds. Raises ReadBehind, Invalid."""
COURTESY = 0.5
"""Seconds that a read waits, at most, for what others wrote: nobody promised them that."""


async def caught_up(product: Product, context: Context, of: Collection[str] | Until) -> None:
    """Wait until these read models, or what else is waited for, have come to what the read must show.

    That is the position that the caller names, else what their session or API key wrote last. Raises ReadBehind,
    Invalid, Unavailable.
    """
    until = of if callable(of) else partial(_models, product.side.waiting, of)
    named = context.headers.get(POSITION.lower())
    if named is not None:
        await until(_position(named), product.settings.read_wait_seconds)
        return
    if context.actor.session is not None:
        own = context.wrote
        if own is None:
            own = await product.store.last_position(context.actor.session)
        await until(own, product.settings.read_wait_seconds)
    with suppress(ReadBehind):
        await until(product.bus.newest, COURTESY)


async def _models(waiting: Waiting, models: Collection[str], position: int, seconds: float) -> None:
    await waiting.until(position, models, seconds)


def _position(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid({POSITION: "is not a position (a whole number from 0)"})
    return int(text)
