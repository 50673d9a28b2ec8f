"""A database of a release whose tables had fewer columns: it comes up, goes on, and says what is due."""

import asyncio

import psycopg

from domain.catalogue import RESOURCES
from infra.postgres.migrate import migrate
from infra.read_models.catalogue import due, health, prepare
from infra.read_models.side import models_of
from projections.catalogue import PROJECTIONS

OLD = (
    "ALTER TABLE doc_listing DROP COLUMN terms;"
    "UPDATE read_model SET declaration = 'of an earlier release' WHERE name = 'listing'"
)


async def test_a_table_that_lacks_a_column_is_completed_and_due_for_a_rebuild(database: str) -> None:
    """What was there stays, the column is there and empty, and health names the rebuild."""
    models = models_of(PROJECTIONS, RESOURCES)
    await migrate(database)
    await prepare(database, models)
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as connection:
        await connection.execute(OLD)
        await connection.execute(
            'INSERT INTO doc_listing (id, body, position) VALUES (gen_random_uuid(), \'{"title": "Loft"}\', 1)'
        )
        assert await prepare(database, models) == []
        cursor = await connection.execute("SELECT body->>'title', terms FROM doc_listing")
        assert await cursor.fetchall() == [("Loft", None)]
        assert due(await health(connection, models)) == ["listing"]


async def test_who_waits_to_complete_a_table_keeps_no_reader_waiting(database: str) -> None:
    """A long read is in the way of the new column; other reads are not to queue behind the one that waits for it."""
    models = models_of(PROJECTIONS, RESOURCES)
    await migrate(database)
    await prepare(database, models)
    waits = "SELECT count(*) FROM pg_locks WHERE relation = 'doc_listing'::regclass AND NOT granted"
    async with (
        await psycopg.AsyncConnection.connect(database, autocommit=True) as connection,
        await psycopg.AsyncConnection.connect(database) as reader,
    ):
        await connection.execute(OLD)
        await reader.execute("SELECT FROM doc_listing")
        completing = asyncio.create_task(prepare(database, models))
        while (await (await connection.execute(waits)).fetchone()) != (1,):
            assert not completing.done()
        await connection.execute("SET statement_timeout = '30s'")
        await connection.execute("SELECT FROM doc_listing")
        assert not completing.done()
        await reader.rollback()
        assert await completing == []
        await connection.execute("SELECT terms FROM doc_listing")
