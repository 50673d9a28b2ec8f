"""What the documents answer to gets and lists."""

from __future__ import annotations

from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest

from domain.actor import SYSTEM, Actor
from domain.errors import Invalid, NotAllowed, NotThere
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, BEN, MODERATOR, NOBODY
from tests.infra.read_models.library import SHELVES, Library


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


async def test_a_page_of_more_than_can_be_told_at_once_is_refused(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that callers write may be long: a thousand of the longest would take gigabytes of memory."""
    for day, length in enumerate((10, 4_000, 4_000, 10), start=1):
        await library.book(title="a" * length, createdAt=f"2026-01-0{day}T00:00:00.000Z")
    monkeypatch.setattr("infra.read_models.statements.MOST_BYTES", 6_000)
    for rows in ("2", "1"):
        page = [("pageRowCount", rows), ("pageNumber", "2")]
        assert [len(title) for title in await library.titles(*page)] == ([4_000, 10] if rows == "2" else [4_000])
    for rows in ("3", "1000"):
        with pytest.raises(Invalid) as refusal:
            await library.titles(("pageRowCount", rows))
        assert [*refusal.value.detail["fields"]] == ["pageRowCount"]


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
