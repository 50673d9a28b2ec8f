"""Asking the dashboards' service, for the tests of it."""

from typing import Any

import httpx

from tests.e2e.talk import POSITION, Caller, Json, ok
from tests.e2e.world import World

AT = "/bff-api"


def ask(
    world: World, caller: Caller, index: str, filters: Any = None, what: str = "list", **params: Any
) -> httpx.Response:
    """A search by POST, which is to see all that anybody has written by now."""
    headers = {POSITION: str(world.mark.position)} if world.mark.position else {}
    body = {} if filters is None else {"filters": filters}
    return caller.ask("POST", f"{AT}/{index}/{what}", headers, json=body, params=params or None)


def page(world: World, caller: Caller, index: str, filters: Any = None, **params: Any) -> Json:
    """The page that is found."""
    found: Json = ok(ask(world, caller, index, filters, **params))
    return found


def ids(world: World, caller: Caller, index: str, filters: Any = None, **params: Any) -> list[str]:
    """The ids of the page that is found."""
    return [item["id"] for item in page(world, caller, index, filters, **params)["items"]]


def count(world: World, caller: Caller, index: str, filters: Any = None, **params: Any) -> int:
    """How many are found."""
    found: int = ok(ask(world, caller, index, filters, "count", **params))["count"]
    return found


def fields(caller: Caller, index: str) -> dict[str, Json]:
    """What the caller is told can be asked of an index."""
    schema = ok(caller.get(f"{AT}/{index}/schema"))["schema"]
    return {one["name"]: one for one in schema["fields"]}


def leaf(field: str, operator: str, value: Any) -> Json:
    """A condition on one field."""
    return {"field": field, "operator": operator, "value": value}
