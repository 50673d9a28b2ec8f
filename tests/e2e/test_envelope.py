"""Paths, the envelope of answers, the form of errors, fields that every resource has."""

import re
from collections import Counter, defaultdict
from typing import Any

import pytest

from tests.e2e.talk import ABSENT, INSTANT, UUID, Caller, Json, Person, invalid, ok, refused, told
from tests.e2e.world import LOFT, World, rows

COMMON = {"id", "isActive", "recordVersion", "createdAt", "updatedAt", "_owner"}


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("auth", "/login"),
        ("auth", "/publickey"),
        ("propertycatalog", "/v1/listings"),
        ("propertycatalog", "/v1/listingamenities"),
        ("reviewsystem", "/v1/reviewaggregates"),
        ("auth", "/health"),
        ("bookingmanagement", "/health"),
        ("platformadmin", "/health"),
    ],
)
def test_a_public_route_stands_with_and_without_its_services_prefix(nobody: Caller, service: str, path: str) -> None:
    assert nobody.get(path).status_code == 200
    assert nobody.get(f"/{service}-api{path}").status_code == 200


@pytest.mark.parametrize(
    ("service", "path"),
    [
        ("auth", "/currentuser"),
        ("auth", "/v1/users"),
        ("platformadmin", "/v1/apikeys"),
        ("bookingmanagement", "/v1/reservations"),
        ("bookingmanagement", "/v1/disputes"),
        ("bookingmanagement", "/v1/paymentrecords"),
        ("bookingmanagement", "/v1/reservationpayments"),
        ("reviewsystem", "/v1/reviews"),
        ("messaging", "/v1/messagethreads"),
        ("messaging", "/v1/messagereports"),
        ("propertycatalog", "/permissions"),
        ("bookingmanagement", "/currentuser"),
    ],
)
def test_a_guarded_route_stands_with_and_without_its_services_prefix(root: Person, service: str, path: str) -> None:
    ok(root.get(path))
    ok(root.get(f"/{service}-api{path}"))


def test_a_route_does_not_stand_under_another_services_prefix(nobody: Caller) -> None:
    refused(nobody.get("/reviewsystem-api/v1/listings"), 404, "NOT_FOUND")


def test_writes_stand_under_the_prefix_too(world: World, host: Person) -> None:
    place = ok(host.post("/propertycatalog-api/v1/listings", LOFT), 201)["listing"]
    ok(host.patch(f"/propertycatalog-api/v1/listings/{place['id']}", {"title": "Other"}))
    ok(
        host.post(
            "/auth-api/v1/registeruser",
            {"email": f"{world.unique()}@example.com", "password": "12345678", "fullname": "x"},
        ),
        201,
    )


def test_operators_stand_on_three_paths(root: Person) -> None:
    for path in (
        "/api/v1/catalog/integrations/auth-required/operators",
        "/api/v1/authserver/integrations/auth-required/operators",
        "/operators",
    ):
        ok(root.get(path))
        made = ok(
            root.post(f"{path}/create", {"name": "n", "phone": "1", "email": f"{len(path)}@operators.example"}), 201
        )
        ok(root.get(f"{path}/{made['operatorId']}"))
        ok(root.put(f"{path}/{made['operatorId']}", {"name": "m", "phone": "1"}))
        ok(root.get(f"{path}/synchronization"))
        ok(root.delete(f"{path}/{made['operatorId']}"))


@pytest.mark.parametrize(
    "path",
    ["/", "/docs", "/openapi.json", "/swagger", "/getPostmanCollection", "/health", "/admin/health", "/favicon.ico"],
)
def test_the_whole_product_describes_itself(nobody: Caller, path: str) -> None:
    answer = nobody.ask("GET", path, follow_redirects=True)
    assert answer.status_code == 200, told(answer)


def test_each_described_operation_has_an_id_of_its_own(nobody: Caller) -> None:
    """Also one that stands at several addresses: programs are made of them."""
    paths = ok(nobody.get("/openapi.json"))["paths"]
    ids = Counter(operation["operationId"] for operations in paths.values() for operation in operations.values())
    assert [id for id, times in ids.items() if times > 1] == []
    assert {"deleteOperator", "deleteOperator2", "deleteOperator3"} <= {*ids}


def test_what_is_described_stands_at_its_path(nobody: Caller) -> None:
    """Programs need not know of the prefixes that an operation may have besides."""
    for path in ok(nobody.get("/openapi.json"))["paths"]:
        at = path.replace("{indexName}", "listing").format_map(defaultdict(lambda: ABSENT))
        answer = nobody.ask("OPTIONS", at)
        assert answer.status_code == 405, told(answer)


