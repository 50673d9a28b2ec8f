"""What a method asks for: questions that change nothing, and deletions that are sure of what they delete."""

import pytest

from tests.e2e.talk import TOKEN, Caller, Json, Person, ok, refused, told
from tests.e2e.world import World


@pytest.mark.parametrize(
    "path",
    [
        "/health",
        "/bff-api/health",
        "/bff-api/admin/health",
        "/bff-api/permissions/createListing",
        "/bff-api/BookingListView",
        "/bff-api/listing/schema",
        "/v1/listings",
        "/operators/synchronization",
    ],
)
def test_head_answers_as_get_does_without_the_body(root: Person, path: str) -> None:
    """Wherever a path could be read in two ways, too."""
    shown, asked = root.get(path), root.ask("HEAD", path)
    assert shown.status_code == 200, told(shown)
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers["content-type"] == shown.headers["content-type"]
    assert int(asked.headers["content-length"]) > 0


@pytest.mark.parametrize("index", ["reservation", "ReservationDetailView", "listing"])
@pytest.mark.parametrize("what", ["list", "count"])
def test_a_question_that_is_posted_needs_no_origin(
    world: World, nobody: Caller, guest: Person, index: str, what: str
) -> None:
    """It changes nothing: a cookie alone is as good there as it is with GET, wherever the page is from."""
    path = f"/bff-api/{index}/{what}"
    cookie = {"Cookie": f"{TOKEN}={guest.token}"}
    for headers in ({}, {"Origin": "https://elsewhere.example"}):
        found: Json = ok(nobody.ask("POST", path, cookie | headers, json={"filters": {}}))
        assert found["userId"] == guest.id
    kept = nobody.ask(
        "POST", f"/bff-api/{index}/filters", cookie, json={"filterName": world.unique(), "conditions": {}}
    )
    assert kept.status_code == 403, told(kept)


def test_a_stale_version_deletes_nothing(world: World, root: Person, host: Person, guest: Person) -> None:
    """Whatever it is of, and the present one does."""
    place = world.listing(host)
    thread = ok(guest.post("/v1/messagethreads", {"listingId": place["id"]}), 201)["messageThread"]
    message = ok(guest.post("/v1/messages", {"threadId": thread["id"], "content": "Hello"}), 201)["message"]
    night = {"listingId": place["id"], "date": world.day(90), "isAvailable": True}
    words = {"listingId": place["id"], "languageCode": "fr", "localizedTitle": "Loft", "localizedDescription": "Beau."}
    operator = {"email": f"{world.unique()}@example.com", "name": "Op", "phone": "1"}
    made: list[tuple[Person, str, int]] = [
        (host, f"/v1/listingcalendars/{_made(host, '/v1/listingcalendars', night)}", 1),
        (host, f"/v1/listinglocaletexts/{_made(host, '/v1/listinglocaletexts', words)}", 1),
        (root, f"/v1/listingamenities/{_made(root, '/v1/listingamenities', {'name': world.unique()})}", 1),
        (guest, f"/v1/reservations/{world.book(guest, place)['id']}", 1),
        (guest, f"/v1/messages/{message['id']}", 1),
        (guest, f"/v1/messagethreads/{thread['id']}", 3),
        (root, f"/operators/{ok(root.post('/operators/create', operator), 201)['operatorId']}", 1),
        (root, f"/v1/users/{world.person().id}", 1),
        (host, f"/v1/listings/{world.listing(host)['id']}", 1),
    ]
    for caller, path, version in made:
        refused(caller.ask("DELETE", path, json={"recordVersion": version + 1}), 409, "STALE_VERSION")
        assert ok(caller.get(path)), path
        ok(caller.ask("DELETE", path, json={"recordVersion": version}))


def _made(caller: Person, path: str, body: Json) -> str:
    answer: Json = ok(caller.post(path, body), 201)
    made: Json = answer[answer["dataName"]]
    return str(made["id"])
