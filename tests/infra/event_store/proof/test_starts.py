"""Ten processes that start at once on one database all come up, whatever it was before."""

from __future__ import annotations

import multiprocessing
import shutil
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg.conninfo import make_conninfo

from domain.catalogue import AGGREGATES
from domain.operator import Operator, Profile
from infra.event_store import Codec, PostgresEventStore
from infra.postgres.migrate import FOLDER, migrate
from tests.contracts.event_store import caused
from tests.infra.event_store.proof import starting

PROCESSES = 10
OPERATORS = 50


def started(conninfo: str) -> list[Any]:
    """What each of ten processes says of itself while all of them are up."""
    # Ten at once on a busy machine take longer to be let in than the two seconds that are usual.
    conninfo = make_conninfo(conninfo, connect_timeout=int(starting.SOON))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([starting.__name__])
    told, go = context.Queue(), context.Event()
    processes = [context.Process(target=starting.start, args=(conninfo, told, go)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    states = [told.get(timeout=starting.SOON) for _ in processes]
    go.set()
    for process in processes:
        process.join(starting.SOON)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    return states


def rows(conninfo: str, query: str) -> list[Any]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query.encode()).fetchall()


def test_on_an_empty_database(database: str) -> None:
    for state in started(database):
        assert getattr(state, "well", False), state
    assert rows(database, "SELECT name FROM migration ORDER BY number") == [
        (file.stem,) for file in sorted(FOLDER.glob("*.sql"))
    ]
    assert rows(database, "SELECT count(*) FROM event WHERE name LIKE 'user.registered%'") == [(1,)]
    assert rows(database, "SELECT count(*) FROM signing_key") == [(1,)]


async def of_the_first_migration(conninfo: str, folder: Path) -> None:
    """A log as the first release would have left it."""
    shutil.copy(FOLDER / "0001_event_store.sql", folder)
    await migrate(conninfo, folder)
    async with PostgresEventStore(conninfo, Codec(AGGREGATES)) as store:
        for number in range(OPERATORS):
            operator = Operator.at(uuid4())
            operator.create(Profile(f"operator-{number}@example.org", f"Operator {number}", "+48 000"))
            await store.save([operator], caused("createOperator"))


async def test_on_an_old_database_with_data_of_its_own(database: str, tmp_path: Path) -> None:
    await of_the_first_migration(database, tmp_path)
    old = rows(database, "SELECT * FROM event ORDER BY position")
    for state in started(database):
        assert getattr(state, "well", False), state
    assert rows(database, f"SELECT * FROM event WHERE position <= {OPERATORS} ORDER BY position") == old
    assert rows(database, "SELECT count(*) FROM operator_feed") == [(OPERATORS,)]
    assert rows(database, "SELECT array_agg(id ORDER BY position) FROM operator_feed") == [
        ([*range(1, OPERATORS + 1)],)
    ]
