"""A relay goes on after whatever its database does to it; its Kafka here is one that takes all it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from uuid import uuid4

import psycopg
import pytest

from infra.event_store import Codec, PostgresEventStore
from infra.kafka.messages import Messages, Outgoing
from infra.kafka.relay import Relay
from infra.kafka.standstill import Place, Standstill
from infra.kafka.wire import Wire
from infra.postgres.migrate import migrate
from tests.contracts.event_store import moved
from tests.contracts.parcel import Letter, Parcel

pytestmark = pytest.mark.anyio

REFUSES_ONCE = """CREATE SEQUENCE refusals;
  CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF nextval('refusals') = 1 THEN RAISE 'not now' USING ERRCODE = '{}'; END IF;
    RETURN new;
  END $$;
  CREATE TRIGGER refuse BEFORE INSERT ON relay FOR EACH ROW EXECUTE FUNCTION refuse()"""


class Moving(Standstill):
    """Nobody stands still."""

    async def look(self) -> list[Place]:
        return []


class Willing(Wire):
    """A Kafka that takes everything, and knows how far it was told."""

    def __init__(self) -> None:
        super().__init__("", "relay")
        self.position = 0
        self.keys: list[str] = []

    async def open(self, topics: Sequence[str]) -> int:  # noqa: ARG002 - it has any topic
        return self.position

    async def put(self, messages: Sequence[Outgoing]) -> None:
        self.keys += [message.key for message in messages]

    async def commit(self, position: int, mark: str = "") -> None:
        self.position, self.mark = position, mark

    def standstill(self, topics: Iterable[str]) -> Standstill:
        return Moving({}, topics)

    async def close(self) -> None:
        pass


@pytest.fixture
async def store(database: str) -> AsyncIterator[PostgresEventStore]:
    await migrate(database)
    async with PostgresEventStore(database, Codec([Parcel, Letter])) as store:
        yield store


async def until(holds: Callable[[], bool]) -> None:
    while not holds():  # noqa: ASYNC110 - what it looks at rings no bell
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("state", ["25006", "XX000"], ids=["read-only", "a fault"])
async def test_a_database_that_refuses_a_write_ends_no_relay(
    database: str, store: PostgresEventStore, state: str
) -> None:
    """It says what keeps it, begins anew, and tells the rest, nothing twice."""
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute(REFUSES_ONCE.format(state))
    wire = Willing()
    relay = Relay(database, store, Messages("t", {"test.parcel.moved.v1": []}), lambda: wire, name="relay")
    first, second = uuid4(), uuid4()
    await moved(store, first, "Oslo")
    task = asyncio.create_task(relay.run())
    try:
        async with asyncio.timeout(20):
            await until(lambda: relay.trouble is not None)
            assert "not now" in str((await relay.health())["problem"])
            last = await moved(store, second, "Bergen")
            await until(lambda: relay.position >= last)
        assert (await relay.health()) == {"leads": True, "position": last}
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert wire.keys == [str(first), str(second)]
