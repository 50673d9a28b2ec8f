"""A page of the log on its way into the indexes that stand before it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from commands.ports import Page
from infra.opensearch.followed import Followed, Send, Taking, dropped, together
from infra.read_models.model import Connection
from read_api.ports import ReadBehind

AT_ONCE = 4
"""Indexes that are composed for at a time: while one waits for the database the next is composed."""


@dataclass
class OnTheWay:
    """What was begun."""

    page: Page
    sends: dict[str, list[Send]]
    """By the name of the index: its portions."""
    followed: list[Followed]
    """Those that will have come to the end of the page; the others wait for their read models."""
    began: int
    """Nanoseconds since 1970."""

    async def settle(self) -> None:
        """Wait until all of it is written. Raises Unavailable; nothing is known of what is written then."""
        await together([send for sends in self.sends.values() for send in sends])
        for one in self.followed:
            one.position = self.page.position

    async def drop(self) -> None:
        """Give it up."""
        await dropped([send for sends in self.sends.values() for send in sends])


async def begun(taking: Taking, connection: Connection, followed: Sequence[Followed], page: Page) -> OnTheWay:
    """Compose what the page touched in these indexes, and begin to send it; not in those that wait for their read
    models. Raises Unavailable.
    """
    on = OnTheWay(page, {}, [], time.time_ns())
    touched, few = taking.touched(page.events), asyncio.Semaphore(AT_ONCE)

    source = followed[0].composer.source.remembering()  # most indexes are made of the same documents

    async def begin(one: Followed) -> None:
        async with few:
            try:
                on.sends[one.name] = await taking.begin(connection, one, touched, page.position, source)
            except ReadBehind:
                one.waits = True
            else:
                one.waits = False
                on.followed.append(one)

    try:
        told = await asyncio.gather(*map(begin, followed), return_exceptions=True)
        if failed := next((one for one in told if one is not None), None):
            raise failed
    except BaseException:
        await on.drop()
        raise
    return on