def test_an_answer_to_a_command_is_wrapped(world: World, host: Person) -> None:
    body = ok(host.post("/v1/listings", LOFT), 201)
    assert body["status"] == "OK"
    assert body["statusCode"] == "201"
    assert isinstance(body["elapsedMs"], int | float)
    assert re.fullmatch(r"[0-9a-f]{32}", body["requestId"])
    assert body["userId"] == host.id
    assert body["sessionId"] == host.session["sessionId"]
    assert (body["dataName"], body["method"], body["action"], body["rowCount"]) == ("listing", "POST", "create", 1)
    assert isinstance(body["appVersion"], str)
    assert set(body["listing"]) >= COMMON
    path = f"/v1/listings/{body['listing']['id']}"
    changed = ok(host.patch(path, {"title": "Other"}))
    assert (changed["statusCode"], changed["method"], changed["action"]) == ("200", "PATCH", "update")
    got = ok(host.get(path))
    assert (got["statusCode"], got["method"], got["action"], got["dataName"]) == ("200", "GET", "get", "listing")
    gone = ok(host.delete(path))
    assert (gone["method"], gone["action"], gone["listing"]["isActive"]) == ("DELETE", "delete", False)


def test_a_list_is_wrapped_with_its_paging(world: World, host: Person) -> None:
    title = world.unique("paged")
    for _ in range(3):
        world.listing(host, title=title)
    body = ok(host.get("/v1/listings", title=title, pageRowCount=2))
    assert (body["dataName"], body["action"], body["rowCount"]) == ("listings", "list", 2)
    assert body["paging"] == {"pageNumber": 1, "pageRowCount": 2, "totalRowCount": 3, "pageCount": 2}
    assert "filters" in body
    assert "uiPermissions" in body


def test_nobody_has_no_user_and_no_session(nobody: Caller) -> None:
    body = ok(nobody.get("/v1/listings"))
    assert not body.get("userId")
    assert not body.get("sessionId")


def test_a_request_may_bring_its_id(nobody: Caller) -> None:
    assert ok(nobody.get("/v1/listings", requestId="mine-1"))["requestId"] == "mine-1"


def test_resources_have_the_common_fields_and_places_of_enum_values(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host, propertyType="villa", approvalType="manual")
    assert (place["propertyType_idx"], place["approvalType_idx"]) == (2, 1)
    assert (place["recordVersion"], place["isActive"], place["_owner"]) == (1, True, host.id)
    stay = world.book(guest, place)
    assert (stay["bookingStatus"], stay["bookingStatus_idx"]) == ("pending", 0)
    assert (stay["approvalType"], stay["approvalType_idx"]) == ("manual", 1)
    assert (stay["disputeStatus"], stay["disputeStatus_idx"]) == ("none", 0)
    assert (stay["paymentConfirmation"], stay["paymentConfirmation_idx"]) == ("pending", 0)
    assert stay["_owner"] == guest.id
    for resource in (place, stay):
        assert set(resource) >= COMMON
        assert UUID.fullmatch(resource["id"])
        assert INSTANT.fullmatch(resource["createdAt"])
        assert INSTANT.fullmatch(resource["updatedAt"])


def test_versions_and_times_move_with_each_change(world: World, host: Person) -> None:
    place = world.listing(host)
    changed = ok(host.patch(f"/v1/listings/{place['id']}", {"title": "Other"}))["listing"]
    assert changed["recordVersion"] == 2
    assert changed["createdAt"] == place["createdAt"]
    assert changed["updatedAt"] >= place["updatedAt"]
    refused(host.patch(f"/v1/listings/{place['id']}", {"title": "Third", "recordVersion": 1}), 409, "STALE_VERSION")
    assert ok(host.get(f"/v1/listings/{place['id']}"))["listing"] == changed


# Errors everywhere


def test_unknown_addresses_and_methods_are_told_in_the_form_of_errors(nobody: Caller, root: Person) -> None:
    refused(nobody.get("/nowhere"), 404)
    refused(nobody.get("/v1/nowhere"), 404)
    refused(root.ask("PUT", "/v1/listings"), 405)
    refused(root.ask("DELETE", "/login"), 405)
    for path, allowed in (
        ("/v1/listings", "GET, HEAD, POST"),
        (f"/v1/listings/{ABSENT}", "DELETE, GET, HEAD, PATCH"),
        ("/login", "GET, HEAD, POST"),
        ("/sandbox/clock", "GET, HEAD, POST"),
    ):
        assert root.ask("PUT", path).headers["Allow"] == allowed


@pytest.mark.parametrize(
    "path",
    [
        "listings",
        "listingcalendars",
        "listingamenities",
        "listinglocaletexts",
        "reservations",
        "paymentrecords",
        "disputes",
        "reviews",
        "reviewaggregates",
        "messagethreads",
        "messages",
        "threadmessages",
        "gotthreadmessages",
        "messagereports",
        "users",
        "reservationpayment",
    ],
)
def test_what_is_not_there_is_404_and_what_is_no_id_is_refused(root: Person, path: str) -> None:
    refused(root.get(f"/v1/{path}/{ABSENT}"), 404, "NOT_FOUND")
    for no_id in ("not-an-id", "1", "00000000-0000-0000-0000-00000000000g", "%00", "'; drop table x", "a" * 5000):
        answer = root.get(f"/v1/{path}/{no_id}")
        assert 400 <= answer.status_code < 500, told(answer)
        refused(answer, answer.status_code)


