"""Answers in pieces, and readers who do not read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, MutableMapping
from typing import Any

import pytest

from commands.ports import Unavailable
from infra.http.streaming import Streamed


class Pieces:
    """As many as are taken or three, and whether what they are made from was given back."""

    def __init__(self, trouble: Exception | None = None, *, endless: bool = False) -> None:
        self.given_back = False
        self.trouble = trouble
        self.endless = endless

    async def made(self) -> AsyncGenerator[bytes, None]:
        try:
            yield b"one"
            yield b"two"
            while self.endless:
                await asyncio.sleep(0)
                yield b"more"
            if self.trouble is not None:
                raise self.trouble
            yield b"three"
        finally:
            await asyncio.sleep(0)
            self.given_back = True


class Reader:
    """Takes so many messages, and then none until it is gone."""

    def __init__(self, takes: int) -> None:
        self.takes = takes
        self.stuck, self.gone = asyncio.Event(), asyncio.Event()
        self.sent: list[MutableMapping[str, Any]] = []

    async def receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if len(self.sent) == self.takes:
            self.stuck.set()
            await self.gone.wait()
        self.sent.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent)


async def told(pieces: Pieces, reader: Reader, patience: float = 60) -> None:
    made = pieces.made()
    response = Streamed(await anext(made), made, patience)
    await response({"type": "http", "path": "/v1/listings"}, reader.receive, reader.send)


async def test_all_pieces_are_sent_in_their_order_and_closed() -> None:
    """A reader who reads has everything, and an end."""
    pieces, reader = Pieces(), Reader(takes=10)
    await told(pieces, reader)
    assert reader.body == b"onetwothree"
    assert [message.get("more_body") for message in reader.sent] == [None, True, True, True, False]
    assert pieces.given_back


@pytest.mark.parametrize("takes", [0, 1, 2, 3])
async def test_who_takes_nothing_is_cut_off_and_what_was_held_given_back(takes: int) -> None:
    """A write that does not end within its time ends the stream, wherever it is."""
    pieces, reader = Pieces(), Reader(takes)
    await told(pieces, reader, patience=0.01)
    assert len(reader.sent) == takes
    assert pieces.given_back


async def test_for_who_has_gone_nothing_more_is_made() -> None:
    """A reader that hangs up ends a stream that has no end of its own."""
    pieces, reader = Pieces(endless=True), Reader(takes=2)
    telling = asyncio.ensure_future(told(pieces, reader))
    await reader.stuck.wait()
    reader.gone.set()
    await telling
    assert pieces.given_back


async def test_a_trouble_in_the_middle_leaves_the_answer_unfinished() -> None:
    """Nobody takes a part for the whole."""
    pieces, reader = Pieces(Unavailable("The database is away.")), Reader(takes=10)
    await told(pieces, reader)
    assert reader.sent[-1]["more_body"] is True
    assert pieces.given_back
