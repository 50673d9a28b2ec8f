"""Operators, and the feed that outside systems follow."""

import threading
from typing import Any

import pytest

from tests.e2e.talk import ABSENT, Caller, Json, ok, refused, told
from tests.e2e.world import World

OPERATORS = "/api/v1/catalog/integrations/auth-required/operators"
FEED = f"{OPERATORS}/synchronization"
FIELDS = {
    *("id", "externalId", "email", "additionalEmail", "name", "phone", "landlinePhone", "role", "branchId"),
    *("isAccountManager", "isActive", "isAppliedDefaultClientFromBranch", "isAppliedDefaultWarehouseFromBranch"),
    *("cartDefaultWarehouseId", "cartDefaultClientId"),
}


@pytest.fixture(scope="module")
def world(own_world: World) -> World:
    """A server of this module's own, so that its feed holds what the tests here put in."""
    return own_world


@pytest.fixture(scope="module")
def key(world: World) -> Caller:
    """An outside system with an API key."""
    made = ok(world.root.post("/v1/apikeys", {"description": "erp", "active": True}), 201)["apiKey"]
    return Caller(world.http, {"ApiAuth": made["key"]})


def form(world: World, **over: Any) -> Json:
    return {"name": "Nowy", "phone": "987654321", "email": f"{world.unique('op')}@example.com"} | over


def create(caller: Caller, body: Json) -> str:
    answer = ok(caller.post(f"{OPERATORS}/create", body), 201)
    assert set(answer) == {"operatorId"}
    operator: str = answer["operatorId"]
    return operator


def head(key: Caller) -> int:
    """The id that the feed's next entry will have."""
    at: int = ok(key.get(FEED, numberOfEvents=10000))["nextId"]
    while (after := ok(key.get(FEED, startId=at, numberOfEvents=10000))["nextId"]) != at:
        at = after
    return at


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


# The feed


def test_the_feed_tells_each_change_once(world: World, key: Caller) -> None:
    start = head(key)
    operator = create(key, form(world))
    path = f"{OPERATORS}/{operator}"
    change = {"name": "Inny", "phone": "1"}
    ok(key.put(path, change))
    ok(key.put(path, change))  # changes nothing, adds nothing
    ok(key.put(path, change | {"isActive": False}))
    assert key.delete(path).status_code == 200
    told_all = ok(key.get(FEED, startId=start))
    assert set(told_all) == {"nextId", "events"}
    assert told_all["events"] == [
        {"operatorId": operator, "type": kind} for kind in ("CREATE", "UPDATE", "UPDATE", "DELETE")
    ]
    assert told_all["nextId"] == start + 4
    caught_up = ok(key.get(FEED, startId=start + 4))
    assert caught_up == {"nextId": start + 4, "events": []}


def test_a_poller_from_1_sees_everything_once_in_order(world: World, key: Caller) -> None:
    for _ in range(3):
        create(key, form(world))
    whole = ok(key.get(FEED))
    assert whole["nextId"] == len(whole["events"]) + 1, "ids are 1, 2, 3 … without gaps"
    assert ok(key.get(FEED, startId=1)) == whole
    for step in (1, 3, 10000):
        at, seen = 1, []
        while True:
            page = ok(key.get(FEED, startId=at, numberOfEvents=step))
            seen += page["events"]
            assert page["nextId"] == min(at + step, whole["nextId"])
            if page["nextId"] == at:
                break
            at = page["nextId"]
        assert seen == whole["events"], step


def test_filtered_entries_are_covered_too(world: World, key: Caller) -> None:
    start = head(key)
    operator = create(key, form(world))
    assert key.delete(f"{OPERATORS}/{operator}").status_code == 200
    other = create(key, form(world))
    for types in (["CREATE"], ["CREATE", "DELETE"]):
        for sent in (types, ",".join(types)):
            page = ok(key.get(FEED, startId=start, eventTypes=sent))
            assert page["nextId"] == start + 3
            assert all(entry["type"] in types for entry in page["events"])
    assert ok(key.get(FEED, startId=start, eventTypes="DELETE"))["events"] == [
        {"operatorId": operator, "type": "DELETE"}
    ]
    page = ok(key.get(FEED, startId=start, eventTypes="DELETE", numberOfEvents=1))
    assert page == {"nextId": start + 1, "events": []}, "entries are counted before filters"
    assert ok(key.get(FEED, startId=start, contexts="INTEGRATIONS"))["events"][-1] == {
        "operatorId": other,
        "type": "CREATE",
    }


def test_ahead_of_the_head_is_refused_with_the_head(world: World, key: Caller) -> None:
    create(key, form(world))
    at = head(key)
    ok(key.get(FEED, startId=at))
    for ahead in (at + 1, at + 1000):
        detail = refused(key.get(FEED, startId=ahead), 409, "START_ID_AHEAD")
        assert at - 1 in detail.values() or at in detail.values(), detail


@pytest.mark.parametrize(
    "params",
    [
        {"startId": 0},
        {"startId": -1},
        {"startId": "x"},
        {"startId": 1.5},
        {"startId": ""},
        {"startId": "9" * 40},
        {"numberOfEvents": 0},
        {"numberOfEvents": 10001},
        {"numberOfEvents": "many"},
        {"eventTypes": "RENAME"},
        {"eventTypes": "CREATE,RENAME"},
        {"contexts": "OTHER"},
        {"wait": 31},
        {"wait": -1},
        {"wait": "long"},
        {"colour": "red"},
    ],
)
def test_what_the_feed_does_not_understand_is_400(key: Caller, params: Json) -> None:
    answer = key.get(FEED, **params)
    if params == {"startId": "9" * 40}:  # out of range, or ahead of the head
        assert answer.status_code in {400, 409}, told(answer)
        return
    refused(answer, 400, "INVALID")


def test_a_poller_may_wait(world: World, key: Caller) -> None:
    at = head(key)
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(ok(key.get(FEED, startId=at, wait=20))))
    waiting.start()
    operator = create(key, form(world))
    waiting.join(15)
    assert not waiting.is_alive(), "answered when there is something to tell, not when the time is up"
    assert answers == [{"nextId": at + 1, "events": [{"operatorId": operator, "type": "CREATE"}]}]
    assert ok(key.get(FEED, startId=at + 1, wait=1)) == {"nextId": at + 1, "events": []}


def test_pollers_miss_nothing_while_others_write(world: World, key: Caller) -> None:
    start = head(key)
    writers = [threading.Thread(target=lambda: [create(key, form(world)) for _ in range(10)]) for _ in range(4)]
    for writer in writers:
        writer.start()
    at, seen = start, []
    while any(writer.is_alive() for writer in writers) or at < head(key):
        page = ok(key.get(FEED, startId=at, numberOfEvents=3))
        assert page["nextId"] >= at, "nextId never goes back"
        assert len(page["events"]) == page["nextId"] - at
        seen += page["events"]
        at = page["nextId"]
    assert len({entry["operatorId"] for entry in seen}) == len(seen) == 40
    assert ok(key.get(FEED, startId=start))["events"] == seen


def test_a_refused_command_adds_nothing(world: World, key: Caller) -> None:
    at = head(key)
    refused(key.post(f"{OPERATORS}/create", {"name": "x"}), 400)
    refused(key.put(f"{OPERATORS}/{ABSENT}", {"name": "x", "phone": "1"}), 404)
    assert head(key) == at


def test_the_feed_and_history_survive_a_restart(world: World, key: Caller) -> None:
    """Comes last: what was told before is told again in the same words."""
    before = ok(key.get(FEED))
    world.server.stop()
    world.server.start()
    assert ok(key.get(FEED)) == before
