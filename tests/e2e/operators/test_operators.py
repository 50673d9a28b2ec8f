"""Operators: what they need, who may make them, and how they are told."""

import pytest

from tests.e2e.operators.outside import FEED, FIELDS, OPERATORS, create, form
from tests.e2e.talk import ABSENT, Caller, invalid, ok, refused
from tests.e2e.world import World, wire


def test_an_operator_is_created_read_changed_and_deleted(world: World, key: Caller) -> None:
    body = form(
        world,
        additionalEmail="new@b2b.one",
        branchId="c47fc334-9611-4876-be20-03b93252a431",
        cartDefaultClientId="org:838bed9a-8063-4e4c-93c3-f74b59fcaa5a",
        cartDefaultWarehouseId="WRO",
        externalId="ID",
        isAccountManager=True,
        isActive=True,
        isAppliedDefaultClientFromBranch=True,
        isAppliedDefaultWarehouseFromBranch=True,
        landlinePhone="111",
    )
    operator = create(key, body)
    path = f"{OPERATORS}/{operator}"
    seen = ok(key.get(path))
    assert set(seen) == FIELDS
    assert seen["id"] == operator
    assert {name: seen[name] for name in body} == body
    assert seen["role"] == {"id": "00000000-0000-0000-0000-000000000002", "name": "Księgowa"}
    changed = ok(key.put(path, {"name": "Inny", "phone": "1", "externalId": None}))
    assert changed == seen | {"name": "Inny", "phone": "1", "externalId": None}
    assert ok(key.get(path)) == changed
    assert key.delete(path).status_code == 200
    refused(key.get(path), 404, "NOT_FOUND")
    refused(key.delete(path), 404, "NOT_FOUND")
    refused(key.put(path, {"name": "x", "phone": "1"}), 404, "NOT_FOUND")


def test_defaults_of_an_operator(world: World, key: Caller) -> None:
    seen = ok(key.get(f"{OPERATORS}/{create(key, form(world))}"))
    assert seen["isActive"] is True
    for name in (
        "externalId",
        "additionalEmail",
        "landlinePhone",
        "branchId",
        "cartDefaultClientId",
        "cartDefaultWarehouseId",
    ):
        assert seen[name] is None, name
    for name in ("isAccountManager", "isAppliedDefaultClientFromBranch", "isAppliedDefaultWarehouseFromBranch"):
        assert seen[name] is False, name


def test_an_operators_role(world: World, key: Caller) -> None:
    admin = "00000000-0000-0000-0000-000000000000"
    path = f"{OPERATORS}/{create(key, form(world, roleId=admin))}"
    assert ok(key.get(path))["role"] == {"id": admin, "name": "Administrator"}
    changed = ok(key.put(path, {"name": "Nowy", "phone": "1", "roleId": admin[:-1] + "2"}))
    assert changed["role"]["name"] == "Księgowa"
    refused(key.post(f"{OPERATORS}/create", form(world, roleId=ABSENT)), 400, "INVALID")


@pytest.mark.parametrize("field", ["name", "phone", "email"])
def test_what_a_new_operator_needs(world: World, key: Caller, field: str) -> None:
    body = form(world)
    del body[field]
    assert field in str(refused(key.post(f"{OPERATORS}/create", body), 400, "INVALID"))
    refused(key.post(f"{OPERATORS}/create", form(world, **{field: None})), 400, "INVALID")
    refused(key.post(f"{OPERATORS}/create", form(world, **{field: ""})), 400, "INVALID")


def test_name_and_phone_are_needed_on_update_and_email_is_not(world: World, key: Caller) -> None:
    path = f"{OPERATORS}/{create(key, form(world))}"
    for body in (
        {"name": "x"},
        {"phone": "1"},
        {},
        {"name": "x", "phone": "1", "email": None},
        {"name": None, "phone": "1"},
    ):
        refused(key.put(path, body), 400, "INVALID")
    ok(key.put(path, {"name": "x", "phone": "1"}))
    refused(key.put(path, {"name": "x", "phone": "1", "colour": "red"}), 400, "INVALID")
    refused(key.put(path, {"name": "x", "phone": "1", "isActive": "yes"}), 400, "INVALID")


