"""The PostgreSQL recorder of `eventsourcing`, as it comes: it locks its table and notifies for each append."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from benchmarks.saves import ACTORS, saves
from domain.catalogue import AGGREGATES
from infra.event_store import Codec


@asynccontextmanager
async def append(database: str, number: str, threads: str) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """So many saves from so many threads, each with a connection of the pool when it needs one."""
    codec, at_once = Codec(AGGREGATES), int(threads)
    jobs = [
        [StoredEvent(e.stream, e.version, e.name, e.state) for e in save.stored(codec)]
        for save in saves(ACTORS + int(number))
    ]
    datastore = _datastore(database, at_once)
    recorder = PostgresApplicationRecorder(datastore)
    recorder.create_table()
    for job in jobs[:ACTORS]:
        recorder.insert_events(job)

    def some(turn: int) -> None:
        for job in jobs[ACTORS + turn :: at_once]:
            recorder.insert_events(job)

    with ThreadPoolExecutor(at_once) as pool:
        loop = asyncio.get_running_loop()

        async def work() -> None:
            await asyncio.gather(*(loop.run_in_executor(pool, some, turn) for turn in range(at_once)))

        yield work
    datastore.close()


def _datastore(database: str, connections: int) -> PostgresDatastore:
    told = conninfo_to_dict(database)
    where = {name: str(told.get(name) or usual) for name, usual in (("dbname", ""), ("host", ""), ("port", "5432"))}
    return PostgresDatastore(
        where["dbname"],
        where["host"],
        where["port"],
        str(told.get("user", "")),
        str(told.get("password", "")),
        pool_size=connections,
    )
