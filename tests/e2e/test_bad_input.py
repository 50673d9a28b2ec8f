"""Whatever is thrown at it: a 4xx in the envelope, never a 5xx, and nothing written."""

import json
import socket
from typing import Any

import httpx
import pytest

from tests.e2e.server import Server, until
from tests.e2e.talk import ABSENT, Caller, Json, Person, invalid, ok, refused, told
from tests.e2e.world import LOFT, World, rows

WRITES: list[tuple[str, str]] = [
    ("POST", "/v1/registeruser"),
    ("POST", "/v1/users"),
    ("PATCH", "/v1/users/{user}"),
    ("PATCH", "/v1/profile/{root}"),
    ("PATCH", "/v1/userrole/{user}"),
    ("PATCH", "/v1/userpassword/{root}"),
    ("PATCH", "/v1/userpasswordbyadmin/{user}"),
    ("POST", "/login"),
    ("POST", "/v1/apikeys"),
    ("POST", "/v1/listings"),
    ("PATCH", "/v1/listings/{listing}"),
    ("POST", "/v1/listingcalendars"),
    ("POST", "/v1/listingamenities"),
    ("POST", "/v1/listinglocaletexts"),
    ("POST", "/v1/reservations"),
    ("PATCH", "/v1/reservations/{stay}"),
    ("PATCH", "/v1/startreservationpayment/{stay}"),
    ("PATCH", "/v1/refreshreservationpayment/{stay}"),
    ("POST", "/v1/callbackreservationpayment"),
    ("POST", "/v1/paymentrecords"),
    ("POST", "/v1/disputes"),
    ("POST", "/v1/reviews"),
    ("POST", "/v1/messagethreads"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/messagereports"),
    ("POST", "/operators/create"),
    ("PUT", "/operators/{absent}"),
    ("POST", "/sandbox/clock"),
]
JSON_TYPE = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def ids(world: World, host: Person, guest: Person) -> dict[str, str]:
    place = world.listing(host)
    return {
        "user": world.person().id,
        "root": world.root.id,
        "listing": place["id"],
        "stay": world.book(guest, place)["id"],
        "absent": ABSENT,
    }


def raw(caller: Caller, method: str, path: str, body: bytes, headers: dict[str, str] | None = None) -> Any:
    return caller.ask(method, path, JSON_TYPE if headers is None else headers, content=body)


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_what_is_no_json_object_is_400(world: World, root: Person, ids: dict[str, str], method: str, path: str) -> None:
    path = path.format(**ids)
    deep = b"[" * 100_000
    for body in (
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"[]",
        b'"text"',
        b"5",
        b"null",
        b"\xff\xfe",
        b"\xc3\x28",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": "\\ud800"}',
        b'{"a": 1}{"a": 2}',
        deep,
        b'{"a":' * 10_000,
    ):
        answer = raw(root, method, path, body)
        refused(answer, 400)


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_a_missing_body_is_400_where_one_is_expected(
    world: World, root: Person, ids: dict[str, str], method: str, path: str
) -> None:
    answer = raw(root, method, path.format(**ids), b"", {})
    if "refreshreservationpayment" in path:  # asks for nothing
        assert answer.status_code < 500, told(answer)
        return
    refused(answer, 400)


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_unknown_fields_are_refused_and_named(root: Person, ids: dict[str, str], method: str, path: str) -> None:
    if "callback" in path:
        return  # the signature is looked at first, and fails
    answer = root.ask(method, path.format(**ids), json={"someUnknownField": 1})
    invalid(answer, "someUnknownField")


def test_what_is_sent_with_a_delete_is_read_too(world: World, root: Person, host: Person) -> None:
    """It may be left out; what is not understood, or stale, deletes nothing."""
    place, person = f"/v1/listings/{world.listing(host)['id']}", f"/v1/users/{world.person().id}"
    invalid(raw(host, "DELETE", place, b'{"colour": "red"}'), "colour")
    refused(raw(host, "DELETE", place, b"{"), 400, "INVALID")
    refused(raw(host, "DELETE", place, b"[]"), 400, "INVALID")
    refused(raw(root, "DELETE", person, b'{"recordVersion": 9}'), 409, "STALE_VERSION")
    ok(host.get(place))
    ok(raw(host, "DELETE", place, b"{}"))
    ok(raw(root, "DELETE", person, b'{"recordVersion": 1}'))


def test_who_hangs_up_in_the_middle_of_a_body_is_no_fault_of_the_servers(world: World, server: Server) -> None:
    """Nothing is recorded, and the log tells of a bad request, not of an error."""
    marker, url = world.unique("cut"), httpx.URL(server.url)
    asked = f"POST /v1/registeruser?requestId={marker} HTTP/1.1\r\nHost: {url.host}\r\nContent-Length: 99\r\n\r\n{{"
    with socket.create_connection((url.host, url.port or 80)) as line:
        line.sendall(asked.encode())
    until("the request is logged", lambda: f'"{marker}"' in server.words(), 10)
    told = [json.loads(line) for line in server.words().splitlines() if f'"{marker}"' in line]
    assert [(one["event"], one.get("status")) for one in told] == [("request", 400)]


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_over_one_megabyte_is_413(root: Person, ids: dict[str, str], method: str, path: str) -> None:
    body = json.dumps({"description": "x" * 1_100_000}).encode()
    refused(raw(root, method, path.format(**ids), body), 413)


def test_over_one_megabyte_without_a_length_is_413_too(root: Person) -> None:
    """A body in pieces says nothing of its size beforehand."""

    def pieces() -> Any:
        yield b'{"description": "'
        for _ in range(20):
            yield b"x" * 100_000
        yield b'"}'

    refused(root.ask("POST", "/v1/listings", JSON_TYPE, content=pieces()), 413)


def test_just_under_one_megabyte_is_read(root: Person) -> None:
    body = json.dumps(LOFT | {"colour": "x" * 900_000}).encode()
    invalid(raw(root, "POST", "/v1/listings", body), "colour")


TEXTS: dict[str, str] = {"nul": "a\x00b", "long": "x" * 100_000}


@pytest.mark.parametrize("kind", TEXTS)
def test_text_with_nul_or_a_hundred_thousand_characters_is_refused(
    world: World, host: Person, guest: Person, kind: str
) -> None:
    text = TEXTS[kind]
    place = world.listing(host)
    stay = world.completed(guest, host)
    name = world.unique("long")
    someone = {"email": f"{name}@example.com", "password": "12345678", "fullname": "x"}
    words = {"listingId": place["id"], "languageCode": "fr", "localizedTitle": "x", "localizedDescription": "x"}
    dispute = {"reservationId": stay["id"], "issueType": "noise", "description": "x"}
    review = {"reservationId": stay["id"], "revieweeType": "listing", "revieweeId": stay["listingId"], "rating": 3}
    thread = ok(guest.post("/v1/messagethreads", {"reservationId": stay["id"]}), 201)["messageThread"]
    asked: list[tuple[Caller, str, str, Json, str]] = [
        (host, "POST", "/v1/listings", LOFT, "title"),
        (host, "POST", "/v1/listings", LOFT | {"title": name}, "description"),
        (host, "PATCH", f"/v1/listings/{place['id']}", {}, "houseRules"),
        (world.nobody, "POST", "/v1/registeruser", someone, "fullname"),
        (world.nobody, "POST", "/v1/registeruser", someone, "email"),
        (world.nobody, "POST", "/v1/registeruser", someone, "password"),
        (guest, "PATCH", f"/v1/profile/{guest.id}", {}, "bio"),
        (world.root, "POST", "/v1/listingamenities", {}, "name"),
        (host, "POST", "/v1/listinglocaletexts", words, "localizedTitle"),
        (guest, "POST", "/v1/disputes", dispute, "description"),
        (guest, "POST", "/v1/reviews", review, "reviewText"),
        (guest, "POST", "/v1/messages", {"threadId": thread["id"]}, "content"),
        (world.root, "POST", "/operators/create", {"name": "x", "phone": "1", "email": someone["email"]}, "name"),
        (world.root, "POST", "/v1/apikeys", {"active": True}, "description"),
    ]
    for caller, method, path, body, field in asked:
        invalid(caller.ask(method, path, json=body | {field: text}), field)
    assert rows(host, "/v1/listings", title=name) == []
    assert rows(world.root, "/v1/users", email=name) == []


@pytest.mark.parametrize("kind", [*TEXTS, "wild", "html"])
def test_odd_text_in_a_url_is_answered(world: World, root: Person, kind: str) -> None:
    text = {"wild": "'; DROP TABLE events; --", "html": "<script>", "nul": "a\x00b", "long": "x" * 20_000}[kind]
    for params in ({"title": text}, {"sortBy": text}, {"hostId": text}, {"pageNumber": text}, {text[:50]: "x"}):
        answer = root.ask("GET", "/v1/listings", params=params)
        assert answer.status_code < 500, told(answer)
        if answer.status_code != 414:  # too long for a server to read at all
            ok(answer) if answer.is_success else refused(answer, answer.status_code)
    for path in ("/v1/searchusers", "/v1/quotes"):
        answer = root.get(path, keyword=text, listingId=text)
        assert answer.status_code < 500, told(answer)


@pytest.mark.parametrize("path", ["/v1/listings", "/v1/nothing", "/bff-api/listings/list", "/health"])
def test_a_query_string_over_32_kb_is_414(world: World, path: str) -> None:
    """It is not looked at, whatever is asked."""
    for size in (32_768, 32_769, 60_000):
        answer = world.nobody.ask("GET", f"{path}?{'x' * (size - 2)}=1")
        if size > 32_768:
            refused(answer, 414, "URI_TOO_LONG")
        else:
            assert answer.status_code != 414


def test_nul_in_a_path_is_nothing_that_there_is(root: Person) -> None:
    """PostgreSQL takes no such text, and is not asked."""
    refused(root.get("/v1/reservationpaymentbypaymentid/%00"), 404, "NOT_FOUND")
    refused(root.get("/v1/reservationpaymentbypaymentid/a%00b"), 404, "NOT_FOUND")


@pytest.mark.parametrize("number", ["1e9999999", "-1e9999999", "1e-9999999", "0e9999999", "1e1001"])
def test_numbers_out_of_any_range_are_400(world: World, host: Person, guest: Person, number: str) -> None:
    """Wherever they stand, before anything is reckoned with them."""
    condition = f'{{"filters": {{"field": "pricePerNight", "operator": "eq", "value": {number}}}}}'
    listing = json.dumps(LOFT).replace('"pricePerNight": 100', f'"pricePerNight": {number}')
    dispute = f'{{"reservationId": "{ABSENT}", "issueType": "x", "description": "y", "raisedBy": {number}}}'
    for caller, path, body in (
        (world.nobody, "/bff-api/listings/list", condition),
        (host, "/v1/listings", listing),
        (guest, "/v1/disputes", dispute),
    ):
        keyed = JSON_TYPE | {"Idempotency-Key": world.unique("number")}
        invalid(raw(caller, "POST", path, body.encode(), keyed), "body")


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_before_or_after_all_years_is_400(world: World, root: Person, guest: Person, at: str) -> None:
    """By UTC, as it would be kept, it has no date."""
    place = world.listing(world.root)
    record = {"reservationId": ABSENT, "paymentIntentId": "pi", "currency": "EUR", "amountPaid": 5}
    invalid(root.post("/v1/paymentrecords", record | {"paymentStatus": "paid", "paymentDate": at}), "paymentDate")
    invalid(guest.post("/v1/reservations", world.stay(place, checkOut=at)), "checkOut")
    invalid(root.post("/sandbox/clock", {"now": at}), "now")


def test_odd_headers_are_answered(world: World, root: Person) -> None:
    for headers in (
        {"Authorization": "Bearer"},
        {"Authorization": "x"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"Cookie": "airbnb3-access-token="},
        {"Cookie": ";;;=;airbnb3-access-token"},
        {"X-Event-Position": "\u00b2".encode("latin-1").decode("latin-1")},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Accept": "text/html"},
    ):
        sent = [
            (name.encode(), value.encode("latin-1"))
            for name, value in ({"Authorization": root.headers["Authorization"]} | headers).items()
        ]
        for method, path in (("GET", "/v1/listings"), ("POST", "/v1/listings")):
            answer = world.http.request(method, path, headers=sent, content=b"{}" if method == "POST" else None)
            assert answer.status_code < 500, told(answer)


def test_a_body_of_another_kind_is_refused(root: Person) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        answer = root.ask("POST", "/v1/listings", {"Content-Type": kind}, content=b"title=x")
        assert answer.status_code in {400, 415}, told(answer)
        refused(answer, answer.status_code)


def test_a_key_twice_in_a_body_is_no_way_around_a_rule(world: World, host: Person) -> None:
    """The first or the last may count, or the body may be refused; what is stored is valid."""
    body = json.dumps(LOFT | {"title": world.unique("double")})[:-1] + ', "pricePerNight": -5}'
    invalid(raw(host, "POST", "/v1/listings", body.encode()), "pricePerNight")


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e-400", "0.1e1000", "123456789012345678901234567890", "1e17"])
def test_numbers_beyond_reason_are_refused(world: World, host: Person, number: str) -> None:
    body = json.dumps(LOFT).replace('"pricePerNight": 100', f'"pricePerNight": {number}')
    invalid(raw(host, "POST", "/v1/listings", body.encode()), "pricePerNight")


def test_money_is_read_as_a_decimal(world: World, host: Person) -> None:
    """Not by way of a float: 0.1 + 0.2 has no place here, and trailing zeros are no digits."""
    for written, read in (("10.10", 10.1), ("1e2", 100), ("100.000", 100), ("9007199254740993.25", None)):
        body = json.dumps(LOFT).replace('"pricePerNight": 100', f'"pricePerNight": {written}')
        answer = raw(host, "POST", "/v1/listings", body.encode())
        if read is None:
            assert answer.status_code in {201, 400}, told(answer)
            if answer.status_code == 201:
                assert written in answer.text, "no digit is lost on the way"
        else:
            assert ok(answer, 201)["listing"]["pricePerNight"] == read
