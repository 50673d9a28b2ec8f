"""Documents into the tables of PostgreSQL, by the read models' own way of writing them."""

from __future__ import annotations

from uuid import UUID

from domain.catalogue import RESOURCES
from infra.postgres.connected import connected
from infra.postgres.migrate import migrate
from infra.read_models.catalogue import prepare
from infra.read_models.documents import DocumentModel
from infra.read_models.side import models_of
from projections.catalogue import PROJECTIONS
from tests.searching.oracle import Documents


async def load(conninfo: str, documents: Documents) -> None:
    """Make the tables of all read models in an empty schema, and put these documents there."""
    await migrate(conninfo)
    models = models_of(PROJECTIONS, RESOURCES)
    await prepare(conninfo, models)
    async with connected(conninfo) as connection:
        for name, some in documents.items():
            model = models[name]
            assert isinstance(model, DocumentModel)
            by_number = {UUID(id).int: document for id, document in some.items()}
            await model.writing(model.table, by_number, dict.fromkeys(by_number, 1))(connection)
        await connection.execute("ANALYZE")
