"""The envelope of answers, the form of errors, fields that every resource has."""

import re

import pytest

from tests.e2e.talk import ABSENT, INSTANT, UUID, Caller, Person, invalid, ok, refused, told
from tests.e2e.world import LOFT, World

COMMON = {"id", "isActive", "recordVersion", "createdAt", "updatedAt", "_owner"}


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