# Common parameters, histories and earlier states


def test_the_references_common_parameters_are_accepted_and_others_are_not(nobody: Caller) -> None:
    ok(
        nobody.get(
            "/v1/listings",
            getJoins="false",
            excludeCQRS="true",
            requestId="r",
            caching="false",
            cacheTTL="60",
            pageNumber=1,
            pageRowCount=5,
        )
    )
    invalid(nobody.get("/v1/listings", colour="red"), "colour")


def test_a_resource_has_its_history(world: World, host: Person, moderator: Person, stranger: Person) -> None:
    place = world.listing(host)
    path = f"/v1/listings/{place['id']}"
    ok(host.patch(path, {"title": "Second"}))
    ok(world.root.patch(path, {"title": "Third"}))
    for caller in (host, moderator, world.root):
        answer = caller.get(f"{path}/history")
        body = ok(answer)
        entries = body[body["dataName"]]
        assert len(entries) == 3, told(answer)
        assert host.id in str(entries[0])
        assert world.root.id in str(entries[-1]) or world.root.id in str(entries[0])
        assert "127.0.0.1" not in answer.text, "never the address"
    assert stranger.get(f"{path}/history").status_code in {403, 404}
    refused(world.nobody.get(f"{path}/history"), 401)


def test_an_earlier_state_can_be_read(world: World, host: Person, moderator: Person, stranger: Person) -> None:
    place = world.listing(host, title="First")
    path = f"/v1/listings/{place['id']}"
    before = wire_now(world)
    world.advance("PT1M")
    changed = ok(host.patch(path, {"title": "Second"}))["listing"]
    for caller in (host, moderator, world.root):
        assert ok(caller.get(path, asOf=before))["listing"] == place
        assert ok(caller.get(path, asOf=wire_now(world)))["listing"] == changed
    assert stranger.get(path, asOf=before).status_code in {403, 404}
    assert world.nobody.get(path, asOf=before).status_code in {401, 403, 404}
    refused(host.get(path, asOf="2020-01-01T00:00:00.000Z"), 404, "NOT_FOUND")
    invalid(host.get(path, asOf="yesterday"), "asOf")


def wire_now(world: World) -> str:
    told_now: str = ok(world.nobody.get("/sandbox/clock"))["now"]
    return told_now


def test_what_is_deleted_is_gone_but_staff_read_its_history(world: World, host: Person, moderator: Person) -> None:
    place = world.listing(host)
    path = f"/v1/listings/{place['id']}"
    ok(host.delete(path))
    for caller in (host, moderator, world.root, world.nobody):
        refused(caller.get(path), 404, "NOT_FOUND")
        assert rows(caller, "/v1/listings", title=place["title"], pageRowCount=1000, hostId=host.id).count(place) == 0
    body = ok(moderator.get(f"{path}/history"))
    assert len(body[body["dataName"]]) == 2
    refused(host.patch(path, {"title": "x"}), 404, "NOT_FOUND")
    refused(host.delete(path), 404, "NOT_FOUND")


def resources(world: World, host: Person, guest: Person) -> dict[str, Json]:
    """One of each of a stay's resources."""
    place = world.listing(host)
    return {"listing": place, "reservation": world.confirmed(guest, place)}


def test_every_resource_of_a_stay_has_its_history(world: World, host: Person, guest: Person) -> None:
    made: dict[str, Any] = resources(world, host, guest)
    stay = made["reservation"]
    entry = ok(
        host.post(
            "/v1/listingcalendars", {"listingId": made["listing"]["id"], "date": world.day(60), "isAvailable": False}
        ),
        201,
    )
    dispute = ok(
        guest.post("/v1/disputes", {"reservationId": stay["id"], "issueType": "noise", "description": "loud"}), 201
    )["dispute"]
    record = world.records(stay, "charge")[0]
    for caller, path in (
        (guest, f"/v1/reservations/{stay['id']}"),
        (host, f"/v1/listingcalendars/{entry['listingCalendar']['id']}"),
        (guest, f"/v1/disputes/{dispute['id']}"),
        (guest, f"/v1/paymentrecords/{record['id']}"),
        (guest, f"/v1/users/{guest.id}"),
    ):
        body = ok(caller.get(f"{path}/history"))
        assert body[body["dataName"]], path
        body = ok(world.root.get(f"{path}/history"))
        assert body[body["dataName"]], path
