"""What is set aside for a read model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from infra.postgres.connected import connected
from infra.postgres.migrate import migrate
from infra.read_models.dead_letters import LONGEST_REASON, DeadLetters, SetAside

ONE, TWO = uuid4(), uuid4()
PRICED = SetAside(7, "book.priced.v1")
LENT, BACK = SetAside(9, "book.lent.v1"), SetAside(12, "book.returned.v1")


@pytest.fixture
async def letters(database: str) -> AsyncIterator[DeadLetters]:
    await migrate(database)
    async with connected(database) as connection:
        yield DeadLetters(connection)


async def test_an_event_is_set_aside_with_its_reason_and_what_follows_behind_it(letters: DeadLetters) -> None:
    """The first tells why, the others follow it in order."""
    await letters.set_aside("book", ONE, [PRICED, LENT], "no such price", tries=5)
    await letters.set_aside("book", ONE, [BACK])
    (found,) = await letters.found()
    assert (found.model, found.subject, found.name, found.position) == ("book", ONE, *reversed(PRICED))
    assert (found.reason, found.tries, found.events) == ("no such price", 5, 3)
    assert await letters.events("book", ONE) == [PRICED, LENT, BACK]


async def test_each_model_and_subject_has_its_own(letters: DeadLetters) -> None:
    """What is set aside for one model, or of one stream, is not for another."""
    await letters.set_aside("book", ONE, [PRICED], "why")
    await letters.set_aside("book", TWO, [LENT], "why")
    await letters.set_aside("reading", ONE, [LENT], "why")
    assert await letters.subjects(["book", "shelf"]) == {"book": {ONE, TWO}}
    assert await letters.counts(["book", "reading", "shelf"]) == {"book": 2, "reading": 1}
    assert [letter.model for letter in await letters.found(subject=ONE)] == ["book", "reading"]
    assert [letter.subject for letter in await letters.found(["reading"])] == [ONE]


async def test_what_fails_again_counts_its_tries_and_keeps_the_newest_reason(letters: DeadLetters) -> None:
    """Setting aside twice changes nothing else."""
    await letters.set_aside("book", ONE, [PRICED, LENT], "first", tries=5)
    await letters.set_aside("book", ONE, [PRICED, LENT], "second")
    (found,) = await letters.found()
    assert (found.reason, found.tries, found.events) == ("second", 6, 2)


async def test_a_try_that_fails_again_is_told_of_the_first(letters: DeadLetters) -> None:
    """With the newest reason; what follows waits as it did, and what is given up by then stays so."""
    await letters.set_aside("book", ONE, [PRICED, LENT], "first")
    await letters.failed_again("book", ONE, "second")
    await letters.failed_again("book", TWO, "second")
    (found,) = await letters.found()
    assert (found.subject, found.reason, found.tries, found.events) == (ONE, "second", 2, 2)
    assert await letters.remove("book", ONE) == 2
    await letters.failed_again("book", ONE, "third")
    assert await letters.found() == []


async def test_a_reason_is_kept_whatever_is_in_it(letters: DeadLetters) -> None:
    """Neither its length nor a NUL keeps an event from being set aside."""
    await letters.set_aside("book", ONE, [PRICED], "\x00" + "x" * 2 * LONGEST_REASON)
    (found,) = await letters.found()
    assert found.reason == "x" * LONGEST_REASON


async def test_what_was_taken_in_or_given_up_is_forgotten(letters: DeadLetters) -> None:
    """The subject is like any other again."""
    await letters.set_aside("book", ONE, [PRICED, LENT], "why")
    assert await letters.remove("book", ONE) == 2
    assert await letters.remove("book", ONE) == 0
    assert await letters.found() == []


async def test_dead_letters_move_with_their_table(letters: DeadLetters) -> None:
    """Those of a rebuild take the place of the live table's."""
    await letters.set_aside("book", ONE, [PRICED], "before")
    await letters.set_aside("book/rebuild", TWO, [LENT], "after")
    await letters.replace("book", "book/rebuild")
    assert [(letter.model, letter.subject) for letter in await letters.found()] == [("book", TWO)]
