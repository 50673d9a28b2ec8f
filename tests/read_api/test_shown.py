"""What a caller sees of a document."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from domain.access import As, Own, Staff
from domain.actor import NOBODY, Actor
from domain.resource import Field, Kind, Resource
from read_api.shown import asked_of_parents, shown

OWNER = Actor(UUID(int=1), "user")
NOTE = Field("note", Kind.STRING, sees=Own("ownerId") | Staff())
FIELDS = (
    Field("title", Kind.STRING),
    Field("genre", Kind.ENUM, enum=("novel", "poetry")),
    NOTE,
    Field("ownerId", Kind.ID, shown=False),
    Field("place", Kind.STRING, sees=As("shelf", "shelfId")),
)
BOOK = Resource("book", "books", "library", "/v1/books", FIELDS, "", owner="ownerId")
DOCUMENT = {
    "updatedAt": "2026-01-02T00:00:00.000Z",
    "genre": "poetry",
    "note": "mine",
    "ownerId": str(OWNER.id),
    "id": "5",
    "title": "Emma",
    "kept": "aside",
    "price": Decimal("1.20"),
    "recordVersion": 2,
    "isActive": True,
    "createdAt": "2026-01-01T00:00:00.000Z",
}


def test_fields_stand_in_the_order_of_the_declaration_with_what_every_resource_carries() -> None:
    assert list(shown(BOOK, DOCUMENT, OWNER)) == [
        "id",
        "title",
        "genre",
        "genre_idx",
        "note",
        "isActive",
        "recordVersion",
        "createdAt",
        "updatedAt",
        "_owner",
    ]


def test_an_enum_comes_with_its_place_and_nothing_with_none() -> None:
    assert shown(BOOK, DOCUMENT, OWNER)["genre_idx"] == 1
    assert shown(BOOK, DOCUMENT | {"genre": None}, OWNER)["genre_idx"] is None


def test_the_owner_is_the_declared_field_though_it_is_not_shown_itself() -> None:
    told = shown(BOOK, DOCUMENT, NOBODY)
    assert (told["_owner"], "ownerId" in told) == (str(OWNER.id), False)


def test_what_a_caller_may_not_see_is_absent_and_what_has_no_value_is_null() -> None:
    assert "note" not in shown(BOOK, DOCUMENT, NOBODY)
    assert "note" in shown(BOOK, DOCUMENT, Actor(UUID(int=9), "moderator"))
    assert shown(BOOK, DOCUMENT | {"note": None}, OWNER)["note"] is None


def test_what_the_declaration_does_not_name_is_never_shown() -> None:
    assert not {"kept", "price"} & shown(BOOK, DOCUMENT, OWNER).keys()


def test_a_field_may_depend_on_whether_the_parent_is_seen() -> None:
    assert asked_of_parents(BOOK) == {As("shelf", "shelfId")}
    assert "place" in shown(BOOK, DOCUMENT | {"as:shelf": True}, OWNER)
    assert "place" not in shown(BOOK, DOCUMENT | {"as:shelf": False}, OWNER)


def test_a_brief_resource_has_its_own_fields_and_the_id() -> None:
    card = Resource("card", "cards", "library", "/v1/cards", (Field("title", Kind.STRING),), "", brief=True)
    assert shown(card, DOCUMENT, OWNER) == {"id": "5", "title": "Emma"}
