"""Several workers on few streams, in any order: what a store answers is always what the log says up to that version."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import ClassVar
from uuid import uuid4

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from commands.ports import Conflict
from infra.event_store import Codec, PostgresEventStore
from infra.postgres.migrate import migrate
from tests.contracts.event_store import caused
from tests.contracts.parcel import Parcel

WORKERS, STREAMS, CACHED = 4, 5, 2
KILL = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name LIKE 'innkeep%' AND datname = current_database() AND pid <> pg_backend_pid()"""

workers, streams = st.integers(0, WORKERS - 1), st.integers(0, STREAMS - 1)
held = st.integers(0, WORKERS * STREAMS - 1)
"""Which draft: the number is taken modulo how many there are."""


class Workers(RuleBasedStateMachine):
    """Each has drafts of its own; every second one works on another store, as in another process."""

    database: ClassVar[str]
    runner: ClassVar[asyncio.Runner]

    def __init__(self) -> None:
        super().__init__()
        self.stack = AsyncExitStack()
        self.stores: list[PostgresEventStore] = []
        self.ids = [uuid4() for _ in range(STREAMS)]
        self.drafts: dict[tuple[int, int], Parcel] = {}
        self.places: dict[int, tuple[str, ...]] = dict.fromkeys(range(STREAMS), ())
        """What was recorded."""
        self.steps = 0

    @initialize()
    def open(self) -> None:
        async def opened() -> list[PostgresEventStore]:
            stores = [PostgresEventStore(self.database, Codec([Parcel]), cached=CACHED, writers=1) for _ in range(2)]
            return [await self.stack.enter_async_context(store) for store in stores]

        self.stores = self.runner.run(opened())

    @rule(worker=workers, stream=streams, fresh=st.booleans())
    def load(self, worker: int, stream: int, fresh: bool) -> None:
        self.drafts[worker, stream] = self.runner.run(self.loaded(worker, stream, fresh=fresh))

    @precondition(lambda self: self.drafts)
    @rule(which=held, times=st.integers(1, 3))
    def decide(self, which: int, times: int) -> None:
        draft = self.drafts[self.key(which)]
        for _ in range(times):
            self.steps += 1
            draft.move(f"place {self.steps}")

    @precondition(lambda self: self.drafts)
    @rule(which=held)
    def refuse(self, which: int) -> None:
        """It changed its mind half-way: nobody else may see what it did."""
        self.drafts.pop(self.key(which)).move("never")

    @precondition(lambda self: self.drafts)
    @rule(which=held, cancel=st.booleans())
    def save(self, which: int, cancel: bool) -> None:
        worker, stream = self.key(which)
        draft = self.drafts.pop((worker, stream))
        if draft.pending_events:
            self.runner.run(self.saved(worker, stream, draft, cancel=cancel))

    @precondition(lambda self: len(self.drafts) > 1)
    @rule()
    def save_all_at_once(self) -> None:
        """Of those who decided on one stream, one is first, and the others lose."""
        self.runner.run(self.saved_all())

    @rule()
    def cut(self) -> None:
        """Every connection is lost."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(KILL)

    @invariant()
    def is_bounded(self) -> None:
        assert all(len(store._cache._kept) <= CACHED for store in self.stores)

    def teardown(self) -> None:
        """All workers see the same at last, and it is what the log says."""
        try:
            if self.stores:
                self.runner.run(self.agree())
        finally:
            self.runner.run(self.stack.aclose())

    def key(self, which: int) -> tuple[int, int]:
        return [*self.drafts][which % len(self.drafts)]

    async def loaded(self, worker: int, stream: int, *, fresh: bool) -> Parcel:
        found = await self.stores[worker % 2].load(Parcel, self.ids[stream], fresh=fresh)
        assert found.places == self.places[stream][: found.version], "what is loaded is what the log says"
        assert found.pending_events == []
        if fresh:
            assert found.places == self.places[stream], "fresh is the newest"
        return found

    async def saved(self, worker: int, stream: int, draft: Parcel, *, cancel: bool) -> None:
        store = self.stores[worker % 2]
        saving = asyncio.create_task(store.save([draft], caused()))
        if cancel:
            await asyncio.sleep(0)
            saving.cancel()
        (ended,) = await asyncio.gather(saving, return_exceptions=True)
        decided_on_newest = draft.places[: len(self.places[stream])] == self.places[stream]
        if isinstance(ended, int):
            assert decided_on_newest
            self.places[stream] = draft.places
        elif isinstance(ended, asyncio.CancelledError):
            self.places[stream] = await self.recorded(store, stream)
        else:
            assert isinstance(ended, Conflict), ended
            assert draft.version != len(self.places[stream]) + len(draft.pending_events)

    async def saved_all(self) -> None:
        deciding = {key: draft for key, draft in self.drafts.items() if draft.pending_events}
        for key in deciding:
            del self.drafts[key]
        saving = [self.stores[worker % 2].save([draft], caused()) for (worker, _), draft in deciding.items()]
        ends = await asyncio.gather(*saving, return_exceptions=True)
        won = [key for key, end in zip(deciding, ends, strict=True) if isinstance(end, int)]
        assert all(isinstance(end, int | Conflict) for end in ends), ends
        assert len({stream for _, stream in won}) == len(won), "one of each stream"
        for worker, stream in won:
            assert deciding[worker, stream].places[: len(self.places[stream])] == self.places[stream]
            self.places[stream] = deciding[worker, stream].places

    async def recorded(self, store: PostgresEventStore, stream: int) -> tuple[str, ...]:
        """What the log has, once the store's writers have done what they had before them."""
        elsewhere = Parcel.at(uuid4())
        elsewhere.move("elsewhere")
        await store.save([elsewhere], caused())
        history = await store.history([self.ids[stream]])
        return tuple(event.fact.place for event in history)  # type: ignore[attr-defined]

    async def agree(self) -> None:
        for stream in range(STREAMS):
            assert await self.recorded(self.stores[0], stream) == self.places[stream]
            for worker in range(2):
                await self.loaded(worker, stream, fresh=False)
                await self.loaded(worker, stream, fresh=True)


@contextmanager
def machine_on(database: str) -> Iterator[type[Workers]]:
    with asyncio.Runner() as runner:
        runner.run(migrate(database))

        yield type("Workers", (Workers,), {"database": database, "runner": runner})


def test_what_is_loaded_is_always_what_the_log_says(database: str) -> None:
    """Deciding, refusing, saving, losing to another, cancelling, losing every connection: nothing dirties the cache."""
    with machine_on(database) as machine:
        slow = list(HealthCheck)
        run_state_machine_as_test(
            machine,
            settings=settings(deadline=None, max_examples=20, stateful_step_count=40, suppress_health_check=slow),
        )
