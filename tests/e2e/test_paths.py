"""Where routes stand: under their service's prefix and without it."""

from collections import Counter, defaultdict

import pytest

from tests.e2e.talk import ABSENT, Caller, Person, ok, refused, told
from tests.e2e.world import LOFT, World


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
