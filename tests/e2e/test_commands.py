"""Retries: idempotency keys."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.talk import Caller, Json, Person, ok, position, refused, told
from tests.e2e.world import LOFT, World, rows

REPLAYED = "Idempotent-Replayed"


def keyed(key: str | None = None) -> dict[str, str]:
    return {"Idempotency-Key": key or uuid4().hex}


def send(caller: Caller, path: str, raw: str, headers: dict[str, str], method: str = "POST") -> httpx.Response:
    """A body as written, byte for byte."""
    return caller.ask(method, path, headers | {"Content-Type": "application/json"}, content=raw.encode())


def same(first: httpx.Response, again: httpx.Response) -> None:
    """The second is the first's answer, stored."""
    assert first.headers.get(REPLAYED) is None, told(first)
    assert again.headers.get(REPLAYED) == "true", told(again)
    assert again.status_code == first.status_code
    assert again.json() == first.json()


def test_a_retry_is_answered_as_the_first_was(world: World, host: Person) -> None:
    headers, title = keyed(), world.unique("once")
    body = LOFT | {"title": title}
    first = host.post("/v1/listings", body, headers)
    again = host.post("/v1/listings", body, headers)
    ok(first, 201)
    same(first, again)
    assert position(again) >= position(first)
    assert len(rows(host, "/v1/listings", title=title)) == 1


def test_anything_different_is_422(world: World, host: Person) -> None:
    headers = keyed()
    place = ok(host.post("/v1/listings", LOFT, headers), 201)["listing"]
    refused(host.post("/v1/listings", LOFT | {"title": "Other"}, headers), 422, "KEY_REUSED")
    refused(host.patch(f"/v1/listings/{place['id']}", LOFT, headers), 422, "KEY_REUSED")
    refused(host.delete(f"/v1/listings/{place['id']}", headers), 422, "KEY_REUSED")
    night = {"listingId": place["id"], "date": world.day(3), "isAvailable": True}
    refused(host.post("/v1/listingcalendars", night, headers), 422, "KEY_REUSED")
    for malformed in (LOFT | {"pets": True}, {"title": ""}, {}):
        refused(host.post("/v1/listings", malformed, headers), 422, "KEY_REUSED")
    assert ok(host.get(f"/v1/listings/{place['id']}"))["listing"] == place


def test_bodies_are_compared_as_parsed_json(world: World, host: Person) -> None:
    """Neither spaces nor the order of keys matter, nor how a number is written."""
    headers = keyed()
    body = LOFT | {"title": world.unique("parsed"), "pricePerNight": 100}
    first = send(host, "/v1/listings", json.dumps(body), headers)
    turned = json.dumps(dict(reversed(body.items())), indent=3, ensure_ascii=True)
    same(first, send(host, "/v1/listings", turned, headers))
    written = json.dumps(body).replace('"pricePerNight": 100', '"pricePerNight": 100.0')
    answer = send(host, "/v1/listings", written, headers)
    # 100 and 100.0 are one JSON number; a parser that tells them apart may call the bodies different.
    assert answer.status_code in {201, 422}, told(answer)
    assert len(rows(host, "/v1/listings", title=body["title"])) == 1


def test_true_is_not_one(world: World, host: Person) -> None:
    headers = keyed()
    place = world.listing(host)
    body = {"listingId": place["id"], "date": world.day(5), "isAvailable": True}
    ok(host.post("/v1/listingcalendars", body, headers), 201)
    answer = host.post("/v1/listingcalendars", body | {"isAvailable": 1}, headers)
    assert answer.status_code in {400, 422}, told(answer)


def test_keys_are_each_callers_own(world: World, host: Person, guest: Person) -> None:
    headers = keyed()
    first = ok(host.post("/v1/listings", LOFT, headers), 201)["listing"]
    second = guest.post("/v1/listings", LOFT, headers)
    assert second.headers.get(REPLAYED) is None
    assert ok(second, 201)["listing"]["id"] != first["id"]


def test_a_replay_is_for_every_session_of_the_caller(world: World) -> None:
    person = world.person()
    headers = keyed()
    first = person.post("/v1/listings", LOFT, headers)
    same(first, world.login(person.email).post("/v1/listings", LOFT, headers))


