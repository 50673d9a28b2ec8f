"""Who gets what: every route, and the status that each kind of caller is answered with.

The table, `gets/table.txt`, is read by columns:

    nobody     without credentials
    other      someone with an account who has nothing to do with the resource
    owner      whose it is: the user themself, a listing's host, a stay's guest, a review's author …
    moderator, admin, superAdmin

A cell with two statuses is one where the rules leave both readings open; each says why.
"""

import re
from typing import Any

import httpx
import pytest

from tests.e2e.gets.rows import COLUMNS, ROWS, Row
from tests.e2e.gets.targets import Target, Targets
from tests.e2e.talk import Caller, Person, ok, told
from tests.e2e.world import World


@pytest.fixture(scope="module")
def targets(world: World, host: Person, guest: Person) -> Targets:
    world.morning()
    return Targets(world, host, guest)


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_each_caller_gets_what_the_table_says(
    world: World, targets: Targets, stranger: Person, moderator: Person, admin: Person, row: Row
) -> None:
    wrong = []
    target = targets.make(row.target)
    for column, allowed in zip(COLUMNS, row.statuses, strict=True):
        if row.method != "GET" and column != "nobody":
            target = targets.make(row.target)
        callers = {
            "nobody": world.nobody,
            "other": stranger,
            "moderator": moderator,
            "admin": admin,
            "superAdmin": world.root,
        }
        caller = callers.get(column, target.owner)
        if row.route == "/logout" and column != "nobody":
            caller = world.login(
                getattr(caller, "email", targets.guest.email), getattr(caller, "password", targets.guest.password)
            )
        answer = ask(caller, row, target)
        if answer.status_code not in allowed:
            wrong.append(f"{column}: expected {sorted(allowed)}: {told(answer)}")
    assert not wrong, "\n".join(wrong)


def ask(caller: Caller, row: Row, target: Target) -> httpx.Response:
    """The request of a row."""
    path = row.route.format(**target.path)
    sent: dict[str, Any] = {"params": target.params or None, "follow_redirects": True}
    if target.raw is not None:
        sent["content"] = target.raw
    elif row.method in {"POST", "PATCH", "PUT"}:
        sent["json"] = target.body if target.body is not None else {}
    return caller.ask(row.method, path, target.headers, **sent)


def plain(route: str) -> str:
    """A route without its service's prefix and without the names of its parameters."""
    route = re.sub(r"^/[a-z]+-api(?=/|$)", "", route) or "/"
    route = re.sub(r"^/api/v1/(catalog|authserver)/integrations/auth-required/operators", "/operators", route)
    return re.sub(r"{\w+}", "{}", route)


def test_no_route_is_missing_from_the_table(world: World) -> None:
    """What the product says it has, the table has; and the product has what the reference asks for."""
    described = {
        (method.upper(), plain(route))
        for route, operations in ok(world.nobody.get("/openapi.json"))["paths"].items()
        for method in operations
        if method in {"get", "post", "put", "patch", "delete"}
    }
    listed = {(row.method, plain(row.route)) for row in ROWS}
    assert sorted(described - listed) == [], "say in tests/e2e/gets/table.txt who gets what there"
    # Pages that describe the product are not part of its description.
    pages = {
        ("GET", path)
        for path in (
            "/",
            "/docs",
            "/openapi.json",
            "/swagger",
            "/getPostmanCollection",
            "/favicon.ico",
            "/health",
            "/admin/health",
            "/login",
        )
    }
    assert sorted(listed - described - pages) == []


def test_the_description_says_with_what_credentials_to_come(world: World) -> None:
    """With none where the table has nobody answered otherwise than 401; with an API key's own header to operators."""
    open_to_all = {(row.method, plain(row.route)) for row in ROWS if 401 not in row.statuses[0]}
    wrong = []
    for route, operations in ok(world.nobody.get("/openapi.json"))["paths"].items():
        for method, operation in operations.items():
            taken = operation["security"]
            is_open, of_operators = (method.upper(), plain(route)) in open_to_all, "operators" in route
            if ({} in taken, {"apiAuth": []} in taken) != (is_open, of_operators):
                wrong.append(f"{method} {route}: {taken}")
    assert not wrong, "\n".join(wrong)
