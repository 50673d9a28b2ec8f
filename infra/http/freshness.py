"""How fresh a read is: it shows what its caller wrote and, if the wait is short, what this process told anybody."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

from domain.errors import Invalid
from infra.http.edge import POSITION
from infra.http.envelope import Context
from read_api.ports import ReadBehind

if TYPE_CHECKING:
    from infra.product import Product

COURTESY = 0.5
"""Seconds that a read waits, at most, for what others wrote: nobody promised them that."""


async def caught_up(product: Product, context: Context, models: Collection[str]) -> None:
    """Wait until these read models have come to what the read must show.

    That is the position that the caller names, else what their session or API key wrote last. Raises ReadBehind,
    Invalid, Unavailable.
    """
    waiting = product.side.waiting
    named = context.headers.get(POSITION.lower())
    if named is not None:
        await waiting.until(_position(named), models, product.settings.read_wait_seconds)
        return
    if context.actor.session is not None:
        own = await product.store.last_position(context.actor.session)
        await waiting.until(own, models, product.settings.read_wait_seconds)
    with suppress(ReadBehind):
        await waiting.until(product.bus.newest, models, COURTESY)


def _position(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid({POSITION: "is not a position (a whole number from 0)"})
    return int(text)
