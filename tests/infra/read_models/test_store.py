"""What the documents answer to gets and lists."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.actor import SYSTEM, Actor
from domain.errors import Invalid, NotAllowed, NotThere
from infra.read_models.codec import to_json
from infra.read_models.documents import DocumentModel
from infra.read_models.side import ReadSide
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, BEN, MODERATOR, NOBODY, World

SHELVES = {"open": UUID(int=0xA), "closed": UUID(int=0xB)}


class Library:
    """Documents put straight into their tables."""

    def __init__(self, world: World, side: ReadSide) -> None:
        self.world, self.side, self.made = world, side, 0

    async def book(self, **fields: Any) -> UUID:
        self.made += 1
        id = UUID(int=0x1000 + self.made)
        body = {
            "id": str(id),
            "title": f"Book {self.made}",
            "ownerId": str(ANNA.id),
            "shelfId": str(SHELVES["open"]),
            "isActive": True,
            "recordVersion": 1,
            "createdAt": f"2026-01-01T00:00:{self.made:02d}.000Z",
            "updatedAt": f"2026-01-01T00:00:{self.made:02d}.000Z",
        }
        await self.put("book", sample.BOOKS, body | fields)
        return id

    async def put(self, table: str, projection: Any, body: dict[str, Any]) -> None:
        made = DocumentModel(projection, [r for r in sample.RESOURCES if r.documents == table]).folded(body)
        async with await psycopg.AsyncConnection.connect(self.world.conninfo, autocommit=True) as connection:
            await connection.execute(
                f"INSERT INTO doc_{table} VALUES (%s, %s::jsonb, %s::jsonb, 1)",
                [body["id"], to_json(body), None if made is None else made.decode()],
            )

    async def titles(self, *parameters: tuple[str, str], actor: Actor = ANNA) -> list[str]:
        listed = await self.side.reads.list(sample.BOOK, parameters, actor)
        assert listed.documents is not None
        assert listed.total == len(listed.documents) or any(name.startswith("page") for name, _ in parameters)
        return [document["title"] for document in listed.documents]


@pytest.fixture
async def library(world: World) -> Library:
    library = Library(world, await world.side(run=False))
    for name, id in SHELVES.items():
        shelf = {"id": str(id), "isOpen": name == "open", "ownerId": str(BEN.id), "isActive": True}
        await library.put("shelf", sample.SHELVES, shelf)
    return library


async def test_a_document_is_there_for_whom_the_rules_let_see_it(library: Library) -> None:
    mine = await library.book(shelfId=str(SHELVES["closed"]))
    reads = library.side.reads
    for actor in (ANNA, BEN, MODERATOR, SYSTEM):  # its owner, the shelf's owner, staff through the shelf
        assert (await reads.get(sample.BOOK, mine, actor))["id"] == str(mine)
    for actor in (NOBODY, Actor(uuid4(), "user")):
        with pytest.raises(NotThere):
            await reads.get(sample.BOOK, mine, actor)
    with pytest.raises(NotThere):
        await reads.get(sample.BOOK, uuid4(), SYSTEM)


async def test_what_is_deleted_is_neither_got_nor_listed(library: Library) -> None:
    gone = await library.book(isActive=False)
    with pytest.raises(NotThere):
        await library.side.reads.get(sample.BOOK, gone, MODERATOR)
    assert await library.titles() == []
    assert (await library.side.store.raw("book", gone) or {})["id"] == str(gone)


async def test_totals_and_pages_count_only_what_the_caller_sees(library: Library) -> None:
    for n in range(5):
        await library.book(shelfId=str(SHELVES["closed" if n % 2 else "open"]))
    for actor, total in ((ANNA, 5), (NOBODY, 3)):
        listed = await library.side.reads.list(sample.BOOK, [("pageRowCount", "2"), ("pageNumber", "2")], actor)
        assert listed.paging() == {
            "pageNumber": 2, "pageRowCount": 2, "totalRowCount": total, "pageCount": -(-total // 2),
        }  # fmt: skip
    past = await library.side.reads.list(sample.BOOK, [("pageNumber", "9" * 18)], NOBODY)
    assert (past.documents, past.total) == ([], 3)


async def test_the_newest_come_first_and_equals_in_the_order_of_their_ids(library: Library) -> None:
    for title, at in (("b", "2026-01-02"), ("c", "2026-01-02"), ("a", "2026-01-03")):
        await library.book(title=title, createdAt=f"{at}T00:00:00.000Z")
    assert await library.titles() == ["a", "b", "c"]


async def test_absent_values_come_last_either_way(library: Library) -> None:
    for title, price in (("ten", 10), ("nine", Decimal("9.50")), ("none", None), ("hundred", 100)):
        await library.book(title=title, price=price)
    assert await library.titles(("sortBy", "price"), ("sortOrder", "asc")) == ["nine", "ten", "hundred", "none"]
    assert await library.titles(("sortBy", "price"), ("sortOrder", "desc")) == ["hundred", "ten", "nine", "none"]


async def test_an_enum_is_ordered_by_name_or_by_place(library: Library) -> None:
    for genre in ("poetry", "cookery", "novel"):
        await library.book(title=genre, genre=genre)
    assert await library.titles(("sortBy", "genre"), ("sortOrder", "asc")) == ["cookery", "novel", "poetry"]
    assert await library.titles(("sortBy", "genre_idx"), ("sortOrder", "asc")) == ["novel", "poetry", "cookery"]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["emma"], {"Emma", "EMMA 2"}),
        (["emma", "STRASSE"], {"Emma", "Straße"}),
        (["É"], {"Café"}),
        (["100%"], {"100%"}),
        (["_"], {"a_b"}),
        (["\\"], {"back\\slash"}),
        (["null"], {None}),
        (["null", "emma"], {None, "Emma"}),
        (["'; DROP TABLE doc_book; --"], set()),
        ([""], {"Emma", "EMMA 2", "Straße", "Café", "100%", "a_b", "aXb", "back\\slash"}),
    ],
)
async def test_texts_are_matched_without_case_and_to_the_letter(
    library: Library, values: list[str], found: set[str | None]
) -> None:
    for title in ("Emma", "EMMA 2", "Straße", "Café", "100%", "a_b", "aXb", "back\\slash", None):
        await library.book(title=title)
    assert {*await library.titles(*(("title", value) for value in values))} == found


@pytest.mark.parametrize(
    ("parameter", "found"),
    [
        (("price", "5"), {"5"}),
        (("price", "5.00"), {"5"}),
        (("price", "$lt-5"), {"-1", "4.99"}),
        (("price", "$lte-5"), {"-1", "4.99", "5"}),
        (("price", "$gt-4.99"), {"5", "12"}),
        (("price", "$gte-4.99"), {"4.99", "5", "12"}),
        (("price", "$btw--1-5"), {"-1", "4.99", "5"}),
        (("price", "$btw-5-1"), set()),
        (("price", "null"), {"none"}),
        (("isLent", "true"), {"12"}),
        (("isLent", "null"), {"-1", "4.99", "5", "none"}),
        (("genre", "NOVEL"), {"12"}),
        (("shelfId", str(SHELVES["open"])), {"-1", "4.99", "5", "12", "none"}),
        (("ownerId", str(BEN.id)), set()),
    ],
)
async def test_numbers_truths_enums_and_ids(library: Library, parameter: tuple[str, str], found: set[str]) -> None:
    for price in ("-1", "4.99", "5", "12"):
        more = {"isLent": True, "genre": "novel"} if price == "12" else {}
        await library.book(title=price, price=Decimal(price), **more)
    await library.book(title="none")
    assert {*await library.titles(parameter)} == found


async def test_repeated_values_are_any_of_and_different_filters_all_hold(library: Library) -> None:
    for title, price, pages in (("a", 1, 10), ("b", 2, 10), ("c", 3, 20)):
        await library.book(title=title, price=price, pages=pages)
    assert {*await library.titles(("price", "1"), ("price", "$gt-2"))} == {"a", "c"}
    assert await library.titles(("price", "1"), ("price", "$gt-2"), ("pages", "20")) == ["c"]


@pytest.mark.parametrize(
    ("parameter", "found"),
    [
        (("dueDay", "2026-03-18"), {"here", "kiribati"}),
        (("dueDay", "$today"), {"here", "kiribati"}),
        (("dueDay", "$ltoday"), {"here", "tomorrow in kiribati", "yesterday on midway"}),
        (("dueDay", "$week"), {"here", "kiribati", "tomorrow in kiribati", "yesterday on midway", "sunday"}),
        (("dueDay", "$lin-2026-03-01"), {"here", "kiribati", "tomorrow in kiribati", "yesterday on midway", "sunday"}),
        (("dueDay", "$month"), {"here", "kiribati", "tomorrow in kiribati", "yesterday on midway", "sunday"}),
        (("dueDay", "$leq-2026-04-01"), {"april"}),
        (("dueDay", "2026-03-18T10:30:00Z"), {"here", "tomorrow in kiribati", "yesterday on midway"}),
        (("dueDay", "2026-03-18T12:30:00Z"), {"here", "tomorrow in kiribati"}),
        (("dueDay", "null"), {"never"}),
        (("dueAt", "$today"), {"noon"}),
        (("dueAt", "$leq-2026-03-19"), {"noon"}),
        (("dueAt", "$ltoday"), {"noon"}),
        (("dueAt", "$lweek"), {"noon"}),
        (("dueAt", "2026-03-18T12:00:00+01:00"), {"noon"}),
        (("dueAt", "2026-03-18T11:00:00.001Z"), set()),
    ],
)
async def test_days_by_utc_and_by_the_documents_own_zone(
    library: Library, parameter: tuple[str, str], found: set[str]
) -> None:
    library.world.now = datetime(2026, 3, 18, 10, 30, tzinfo=UTC)  # the 19th on Kiritimati, the 17th on Midway
    for title, day, zone in (
        ("here", "2026-03-18", None),
        ("kiribati", "2026-03-18", "Pacific/Kiritimati"),
        ("tomorrow in kiribati", "2026-03-19", "Pacific/Kiritimati"),
        ("yesterday on midway", "2026-03-17", "Pacific/Midway"),
        ("sunday", "2026-03-22", "Europe/Paris"),
        ("april", "2026-04-01", None),
        ("never", None, None),
    ):
        await library.book(title=title, dueDay=day, timeZone=zone)
    if parameter[0] == "dueAt":
        await library.book(title="noon", dueAt="2026-03-18T11:00:00.000Z", timeZone="Pacific/Kiritimati")
        # At Kiritimati it is the 19th at 01:00, and now the 19th at 00:30.
        found = {"noon"} if parameter[1] == "$ltoday" else found
    assert {*await library.titles(parameter)} == found


@pytest.mark.parametrize("value", ["$ltoday", "2026-07-01T22:30:00Z"])
async def test_which_date_it_is_where_is_not_the_databases_to_say(library: Library, value: str) -> None:
    """To PostgreSQL CET is an abbreviation, of an hour from UTC all year; and it may not know the newest zones."""
    library.world.now = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    for title, day, zone in (
        ("here", "2026-07-01", None),
        ("in summer time", "2026-07-02", "CET"),
        ("not yet", "2026-07-01", "CET"),
        ("in a zone of tomorrow", "2026-07-01", "Europe/Atlantis"),
    ):
        await library.book(title=title, dueDay=day, timeZone=zone)
    assert {*await library.titles(("dueDay", value))} == {"here", "in summer time"}


async def test_a_field_that_is_hidden_on_a_row_is_as_good_as_absent_there(library: Library) -> None:
    """Nothing about it leaks through filters, order or search."""
    await library.book(title="hers", note="gold", ownerId=str(ANNA.id))
    await library.book(title="his", note="gold", ownerId=str(BEN.id))
    await library.book(title="plain", ownerId=str(BEN.id))
    assert await library.titles(("note", "gold")) == ["hers"]
    assert {*await library.titles(("note", "null"))} == {"his", "plain"}
    assert await library.titles(("note", "gold"), actor=MODERATOR) == ["his", "hers"]
    assert await library.titles(("sortBy", "note"), ("sortOrder", "asc"), actor=BEN) == ["his", "hers", "plain"]
    with pytest.raises(Invalid):
        await library.titles(("note", "gold"), actor=NOBODY)


async def test_a_field_may_be_seen_by_whoever_sees_the_parent(library: Library) -> None:
    id = await library.book(shelfId=str(SHELVES["closed"]), onOpenShelf=True)
    assert "onOpenShelf" in await library.side.reads.get(sample.BOOK, id, BEN)
    assert "onOpenShelf" not in await library.side.reads.get(sample.BOOK, id, ANNA)


async def test_everything_at_once_needs_a_login_and_is_streamed(library: Library) -> None:
    for _ in range(30):
        await library.book()
    parameters = [("pageNumber", "0"), ("sortBy", "createdAt"), ("sortOrder", "asc")]
    with pytest.raises(NotAllowed):
        await library.side.reads.list(sample.BOOK, parameters, NOBODY)
    listed = await library.side.reads.list(sample.BOOK, parameters, ANNA)
    assert listed.documents is None
    assert listed.stream is not None
    titles = [document["title"] async for document in listed.stream]
    assert titles == [f"Book {n}" for n in range(1, 31)]
    assert listed.paging(30) == {"pageNumber": 0, "pageRowCount": 30, "totalRowCount": 30, "pageCount": 1}


async def test_a_resource_may_show_anothers_documents_and_others_not(library: Library) -> None:
    id = await library.book(title="Emma")
    assert await library.side.reads.get(sample.CARD, id, BEN) == {"id": str(id), "title": "Emma"}
    with pytest.raises(NotThere):
        await library.side.reads.get(sample.CARD, id, NOBODY)


async def test_a_keyword_is_looked_for_in_what_the_caller_sees(library: Library) -> None:
    await library.book(title="Persuasion", note="Bath")
    await library.book(title="The bathhouse", note=None, ownerId=str(BEN.id))
    await library.book(title="Emma", note="bath", ownerId=str(BEN.id))
    for actor, titles in ((ANNA, ["The bathhouse", "Persuasion"]), (NOBODY, ["The bathhouse"])):
        listed = await library.side.reads.list(sample.FOUND, [("keyword", "BATH")], actor)
        assert [document["title"] for document in listed.documents or ()] == titles


async def test_the_newest_with_a_value_is_found(library: Library) -> None:
    await library.book(title="old", shelfId=str(SHELVES["open"]))
    await library.book(title="new", shelfId=str(SHELVES["open"]))
    await library.book(title="newest, not seen", shelfId=str(SHELVES["closed"]))
    found = await library.side.reads.find_by(sample.BOOK, NOBODY, ownerId=ANNA.id)
    assert found["title"] == "new"
    with pytest.raises(NotThere):
        await library.side.reads.find_by(sample.BOOK, NOBODY, ownerId=None)


async def test_the_product_itself_selects_by_any_values(library: Library) -> None:
    await library.book(title="a", isLent=True, pages=3, price=Decimal("1.50"))
    await library.book(title="b", isLent=False, pages=3)
    select = library.side.store.select
    assert [d["title"] for d in await select("book", pages=3)] == ["a", "b"]
    assert [d["title"] for d in await select("book", pages=3, isLent=True, price=Decimal("1.5"))] == ["a"]
    assert [d["title"] for d in await select("book", price=None)] == ["b"]
    assert await select("book", ownerId=BEN.id) == []


async def test_the_usual_lists_and_lookups_are_read_by_index(library: Library) -> None:
    async with await psycopg.AsyncConnection.connect(library.world.conninfo, autocommit=True) as connection:
        rows = await (
            await connection.execute(
                "SELECT indexdef FROM pg_indexes WHERE tablename = 'doc_book' AND schemaname = current_schema()"
            )
        ).fetchall()
    text = " ".join(row[0] for row in rows)
    assert "(body ->> 'createdAt'::text)" in text
    assert "(body ->> 'shelfId'::text)" in text
    assert "(body ->> 'ownerId'::text)" in text
