"""Rebuilds: a fresh table is filled beside the live one, compared with it, and put in its place in one step.

What is filled stays, should it be cut short: the next rebuild of the same declaration goes on with it. What was
replaced is kept until somebody says that it can go, so that there is a way back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg

from commands.ports import Page
from infra.postgres.connected import connected
from infra.read_models import beside
from infra.read_models.comparing import Comparison, Sample
from infra.read_models.dead_letters import DeadLetters
from infra.read_models.filling import USUAL, Filler, Log, Pace, Unwritable
from infra.read_models.model import Connection, Model

ALONE = "SELECT pg_try_advisory_lock(hashtextextended('innkeep rebuild of ' || %s || ' of ' || current_schema(), 0))"
NAMED = "SELECT set_config('application_name', 'innkeep rebuild', false)"
# What a crash of the server loses of a table that nobody reads yet is filled again.
UNHURRIED = "SET synchronous_commit = off"
# Others need the cores.
ONE_CORE = "SET max_parallel_workers_per_gather = 0"
DRAWN = "SELECT coalesce(pg_sequence_last_value('log_position'), 0)"
POSITION = "SELECT position FROM read_model WHERE name = %s"
PATIENCE = "SET LOCAL lock_timeout = '250ms'"
FOR_GOOD = "SET LOCAL synchronous_commit = on"
AGAIN_SECONDS = 0.1
SETTLING_SECONDS, SETTLING_TRIES = 0.01, 50

Told = Callable[[int, int], None]
"""Hears how far a rebuild has come: positions done, and positions in all."""


class RebuildRunning(Exception):
    """Somebody else is rebuilding this read model."""


class NoWayBack(Exception):
    """There is no table to go back to, or none that this release can go on with."""


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How a rebuild went."""

    model: str
    began: int
    """The position that it went on from; 0: it began anew."""
    position: int
    """Where the model stands now."""
    comparison: Comparison
    """With the table that was replaced."""
    set_aside: int
    """Streams with an event that the model could not take in."""


async def rebuild(
    conninfo: str, log: Log, model: Model, told: Told, *, afresh: bool = False, pace: Pace = USUAL
) -> Rebuilt:
    """Make the model anew from the whole log while the old one is read.

    Killed at any moment it leaves the live table as it was, and what is filled for the next rebuild to go on with,
    unless that is to begin `afresh`. Raises RebuildRunning, and as `Filler.fill`.
    """
    async with _alone(conninfo, model) as writes, connected(conninfo) as reads:
        begun = await beside.find(writes, model, "rebuild")
        if begun is None or afresh or not begun.is_of(model):
            await beside.begin(writes, model)
            begun = None
        return await _fill(Filler(writes, reads, log, model, begun, pace=pace), told)


async def go_back(conninfo: str, log: Log, model: Model, told: Told) -> Rebuilt:
    """Put the table that a rebuild has replaced in place again, brought up to date; the live one is kept in its stead.

    Raises NoWayBack, and as `rebuild`.
    """
    async with _alone(conninfo, model) as writes, connected(conninfo) as reads:
        old = await beside.find(writes, model, "old")
        if old is None:
            raise NoWayBack(f"no table of {model.name} was kept")
        if not old.is_of(model):
            why = "is of another declaration: go back with the release that made it"
            raise NoWayBack(f"the table of {model.name} that was kept {why}")
        await beside.take_back(writes, model)
        return await _fill(Filler(writes, reads, log, model, old), told)


async def drop_old(conninfo: str, model: Model) -> bool:
    """Drop the table that a rebuild has replaced. Was there one? Raises RebuildRunning."""
    async with _alone(conninfo, model) as connection:
        there = await beside.find(connection, model, "old") is not None
        async with connection.transaction():
            await beside.drop(connection, model, "old")
        return there


@asynccontextmanager
async def _alone(conninfo: str, model: Model) -> AsyncIterator[Connection]:
    """A connection of the only one who touches the tables beside this model's. Raises RebuildRunning."""
    async with connected(conninfo) as connection:  # the lock ends with it
        await connection.execute(NAMED)
        if (await (await connection.execute(ALONE, [model.name])).fetchone()) != (True,):
            raise RebuildRunning(f"{model.name} is being rebuilt already")
        yield connection


class _InTheWay(Exception):
    """The log does not settle just now: somebody older is still writing."""


async def _fill(filler: Filler, told: Told) -> Rebuilt:
    """Bring the fresh table up to the log's end, compare it, and put it in place."""
    model, began = filler.model, filler.position
    await filler.writes.execute(UNHURRIED)
    await filler.reads.execute(ONE_CORE)
    await filler.open()
    try:
        told(began, await _drawn(filler.reads))
        while True:
            await _catch_up(filler, told)
            await filler.store()
            sample = await Sample.of(filler.reads, model.table, beside.table_beside(model, "rebuild"))
            try:
                rebuilt = await _take_its_place(filler, sample, began)
                break
            except (_InTheWay, psycopg.errors.LockNotAvailable):
                await filler.restart()
                await asyncio.sleep(AGAIN_SECONDS)
            except Unwritable:
                await filler.find_out()
    finally:
        await filler.close()
    told(rebuilt.position, rebuilt.position)
    return rebuilt


async def _take_its_place(filler: Filler, sample: Sample, began: int) -> Rebuilt:
    """Swap the tables, with the fresh one at least as far on as the live one. Raises if something is in the way."""
    connection, model = filler.writes, filler.model
    async with connection.transaction():
        await beside.keep_from_vacuum(connection, model)
        await connection.execute(PATIENCE)
        await connection.execute(FOR_GOOD)
        # Who follows the log waits for this lock before it writes, and it costs no transaction id: one that is
        # held open would keep the log from settling, and the rest of it from being read here.
        await connection.execute("LOCK TABLE read_model IN EXCLUSIVE MODE")
        row = await (await connection.execute(POSITION, [model.name])).fetchone()
        live = row[0] if row else 0
        position, rest = await _rest(filler, live)
        await filler.finish(rest)
        comparison = await sample.compared(connection, (live, position))
        await beside.swap(connection, model, position)
        aside = (await DeadLetters(connection).counts([model.name])).get(model.name, 0)
    return Rebuilt(model.name, began, position, comparison, aside)


async def _rest(filler: Filler, until: int) -> tuple[int, list[Page]]:
    """The pages up to where the live table stands, and the position behind them."""
    rest: list[Page] = []
    position = filler.position
    tries = 0
    while position < until:
        page = await filler.look(position, until - position)
        if page.position > position:
            position = page.position
            rest.append(page)
        elif (tries := tries + 1) == SETTLING_TRIES:
            raise _InTheWay
        else:
            await asyncio.sleep(SETTLING_SECONDS)
    return position, rest


async def _catch_up(filler: Filler, told: Told) -> None:
    """Come near the log's end, which is not chased for ever: the rest is taken in with the swap."""
    clock = asyncio.get_running_loop().time
    while (end := await _drawn(filler.reads)) > filler.position + filler.pace.near or filler.position == 0 < end:
        while filler.position < end:
            began = clock()
            if not await filler.fill():
                await asyncio.sleep(SETTLING_SECONDS)
            told(filler.position, max(end, filler.position))
            await asyncio.sleep(filler.pace.rest * (clock() - began))


async def _drawn(connection: Connection) -> int:
    row = await (await connection.execute(DRAWN)).fetchone()
    return int(row[0]) if row else 0
