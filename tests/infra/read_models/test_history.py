"""Who did what, when; and how things were."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from domain.errors import Invalid, NotAllowed, NotThere
from projections.projection import instant
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, BEN, MODERATOR, NOBODY, World


async def lent_book(world: World) -> tuple[sample.Book, list[str]]:
    """A book on Ben's open shelf that was priced by its owner, noted by staff and lent; and the instants of it all."""
    book = await world.book(await world.shelf(BEN), ANNA)
    instants = [instant(world.now)]
    book.price(99)
    await world.happen(book, actor=ANNA, name="priceBook")
    instants.append(instant(world.now))
    book.note("torn")
    await world.happen(book, actor=MODERATOR, name="noteBook")
    instants.append(instant(world.now))
    return book, instants


async def test_the_owner_reads_who_changed_what_and_when(world: World) -> None:
    side = await world.side()
    book, instants = await lent_book(world)
    await world.caught_up(side)
    first, priced, noted = await side.reads.history(sample.BOOK, book.id, ANNA)
    assert (first["event"], first["changes"]["title"], first["recordVersion"]) == ("book.shelved", "Emma", 1)
    assert priced == {
        "event": "book.priced",
        "at": instants[1],
        "actorId": str(ANNA.id),
        "role": "user",
        "command": "priceBook",
        "recordVersion": 2,
        "changes": {"price": Decimal("0.99")},
    }
    assert (noted["actorId"], noted["role"], noted["changes"]) == (str(MODERATOR.id), "moderator", {"note": "torn"})
    staff = await side.reads.history(sample.BOOK, book.id, MODERATOR)
    assert staff[2]["changes"] == {"note": "torn", "staffNote": "torn"}


async def test_it_is_for_the_owner_and_staff(world: World) -> None:
    side = await world.side()
    book, instants = await lent_book(world)
    await world.caught_up(side)
    for actor in (BEN, NOBODY):  # they see the book, not what was done to it
        assert await side.reads.get(sample.BOOK, book.id, actor)
        with pytest.raises(NotAllowed):
            await side.reads.history(sample.BOOK, book.id, actor)
        with pytest.raises(NotAllowed):
            await side.reads.as_of(sample.BOOK, book.id, instants[0], actor)
    for actor in (ANNA, BEN, MODERATOR):
        with pytest.raises(NotThere):
            await side.reads.history(sample.BOOK, uuid4(), actor)


async def test_who_does_not_see_the_resource_does_not_learn_that_it_has_a_history(world: World) -> None:
    side = await world.side()
    book = await world.book(await world.shelf(ANNA, opened=False), ANNA)
    await world.caught_up(side)
    with pytest.raises(NotThere):
        await side.reads.history(sample.BOOK, book.id, BEN)


async def test_a_resource_is_as_it_was_at_an_instant(world: World) -> None:
    side = await world.side()
    book, instants = await lent_book(world)
    await world.caught_up(side)

    async def was(at: str) -> Any:
        document = await side.reads.as_of(sample.BOOK, book.id, at, ANNA)
        return str(document["price"]), document["note"], document["recordVersion"]

    assert [await was(at) for at in instants] == [("12.5", None, 1), ("0.99", None, 2), ("0.99", "torn", 3)]
    assert await was("2999-01-01T00:00:00Z") == ("0.99", "torn", 3)
    with pytest.raises(NotThere):
        await was("2020-01-01T00:00:00Z")
    for text in ("yesterday", "2026-03-18", "2026-03-18T12:00:00", ""):
        with pytest.raises(Invalid):
            await was(text)


async def test_of_what_is_deleted_staff_alone_read_the_history(world: World) -> None:
    side = await world.side()
    book, instants = await lent_book(world)
    book.hide()
    await world.happen(book, actor=ANNA)
    await world.caught_up(side)
    history = await side.reads.history(sample.BOOK, book.id, MODERATOR)
    assert (history[-1]["event"], history[-1]["changes"]) == ("book.hidden", {"isActive": False})
    assert (await side.reads.as_of(sample.BOOK, book.id, instants[0], MODERATOR))["title"] == "Emma"
    with pytest.raises(NotThere):
        await side.reads.as_of(sample.BOOK, book.id, instant(world.now), MODERATOR)
    with pytest.raises(NotThere):
        await side.reads.history(sample.BOOK, book.id, ANNA)


async def test_an_event_that_changes_nothing_a_caller_sees_is_no_entry(world: World) -> None:
    side = await world.side()
    book = await world.book(await world.shelf(ANNA), ANNA)
    book.read(1)  # a fact about readings: the book's own document does not change
    await world.happen(book)
    await world.caught_up(side)
    assert [entry["event"] for entry in await side.reads.history(sample.BOOK, book.id, ANNA)] == ["book.shelved"]


async def test_of_a_timeless_field_no_history_and_no_past_state_tells_when_it_changed(world: World) -> None:
    side = await world.side()
    book, instants = await lent_book(world)
    await world.caught_up(side)
    fields = tuple(replace(field, timeless=field.name == "price") for field in sample.BOOK.fields)
    discreet = replace(sample.BOOK, fields=fields)
    present = await side.reads.get(discreet, book.id, ANNA)
    first, changed, _ = await side.reads.history(discreet, book.id, ANNA)
    assert "price" not in first["changes"]
    assert changed["changes"] == {}, "its version tells that something changed, not what"
    past = await side.reads.as_of(discreet, book.id, instants[0], ANNA)
    assert (past["price"], past["recordVersion"]) == (present["price"], 1)


async def test_as_of_the_instant_that_an_answer_told_it_is_as_that_answer_was(world: World) -> None:
    side = await world.side()
    world.now = world.now.replace(microsecond=123_456)  # answers tell milliseconds
    book, _ = await lent_book(world)
    await world.caught_up(side)
    present = await side.reads.get(sample.BOOK, book.id, ANNA)
    first = await side.reads.as_of(sample.BOOK, book.id, present["createdAt"], ANNA)
    assert (first["recordVersion"], first["createdAt"]) == (1, present["createdAt"])
    assert await side.reads.as_of(sample.BOOK, book.id, present["updatedAt"], ANNA) == present
