"""The description of the product in the form that Postman takes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra.http.mounting import Operation
from infra.http.schemas import Schema

FORM = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
BASE, TOKEN = "{{baseUrl}}", "{{accessToken}}"
EXAMPLES: dict[str, Any] = {"integer": 1, "number": 1, "boolean": True, "array": []}
TEXTS = {
    "uuid": "00000000-0000-0000-0000-000000000000",
    "date": "2030-01-01",
    "date-time": "2030-01-01T00:00:00.000Z",
}


def collection(description: Mapping[str, Any], base: str) -> dict[str, Any]:
    """Every operation as a request to try, in a folder for each service. `base` is the product's own address."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            request = _request(path, method, operation, description["components"]["schemas"])
            folders.setdefault(operation["tags"][0], []).append({"name": operation["summary"], "request": request})
    return {
        "info": {"name": description["info"]["title"], "schema": FORM},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": TOKEN, "type": "string"}]},
        "variable": [{"key": "baseUrl", "value": base}, {"key": "accessToken", "value": ""}],
        "item": [{"name": tag, "item": requests} for tag, requests in folders.items()],
    }


def _request(path: str, method: str, operation: Operation, schemas: Mapping[str, Schema]) -> dict[str, Any]:
    steps = [f":{step[1:-1]}" if step.startswith("{") else step for step in path[1:].split("/")]
    request: dict[str, Any] = {
        "method": method.upper(),
        "description": operation.get("description", ""),
        "header": _parameters(operation, "header"),
        "url": {
            "raw": "/".join([BASE, *steps]),
            "host": [BASE],
            "path": steps,
            "query": _parameters(operation, "query"),
            "variable": _parameters(operation, "path"),
        },
    }
    if "requestBody" in operation:
        body = _example(operation["requestBody"]["content"]["application/json"]["schema"], schemas)
        request["body"] = {
            "mode": "raw",
            "raw": json.dumps(body, indent=2, ensure_ascii=False),
            "options": {"raw": {"language": "json"}},
        }
    return request


def _parameters(operation: Operation, place: str) -> list[dict[str, Any]]:
    """Those of that place; what may be left out is there to be switched on."""
    return [
        {"key": p["name"], "value": "", "description": p.get("description", ""), "disabled": not p["required"]}
        for p in operation.get("parameters", ())
        if p["in"] == place
    ]


def _example(schema: Schema, schemas: Mapping[str, Schema]) -> Any:
    """What has to be sent, in its form; what it says is the caller's to fill in."""
    if "$ref" in schema:
        return _example(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], schemas)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object":
        needed = schema.get("required", ())
        return {name: _example(schema["properties"][name], schemas) for name in needed}
    return EXAMPLES.get(schema.get("type", ""), TEXTS.get(schema.get("format", ""), "string"))
