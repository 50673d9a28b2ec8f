"""The collection for Postman: every operation, as a request that can be sent."""

import json
import re
from typing import Any

import httpx

from tests.e2e.talk import Caller, Json, ok, told
from tests.e2e.world import PASSWORD, World


def requests(world: World) -> dict[str, Json]:
    """Those of the collection, by method and path."""
    collection = ok(world.nobody.get("/bookingmanagement-api/getPostmanCollection"))
    assert collection["info"]["schema"] == "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    assert {"key": "baseUrl", "value": world.server.url} in collection["variable"]
    every = [item["request"] for folder in collection["item"] for item in folder["item"]]
    found = {f"{each['method']} {each['url']['raw'].removeprefix('{{baseUrl}}')}": each for each in every}
    assert len(found) == len(every)
    return found


def send(caller: Caller, request: Json, **filled: Any) -> httpx.Response:
    """As Postman would, with these fields of the body and variables of the path filled in."""
    path = re.sub(r":(\w+)", lambda at: str(filled.pop(at[1])), "/" + "/".join(request["url"]["path"]))
    query = {each["key"]: each["value"] for each in request["url"]["query"] if not each["disabled"]}
    assert {each["key"] for each in request["url"]["variable"]} == {*re.findall(r":(\w+)", request["url"]["raw"])}
    body = {"json": json.loads(request["body"]["raw"]) | filled} if "body" in request else {}
    return caller.ask(request["method"], path, params=query, **body)


def test_it_has_every_operation_where_it_is_asked(world: World) -> None:
    described = ok(world.nobody.get("/openapi.json"))["paths"]
    found = requests(world)
    assert len(found) == sum(len(operations) for operations in described.values())
    for at in (
        "POST /login",
        "GET /v1/listings/:listingId",
        "POST /bff-api/:indexName/list",
        "PUT /operators/:operatorId",
    ):
        assert at in found


def test_its_requests_can_be_sent(world: World) -> None:
    found = requests(world)
    email = f"{world.unique()}@example.com"
    ok(send(world.nobody, found["POST /v1/registeruser"], email=email, fullname="Pat", password=PASSWORD), 201)
    ok(send(world.nobody, found["POST /login"], username=email, password=PASSWORD))
    host = world.person()
    place = {"title": "A loft", "currency": "EUR"}
    listing = ok(send(host, found["POST /v1/listings"], **place), 201)["listing"]
    kept = ok(send(host, found["PATCH /v1/listings/:listingId"], listingId=listing["id"]))["listing"]
    assert kept == listing, "what an update may leave out is left out"
    for at, request in found.items():
        if at.startswith("GET") and ":" not in at and at != "GET /relogin":
            answer = send(world.root, request)
            assert answer.status_code in {200, 400}, told(answer)
