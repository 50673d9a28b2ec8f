"""The lost-event case: writers at once, slow ones and rolled back ones among them, against readers who follow.

The same case is run on the product's log and on logs and readers that are known to be wrong. What befalls those by
chance now and then happens here for certain: transactions are held open where it matters.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol
from uuid import UUID, uuid4

LOOKS = 100
"""In vain, at a log where nobody is under way any more: a reader that has not come to its end by then never will."""
PAUSE = 0.005
TAIL = 200


class Seen(NamedTuple):
    """An event as a reader was given it, or as the log has it."""

    position: int
    stream: UUID
    version: int


class Writer(Protocol):
    """One connection that appends in a transaction of its own."""

    async def append(self, stream: UUID, versions: range) -> None: ...
    async def commit(self) -> None: ...
    async def rollback(self) -> None: ...


class Reader(Protocol):
    """One that follows the log."""

    async def look(self, after: int) -> tuple[Sequence[Seen], int]:
        """What lies past that position as far as it may be read, and where to read on."""
        ...


class Log(Protocol):
    """A way to write and a way to read."""

    writers: Sequence[Writer]
    """The first two can be held between append and commit."""
    readers: Sequence[Reader]

    async def recorded(self) -> list[Seen]:
        """All that was ever committed, in order."""
        ...

    async def end(self) -> int:
        """The last position drawn, once everybody who was writing when this was asked has ended."""
        ...


@dataclass(frozen=True)
class Load:
    """What the writers do at once."""

    events: int
    """To be committed, at least."""
    batch: int = 16
    """Events of one save, at most."""
    slow: int = 2
    hold: float = 0.03
    """Seconds for which a slow writer sits on its positions, at most."""
    rolled_back: float = 0.2


@dataclass
class Verdict:
    """What the readers were given, against what was recorded."""

    recorded: int
    end: int
    lost: set[int] = field(default_factory=set)
    """Positions that a reader has passed and was never given."""
    twice: set[int] = field(default_factory=set)
    disordered: set[UUID] = field(default_factory=set)
    """Streams whose versions a reader was not given as 1, 2, 3 …, lost ones aside."""
    stood_at: list[int] = field(default_factory=list)
    """Where each reader came to its end."""

    @property
    def fine(self) -> bool:
        return not (self.lost or self.twice or self.disordered) and set(self.stood_at) == {self.end}


class Tail:
    """A reader, how far it has come, and all it was given."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.position = 0
        self.seen: list[Seen] = []

    async def look(self) -> bool:
        """Look once. Did it get on?"""
        rows, position = await self.reader.look(self.position)
        assert position >= self.position
        moved = position > self.position
        self.seen += rows
        self.position = position
        return moved

    async def follow(self, end: asyncio.Future[int]) -> None:
        """Until it has come to the end, or never will."""
        in_vain = 0
        while not (end.done() and self.position >= end.result()) and in_vain < LOOKS:
            ended = end.done()
            if await self.look():
                in_vain = 0
                continue
            in_vain += ended
            await asyncio.sleep(PAUSE)


async def case(log: Log, load: Load, chance: random.Random) -> Verdict:
    """Run it."""
    tails = [Tail(reader) for reader in log.readers]
    await _staged(log.writers[0], log.writers[1], tails)
    end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    following = [asyncio.create_task(tail.follow(end)) for tail in tails]
    await _storm(log.writers, load, chance)
    await log.writers[0].append(uuid4(), range(1, TAIL))
    await log.writers[0].rollback()
    end.set_result(await log.end())
    await asyncio.gather(*following)
    return judged(await log.recorded(), end.result(), tails)


async def _staged(one: Writer, other: Writer, tails: Sequence[Tail]) -> None:
    """What chance would bring about now and then, one after the other."""

    async def all_look() -> None:
        for tail in tails:
            await tail.look()

    await all_look()  # at a log where nothing was ever written
    await one.append(uuid4(), range(1, 2))
    await one.commit()
    await all_look()
    await one.append(uuid4(), range(1, 2))
    await all_look()  # while the only writer is under way
    await one.commit()
    await all_look()
    await one.append(uuid4(), range(1, 4))
    await other.append(uuid4(), range(1, 4))
    await other.commit()
    await all_look()  # while what is visible was overtaken by what is not
    await one.commit()
    await all_look()


async def _storm(writers: Sequence[Writer], load: Load, chance: random.Random) -> None:
    committed = 0

    async def write(writer: Writer, *, slowly: bool) -> None:
        nonlocal committed
        stream, version = uuid4(), 1
        while committed < load.events:
            count = chance.choice([1, 2, chance.randint(1, load.batch)])
            await writer.append(stream, range(version, version + count))
            if slowly:
                await asyncio.sleep(chance.uniform(0, load.hold))
            if chance.random() < load.rolled_back:
                await writer.rollback()
                continue
            await writer.commit()
            committed += count
            version += count
            if chance.random() < 0.02:
                stream, version = uuid4(), 1

    await asyncio.gather(*(write(writer, slowly=n < load.slow) for n, writer in enumerate(writers)))


def judged(recorded: Sequence[Seen], end: int, tails: Iterable[Tail]) -> Verdict:
    """Every reader held against the log."""
    verdict = Verdict(len(recorded), end)
    for tail in tails:
        verdict.stood_at.append(tail.position)
        given = Counter(tail.seen)
        verdict.lost |= {event.position for event in recorded if event.position <= tail.position and not given[event]}
        verdict.twice |= {event.position for event, times in given.items() if times > 1}
        verdict.disordered |= _disordered(tail.seen)
        assert given.keys() <= set(recorded), "nothing was read that is not recorded"
    return verdict


def _disordered(seen: Sequence[Seen]) -> set[UUID]:
    versions: defaultdict[UUID, list[int]] = defaultdict(list)
    for event in seen:
        versions[event.stream].append(event.version)
    return {stream for stream, given in versions.items() if given != sorted(given)}
