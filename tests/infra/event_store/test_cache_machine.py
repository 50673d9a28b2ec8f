"""Several workers on few streams, in any order: what a store answers is always what the log says up to that version."""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from commands.ports import Conflict
from infra.event_store import PostgresEventStore
from tests.contracts.event_store import caused
from tests.contracts.parcel import Parcel
from tests.infra.event_store.conftest import OpenPostgres

WORKERS, STREAMS, CACHED = 4, 5, 2
KILL = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name LIKE 'innkeep%' AND datname = current_database() AND pid <> pg_backend_pid()"""
KINDS = ("load", "load fresh", "decide", "decide", "refuse", "save", "save", "cancel", "cut")


class Workers:
    """Each has drafts of its own; every second one works on another store, as in another process."""

    def __init__(self, stores: list[PostgresEventStore], connection: psycopg.AsyncConnection[Any]) -> None:
        self.stores = stores
        self.connection = connection
        self.streams = [uuid4() for _ in range(STREAMS)]
        self.drafts: dict[tuple[int, int], Parcel] = {}
        self.places: dict[int, tuple[str, ...]] = dict.fromkeys(range(STREAMS), ())
        """What was recorded."""

    async def step(self, number: int, what: str, worker: int, stream: int) -> None:
        store, held = self.stores[worker % len(self.stores)], self.drafts.get((worker, stream))
        if what.startswith("load"):
            found = await self.load(worker, stream, fresh=what == "load fresh")
            if what == "load fresh":
                assert found.places == self.places[stream], "fresh is the newest"
            self.drafts[worker, stream] = found
        elif what == "cut":
            await self.connection.execute(KILL)
        elif held is not None and what == "decide":
            held.move(f"place {number}")
        elif held is not None and what == "refuse":
            held.move(f"never {number}")
            del self.drafts[worker, stream]  # it changed its mind half-way: nobody else may see what it did
        elif held is not None and held.pending_events:
            await self.save(store, worker, stream, held, cancel=what == "cancel")
        for cached in self.stores:
            assert len(cached._cache._kept) <= CACHED

    async def load(self, worker: int, stream: int, *, fresh: bool = False) -> Parcel:
        found = await self.stores[worker % len(self.stores)].load(Parcel, self.streams[stream], fresh=fresh)
        assert found.places == self.places[stream][: found.version], "what is loaded is what the log says"
        assert found.pending_events == []
        return found

    async def save(self, store: PostgresEventStore, worker: int, stream: int, held: Parcel, *, cancel: bool) -> None:
        del self.drafts[worker, stream]
        saving = asyncio.create_task(store.save([held], caused()))
        if cancel:
            await asyncio.sleep(0)
            saving.cancel()
        ended = (await asyncio.gather(saving, return_exceptions=True))[0]
        decided_on_newest = held.places[: len(self.places[stream])] == self.places[stream]
        if isinstance(ended, int):
            assert decided_on_newest
            self.places[stream] = held.places
        elif isinstance(ended, asyncio.CancelledError):
            self.places[stream] = await self.recorded(store, stream)
        else:
            assert isinstance(ended, Conflict)
            assert held.version != len(self.places[stream]) + len(held.pending_events)

    async def recorded(self, store: PostgresEventStore, stream: int) -> tuple[str, ...]:
        """What the log has, once the store's writers have done what they had before them."""
        await store.save([_moved()], caused())
        history = await store.history([self.streams[stream]])
        return tuple(event.fact.place for event in history)  # type: ignore[attr-defined]

    async def agree(self) -> None:
        """All workers see the same at last, and it is what the log says."""
        for stream in range(STREAMS):
            assert await self.recorded(self.stores[0], stream) == self.places[stream]
            for worker in range(WORKERS):
                await self.load(worker, stream)
                assert (await self.load(worker, stream, fresh=True)).places == self.places[stream]


def _moved() -> Parcel:
    parcel = Parcel.at(uuid4())
    parcel.move("elsewhere")
    return parcel


@pytest.mark.parametrize("seed", range(12))
async def test_what_is_loaded_is_always_what_the_log_says(open_store: OpenPostgres, log: str, seed: int) -> None:
    """Deciding, refusing, saving, losing to another, cancelling, losing every connection: nothing dirties the cache."""
    rng = random.Random(seed)
    stores = [await open_store(cached=CACHED, writers=1) for _ in range(2)]
    async with await psycopg.AsyncConnection.connect(log, autocommit=True) as connection:
        workers = Workers(stores, connection)
        for number in range(120):
            await workers.step(number, rng.choice(KINDS), rng.randrange(WORKERS), rng.randrange(STREAMS))
        await workers.agree()
