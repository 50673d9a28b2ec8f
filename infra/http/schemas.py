"""How answers look, as JSON Schema: made from the declarations of resources."""

from __future__ import annotations

from typing import Any

from domain.resource import COMMON, Field, Kind, Resource

Schema = dict[str, Any]

JSON_OF: dict[Kind, Schema] = {
    Kind.ID: {"type": "string", "format": "uuid"},
    Kind.STRING: {"type": "string"},
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer"},
    Kind.MONEY: {"type": "number", "description": "Major units of the currency."},
    Kind.DECIMAL: {"type": "number"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.ENUM: {"type": "string"},
    Kind.DAY: {"type": "string", "format": "date"},
    Kind.INSTANT: {"type": "string", "format": "date-time"},
    Kind.OBJECT: {"type": "object"},
    Kind.LIST: {"type": "array", "items": {}},
}
ERROR: Schema = {
    "type": "object",
    "required": ["result", "status", "message", "errCode", "date", "detail"],
    "properties": {
        "result": {"const": "ERR"},
        "status": {"type": "integer"},
        "message": {"type": "string", "description": "A sentence for a person."},
        "errCode": {"type": "string", "description": "The rule's stable name."},
        "date": {"type": "string", "format": "date-time"},
        "detail": {"type": "object"},
    },
}
"""Every error has this form."""
COUNT: Schema = {"type": "integer", "minimum": 0}
BESIDE_ROWS: dict[str, Schema] = {
    "paging": {
        "type": "object",
        "required": ["pageNumber", "pageRowCount", "totalRowCount", "pageCount"],
        "properties": {
            "pageNumber": COUNT,
            "pageRowCount": COUNT,
            "totalRowCount": COUNT | {"description": "Of all pages, as far as you see them."},
            "pageCount": COUNT,
        },
    },
    "filters": {"type": "array", "items": {"type": "object", "required": ["name", "values"]}},
    "uiPermissions": {"type": "array", "items": {}},
}
"""What stands beside the rows of a list."""


def field_schema(field: Field) -> Schema:
    """How a field looks in answers."""
    schema = dict(JSON_OF[field.kind])
    if field.kind is Kind.ENUM:
        schema["enum"] = [*field.enum]
    if field.kind is Kind.LIST and field.of is not None:
        schema["items"] = JSON_OF[field.of]
    if field.doc:
        schema["description"] = field.doc
    return schema if field.required else {"anyOf": [schema, {"type": "null"}]} if field not in COMMON else schema


def resource_schema(resource: Resource) -> Schema:
    """How a resource looks in answers; which fields a caller gets depends on who they are."""
    properties: dict[str, Schema] = {}
    for field in (*resource.fields, *resource.common):
        if not field.shown:
            continue
        properties[field.name] = field_schema(field)
        if field.kind is Kind.ENUM:
            properties[f"{field.name}_idx"] = {
                "type": ["integer", "null"],
                "description": "The value's place in the enum.",
            }
    if not resource.brief:
        properties["_owner"] = {"type": ["string", "null"], "format": "uuid"}
    return {"type": "object", "description": resource.doc, "properties": properties, "required": ["id"]}


def bare_schema(resource: Resource) -> Schema:
    """How a resource looks that nothing is kept of: its own fields, all of them, and nothing else."""
    properties = {field.name: field_schema(field) for field in resource.fields}
    return {"type": "object", "description": resource.doc, "properties": properties, "required": [*properties]}
