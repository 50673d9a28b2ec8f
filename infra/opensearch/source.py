"""The documents that search documents are made of, as the read models in PostgreSQL have them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any
from uuid import UUID

from psycopg import sql

from infra.read_models.asking import Asking
from infra.read_models.codec import from_json
from infra.read_models.model import table_name
from projections.projection import Document

BY_ID = sql.SQL("SELECT id::text, body::text FROM {} WHERE id = ANY(%(ids)s::uuid[])")
BY_FIELD = sql.SQL(
    "SELECT body->>{field}, body::text FROM {table} WHERE body->>{field} = ANY(%(values)s::text[]) {where}"
    " ORDER BY body->>'createdAt' COLLATE \"C\" DESC NULLS LAST, id"
)
IDS = sql.SQL("SELECT id::text FROM {} WHERE body->>{} = ANY(%(values)s::text[])")
SCAN = sql.SQL("SELECT id::text, body::text FROM {} WHERE id > %(after)s ORDER BY id LIMIT %(limit)s")
COUNT = sql.SQL("SELECT count(*) FROM {}")
SOME = sql.SQL("SELECT id::text FROM {} ORDER BY md5(id::text) LIMIT %(limit)s")
FIRST = UUID(int=0)


class Source:
    """Asks the tables of documents, whoever may see what."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    async def by_ids(self, model: str, ids: Iterable[str]) -> dict[str, Document]:
        """Those of these documents that there are."""
        wanted = [id for id in ids if _is_id(id)]
        if not wanted:
            return {}
        rows = await self._asking(_by_id(model), {"ids": wanted})
        return {id: from_json(body) for id, body in rows}

    def remembering(self) -> Source:
        """One that asks for each document by its id once, to make a page with: it knows nothing of what comes later."""
        return _Remembering(self._asking)

    async def by_field(
        self, model: str, field: str, values: Collection[str], where: tuple[tuple[str, str], ...] = ()
    ) -> dict[str, list[Document]]:
        """The documents whose field has one of the values, by that value, the newest first."""
        if not values:
            return {}
        found: dict[str, list[Document]] = defaultdict(list)
        for value, body in await self._asking(_by_field(model, field, where), {"values": [*values]}):
            found[value].append(from_json(body))
        return found

    async def ids_by(self, model: str, field: str, values: Collection[str]) -> set[str]:
        """The ids of the documents whose field has one of the values."""
        if not values:
            return set()
        rows = await self._asking(_ids_by(model, field), {"values": [*values]})
        return {id for (id,) in rows}

    async def scan(self, model: str, after: str, limit: int) -> dict[str, Document]:
        """The next documents in the order of their ids."""
        rows = await self._asking(SCAN.format(_table(model)), {"after": after or FIRST, "limit": limit})
        return {id: from_json(body) for id, body in rows}

    async def count(self, model: str) -> int:
        """How many there are."""
        return int((await self._asking(COUNT.format(_table(model))))[0][0])

    async def some(self, model: str, most: int) -> list[str]:
        """The ids of some, picked as if by chance."""
        return [id for (id,) in await self._asking(SOME.format(_table(model)), {"limit": most})]


class _Remembering(Source):
    def __init__(self, asking: Asking) -> None:
        super().__init__(asking)
        self._known: defaultdict[str, dict[str, Document | None]] = defaultdict(dict)

    async def by_ids(self, model: str, ids: Iterable[str]) -> dict[str, Document]:
        """Those of these documents that there are, or were when they were first asked for."""
        known, ids = self._known[model], list(ids)
        wanted = [id for id in ids if id not in known]
        if wanted:
            found = await super().by_ids(model, wanted)
            known.update({id: found.get(id) for id in wanted})
        return {id: document for id in ids if (document := known[id]) is not None}


# Each is put together once, as that costs as much as to ask it.


@cache
def _by_id(model: str) -> bytes:
    return BY_ID.format(_table(model)).as_bytes(None)


@cache
def _by_field(model: str, field: str, where: tuple[tuple[str, str], ...]) -> bytes:
    also = [sql.SQL(" AND body->>{} = {}").format(sql.Literal(name), sql.Literal(value)) for name, value in where]
    return BY_FIELD.format(field=sql.Literal(field), table=_table(model), where=sql.SQL("").join(also)).as_bytes(None)


@cache
def _ids_by(model: str, field: str) -> bytes:
    return IDS.format(_table(model), sql.Literal(field)).as_bytes(None)


def _table(model: str) -> sql.Identifier:
    return sql.Identifier(table_name("doc_", model))


def _is_id(text: Any) -> bool:
    try:
        return bool(UUID(text))
    except (ValueError, TypeError, AttributeError):
        return False
