"""Pieces made ahead: all of the log, in order, no more of them than there is room for, and none after a fault."""

import asyncio
from uuid import uuid4

import pytest

from commands.ports import Unavailable
from infra.kafka.ahead import PAGE, Ahead, Piece
from infra.kafka.messages import LogRow

ROW = LogRow(0, str(uuid4()), 1, "operator.deleted.v1", b"{}", "2027-01-01T00:00:00.000000Z", None, "", "", "")


class Log:
    """So many events, made into pieces; it notes what it was asked, and fails where it is told to."""

    def __init__(self, end: int, fails_at: int | None = None) -> None:
        self.end, self.fails_at = end, fails_at
        self.asked: list[tuple[int, int]] = []

    async def piece(self, position: int, sent: int) -> Piece:
        self.asked.append((position, sent))
        await asyncio.sleep(0)
        if position == self.fails_at:
            raise Unavailable("the database is away")
        events = [ROW] * min(PAGE, self.end - position)
        return Piece(events, position + len(events), [], [])


async def all_of(ahead: Ahead, position: int, sent: int) -> list[int]:
    """Where each piece ends, up to one that is not full."""
    ends = []
    while True:
        piece = await ahead.next(position, sent)
        ends.append(piece.position)
        if not piece.full:
            return ends
        position = sent = piece.position


async def settled() -> None:
    """Everything that can go on has gone on."""
    for _ in range(200):
        await asyncio.sleep(0)


@pytest.mark.parametrize("end", [0, 1, PAGE, PAGE + 1, 9 * PAGE, 9 * PAGE + 7])
async def test_the_whole_log_comes_in_order_and_once(end: int) -> None:
    log = Log(end)
    ends = await all_of(Ahead(log.piece), 0, 0)
    assert ends == [*range(PAGE, end + 1, PAGE), end]
    assert log.asked == [(start, start) for start in range(0, end + 1, PAGE)]


async def test_what_has_come_since_is_asked_for_anew() -> None:
    log = Log(PAGE + 5)
    ahead = Ahead(log.piece)
    assert await all_of(ahead, 0, 0) == [PAGE, PAGE + 5]
    log.end += 3
    assert await all_of(ahead, PAGE + 5, PAGE) == [PAGE + 8]
    assert log.asked[-1] == (PAGE + 5, PAGE)


async def test_no_more_is_made_ahead_than_there_is_room_for() -> None:
    log = Log(100 * PAGE)
    ahead = Ahead(log.piece, most=3)
    await ahead.next(0, 0)
    await settled()
    assert len(log.asked) == 1 + 3 + 1, "one was taken, three are kept, one waits for room"
    await ahead.drop()


async def test_a_fault_comes_after_the_pieces_before_it_and_is_over_when_it_was_told() -> None:
    log = Log(10 * PAGE, fails_at=2 * PAGE)
    ahead = Ahead(log.piece)
    first = await ahead.next(0, 0)
    second = await ahead.next(first.position, first.position)
    with pytest.raises(Unavailable):
        await ahead.next(second.position, second.position)
    log.fails_at = None
    assert (await all_of(ahead, second.position, second.position))[-1] == 10 * PAGE
    await ahead.drop()


async def test_what_is_dropped_does_not_come() -> None:
    log = Log(10 * PAGE)
    ahead = Ahead(log.piece)
    await ahead.next(0, 0)
    await settled()
    await ahead.drop()
    assert (await ahead.next(PAGE, PAGE)).position == 2 * PAGE
    await ahead.drop()
