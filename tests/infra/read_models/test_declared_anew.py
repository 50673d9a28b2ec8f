"""A database of a release whose tables had fewer columns: it comes up, goes on, and says what is due."""

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
