"""A message is made of the wire's own names and of nothing else."""

from uuid import uuid4

import pytest

from commands.catalogue import registry
from domain.errors import Invalid
from infra.http.command_routes import validated
from infra.http.edge import parsed
from infra.http.envelope import canonical, decode

BOOK = registry()["createReservation"]
STAY = {"listingId": str(uuid4()), "checkIn": "2026-05-01", "checkOut": "2026-05-03", "guestCount": 2}


def test_the_product_s_own_spelling_of_a_field_is_unknown() -> None:
    with pytest.raises(Invalid) as refused:
        validated(BOOK, STAY | {"guest_count": 2})
    assert refused.value.detail["fields"] == {"guest_count": "is not a field of this request"}


def test_unknown_and_missing_fields_are_all_named() -> None:
    with pytest.raises(Invalid) as refused:
        validated(BOOK, {"listingId": "x", "color": "red"})
    assert refused.value.detail["fields"] == {
        "listingId": "is not an id (a UUID)",
        "checkIn": "is required",
        "checkOut": "is required",
        "guestCount": "is required",
        "color": "is not a field of this request",
    }


@pytest.mark.parametrize("raw", [b"", b"  ", b"{", b"[]", b'"x"', b"\xff{}", b'{"a":' * 100_000, b'{"a": NaN}'])
def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(Invalid):
        parsed(raw)


def test_bodies_are_the_same_however_they_are_spelled() -> None:
    one, other = b'{"a": 1.0, "b": [1, "x"], "c": null}', b'{"c":null,"b":[1.00,"x"],"a":1}'
    assert canonical(decode(one)) == canonical(decode(other))
    assert canonical(decode(b'{"a": "1"}')) != canonical(decode(b'{"a": 1}'))
    assert canonical(decode(b'{"a": true}')) != canonical(decode(b'{"a": 1}'))
