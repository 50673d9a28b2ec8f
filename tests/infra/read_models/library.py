"""Books and shelves as read models have them, put there without events."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg

from domain.actor import Actor
from infra.read_models.codec import to_json
from infra.read_models.documents import DocumentModel
from infra.read_models.side import ReadSide
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, World

SHELVES = {"open": UUID(int=0xA), "closed": UUID(int=0xB)}


class Library:
    """Documents put straight into their tables."""

    def __init__(self, world: World, side: ReadSide) -> None:
        self.world, self.side, self.made = world, side, 0

    async def book(self, **fields: Any) -> UUID:
        self.made += 1
        id = UUID(int=0x1000 + self.made)
        body = {
            "id": str(id),
            "title": f"Book {self.made}",
            "ownerId": str(ANNA.id),
            "shelfId": str(SHELVES["open"]),
            "isActive": True,
            "recordVersion": 1,
            "createdAt": f"2026-01-01T00:00:{self.made:02d}.000Z",
            "updatedAt": f"2026-01-01T00:00:{self.made:02d}.000Z",
        }
        await self.put("book", sample.BOOKS, body | fields)
        return id

    async def put(self, table: str, projection: Any, body: dict[str, Any]) -> None:
        made = DocumentModel(projection, [r for r in sample.RESOURCES if r.documents == table]).folded(body)
        async with await psycopg.AsyncConnection.connect(self.world.conninfo, autocommit=True) as connection:
            await connection.execute(
                f"INSERT INTO doc_{table} VALUES (%s, %s::jsonb, %s::jsonb, 1)",
                [body["id"], to_json(body), None if made is None else made.decode()],
            )

    async def titles(self, *parameters: tuple[str, str], actor: Actor = ANNA) -> list[str]:
        listed = await self.side.reads.list(sample.BOOK, parameters, actor)
        assert listed.documents is not None
        assert listed.total == len(listed.documents) or any(name.startswith("page") for name, _ in parameters)
        return [document["title"] for document in listed.documents]