def test_a_refusal_is_not_kept(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    stay = world.book(guest, place)
    headers, body = keyed(), world.stay(place)
    other = world.person()
    refused(other.post("/v1/reservations", body, headers), 409, "NIGHTS_TAKEN")
    world.cancel(guest, stay)
    answer = other.post("/v1/reservations", body, headers)
    ok(answer, 201)
    assert answer.headers.get(REPLAYED) is None
    same(answer, other.post("/v1/reservations", body, headers))


def test_what_was_invalid_may_be_said_better_under_the_same_key(world: World, host: Person) -> None:
    headers = keyed()
    refused(host.post("/v1/listings", LOFT | {"pricePerNight": -1}, headers), 400, "INVALID")
    ok(host.post("/v1/listings", LOFT, headers), 201)


def test_a_request_that_records_nothing_is_not_kept(world: World, host: Person) -> None:
    place = world.listing(host)
    headers, path = keyed(), f"/v1/listings/{place['id']}"
    ok(host.patch(path, {"title": place["title"]}, headers))
    ok(host.patch(path, {"title": "Second"}))
    answer = host.patch(path, {"title": place["title"]}, headers)
    assert answer.headers.get(REPLAYED) is None
    assert ok(answer)["listing"]["title"] == place["title"]


def test_an_old_answer_is_replayed_as_it_was(world: World, host: Person) -> None:
    """Whatever has changed since."""
    headers = keyed()
    first = host.post("/v1/listings", LOFT, headers)
    place = ok(first, 201)["listing"]
    ok(host.patch(f"/v1/listings/{place['id']}", {"title": "Since then"}))
    same(first, host.post("/v1/listings", LOFT, headers))


def test_a_key_is_kept_for_a_day_of_the_products_clock(world: World, host: Person) -> None:
    headers = keyed()
    first = host.post("/v1/listings", LOFT, headers)
    world.advance("PT23H59M")
    same(first, host.post("/v1/listings", LOFT, headers))
    world.advance("PT1M")
    answer = host.post("/v1/listings", LOFT | {"title": "A day later"}, headers)
    assert answer.headers.get(REPLAYED) is None
    assert ok(answer, 201)["listing"]["id"] != ok(first, 201)["listing"]["id"]
    same(answer, host.post("/v1/listings", LOFT | {"title": "A day later"}, headers))


def test_authorisation_is_checked_first(world: World, host: Person) -> None:
    person = world.person()
    headers = keyed()
    ok(person.post("/v1/listings", LOFT, headers), 201)
    ok(person.post("/logout"))
    refused(person.post("/v1/listings", LOFT, headers), 401, "UNAUTHENTICATED")
    admin = world.person("admin")
    headers = keyed()
    body = {"name": world.unique()}
    ok(admin.post("/v1/listingamenities", body, headers), 201)
    ok(world.root.patch(f"/v1/userrole/{admin.id}", {"roleId": "user"}))
    refused(admin.post("/v1/listingamenities", body, headers), 403, "FORBIDDEN")


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\there", "naïve"])
def test_a_key_is_1_to_255_printable_ascii_characters(world: World, host: Person, key: str) -> None:
    answer = host.http.request(
        "POST",
        "/v1/listings",
        json=LOFT,
        headers=[
            (b"Authorization", host.headers["Authorization"].encode()),
            (b"Idempotency-Key", key.encode("latin-1")),
        ],
    )
    refused(answer, 400, "INVALID")


def test_the_longest_key_is_good(host: Person) -> None:
    headers = keyed((uuid4().hex + "~! ").ljust(254, "x") + "x")
    same(host.post("/v1/listings", LOFT, headers), host.post("/v1/listings", LOFT, headers))


def test_a_key_works_on_every_kind_of_command(world: World, host: Person, guest: Person) -> None:
    place = world.listing(host)
    asked: list[tuple[Caller, str, str, Any]] = [
        (
            world.nobody,
            "POST",
            "/v1/registeruser",
            {"email": f"{world.unique()}@example.com", "password": "12345678", "fullname": "x"},
        ),
        (guest, "PATCH", f"/v1/profile/{guest.id}", {"bio": world.unique()}),
        (host, "POST", "/v1/listingcalendars", {"listingId": place["id"], "date": world.day(3), "isAvailable": False}),
        (guest, "POST", "/v1/reservations", world.stay(place)),
        (
            world.root,
            "POST",
            "/operators/create",
            {"name": "n", "phone": "1", "email": f"{world.unique()}@example.com"},
        ),
        (host, "DELETE", f"/v1/listings/{world.listing(host)['id']}", None),
    ]
    for caller, method, path, body in asked:
        headers = keyed()
        same(caller.ask(method, path, headers, json=body), caller.ask(method, path, headers, json=body))
    stay = world.book(guest, world.listing(host))
    headers, pay = keyed(), {"paymentUserParams": {"paymentMethodId": "pm_card_visa"}}
    path = f"/v1/startreservationpayment/{stay['id']}"
    same(guest.patch(path, pay, headers), guest.patch(path, pay, headers))
    assert len(world.records(stay, "charge")) == 1
    cancel, path = {"bookingStatus": "cancelled"}, f"/v1/reservations/{stay['id']}"
    headers = keyed()
    same(guest.patch(path, cancel, headers), guest.patch(path, cancel, headers))


def test_login_knows_no_keys(world: World, stranger: Person) -> None:
    headers = keyed()
    form = {"username": stranger.email, "password": stranger.password}
    first = world.nobody.post("/login", form, headers)
    again = world.nobody.post("/login", form, headers)
    assert ok(first)["sessionId"] != ok(again)["sessionId"]
    assert REPLAYED not in again.headers


def test_a_replayed_api_key_is_not_shown_again(world: World) -> None:
    admin = world.person("admin")
    headers = keyed()
    first = ok(admin.post("/v1/apikeys", {"active": True}, headers), 201)
    again = admin.post("/v1/apikeys", {"active": True}, headers)
    assert again.headers[REPLAYED] == "true"
    assert first["apiKey"]["key"].startswith("sk_")
    assert again.status_code == 201
    assert again.json()["apiKey"] == first["apiKey"] | {"key": None}


def test_two_at_once_run_once(world: World, host: Person) -> None:
    for _ in range(5):
        headers, title = keyed(), world.unique("twice")
        body = LOFT | {"title": title}
        together = threading.Barrier(6)

        def ask(
            _: int, body: Json = body, headers: dict[str, str] = headers, together: threading.Barrier = together
        ) -> httpx.Response:
            together.wait()
            return host.post("/v1/listings", body, headers)

        with ThreadPoolExecutor(6) as pool:
            answers = list(pool.map(ask, range(6)))
        for answer in answers:
            # Those who waited too long are told so, and when to come back.
            assert answer.status_code == 201 or (answer.status_code == 409 and "Retry-After" in answer.headers), told(
                answer
            )
        assert len({answer.text for answer in answers if answer.status_code == 201}) == 1
        assert sum(REPLAYED not in answer.headers for answer in answers if answer.status_code == 201) == 1
        assert len(rows(host, "/v1/listings", title=title)) == 1
