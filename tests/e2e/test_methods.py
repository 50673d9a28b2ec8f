"""Methods that ask, and change nothing."""

import pytest

from tests.e2e.talk import TOKEN, Caller, Json, Person, ok, told
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
