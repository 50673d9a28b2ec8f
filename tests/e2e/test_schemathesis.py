"""The product against its own description: no 5xx, and no answer that breaks its schema."""

from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.talk import Json, ok
from tests.e2e.world import World

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
NOT_ASKED = {
    ("post", "/logout"): "would end the session that the other operations need",
    ("get", "/relogin"): "answers with the session that the other operations need, and ends it in some products",
}
EXAMPLES = 6
"""For each operation. Enough to meet each parameter right and wrong; the rest of tests/e2e goes deep."""


def description(world: World) -> Json:
    """The product's description, each operation once (not again under every prefix), with ids of things that exist."""
    whole: Json = ok(world.nobody.get("/openapi.json"))
    for item in whole["paths"].values():
        for operation in item.values():
            operation.pop("servers", None)
    return whole


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A server of its own: what is tried here may delete and change anything."""
    return own_world


@pytest.fixture(scope="module")
def ids(world: World) -> dict[str, str]:
    """Something that exists, for each parameter of a path, so that requests go deep."""
    host, guest = world.person(), world.person()
    stay = world.completed(guest, host)
    place = world.listing(host)
    night = ok(
        host.post("/v1/listingcalendars", {"listingId": place["id"], "date": world.day(5), "isAvailable": False}), 201
    )
    text = {"listingId": place["id"], "languageCode": "fr", "localizedTitle": "x", "localizedDescription": "x"}
    review = {
        "reservationId": stay["id"],
        "revieweeType": "listing",
        "revieweeId": stay["listingId"],
        "rating": 5,
        "reviewText": "x",
    }
    attempt = ok(world.root.get(f"/v1/reservationpaymentbyorderid/{stay['id']}"))["sys_reservationPayment"]
    thread = ok(guest.post("/v1/messagethreads", {"reservationId": stay["id"]}), 201)["messageThread"]
    said = ok(host.post("/v1/messages", {"threadId": thread["id"], "content": "x"}), 201)["message"]
    report = {"messageId": said["id"], "reportReason": "x"}
    return {
        "indexName": "listing",
        "id": place["id"],
        "filterId": ok(world.root.post("/bff-api/listing/filters", {"filterName": "x", "conditions": []}), 201)[
            "savedFilter"
        ]["id"],
        "threadId": thread["id"],
        "messageThreadId": ok(guest.post("/v1/messagethreads", {"listingId": place["id"]}), 201)["messageThread"]["id"],
        "messageId": said["id"],
        "messageReportId": ok(guest.post("/v1/messagereports", report), 201)["messageReport"]["id"],
        "userId": guest.id,
        "listingId": place["id"],
        "listingCalendarId": night["listingCalendar"]["id"],
        "listingAmenityId": ok(world.root.post("/v1/listingamenities", {"name": "x"}), 201)["listingAmenity"]["id"],
        "listingLocaleTextId": ok(host.post("/v1/listinglocaletexts", text), 201)["listingLocaleText"]["id"],
        "reservationId": world.book(guest, place)["id"],
        "paymentRecordId": world.records(stay)[0]["id"],
        "sys_reservationPaymentId": attempt["id"],
        "orderId": stay["id"],
        "paymentId": attempt["paymentId"],
        "disputeId": ok(
            guest.post("/v1/disputes", {"reservationId": stay["id"], "issueType": "x", "description": "x"}), 201
        )["dispute"]["id"],
        "reviewId": ok(guest.post("/v1/reviews", review), 201)["review"]["id"],
        "operatorId": ok(
            world.root.post("/operators/create", {"name": "x", "phone": "1", "email": "x@example.com"}), 201
        )["operatorId"],
        "apiKeyId": ok(world.root.post("/v1/apikeys", {"active": True}), 201)["apiKey"]["id"],
    }


@pytest.mark.timeout(300)
def test_the_product_is_as_it_describes_itself(world: World, ids: dict[str, str], subtests: Any) -> None:
    schema = schemathesis.openapi.from_dict(description(world))
    schema.config.update(base_url=world.server.url)
    profile = settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )
    asked = 0
    answered: Counter[str] = Counter()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), result
        operation = result.ok()
        if (operation.method, operation.path) in NOT_ASKED:
            continue
        asked += 1

        def answers(case: Any) -> None:
            for name in case.path_parameters or {}:
                if name in ids:
                    case.path_parameters[name] = ids[name]
            response = case.call(headers=world.root.headers, timeout=60)
            case.validate_response(response, checks=CHECKS)
            if response.status_code == 200:
                answered[case.path] += 1

        good, bad = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)
        with subtests.test(f"{operation.method.upper()} {operation.path}"):
            profile(given(case=good | bad)(answers))()
    assert asked > 60, "the description covers the product"
    dashboards = {path for path in description(world)["paths"] if path.startswith("/bff-api/{indexName}")}
    assert len(dashboards) > 4
    assert dashboards <= {*answered}, "the dashboards' service has answered"
