"""What is wrong is known for as long as it is wrong, whether anybody asks or not."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import psycopg
import pytest
from structlog.testing import capture_logs

from commands.ports import Unavailable
from infra.event_store.vigil import Vigil
from tests.contracts.event_store import moved
from tests.contracts.parcel import Parcel
from tests.infra.event_store.conftest import OpenPostgres

LOCK = "LOCK TABLE event IN EXCLUSIVE MODE"


async def until_over(vigil: Vigil) -> None:
    async with asyncio.timeout(20):
        if vigil._trying is not None:
            await vigil._trying
    assert vigil.trouble is None


async def test_it_ends_with_a_trial_that_succeeds_and_is_told_once() -> None:
    trials = [Unavailable("Full."), ValueError("a fault"), None]

    async def trial() -> None:
        if (error := trials.pop(0)) is not None:
            raise error

    vigil = Vigil("test", trial, every=0.0)
    with capture_logs() as lines:
        with pytest.raises(Unavailable), vigil.over():
            raise Unavailable("Full.")
        assert vigil.trouble is not None
        await until_over(vigil)
    await vigil.close()
    assert trials == []
    assert [line["told"] for line in lines] == [
        "Full.",
        "The database cannot do this now.",
        "Full. The database cannot do this now.",
    ]


async def test_what_is_no_trouble_of_the_database_begins_none() -> None:
    async def trial() -> None:
        raise AssertionError

    vigil = Vigil("test", trial, every=0.0)
    with pytest.raises(ValueError, match="mine"), vigil.over():
        raise ValueError("mine")
    assert vigil.trouble is None
    await vigil.close()


async def test_closed_it_tries_no_more() -> None:
    vigil = Vigil("test", asyncio.Event().wait, every=0.0)  # type: ignore[arg-type]
    with pytest.raises(Unavailable), vigil.over():
        raise Unavailable("Away.")
    await asyncio.sleep(0)
    await vigil.close()
    with pytest.raises(Unavailable), vigil.over():
        raise Unavailable("Closed.")
    assert [task for task in asyncio.all_tasks() if "Vigil" in str(task)] == []


async def test_a_store_that_cannot_append_says_so_until_it_can(open_store: OpenPostgres, log: str) -> None:
    store = await open_store(stall=0.5)
    parcel = Parcel.at(uuid4())
    position = await moved(store, parcel.id, "Oslo")
    async with await psycopg.AsyncConnection.connect(log) as other:
        await other.execute(LOCK)
        with pytest.raises(Unavailable):
            await moved(store, parcel.id, "Rome")
        assert store.trouble == "The database took too long to answer."
        await other.rollback()
    await until_over(store._vigil)
    found = await store.load(Parcel, parcel.id, fresh=True)
    assert found.places == ("Oslo",)
    page = await store.read(position, 10)
    assert page.events == [], "no trial is left in the log"
