"""Answers with a form of their own have the form that the description gives them."""

from typing import Any

import pytest

from tests.e2e.talk import Json, Person, ok
from tests.e2e.world import World


@pytest.fixture(scope="module")
def described(world: World) -> Json:
    paths: Json = ok(world.nobody.get("/openapi.json"))["paths"]
    return paths


def schema(described: Json, method: str, path: str, status: int = 200) -> Json:
    found: Json = described[path][method]["responses"][str(status)]["content"]["application/json"]["schema"]
    return found


def has_form(answered: Any, schema: Json) -> None:
    """All fields that are described, and no other."""
    assert {*answered} == {*schema["properties"]} == {*schema["required"]}


def test_sessions_and_powers(world: World, described: Json) -> None:
    person = world.person()
    has_form(person.session, schema(described, "post", "/login"))
    has_form(ok(person.get("/relogin")), schema(described, "get", "/relogin"))
    person = world.login(person.email, person.password)
    has_form(ok(person.get("/currentuser")), schema(described, "get", "/currentuser"))
    has_form(ok(person.get("/permissions"))[0], schema(described, "get", "/permissions")["items"])
    has_form(ok(person.get("/permissions/login")), schema(described, "get", "/permissions/{permissionName}"))
    has_form(ok(person.get("/publickey")), schema(described, "get", "/publickey"))
    has_form(ok(person.get("/sandbox/clock")), schema(described, "get", "/sandbox/clock"))


def test_operators(world: World, root: Person, described: Json) -> None:
    who = {"name": "Ann", "phone": "1", "email": f"{world.unique()}@example.com"}
    made = ok(root.post("/operators/create", who), 201)
    has_form(made, schema(described, "post", "/operators/create", 201))
    at, path = f"/operators/{made['operatorId']}", "/operators/{operatorId}"
    has_form(ok(root.get(at)), schema(described, "get", path))
    has_form(ok(root.put(at, {"name": "Ann", "phone": "2"})), schema(described, "put", path))
    page, pages = ok(root.get("/operators")), schema(described, "get", "/operators")
    has_form(page, pages)
    has_form(page["items"][0], pages["properties"]["items"]["items"])
    feed, feeds = ok(root.get("/operators/synchronization")), schema(described, "get", "/operators/synchronization")
    has_form(feed, feeds)
    has_form(feed["events"][0], feeds["properties"]["events"]["items"])
    has_form(ok(root.delete(at)), schema(described, "delete", path))


def test_payments(world: World, host: Person, guest: Person, described: Json) -> None:
    stay = world.book(guest, world.listing(host))
    started = ok(world.start(guest, stay, "pm_card_authenticationRequired"))
    refreshed = ok(guest.patch(f"/v1/refreshreservationpayment/{stay['id']}"))
    for name, answered in (("start", started), ("refresh", refreshed)):
        whole = schema(described, "patch", f"/v1/{name}reservationpayment/{{reservationId}}")
        has_form(answered["paymentResult"], whole["properties"]["paymentResult"])
