"""A small world to read: shelves that people own, and the books on them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from domain.access import As, Everyone, Is, LoggedIn, Own, Staff
from domain.kernel import Aggregate, Recorded, event
from domain.resource import Field, Kind, Resource
from projections.deadlines import Clear, DeadlineProjection, Set
from projections.feed import FeedEntry, FeedProjection
from projections.projection import Document, Projection, Target, born, changed, on

GENRES = ("novel", "poetry", "cookery")
SPACE = UUID("00000000-0000-5000-8000-00000000cafe")


class Shelf(Aggregate):
    """Where books stand."""

    TOPIC = "shelf"

    class Event(Aggregate.Event):
        TOPIC = "shelf.event"

    @event("Built", topic="shelf.built.v1")
    def build(self, owner: UUID, place: str) -> None:
        self.owner, self.place = owner, place

    @event("Opened", topic="shelf.opened.v1")
    def open(self) -> None:
        self.is_open = True


class Book(Aggregate):
    """A book, lent until a day, on a shelf."""

    TOPIC = "book"

    class Event(Aggregate.Event):
        TOPIC = "book.event"

    @event("Shelved", topic="book.shelved.v1")
    def shelve(self, *, shelf: UUID, owner: UUID, title: str, genre: str, price: int, pages: int) -> None:
        self.told = (shelf, owner, title, genre, price, pages)

    @event("Priced", topic="book.priced.v1")
    def price(self, price: int) -> None:
        self.last_price = price

    @event("Lent", topic="book.lent.v1")
    def lend(self, due: datetime, day: str, zone: str) -> None:
        self.lent = (due, day, zone)

    @event("Returned", topic="book.returned.v1")
    def give_back(self) -> None:
        self.is_back = True

    @event("Noted", topic="book.noted.v1")
    def note(self, secret: str) -> None:
        self.secret = secret

    @event("Burnt", topic="book.burnt.v1")
    def burn(self) -> None:
        self.burnt = True

    @event("Hidden", topic="book.hidden.v1")
    def hide(self) -> None:
        self.hidden = True

    @event("Read", topic="book.read.v1")
    def read(self, times: int) -> None:
        self.times = times


AGGREGATES: list[type[Aggregate]] = [Shelf, Book]

SHELF = Resource(
    "shelf",
    "shelves",
    "library",
    "/v1/shelves",
    (
        Field("place", Kind.STRING, filter=True),
        Field("ownerId", Kind.ID, filter=True),
        Field("isOpen", Kind.BOOLEAN, filter=True),
    ),
    "Where books stand.",
    owner="ownerId",
    sees=Is("isOpen", (True,)) | Own("ownerId") | Staff(),
)
BOOK = Resource(
    "book",
    "books",
    "library",
    "/v1/books",
    (
        Field("title", Kind.STRING, filter=True),
        Field("shelfId", Kind.ID, filter=True),
        Field("ownerId", Kind.ID, filter=True),
        Field("genre", Kind.ENUM, enum=GENRES, filter=True),
        Field("price", Kind.MONEY, filter=True),
        Field("pages", Kind.INTEGER, filter=True),
        Field("isLent", Kind.BOOLEAN, filter=True),
        Field("dueDay", Kind.DAY, filter=True),
        Field("dueAt", Kind.INSTANT, filter=True),
        Field("note", Kind.STRING, filter=True, sees=Own("ownerId") | Staff()),
        Field("staffNote", Kind.STRING, filter=True, sees=Staff()),
        Field("onOpenShelf", Kind.BOOLEAN, sees=As("shelf", "shelfId")),
        Field("timeZone", Kind.STRING, shown=False),
        Field("secretly", Kind.STRING, shown=False, filter=True),
        Field("tags", Kind.LIST),
    ),
    "A book.",
    owner="ownerId",
    sees=Own("ownerId") | As("shelf", "shelfId"),
)
FOUND = replace(BOOK, name="found", plural="found", path="/v1/searchbooks", source="book", search=("title", "note"))
CARD = Resource(
    "card", "cards", "library", "/v1/cards", (Field("title", Kind.STRING),), "A book in brief.",
    source="book", brief=True, sees=LoggedIn(),
)  # fmt: skip
RESOURCES = (SHELF, BOOK, FOUND, CARD)


def _built(_: Document | None, e: Recorded, __: Any) -> Document:
    fact: Any = e.fact
    return born(e, place=fact.place, ownerId=str(fact.owner), isOpen=False)


def _opened(d: Document | None, e: Recorded, _: Any) -> Document:
    return changed(d, e, isOpen=True)


def _shelved(_: Document | None, e: Recorded, __: Any) -> Document:
    f: Any = e.fact
    return born(
        e,
        title=f.title,
        shelfId=str(f.shelf),
        ownerId=str(f.owner),
        genre=f.genre,
        price=Decimal(f.price) / 100,
        pages=f.pages,
        isLent=False,
        onOpenShelf=True,
        tags=["a", "b"],
    )


def _priced(d: Document | None, e: Recorded, _: Any) -> Document:
    fact: Any = e.fact
    if fact.price == 666:
        raise ArithmeticError("no such price")
    return changed(d, e, price=(Decimal(fact.price) / 100).quantize(Decimal("0.01")))


def _lent(d: Document | None, e: Recorded, _: Any) -> Document:
    f: Any = e.fact
    at = f"{f.due.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    return changed(d, e, isLent=True, dueAt=at, dueDay=f.day, timeZone=f.zone)


def _returned(d: Document | None, e: Recorded, _: Any) -> Document:
    return changed(d, e, isLent=False, dueAt=None, dueDay=None)


def _noted(d: Document | None, e: Recorded, _: Any) -> Document:
    fact: Any = e.fact
    return changed(d, e, note=fact.secret, staffNote=fact.secret, secretly=fact.secret)


def _burnt(_: Document | None, __: Recorded, ___: Any) -> Document | None:
    return None


def _hidden(d: Document | None, e: Recorded, _: Any) -> Document:
    return changed(d, e, isActive=False)


SHELVES = Projection("shelf", on(Shelf, Built=_built, Opened=_opened))
BOOKS = Projection(
    "book",
    on(
        Book,
        Shelved=_shelved,
        Priced=_priced,
        Lent=_lent,
        Returned=_returned,
        Noted=_noted,
        Burnt=_burnt,
        Hidden=_hidden,
    ),
)


def reading_of(book: UUID, number: int) -> UUID:
    """A document that is no stream: one reading of a book."""
    return uuid5(SPACE, f"{book} {number}")


def _readings(e: Recorded) -> Iterable[Target]:
    fact: Any = e.fact
    return [Target(reading_of(e.stream, n), n) for n in range(fact.times)]


def _read(d: Document | None, e: Recorded, n: int) -> Document:
    before = 0 if d is None else d["times"]
    made = born(e, bookId=str(e.stream), number=n)
    return made | {"id": str(reading_of(e.stream, n)), "times": before + 1, "recordVersion": before + 1}


READING = Resource(
    "reading", "readings", "library", "/v1/readings",
    (Field("bookId", Kind.ID, filter=True), Field("number", Kind.INTEGER), Field("times", Kind.INTEGER)),
    "A reading.", sees=Everyone(),
)  # fmt: skip
READINGS = Projection(
    "reading", on(Book, Read=_read), targets=_readings, streams=lambda document: (UUID(document["bookId"]),)
)


def _told(e: Recorded) -> FeedEntry | None:
    words = {"shelf.built.v1": "CREATE", "shelf.opened.v1": "UPDATE"}
    return FeedEntry(e.stream, words[e.name]) if e.name in words else None


SHELF_FEED = FeedProjection("shelf", _told, aggregates=frozenset({Shelf.TOPIC}))


def _due(e: Recorded) -> Iterable[Set | Clear]:
    fact: Any = e.fact
    if e.name == "book.lent.v1":
        yield Set("return", e.stream, fact.due)
    elif e.name in {"book.returned.v1", "book.burnt.v1"}:
        yield Clear("return", e.stream)


DUE = DeadlineProjection(_due, aggregates=frozenset({Book.TOPIC}))
PROJECTIONS = (SHELVES, BOOKS, READINGS, SHELF_FEED, DUE)
