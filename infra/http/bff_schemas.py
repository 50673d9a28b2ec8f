"""How dashboards are asked and answered, as OpenAPI has it."""

from __future__ import annotations

from typing import Any

from infra.http.mounting import Operation
from infra.http.openapi import EVENT_POSITION, Describe, query
from infra.http.schemas import Schema
from read_api.search.dashboards import MOST

COUNT: Schema = {"type": "integer", "minimum": 0}
PAGE: Schema = {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "null"}]}
OBJECT: Schema = {"type": "object"}
OBJECTS: Schema = {"type": "array", "items": OBJECT}
FILTERS: Schema = {
    "description": "Conditions: `{operator: and|or, conditions: […]}`, `{operator: not, condition: …}`, or a leaf "
    "`{field, operator, value}`, with `values` for any of several; a list is an `and`.",
    "anyOf": [OBJECT, {"type": "array", "items": {}}, {"type": "null"}],
}
LISTED: Schema = {
    "type": "object",
    "required": ["status", "total", "totalPage", "currentPage", "nextPage", "prevPage", "pageItem", "items", "filters"],
    "properties": {
        "status": {"const": "OK"},
        "total": COUNT,
        "totalPage": COUNT,
        "currentPage": {"type": "integer", "minimum": 1},
        "nextPage": PAGE,
        "prevPage": PAGE,
        "pageItem": COUNT,
        "items": OBJECTS,
        "filters": FILTERS,
        "nextCursor": {"type": ["string", "null"]},
        "facets": {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "object", "required": ["value", "count"]}},
        },
    },
}


class Described:
    """Writes the operations."""

    def __init__(self, describe: Describe) -> None:
        self._describe = describe

    def page(self, path: str, name: str, *, body: bool = False) -> Operation:
        """A list."""
        summary = "List an index" if name.startswith("index") else f"List {name}"
        return self._asked(f"{name}List", summary, path, LISTED, tuple(_parameters()), body=body)

    def count(self, path: str, name: str, *, body: bool = False) -> Operation:
        """A count."""
        asked = (query("q", {"type": "string"}, "Words to be found."), _saved(), EVENT_POSITION)
        schema = _enveloped("count", COUNT)
        return self._asked(f"{name}Count", "Count in an index", path, schema, asked, body=body)

    def schema(self, path: str) -> Operation:
        """A schema."""
        schema = _enveloped("schema", OBJECT)
        return self._asked("indexSchema", "What can be asked of an index", path, schema, (EVENT_POSITION,))

    def saved(self, path: str) -> Operation:
        """Kept filters."""
        asked = (*(p for p in _parameters() if p["name"] in {"page", "limit"}), EVENT_POSITION)
        schema = _enveloped("savedFilters", OBJECTS)
        return self._asked("listSavedFilters", "One's kept filters of an index", path, schema, asked)

    def get(self, path: str, name: str) -> Operation:
        """One document."""
        summary = "One document of an index" if name == "index" else f"One {name}"
        return self._asked(f"{name}Get", summary, path, _enveloped("item", OBJECT), (EVENT_POSITION,))

    def _asked(
        self, name: str, summary: str, path: str, schema: Schema, parameters: tuple[Schema, ...], *, body: bool = False
    ) -> Operation:
        made = self._describe.plain(name, summary, "bff", parameters=parameters, schema=schema, path=path)
        if body:
            of = {"type": "object", "properties": {"filters": FILTERS}, "additionalProperties": False}
            made["requestBody"] = {"required": False, "content": {"application/json": {"schema": of}}}
        return made


def _parameters() -> list[dict[str, Any]]:
    return [
        query("page", {"type": "integer", "minimum": 1}, "From 1; behind the first 10 000 rows use `cursor`."),
        query("limit", {"type": "integer", "minimum": 1, "maximum": MOST}, "Rows a page; 10."),
        query("sortBy", {"type": "string"}, "A field of the schema; createdAt."),
        query("sortOrder", {"enum": ["asc", "desc"]}, "desc, unless said."),
        query("q", {"type": "string"}, "Words, each to be found in one of the index's texts."),
        query("cursor", {"type": "string"}, "The `nextCursor` of the page before."),
        query("facets", {"type": "string"}, "Fields to count by, comma-separated."),
        _saved(),
        EVENT_POSITION,
    ]


def _saved() -> dict[str, Any]:
    return query("savedFilter", {"type": "string"}, "The id or name of one's kept filter, to hold besides.")


def _enveloped(name: str, schema: Schema) -> Schema:
    return {"type": "object", "required": ["status", name], "properties": {"status": {"const": "OK"}, name: schema}}
