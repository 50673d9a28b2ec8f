"""Messages over HTTP: a guest asks, the host answers, and who else hears of it."""

import threading

import pytest

from tests.e2e.talk import Caller, Json, Person, invalid, ok, refused
from tests.e2e.world import World, rows


@pytest.fixture
def thread(world: World, guest: Person, host: Person) -> Json:
    """A conversation of the guest with the host about a new listing."""
    made: Json = ok(guest.post("/v1/messagethreads", {"listingId": world.listing(host)["id"]}), 201)["messageThread"]
    return made


def say(by: Caller, thread: Json, content: str) -> Json:
    made: Json = ok(by.post("/v1/messages", {"threadId": thread["id"], "content": content}), 201)["message"]
    return made


def test_a_guest_asks_and_the_host_answers(guest: Person, host: Person, thread: Json) -> None:
    asked = say(guest, thread, "Is there a lift?")
    (read,) = rows(host, f"/v1/threadmessages/{thread['id']}")
    assert (read["content"], read["isRead"]) == ("Is there a lift?", False)
    ok(host.patch(f"/v1/messages/{asked['id']}", {"isRead": True}))
    answer = say(host, thread, "There is.")
    told = rows(guest, f"/v1/threadmessages/{thread['id']}")
    assert [(m["content"], m["senderId"], m["isRead"]) for m in told] == [
        ("Is there a lift?", guest.id, True),
        ("There is.", host.id, False),
    ]
    (listed,) = [t for t in rows(guest, "/v1/messagethreads", isOpen="true") if t["id"] == thread["id"]]
    assert (listed["messageCount"], listed["lastMessageAt"]) == (2, answer["sentAt"])


def test_both_addresses_answer_the_same_and_mark_nothing(guest: Person, host: Person, thread: Json) -> None:
    say(guest, thread, "Hello")
    for path in ("threadmessages", "gotthreadmessages"):
        answer = ok(host.get(f"/v1/{path}/{thread['id']}"))
        assert (answer["dataName"], answer["paging"]["totalRowCount"]) == ("messages", 1)
        assert answer["messages"][0]["isRead"] is False


def test_a_list_within_a_thread_stays_within_it(world: World, guest: Person, host: Person, thread: Json) -> None:
    """The path says which; a filter neither widens it nor asks for another."""
    other = ok(guest.post("/v1/messagethreads", {"listingId": world.listing(host)["id"]}), 201)["messageThread"]
    say(guest, thread, "Here")
    say(guest, other, "There")
    path = f"/v1/threadmessages/{thread['id']}"
    assert [m["content"] for m in rows(guest, path)] == ["Here"]
    assert rows(guest, path, senderId=host.id) == []
    assert [m["content"] for m in rows(guest, path, isRead="false", sortOrder="desc")] == ["Here"]
    invalid(guest.get(path, threadId=other["id"]), "threadId")


def test_strangers_hear_nothing(world: World, stranger: Person, guest: Person, thread: Json) -> None:
    said = say(guest, thread, "Between us")
    report = {"messageId": said["id"], "reportReason": "Curious"}
    for path in ("threadmessages", "gotthreadmessages", "messagethreads"):
        refused(stranger.get(f"/v1/{path}/{thread['id']}"), 404, "NOT_FOUND")
        refused(world.nobody.get(f"/v1/{path}/{thread['id']}"), 401, "UNAUTHENTICATED")
    refused(stranger.get(f"/v1/messages/{said['id']}"), 404, "NOT_FOUND")
    refused(stranger.post("/v1/messagereports", report), 404, "NOT_FOUND")
    assert thread["id"] not in {own["id"] for own in rows(stranger, "/v1/messagethreads")}
    refused(stranger.post("/v1/messages", {"threadId": thread["id"], "content": "Hi"}), 404, "NOT_FOUND")


def test_what_is_no_thread_is_not_there(world: World, guest: Person, host: Person) -> None:
    place = world.listing(host)
    refused(guest.post("/v1/messages", {"threadId": place["id"], "content": "Hi"}), 404, "NOT_FOUND")
    refused(guest.get(f"/v1/threadmessages/{place['id']}"), 404, "NOT_FOUND")
    refused(guest.post("/v1/messagethreads", {"reservationId": place["id"]}), 404, "NOT_FOUND")
    invalid(guest.get("/v1/threadmessages/null"), "threadId")
    invalid(guest.post("/v1/messagethreads", {"reservationId": None}), "listingId")


def test_a_retry_sends_nothing_twice(guest: Person, thread: Json) -> None:
    body, key = {"threadId": thread["id"], "content": "Once"}, {"Idempotency-Key": "once"}
    first, again = (guest.post("/v1/messages", body, key) for _ in range(2))
    assert (first.content, again.headers["Idempotent-Replayed"]) == (again.content, "true")
    assert len(rows(guest, f"/v1/threadmessages/{thread['id']}")) == 1


def test_two_who_talk_at_once_are_both_heard(guest: Person, host: Person, thread: Json) -> None:
    def talk(by: Caller) -> None:
        for number in range(10):
            say(by, thread, f"{number}")

    talkers = [threading.Thread(target=talk, args=(by,)) for by in (guest, host)]
    for talker in talkers:
        talker.start()
    for talker in talkers:
        talker.join()
    told = rows(guest, f"/v1/threadmessages/{thread['id']}")
    for by in (guest, host):
        assert [m["content"] for m in told if m["senderId"] == by.id] == [f"{number}" for number in range(10)]
    assert ok(guest.get(f"/v1/messagethreads/{thread['id']}"))["messageThread"]["messageCount"] == 20


def test_what_a_message_said_before_is_told_to_its_sender_and_staff(
    guest: Person, host: Person, moderator: Person, thread: Json
) -> None:
    said = say(guest, thread, "Is their a lift?")
    ok(guest.patch(f"/v1/messages/{said['id']}", {"content": "Is there a lift?"}))
    for by in (guest, moderator):
        past = ok(by.get(f"/v1/messages/{said['id']}/history"))["history"]
        assert [entry["changes"]["content"] for entry in past] == ["Is their a lift?", "Is there a lift?"]
    refused(host.get(f"/v1/messages/{said['id']}/history"), 403, "FORBIDDEN")


def test_a_complaint_goes_to_the_staff(guest: Person, host: Person, moderator: Person, thread: Json) -> None:
    said = say(guest, thread, "Pay me elsewhere")
    about = {"messageId": said["id"], "reportReason": "Asks for money past the platform"}
    report = ok(host.post("/v1/messagereports", about), 201)["messageReport"]
    assert report["id"] in [r["id"] for r in rows(moderator, "/v1/messagereports", moderationStatus="pending")]
    path = f"/v1/messagereports/{report['id']}"
    closes = {"moderationStatus": "closed", "resolutionNotes": "The guest was told."}
    ok(moderator.patch(path, closes))
    for by in (guest, host):
        seen = ok(by.get(path))["messageReport"]
        assert (seen["moderationStatus"], seen["resolutionNotes"]) == ("closed", "The guest was told.")
