"""What commands ask of the read models, and the documents that their own events make."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from commands.ports import SOME
from domain.actor import SYSTEM
from domain.errors import NotThere
from domain.kernel import Aggregate, Fact, Recorded
from infra.read_models.for_commands import CommandDocuments
from infra.read_models.side import ReadSide
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, BEN, MODERATOR, NOW, World


def pending(*aggregates: Aggregate) -> list[Recorded]:
    """What these have decided and nobody has saved."""
    facts: list[Fact] = [fact for aggregate in aggregates for fact in aggregate.pending_events]  # type: ignore[misc]
    return [Recorded(0, fact, NOW, ANNA.id, "user", uuid4(), "do") for fact in facts]


def new_book(shelf: UUID) -> sample.Book:
    book = sample.Book.at(uuid4())
    book.shelve(shelf=shelf, owner=ANNA.id, title="Emma", genre="novel", price=1250, pages=3)  # type: ignore[arg-type]
    return book


async def test_what_was_just_recorded_is_found_at_once(world: World) -> None:
    side = await world.side()
    for n in range(20):
        shelf = await world.shelf(ANNA, f"place {n}")
        assert (await side.documents.find("shelf", shelf) or {})["place"] == f"place {n}"
    assert len(await side.documents.select("shelf", ownerId=ANNA.id)) == 20
    assert len(await side.documents.select("shelf", ownerId=SOME, place="place 7")) == 1
    assert await side.documents.exists("shelf", ownerId=SOME, place="place 7")
    assert not await side.documents.exists("shelf", ownerId=SOME, place="place 20")
    assert await side.documents.find("shelf", uuid4()) is None


async def test_a_new_document_is_folded_from_its_own_events_without_a_query(world: World) -> None:
    side = await world.side(run=False)
    book = new_book(uuid4())
    book.price(99)

    class NoLog:
        async def history(self, streams: Iterable[UUID], until: datetime | None = None) -> list[Recorded]:
            raise AssertionError(f"asked for {streams} until {until}")

    documents = CommandDocuments(side.store, side.waiting, NoLog(), {"book": sample.BOOKS}, {"book": sample.BOOK})
    await side.asking.close()
    shown = await documents.shown("book", book.id, pending(book), SYSTEM)
    assert (shown["price"], shown["recordVersion"], shown["genre_idx"]) == (Decimal("0.99"), 2, 0)


async def test_a_changed_document_is_as_its_caller_will_read_it(world: World) -> None:
    side = await world.side()
    shelf = await world.shelf(BEN, opened=False)
    book = await world.book(shelf, ANNA)
    book.note("gold")
    await world.happen(book)
    book.price(99)
    told = {
        actor: await side.documents.shown("book", book.id, pending(book), actor) for actor in (ANNA, BEN, MODERATOR)
    }
    await world.happen(book)
    await world.caught_up(side)
    for actor, document in told.items():
        read = await side.reads.get(sample.BOOK, book.id, actor)
        assert document == read | {"updatedAt": document["updatedAt"]}
    assert ("note" in told[ANNA], "staffNote" in told[ANNA], "onOpenShelf" in told[ANNA]) == (True, False, False)
    assert ("note" in told[BEN], "onOpenShelf" in told[BEN]) == (False, True)


async def test_what_others_recorded_meanwhile_at_the_same_version_is_not_mistaken_for_the_past(world: World) -> None:
    side = await world.side()
    book = await world.book(await world.shelf(ANNA), ANNA)
    mine = book.draft()
    book.price(50)
    await world.happen(book)
    mine.price(70)
    assert (await side.documents.shown("book", book.id, pending(mine), ANNA))["price"] == Decimal("0.70")


async def test_what_a_command_deletes_is_shown_once_more(world: World) -> None:
    side = await world.side()
    book = await world.book(await world.shelf(ANNA), ANNA)
    book.burn()
    shown = await side.documents.shown("book", book.id, pending(book), ANNA)
    assert (shown["title"], shown["isActive"]) == ("Emma", False)


@pytest.mark.parametrize("running", [True, False])
async def test_documents_that_are_no_streams_are_shown_all_at_once(world: World, running: bool) -> None:
    side: ReadSide = await world.side(run=running)
    book = await world.book(await world.shelf(ANNA), ANNA)
    book.read(2)
    await world.happen(book)
    book.read(3)
    ids = [sample.reading_of(book.id, n) for n in range(3)]
    shown = await side.documents.shown_all("reading", ids, pending(book), ANNA)
    assert [(document["number"], document["times"]) for document in shown] == [(0, 2), (1, 2), (2, 1)]


async def test_events_that_make_no_such_document_show_none(world: World) -> None:
    side = await world.side()
    with pytest.raises(NotThere):
        await side.documents.shown("book", uuid4(), [], ANNA)
