"""What `innkeep events` does: from the settled log to lines."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from psycopg.rows import TupleRow

from commands.ports import Unavailable
from domain.catalogue import AGGREGATES
from infra.cli.entry_lines import Lines
from infra.cli.main import fail
from infra.cli.out import Out, aside, quiet_when_the_reader_leaves
from infra.cli.reach import on_database
from infra.event_store import Codec, PostgresEventStore
from infra.event_store.upcasts import UPCASTS
from infra.log_view import Entries, NotSettled, NotUnderstood, SettledLog, Wanted
from infra.postgres.migrate import migrate

ALL = 1 << 62
RECENT = 10
"""Events that `tail` begins with."""
AGAIN_SECONDS = 0.5
"""Between two looks for a database that is away."""
STILL_SECONDS = 5.0
"""For so long the log may stand still before `tail` looks whether something holds it back."""


@dataclass(frozen=True, slots=True)
class Look:
    """What somebody wants to see of which log."""

    data: Path
    wanted: Wanted
    personal: bool

    @classmethod
    def of(
        cls,
        data: Path,
        stream: str | None,
        *,
        names: list[str] | None,
        actor: str | None,
        since: str | None,
        until: str | None,
        personal: bool,
    ) -> Self:
        """As the command line has it. Exits 2 with one line if that says nothing."""
        try:
            return cls(data, Wanted.read(stream, names or (), actor, since, until), personal)
        except NotUnderstood as error:
            fail(str(error))


@dataclass(frozen=True, slots=True)
class Sight:
    """A log, and how its events are shown."""

    store: PostgresEventStore
    log: SettledLog
    entries: Entries
    out: Out
    lines: Lines


See = Callable[[Sight], Coroutine[Any, Any, None]]


def listed(look: Look, after: int, limit: int, last: int | None, *, as_json: bool) -> None:
    """Prints a piece of the log, or of one stream."""

    async def see(sight: Sight) -> None:
        head = await _settled(sight)
        rows = _piece(sight, look.wanted, after, head, limit=limit, last=last)
        if not as_json:
            sight.lines.head()
            shown = position = 0
            async for row in rows:
                sight.lines.short(sight.entries.of(row))
                shown, position = shown + 1, row[0]
            if last is None and shown == limit and position < head:
                aside(f"that is --limit {limit}; past them: --after {position}, at the end: --last {limit}")
            return
        before = "["
        async for row in rows:
            sight.out.line(before.encode() + sight.entries.of(row).json())
            before = ","
        sight.out.line("]" if before == "," else "[]")

    _on(look, see)


def shown(look: Look, after: int, last: int | None, *, as_json: bool) -> None:
    """Prints the life of one stream. Exits 1 if there is none."""
    found = 0

    async def see(sight: Sight) -> None:
        nonlocal found
        head = await _settled(sight)
        async for row in _piece(sight, look.wanted, after, head, limit=ALL, last=last):
            found += 1
            entry = sight.entries.of(row)
            if as_json:
                sight.out.line(entry.json())
            else:
                sight.lines.whole(entry)

    _on(look, see)
    if not found:
        fail(f"nothing is recorded of stream {look.wanted.stream}, or nothing that was asked for", code=1)


def followed(look: Look, after: int | None, last: int | None, *, as_json: bool) -> None:
    """Prints the end of the log, and what is added to it, until Ctrl-C, SIGTERM, or a reader who leaves."""

    async def see(sight: Sight) -> None:
        def show(row: TupleRow) -> None:
            entry = sight.entries.of(row)
            if as_json:
                sight.out.line(entry.json())
            else:
                sight.lines.short(entry)

        _stop_when_told()
        head = await _settled_at_last(sight)
        if not as_json:
            sight.lines.head()
        if after is not None and last is None:
            first = after
        else:
            for row in await sight.log.last(look.wanted, after or 0, head, RECENT if last is None else last):
                show(row)
            first = max(head, after or 0)
        async for row in _grown(sight, look.wanted, first):
            show(row)

    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        _on(look, see)


def _on(look: Look, see: See) -> None:
    async def run(conninfo: str) -> None:
        await migrate(conninfo)
        codec = Codec(AGGREGATES, UPCASTS)
        out, line = Out(), SettledLog.line(conninfo)
        entries = Entries(codec, veiled=not look.personal)
        try:
            async with PostgresEventStore(conninfo, codec) as store:
                await see(Sight(store, SettledLog(store, line), entries, out, Lines(out, codec.facts)))
        finally:
            await line.close()

    with quiet_when_the_reader_leaves():
        on_database(look.data, lambda _settings, conninfo: run(conninfo))


async def _piece(
    sight: Sight, wanted: Wanted, after: int, head: int, *, limit: int, last: int | None
) -> AsyncIterator[TupleRow]:
    if last is None:
        async for row in sight.log.forwards(wanted, after, head, limit):
            yield row
        return
    for row in await sight.log.last(wanted, after, head, last):
        yield row


async def _settled(sight: Sight) -> int:
    """How far the log can be read; if something holds it back, that is said."""
    try:
        return await sight.log.settled()
    except NotSettled as held:
        aside(str(held))
        return held.head


async def _settled_at_last(sight: Sight) -> int:
    """Where to follow from: the log as it is now, once that can be read."""
    told = False
    while True:
        sight.out.heed()
        try:
            return await sight.log.settled()
        except NotSettled as held:
            if not told:
                aside(str(held))
            told = True


async def _grown(sight: Sight, wanted: Wanted, first: int) -> AsyncIterator[TupleRow]:
    """Every event past that position as it settles, whatever happens to the database meanwhile."""
    seen, away = first, False
    while True:
        try:
            async for head in _watched(sight, seen):
                if away:
                    aside("the database is back")
                    away = False
                async for row in sight.log.forwards(wanted, seen, head, ALL):
                    yield row
                    seen = row[0]
                seen = max(seen, head)
        except Unavailable as error:
            if not away:
                aside(f"{error.message} Waiting for it …")
            away = True
            sight.out.heed()
            await asyncio.sleep(AGAIN_SECONDS)


async def _watched(sight: Sight, after: int) -> AsyncIterator[int]:
    """The watermark; that something holds it back is said, once for each time."""
    clock = asyncio.get_running_loop().time
    seen, still_since, told = after, clock(), False
    async for head in sight.log.follow(after):
        sight.out.heed()
        if head > seen:
            seen, still_since, told = head, clock(), False
        elif clock() - still_since > STILL_SECONDS:
            still_since = clock()
            end = await sight.store.end()
            if end > head and not told:
                aside(str(NotSettled(head, end)))
                told = True
        yield head


def _stop_when_told() -> None:
    """SIGTERM ends it as Ctrl-C does: with everything closed."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - it runs on a loop
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
