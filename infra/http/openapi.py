"""The OpenAPI text, made from the registry of commands and the declarations of resources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from commands.registry import Command, Route
from commands.wire import Message
from domain.resource import Field, Kind, Resource
from infra.http.answers import BARE, BESIDE
from infra.http.envelope import APP_VERSION
from infra.http.mounting import Operation
from infra.http.schemas import BESIDE_ROWS, ERROR, JSON_OF, Schema, bare_schema, resource_schema

REF = "#/components/schemas/{model}"
ABOUT = """The backend of a marketplace for short stays: list, search, book, pay, review, settle.

Every route also stands under its service's prefix (see the servers of each operation).
Changes take an `Idempotency-Key`; their answers carry `X-Event-Position`, which a read may send back to see at least
that much."""

ERROR_CODES = {
    "400": "Malformed: INVALID, with the fields named.",
    "401": "No or bad credentials.",
    "402": "The payment was declined, which is recorded.",
    "403": "Seen, but not allowed.",
    "404": "Absent, or not yours to see.",
    "409": "A rule refused it.",
    "413": "The body is too large.",
    "414": "The query string is too long.",
    "422": "The Idempotency-Key was used for something else.",
    "429": "Too many attempts.",
    "503": "Not now; see Retry-After.",
}


class Describe:
    """Writes operations and gathers the schemas that they name."""

    def __init__(self, resources: Mapping[str, Resource]) -> None:
        self.resources = resources
        self.schemas: dict[str, Schema] = {r.name: resource_schema(r) for r in resources.values()}
        self.schemas["Error"] = ERROR

    def command(self, command: Command, route: Route) -> Operation:
        """One write route."""
        operation: Operation = {
            "operationId": command.name,
            "summary": _title(command.name),
            "description": _with_refusals(command),
            "tags": [route.service],
            "parameters": [*path_parameters(route.path), *([IDEMPOTENCY_KEY] if command.idempotent else [])],
            "responses": {str(route.status): self._success(command.name, route), **self.errors()},
        }
        body = self._body(command, route)
        if body is not None:
            operation["requestBody"] = body
        return operation

    def get(self, resource: Resource) -> Operation:
        """The get route of a resource."""
        path = resource.get_path or f"{resource.path}/{{{resource.id_name}}}"
        return {
            "operationId": f"get{_upper(resource.name)}",
            "summary": f"Get a {resource.name}",
            "description": resource.doc,
            "tags": [resource.service],
            "parameters": [*path_parameters(path), AS_OF, EVENT_POSITION],
            "responses": {
                "200": _content(self._enveloped(resource.documents, {"$ref": REF.format(model=resource.name)})),
                **self.errors(),
            },
        }

    def list(self, resource: Resource) -> Operation:
        """The list route of a resource."""
        rows = {"type": "array", "items": {"$ref": REF.format(model=resource.name)}}
        order = "asc" if resource.oldest_first else "desc"
        return {
            "operationId": f"list{_upper(resource.name if resource.source else resource.plural)}",
            "summary": f"List {resource.plural}",
            "description": resource.doc,
            "tags": [resource.service],
            "parameters": [
                *path_parameters(resource.path),
                *([KEYWORD] if resource.search else []),
                *(_filter(f) for f in resource.fields if f.filter and f"{{{f.name}}}" not in resource.path),
                *PAGING,
                _parameter("sortOrder", "query", {"enum": ["asc", "desc"]}, f"By default {order}."),
                EVENT_POSITION,
            ],
            "responses": {"200": _content(self._enveloped(resource.plural, rows, BESIDE_ROWS)), **self.errors()},
        }

    def find(self, resource: Resource, path: str, field: str) -> Operation:
        """A get by another field than the id."""
        named = {
            "operationId": f"get{_upper(resource.name)}By{_upper(field)}",
            "summary": f"Get a {resource.name} by {field}",
        }
        return self.get(resource) | named | {"parameters": [*path_parameters(path), EVENT_POSITION]}

    def history(self, resource: Resource, path: str) -> Operation:
        """The history route of a resource."""
        rows = {"type": "array", "items": {"type": "object", "required": ["event", "at", "role", "command", "changes"]}}
        named = {
            "operationId": f"history{_upper(resource.name)}",
            "summary": f"Who did what to a {resource.name}, when",
        }
        answer = {"200": _content(self._enveloped("history", rows)), **self.errors()}
        return (
            self.get(resource) | named | {"parameters": [*path_parameters(path), EVENT_POSITION], "responses": answer}
        )

    def quote(self, resource: Resource) -> Operation:
        """The quote, asked for by query."""
        asked = (("listingId", Kind.ID), ("checkIn", Kind.DAY), ("checkOut", Kind.DAY), ("guestCount", Kind.INTEGER))
        parameters = tuple(_parameter(name, "query", JSON_OF[kind], required=True) for name, kind in asked)
        schema = self._enveloped(resource.name, self.named(resource.name, bare_schema(resource)))
        return self.plain(
            "getQuote", "What would this stay cost?", resource.service, parameters=parameters, schema=schema
        )

    def named(self, name: str, schema: Schema) -> Schema:
        """Keeps a schema under a name, and refers to it."""
        self.schemas[name] = schema
        return {"$ref": REF.format(model=name)}

    def plain(
        self,
        name: str,
        summary: str,
        tag: str,
        *,
        parameters: tuple[Schema, ...] = (),
        schema: Schema | None = None,
        path: str = "",
    ) -> Operation:
        """A route with an answer of its own form."""
        return {
            "operationId": name,
            "summary": summary,
            "tags": [tag],
            "parameters": [*path_parameters(path), *parameters],
            "responses": {"200": _content(schema or BARE.get(name, {"type": "object"})), **self.errors()},
        }

    def asked(self, name: str, summary: str, tag: str, message: type[Message]) -> Operation:
        """A change with an answer of its own form."""
        schema = message.model_json_schema(by_alias=True, ref_template=REF)
        self.schemas.update(schema.pop("$defs", {}))
        self.schemas[_upper(name)] = schema
        body = {"application/json": {"schema": {"$ref": REF.format(model=_upper(name))}}}
        return self.plain(name, summary, tag) | {
            "requestBody": {"required": True, "content": body},
        }

    def document(self, paths: Mapping[str, Mapping[str, Operation]]) -> dict[str, Any]:
        """The whole text."""
        return {
            "openapi": "3.1.0",
            "info": {"title": "Innkeep", "version": APP_VERSION, "description": ABOUT},
            "paths": dict(paths),
            "components": {
                "schemas": self.schemas,
                "securitySchemes": {
                    "token": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "An access token, or an API key (`sk_…`).",
                    },
                    "apiAuth": {
                        "type": "apiKey",
                        "in": "header",
                        "name": "ApiAuth",
                        "description": "An API key, on operator routes.",
                    },
                },
            },
        }

    def errors(self) -> dict[str, Schema]:
        """Every error has one form."""
        return {
            code: {"description": text} | _content({"$ref": REF.format(model="Error")}) | {"description": text}
            for code, text in ERROR_CODES.items()
        }

    def _success(self, name: str, route: Route) -> Schema:
        if route.bare or route.data_name not in self.resources:
            return _content(BARE.get(name, {"type": "object"}))
        resource = {"$ref": REF.format(model=route.data_name)}
        return _content(self._enveloped(route.data_name, resource, BESIDE.get(name, {}), strict=False))

    def _enveloped(
        self, name: str, data: Schema, beside: Mapping[str, Schema] = MappingProxyType({}), *, strict: bool = True
    ) -> Schema:
        properties = {
            "status": {"const": "OK"},
            "statusCode": {"type": "string"},
            "rowCount": {"type": "integer"},
            name: data,
            **beside,
        }
        return {
            "type": "object",
            "required": ["status", "statusCode", *([name] if strict else [])],
            "properties": properties,
        }

    def _body(self, command: Command, route: Route) -> Schema | None:
        if route.raw:
            return {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
        schema = command.message.model_json_schema(by_alias=True, ref_template=REF)
        self.schemas.update(schema.pop("$defs", {}))
        in_path = set(re.findall(r"{(\w+)}", route.path))
        schema["properties"] = {n: _left_out(s) for n, s in schema.get("properties", {}).items() if n not in in_path}
        schema["required"] = [n for n in schema.get("required", []) if n not in in_path]
        for name in sorted(command.message.IGNORED):
            schema["properties"].setdefault(name, {"description": "The server decides; what is sent is not looked at."})
        if not schema["properties"] or route.method == "GET":
            return None
        schema.pop("title", None)
        self.schemas[_upper(command.name)] = schema
        return {
            "required": not route.may_be_silent and route.method != "DELETE",
            "content": {"application/json": {"schema": {"$ref": REF.format(model=_upper(command.name))}}},
        }


def _content(schema: Schema) -> Schema:
    return {"description": "Done.", "content": {"application/json": {"schema": schema}}}


def path_parameters(path: str) -> list[Schema]:
    """The parameters that a path names."""
    return [_parameter(name, "path", {"type": "string"}, required=True) for name in re.findall(r"{(\w+)}", path)]


def query(name: str, schema: Schema, doc: str) -> Schema:
    """A parameter of the query that may be left out."""
    return _parameter(name, "query", schema, doc)


def _parameter(name: str, place: str, schema: Schema, doc: str = "", *, required: bool = False) -> Schema:
    return {"name": name, "in": place, "required": required, "schema": schema} | ({"description": doc} if doc else {})


def _filter(field: Field) -> Schema:
    return _parameter(
        field.name,
        "query",
        {"type": "array", "items": {"type": "string"}},
        f"Filter by {field.name}; repeated: any of. `null` matches absent.",
    ) | {"explode": True, "style": "form"}


def _left_out(field: Schema) -> Schema:
    """A field that may be left out; null is no default, as in a change it clears what absence keeps."""
    return {name: value for name, value in field.items() if (name, value) != ("default", None)}


def _upper(name: str) -> str:
    return name[:1].upper() + name[1:]


def _title(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", _upper(name)).capitalize()


def _with_refusals(command: Command) -> str:
    refusals = ", ".join(f"`{rule}`" for rule in command.refuses)
    return command.doc + (f"\n\nMay be refused with {refusals}." if refusals else "")


IDEMPOTENCY_KEY = _parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "A retry with the same key is answered as the first was.",
)
EVENT_POSITION = _parameter(
    "X-Event-Position",
    "header",
    {"type": "integer", "minimum": 0},
    "Answer from a read model that is at least this far.",
)
AS_OF = _parameter(
    "asOf", "query", {"type": "string", "format": "date-time"}, "The state as of this instant; owner and staff."
)
KEYWORD = _parameter(
    "keyword", "query", {"type": "string", "minLength": 1}, "A text that stands somewhere in them.", required=True
)
PAGING = [
    _parameter("pageNumber", "query", {"type": "integer", "minimum": 0}, "From 1; 0 is everything, and needs a login."),
    _parameter("pageRowCount", "query", {"type": "integer", "minimum": 1, "maximum": 1000}, "Rows a page."),
    _parameter("sortBy", "query", {"type": "string"}, "A field that you see; by default createdAt."),
]
