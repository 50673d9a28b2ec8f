"""What the journal of every event store keeps to: the key and the answer of what caused the events."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from commands.ports import Cause, Conflict, Key, KeyTaken
from tests.contracts.event_store import NOON, OpenStore, a_user, caused, moved
from tests.contracts.parcel import Parcel


class JournalContract:
    """A key is one command's, whoever comes with it, and its answer is kept."""

    async def test_a_key_is_kept_with_the_answer_and_the_position(self, open_store: OpenStore) -> None:
        one, other = await open_store(), await open_store()
        assert await one.kept("first") is None
        cause = caused(key=Key("first", b"fingerprint"), answer=b"told", actor=a_user())
        position = await moved(one, uuid4(), "Oslo", cause=cause)
        kept = await other.kept("first")
        assert kept is not None
        assert kept[:4] == (cause.id, b"fingerprint", b"told", position)
        assert kept.age >= 0

    async def test_another_command_with_the_same_key_records_nothing(self, open_store: OpenStore) -> None:
        one, other = await open_store(), await open_store()
        first = caused(key=Key("first", b"f"))
        await moved(one, uuid4(), "Oslo", cause=first)
        stream = uuid4()
        with pytest.raises(KeyTaken):
            await moved(other, stream, "Rome", cause=caused(key=Key("first", b"f")))
        assert (await other.load(Parcel, stream)).version == 0
        kept = await other.kept("first")
        assert kept is not None
        assert kept.command == first.id

    async def test_of_twins_at_once_one_is_recorded_and_the_others_are_told_that_the_key_is_taken(
        self, open_store: OpenStore
    ) -> None:
        stores, stream = [await open_store(), await open_store()], uuid4()
        twins = [moved(stores[n % 2], stream, "Oslo", cause=caused(key=Key("twin", b"f"))) for n in range(8)]
        ends = await asyncio.gather(*twins, return_exceptions=True)
        assert len([end for end in ends if isinstance(end, int)]) == 1
        assert len([end for end in ends if isinstance(end, KeyTaken)]) == 7

    async def test_a_command_may_save_twice_and_answer_with_the_second(self, open_store: OpenStore) -> None:
        store, actor = await open_store(), a_user()
        assert actor.session is not None
        cause = caused(key=Key("twice", b"f"), actor=actor)
        parcel = await store.load(Parcel, uuid4())
        parcel.move("Oslo")
        first = await store.save([parcel], cause)
        kept = await store.kept("twice")
        assert kept is not None
        assert (kept.answer, kept.position) == (None, first)

        parcel.move("Rome")
        answering = Cause(cause.id, cause.name, actor, NOON, key=cause.key, answer=b"told")
        second = await store.save([parcel], answering)
        kept = await store.kept("twice")
        assert kept is not None
        assert (kept.command, kept.answer, kept.position) == (cause.id, b"told", second)
        assert await store.last_position(actor.session) == second
        assert [event.command for event in await store.history([parcel.id])] == [cause.id, cause.id]

    async def test_a_command_that_saves_twice_can_lose_the_second_time(self, open_store: OpenStore) -> None:
        one, other = await open_store(), await open_store()
        cause = caused(key=Key("twice", b"f"))
        parcel = await one.load(Parcel, uuid4())
        parcel.move("Oslo")
        first = await one.save([parcel], cause)
        await moved(other, parcel.id, "Bonn")
        parcel.move("Rome")
        with pytest.raises(Conflict):
            await one.save([parcel], cause)
        kept = await one.kept("twice")
        assert kept is not None
        assert kept.position == first

    async def test_an_answer_can_be_filed_later(self, open_store: OpenStore) -> None:
        store = await open_store()
        cause = caused(key=Key("later", b"f"), actor=a_user())
        await moved(store, uuid4(), "Oslo", cause=cause)
        await store.answer(cause.id, b"told")
        kept = await store.kept("later")
        assert kept is not None
        assert kept.answer == b"told"

    async def test_an_answer_to_what_recorded_nothing_is_an_error(self, open_store: OpenStore) -> None:
        with pytest.raises(LookupError):
            await (await open_store()).answer(uuid4(), b"told")