def test_an_operators_email_is_unique_without_regard_to_case(world: World, key: Caller) -> None:
    body = form(world)
    first = create(key, body)
    refused(key.post(f"{OPERATORS}/create", body | {"email": body["email"].upper()}), 409, "EMAIL_TAKEN")
    second = create(key, form(world))
    change = {"name": "x", "phone": "1", "email": body["email"].title()}
    refused(key.put(f"{OPERATORS}/{second}", change), 409, "EMAIL_TAKEN")
    ok(key.put(f"{OPERATORS}/{first}", change))
    assert key.delete(f"{OPERATORS}/{first}").status_code == 200
    create(key, body)


def test_a_changed_email_frees_the_old_one(world: World, key: Caller) -> None:
    body = form(world)
    operator = create(key, body)
    ok(key.put(f"{OPERATORS}/{operator}", {"name": "x", "phone": "1", "email": f"{world.unique('moved')}@example.com"}))
    create(key, body)


def test_an_operators_email_is_not_a_users(world: World, key: Caller) -> None:
    """Operators are no users: the same address may be both."""
    person = world.person()
    create(key, form(world, email=person.email))


def test_the_list_has_the_references_form(world: World, key: Caller) -> None:
    made = [create(key, form(world)) for _ in range(3)]
    page = ok(key.get(OPERATORS))
    assert (page["pageNumber"], page["pageSize"]) == (1, 100)
    assert page["listElement"] == page["items"]
    assert page["totalElement"] == page["totalItems"] == len(page["items"])
    assert set(page["items"][0]) == FIELDS
    assert page["totalPages"] == 1
    assert page["nextPage"] is None
    assert set(made) <= {row["id"] for row in page["items"]}
    first = ok(key.get(OPERATORS, pageNumber=1, pageSize=2))
    assert len(first["items"]) == 2
    assert first["totalPages"] == -(-first["totalItems"] // 2)
    assert first["nextPage"] is not None
    seen: list[str] = []
    for number in range(1, first["totalPages"] + 1):
        seen += [row["id"] for row in ok(key.get(OPERATORS, pageNumber=number, pageSize=2))["items"]]
    assert len(seen) == len(set(seen)) == first["totalItems"]
    for wrong in ({"pageNumber": -1}, {"pageSize": 0}, {"pageSize": "x"}, {"colour": "red"}):
        refused(key.get(OPERATORS, **wrong), 400, "INVALID")


def test_an_operator_is_told_as_of_a_time_as_everything_is(world: World, key: Caller) -> None:
    path = f"{OPERATORS}/{create(key, form(world))}"
    made, then = ok(key.get(path)), wire(world.now())
    world.advance("PT1S")
    renamed = ok(key.put(path, {"name": "Inny", "phone": "1"}))
    assert ok(key.get(path, asOf=then)) == made
    assert ok(key.get(path, asOf=wire(world.now()))) == renamed
    refused(key.get(path, asOf="2020-01-01T00:00:00.000Z"), 404, "NOT_FOUND")
    invalid(key.get(path, asOf="yesterday"), "asOf")
    world.advance("PT1S")
    ok(key.delete(path))
    assert ok(key.get(path, asOf=then)) == made
    refused(key.get(path, asOf=wire(world.now())), 404, "NOT_FOUND")


def test_unknown_operators_are_404(key: Caller) -> None:
    refused(key.get(f"{OPERATORS}/{ABSENT}"), 404, "NOT_FOUND")
    refused(key.put(f"{OPERATORS}/{ABSENT}", {"name": "x", "phone": "1"}), 404, "NOT_FOUND")
    refused(key.delete(f"{OPERATORS}/{ABSENT}"), 404, "NOT_FOUND")
    for no_id in ("x", "1", "%00"):
        assert key.get(f"{OPERATORS}/{no_id}").status_code in {400, 404}


def test_operators_are_for_admins_and_keys(world: World, key: Caller) -> None:
    admin, user, moderator = world.person("admin"), world.person(), world.person("moderator")
    operator = create(admin, form(world))
    for method, path, body in (
        ("GET", OPERATORS, None),
        ("GET", f"{OPERATORS}/{operator}", None),
        ("GET", FEED, None),
        ("POST", f"{OPERATORS}/create", form(world)),
        ("PUT", f"{OPERATORS}/{operator}", {"name": "x", "phone": "1"}),
        ("DELETE", f"{OPERATORS}/{operator}", None),
    ):
        refused(world.nobody.ask(method, path, json=body), 401, "UNAUTHENTICATED")
        for caller in (user, moderator):
            refused(caller.ask(method, path, json=body), 403, "FORBIDDEN")
        assert key.ask(method, path, json=body).is_success
    ok(key.get(OPERATORS, {"one-tenant": "any"}))
