"""Retries of what people keep for their dashboards."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.commands.retries.table import Asked, Row, Town

MINE: dict[str, Any] = {
    "indexName": "reservations",
    "filterName": "Mine",
    "conditions": {"field": "currency", "operator": "exists"},
}


async def a_filter(town: Town) -> Asked:
    return Asked(town.guest, MINE | {"filterName": uuid4().hex})


async def a_kept_filter(town: Town) -> Asked:
    kept = await town.told("saveFilter", town.guest, **MINE | {"filterName": uuid4().hex})
    return Asked(town.guest, {"indexName": "reservation", "filterId": kept["id"]})


ROWS = (
    Row("saveFilter", a_filter, "ENTRY_EXISTS"),
    Row("deleteFilter", a_kept_filter, "NOT_FOUND"),
)
