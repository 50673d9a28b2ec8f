"""Operators as outside systems read them: the list, and the feed that loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from commands.operators import (
    CreateOperator,
    DeleteOperator,
    UpdateOperator,
    create_operator,
    delete_operator,
    update_operator,
)
from domain.actor import SYSTEM
from domain.claim import Claim
from domain.errors import Invalid, NotThere, Refused
from domain.operator import Operator
from domain.resources.operators import OPERATOR
from infra.event_store import Codec, PostgresEventStore
from infra.postgres.migrate import migrate
from infra.read_models.asking import Asking
from infra.read_models.catalogue import prepare
from infra.read_models.documents import DocumentModel
from infra.read_models.feed import FeedModel
from infra.read_models.model import Model, by_name
from infra.read_models.progress import Progress
from infra.read_models.rebuild import rebuild
from infra.read_models.runner import Runner
from infra.read_models.store import PostgresFeedStore, PostgresReadStore
from infra.read_models.waiting import Waiting
from projections.operators import OPERATOR_FEED, OPERATORS
from read_api.operators import OperatorReads
from tests.commands.desk import Desk

WRITERS = 6
EACH = 12
"""Operators that one writer makes, changes and deletes."""


@dataclass
class Office:
    """Operators, written and read."""

    desk: Desk
    reads: OperatorReads
    waiting: Waiting
    models: dict[str, Model]
    conninfo: str
    project: Callable[[], Coroutine[Any, Any, None]]
    projector: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.projector = asyncio.create_task(self.project())

    async def crash(self) -> None:
        """End the projector wherever it is; what it had not committed is lost."""
        assert self.projector
        self.projector.cancel()
        with suppress(asyncio.CancelledError):
            await self.projector

    async def made(self, **other: Any) -> UUID:
        body = {"email": f"{uuid4()}@b2b.example", "name": "Olga", "phone": "987654321"} | other
        answer = await self.desk.run(create_operator, CreateOperator.model_validate(body))
        return UUID(answer.extra["operatorId"])

    async def change(self, id: UUID, name: str) -> None:
        asked = UpdateOperator.model_validate({"operatorId": id, "name": name, "phone": "1"})
        await self.desk.run(update_operator, asked)

    async def delete(self, id: UUID) -> None:
        await self.desk.run(delete_operator, DeleteOperator(operator_id=id))

    async def feed(self, **asked: Any) -> dict[str, Any]:
        return await self.reads.synchronization([(name, str(value)) for name, value in asked.items()])

    async def settled(self) -> None:
        await self.waiting.until_now(self.models.keys(), 10)


@pytest.fixture
async def office(database: str) -> AsyncIterator[Office]:
    await migrate(database)
    models = by_name([DocumentModel(OPERATORS, [OPERATOR]), FeedModel(OPERATOR_FEED)])
    await prepare(database, models)
    progress = Progress()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(PostgresEventStore(database, Codec([Operator, Claim])))
        asking = await stack.enter_async_context(Asking(database))
        waiting = Waiting(asking, progress, store.end)
        documents = PostgresReadStore(asking, {"operator": OPERATOR}, waiting)
        reads = OperatorReads(documents, PostgresFeedStore(asking, progress))
        desk = Desk(store, datetime(2026, 6, 1, tzinfo=UTC))
        project = Runner(database, store, models, progress, page=20).run
        office = Office(desk, reads, waiting, models, database, project)
        await office.start()
        yield office
        await office.crash()


async def test_a_poller_sees_every_event_exactly_once_in_order_whatever_is_written_or_crashes(office: Office) -> None:
    done = asyncio.Event()

    async def write() -> list[UUID]:
        mine = []
        for number in range(EACH):
            id = await office.made()
            await office.change(id, f"Olga {number}")
            if number % 2:
                await office.delete(id)
            mine.append(id)
        return mine

    async def stumble() -> None:
        while not done.is_set():
            await asyncio.sleep(0.1)  # long enough to do something, too short to do it all
            await office.crash()
            await office.start()

    async def poll() -> list[tuple[UUID, str]]:
        seen: list[tuple[UUID, str]] = []
        start, last_look = 1, False
        while True:
            page = await office.feed(startId=start, numberOfEvents=7, wait="0.05")
            assert page["nextId"] >= start
            seen += [(event["operatorId"], event["type"]) for event in page["events"]]
            if page["nextId"] == start and last_look:
                return seen
            if page["nextId"] == start and done.is_set():
                await office.settled()
                last_look = True
            start = page["nextId"]

    poller, stumbler = asyncio.create_task(poll()), asyncio.create_task(stumble())
    made = await asyncio.gather(*(write() for _ in range(WRITERS)))
    done.set()
    await stumbler
    seen = await poller
    names = {"operator.created.v1": "CREATE", "operator.updated.v1": "UPDATE", "operator.deleted.v1": "DELETE"}
    assert seen == [(e.stream, names[e.name]) for e in await office.desk.log() if e.name in names]
    assert len(seen) == WRITERS * EACH * 5 // 2
    for id in (id for ids in made for id in ids):
        types = [type for operator, type in seen if operator == id]
        assert types in (["CREATE", "UPDATE"], ["CREATE", "UPDATE", "DELETE"])


class TestFeed:
    async def test_an_empty_feed_is_caught_up_from_the_start(self, office: Office) -> None:
        assert await office.feed() == {"nextId": 1, "events": []}
        assert await office.feed(startId=1, contexts="INTEGRATIONS") == {"nextId": 1, "events": []}

    async def test_numbers_begin_at_1_and_have_no_gaps(self, office: Office) -> None:
        olga, ben = await office.made(), await office.made()
        await office.change(olga, "Olga N.")
        await office.delete(ben)
        await office.settled()
        told = [(olga, "CREATE"), (ben, "CREATE"), (olga, "UPDATE"), (ben, "DELETE")]
        events = [{"operatorId": id, "type": type} for id, type in told]
        assert await office.feed() == {"nextId": 5, "events": events}
        for start in range(1, 5):
            one = await office.feed(startId=start, numberOfEvents=1)
            assert one == {"nextId": start + 1, "events": events[start - 1 : start]}

    async def test_filtered_entries_are_covered_too(self, office: Office) -> None:
        olga = await office.made()
        await office.change(olga, "Olga N.")
        await office.settled()
        assert await office.feed(eventTypes="DELETE") == {"nextId": 3, "events": []}
        assert await office.feed(eventTypes="DELETE", numberOfEvents=1) == {"nextId": 2, "events": []}
        both = await office.reads.synchronization([("eventTypes", "CREATE"), ("eventTypes", "UPDATE,DELETE")])
        assert both == await office.feed()

    async def test_nobody_skips_unseen(self, office: Office) -> None:
        await office.made()
        await office.settled()
        assert await office.feed(startId=2) == {"nextId": 2, "events": []}
        for ahead in (3, 10**12, 10**29):
            with pytest.raises(Refused) as refusal:
                await office.feed(startId=ahead, wait=30)
            assert (refusal.value.rule, refusal.value.detail) == ("START_ID_AHEAD", {"head": 1})

    async def test_a_long_poll_answers_with_the_first_entry(self, office: Office) -> None:
        poll = asyncio.create_task(office.feed(startId=1, wait=30))
        olga = await office.made()
        assert await poll == {"nextId": 2, "events": [{"operatorId": olga, "type": "CREATE"}]}

    async def test_a_long_poll_that_sees_nothing_is_caught_up(self, office: Office) -> None:
        assert await office.feed(wait="0.01") == {"nextId": 1, "events": []}

    async def test_an_update_that_changes_nothing_and_a_second_delete_add_nothing(self, office: Office) -> None:
        olga = await office.made(name="Olga", phone="1")
        await office.change(olga, "Olga")
        await office.delete(olga)
        with suppress(NotThere):
            await office.delete(olga)
        await office.settled()
        assert [event["type"] for event in (await office.feed())["events"]] == ["CREATE", "DELETE"]

    async def test_a_rebuild_gives_the_same_numbers(self, office: Office) -> None:
        for _ in range(5):
            await office.change(await office.made(), "Ben")
        await office.settled()
        before = await office.feed()
        feed = office.models["operator_feed"]
        await rebuild(office.conninfo, office.desk.store, feed, lambda *_: None)
        assert await office.feed() == before


@pytest.mark.parametrize(
    "wrong",
    [
        *({"startId": value} for value in ("0", "-1", "1.5", "x", "", "9" * 31, "²")),
        *({"numberOfEvents": value} for value in ("0", "10001", "many")),
        *({"eventTypes": value} for value in ("PATCH", "create", "CREATE,", "")),
        *({"contexts": value} for value in ("EXPORTS", "INTEGRATIONS,EXPORTS", "")),
        *({"wait": value} for value in ("31", "-1", "soon", "30.5")),
        {"colour": "red"},
    ],
)
async def test_a_parameter_that_does_not_fit_is_named(wrong: dict[str, str]) -> None:
    class Untouched:
        """Wrong parameters are refused before anything is read."""

    reads = OperatorReads(Untouched(), Untouched())  # type: ignore[arg-type]
    with pytest.raises(Invalid) as invalid:
        await reads.synchronization(wrong.items())
    assert invalid.value.detail["fields"].keys() == wrong.keys()


class TestList:
    async def test_pages_are_as_the_reference_has_them(self, office: Office) -> None:
        made = [await office.made(isActive=bool(number % 2)) for number in range(5)]
        await office.settled()
        pages = [await office.reads.page([("pageNumber", n), ("pageSize", "2")], SYSTEM) for n in ("1", "2", "3", "4")]
        assert {item["id"] for page in pages for item in page["items"]} == {str(id) for id in made}
        assert [len(page["items"]) for page in pages] == [2, 2, 1, 0]
        assert [page["nextPage"] for page in pages] == [2, 3, None, None]
        assert all(page["listElement"] == page["items"] for page in pages)
        counts = [(p["totalElement"], p["totalItems"], p["totalPages"], p["pageSize"]) for p in pages]
        assert counts == [(5, 5, 3, 2)] * 4

    async def test_the_usual_page_is_the_first_hundred(self, office: Office) -> None:
        page = await office.reads.page([], SYSTEM)
        assert (page["pageNumber"], page["pageSize"], page["items"], page["nextPage"]) == (1, 100, [], None)

    @pytest.mark.parametrize("wrong", [("pageNumber", "0"), ("pageSize", "0"), ("pageSize", "1001"), ("q", "x")])
    async def test_a_page_that_is_none_is_refused(self, office: Office, wrong: tuple[str, str]) -> None:
        with pytest.raises(Invalid):
            await office.reads.page([wrong], SYSTEM)

    async def test_a_page_far_past_the_end_is_empty(self, office: Office) -> None:
        assert (await office.reads.page([("pageNumber", "9" * 30)], SYSTEM))["items"] == []

    async def test_one_operator_is_shown_bare_until_it_is_deleted(self, office: Office) -> None:
        olga = await office.made(isActive=False)
        await office.settled()
        shown = await office.reads.one(olga, SYSTEM)
        assert list(shown) == ["id", *(field.name for field in OPERATOR.fields if field.shown)]
        assert (shown["id"], shown["isActive"]) == (str(olga), False)
        await office.delete(olga)
        await office.settled()
        with pytest.raises(NotThere):
            await office.reads.one(olga, SYSTEM)
