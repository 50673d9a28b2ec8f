"""What every event store keeps to. A subclass brings the fixture `open_store`: it opens stores on the same log."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from commands.ports import Cause, Conflict, EventStore, Key, KeyTaken, Wanted, WrongKind
from domain.actor import SYSTEM, Actor
from domain.kernel import Recorded
from tests.contracts.parcel import Letter, Parcel

OpenStore = Callable[[], Awaitable[EventStore]]
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def caused(name: str = "move", *, actor: Actor = SYSTEM, at: datetime = NOON, **more: Any) -> Cause:
    """A new command."""
    return Cause(uuid4(), name, actor, at, **more)


def a_user() -> Actor:
    """Somebody, in a session of their own."""
    return Actor(uuid4(), "user", uuid4())


async def moved(store: EventStore, stream: UUID, *places: str, cause: Cause | None = None) -> int:
    """The position after moving a parcel."""
    parcel = await store.load(Parcel, stream)
    for place in places:
        parcel.move(place)
    return await store.save([parcel], cause or caused())


async def everything(store: EventStore, *, after: int = 0, until: int, limit: int = 100) -> list[Recorded]:
    """What a follower is given, page by page, on the way to that position."""
    events: list[Recorded] = []
    async with asyncio.timeout(20):
        while after < until:
            page = await store.read(after, limit)
            assert page.position >= after
            assert len(page.events) <= limit
            events += page.events
            after = page.position
    return events


def places(events: list[Recorded]) -> list[str]:
    """Where the parcel was, by these events."""
    return [event.fact.place for event in events]  # type: ignore[attr-defined]


class EventStoreContract:
    """Streams to decide on, one settled order to follow, and a journal of what caused it all."""

    async def test_a_stream_to_which_nothing_happened_is_at_version_0(self, open_store: OpenStore) -> None:
        parcel = await (await open_store()).load(Parcel, uuid4())
        assert (parcel.version, parcel.places) == (0, ())

    async def test_what_one_store_saved_another_loads(self, open_store: OpenStore) -> None:
        one, other = await open_store(), await open_store()
        stream = uuid4()
        await moved(one, stream, "Oslo", "Rome")
        found = await other.load(Parcel, stream)
        assert (found.id, found.version, found.places) == (stream, 2, ("Oslo", "Rome"))

    async def test_positions_grow(self, open_store: OpenStore) -> None:
        store = await open_store()
        first = await moved(store, uuid4(), "Oslo")
        second = await moved(store, uuid4(), "Rome", "Bonn")
        assert 0 < first < second

    async def test_after_saving_nothing_is_pending_and_one_may_go_on(self, open_store: OpenStore) -> None:
        store = await open_store()
        parcel = await store.load(Parcel, uuid4())
        for place in ("Oslo", "Rome"):
            parcel.move(place)
            await store.save([parcel], caused())
            assert parcel.pending_events == []
        assert (await store.load(Parcel, parcel.id, fresh=True)).places == ("Oslo", "Rome")

    async def test_saving_what_decided_nothing_is_an_error(self, open_store: OpenStore) -> None:
        store = await open_store()
        parcel = await store.load(Parcel, uuid4())
        with pytest.raises(ValueError, match="nothing to record"):
            await store.save([parcel], caused())

    async def test_of_two_decisions_on_one_version_the_second_is_a_conflict(self, open_store: OpenStore) -> None:
        one, other = await open_store(), await open_store()
        stream = uuid4()
        late = await one.load(Parcel, stream)
        await moved(other, stream, "Oslo")
        late.move("Rome")
        with pytest.raises(Conflict) as conflict:
            await one.save([late], caused())
        assert not isinstance(conflict.value, KeyTaken)
        assert (await one.load(Parcel, stream)).places == ("Oslo",), "after a conflict one decides on the newest"

    async def test_a_save_is_recorded_whole_or_not_at_all(self, open_store: OpenStore) -> None:
        one, other = await open_store(), await open_store()
        late, untouched = await one.load(Parcel, uuid4()), await one.load(Parcel, uuid4())
        await moved(other, late.id, "Oslo")
        untouched.move("Rome")
        late.move("Rome")
        cause = caused(key=Key("whole", b"f"))
        with pytest.raises(Conflict):
            await one.save([untouched, late], cause)
        assert (await other.load(Parcel, untouched.id)).version == 0
        assert await other.kept("whole") is None

    async def test_many_at_once_on_one_stream_are_recorded_one_after_the_other(self, open_store: OpenStore) -> None:
        stores, stream = [await open_store(), await open_store()], uuid4()

        async def insist(store: EventStore, place: str) -> None:
            while True:
                parcel = await store.load(Parcel, stream, fresh=True)
                parcel.move(place)
                try:
                    await store.save([parcel], caused())
                except Conflict:
                    continue
                return

        await asyncio.gather(*(insist(stores[n % 2], f"place {n}") for n in range(24)))
        found = await stores[0].load(Parcel, stream, fresh=True)
        assert sorted(found.places) == sorted(f"place {n}" for n in range(24))

    async def test_a_draft_that_was_not_saved_is_seen_by_nobody(self, open_store: OpenStore) -> None:
        store, stream = await open_store(), uuid4()
        await moved(store, stream, "Oslo")
        (await store.load(Parcel, stream)).move("Rome")
        assert (await store.load(Parcel, stream)).places == ("Oslo",)

    async def test_fresh_sees_what_others_have_added(self, open_store: OpenStore) -> None:
        one, other = await open_store(), await open_store()
        stream = uuid4()
        await moved(one, stream, "Oslo")
        await moved(other, stream, "Rome")
        assert (await one.load(Parcel, stream, fresh=True)).places == ("Oslo", "Rome")
        assert (await one.load(Parcel, stream)).places == ("Oslo", "Rome"), "and it is remembered"

    async def test_several_are_loaded_at_once_each_as_fresh_as_it_is_asked_for(self, open_store: OpenStore) -> None:
        one, other = await open_store(), await open_store()
        known, fresh, new = uuid4(), uuid4(), uuid4()
        for stream in (known, fresh):
            await moved(one, stream, "Oslo")
            await moved(other, stream, "Rome")
        wanted = (Wanted(Parcel, fresh, fresh=True), Wanted(Letter, new), Wanted(Parcel, known))
        found = await one.load_all(wanted)
        assert [(type(draft), draft.id) for draft in found] == [(kind, stream) for kind, stream, _ in wanted]
        assert [draft.version for draft in found] == [2, 0, 1]
        assert await one.load_all(()) == []

    async def test_one_of_the_wrong_kind_among_several_is_found_out(self, open_store: OpenStore) -> None:
        store, stream = await open_store(), uuid4()
        await moved(store, stream, "Oslo")
        with pytest.raises(WrongKind):
            await store.load_all((Wanted(Parcel, uuid4()), Wanted(Letter, stream, fresh=True)))

    async def test_a_stream_is_of_one_kind_once_something_happened_to_it(self, open_store: OpenStore) -> None:
        one, other = await open_store(), await open_store()
        stream = uuid4()
        assert (await one.load(Letter, stream)).version == 0
        await moved(one, stream, "Oslo")
        for store in (one, other):
            with pytest.raises(WrongKind):
                await store.load(Letter, stream)

    async def test_an_event_is_recorded_with_who_caused_it_when_and_by_which_command(
        self, open_store: OpenStore
    ) -> None:
        store, actor = await open_store(), a_user()
        cause = caused("sendParcel", actor=actor, at=NOON + timedelta(microseconds=1))
        stream = uuid4()
        position = await moved(store, stream, "Oslo", cause=cause)
        (event,) = await everything(store, until=position)
        assert (event.position, event.stream, event.version, event.name) == (
            position,
            stream,
            1,
            "test.parcel.moved.v1",
        )
        assert (event.command, event.command_name, event.at) == (cause.id, "sendParcel", cause.at)
        assert (event.actor, event.role) == (actor.id, "user")

    async def test_the_log_is_read_in_order_page_by_page(self, open_store: OpenStore) -> None:
        store, stream = await open_store(), uuid4()
        for n in range(7):
            position = await moved(store, stream, f"place {n}")
        events = await everything(store, until=position, limit=3)
        assert places(events) == [f"place {n}" for n in range(7)]
        assert [event.position for event in events] == sorted({event.position for event in events})
        assert places(await everything(store, after=events[3].position, until=position)) == [
            "place 4",
            "place 5",
            "place 6",
        ]

    async def test_who_wrote_and_who_did_not_read_the_same(self, open_store: OpenStore) -> None:
        one, other = await open_store(), await open_store()
        position = await moved(one, uuid4(), "Oslo", "Rome")
        own = await everything(one, until=position)
        assert own == await everything(other, until=position) == await everything(one, until=position)
        assert places(own) == ["Oslo", "Rome"]

    async def test_past_the_end_there_is_nothing_and_the_position_stays(self, open_store: OpenStore) -> None:
        store = await open_store()
        assert await store.read(0, 10) == ([], 0)
        position = await moved(store, uuid4(), "Oslo")
        await everything(store, until=position)
        assert await store.read(position, 10) == ([], position)

    async def test_the_head_comes_to_what_was_recorded(self, open_store: OpenStore) -> None:
        store = await open_store()
        assert await store.head() == 0
        position = await moved(store, uuid4(), "Oslo")
        await everything(store, until=position)
        assert await store.head() == position

    async def test_history_is_that_of_the_streams_asked_for_up_to_an_instant(self, open_store: OpenStore) -> None:
        store = await open_store()
        one, other, third = uuid4(), uuid4(), uuid4()
        for hours, (stream, place) in enumerate([(one, "Oslo"), (other, "Rome"), (third, "Bonn"), (one, "Riga")]):
            await moved(store, stream, place, cause=caused(at=NOON + timedelta(hours=hours)))
        assert places(await store.history([other, one])) == ["Oslo", "Rome", "Riga"]
        assert places(await store.history([other, one], NOON + timedelta(hours=1))) == ["Oslo", "Rome"]
        assert await store.history([uuid4()]) == []

    async def test_a_session_is_known_by_its_newest_event(self, open_store: OpenStore) -> None:
        one, other = await open_store(), await open_store()
        actor = a_user()
        assert actor.session is not None
        assert await one.last_position(actor.session) == 0
        await moved(one, uuid4(), "Oslo", cause=caused(actor=actor))
        newest = await moved(one, uuid4(), "Rome", cause=caused(actor=actor))
        await moved(one, uuid4(), "Bonn", cause=caused(actor=a_user()))
        assert await other.last_position(actor.session) == newest

    async def test_streams_and_where_a_session_came_to_are_known_together(self, open_store: OpenStore) -> None:
        """As of one moment, though the stream is cached, and the session may have done nothing."""
        one, other = await open_store(), await open_store()
        actor, silent, stream = a_user(), a_user(), uuid4()
        assert actor.session is not None
        assert silent.session is not None
        await moved(one, stream, "Oslo", cause=caused(actor=actor))
        wanted = [Wanted(Parcel, stream, fresh=True), Wanted(Parcel, uuid4(), fresh=True)]
        for place in ("Rome", "Bonn"):
            newest = await moved(other, stream, place, cause=caused(actor=actor))
            (parcel, nothing), position = await one.load_and_position(wanted, actor.session)
            assert isinstance(parcel, Parcel)
            assert (parcel.places[-1], nothing.version, position) == (place, 0, newest)
        assert (await one.load_and_position(wanted[:1], silent.session))[1] == 0
        assert await one.load_and_position([], actor.session) == ([], newest)

    async def test_what_many_ask_at_once_is_answered_to_each(self, open_store: OpenStore) -> None:
        store = await open_store()
        known = {uuid4(): uuid4() for _ in range(5)}
        """By session: the stream that it moves."""
        last = [
            await moved(store, stream, place, cause=caused(actor=Actor(uuid4(), "user", session)))
            for place, (session, stream) in zip("abcde", known.items(), strict=True)
        ]
        together, alone = (
            await asyncio.gather(
                *(store.load_and_position([Wanted(Parcel, stream, True)], session) for session, stream in known.items())
            ),
            await asyncio.gather(*(store.last_position(session) for session in known)),
        )
        assert [position for _, position in together] == alone == last
        assert [parcel.id for (parcel,), _ in together] == [*known.values()]
