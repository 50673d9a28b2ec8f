"""The feed: every change once, in order, whoever writes or waits meanwhile."""

import threading
from typing import Any

import pytest

from tests.e2e.operators.outside import FEED, OPERATORS, create, form, head
from tests.e2e.talk import ABSENT, Caller, Json, ok, refused, told
from tests.e2e.world import World


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
