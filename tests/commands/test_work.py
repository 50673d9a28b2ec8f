"""A unit of work: one draft a stream, caught up where the decision asks for it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from commands.ports import Cause
from commands.work import Work
from domain.actor import SYSTEM
from domain.claim import Claim
from infra.event_store import Codec, PostgresEventStore
from infra.postgres.migrate import migrate

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def cause() -> Cause:
    return Cause(uuid4(), "test", SYSTEM, NOW)


async def taken(store: PostgresEventStore, stream: UUID, holder: UUID) -> None:
    claim = await store.load(Claim, stream, fresh=True)
    claim.take(holder, "TAKEN", "It is taken.")
    await store.save([claim], cause())


async def test_a_draft_asked_for_fresh_is_caught_up_wherever_it_is_held(database: str) -> None:
    await migrate(database)
    services: Any = None
    codec, stream, other = Codec([Claim]), Claim.id_of("name", "Hanna"), uuid4()
    async with PostgresEventStore(database, codec) as here, PostgresEventStore(database, codec) as there:
        work = Work(here, services, cause(), real_now=NOW)
        draft = await work.load(Claim, stream)
        await taken(there, stream, other)
        assert draft.holder is None
        assert (await work.load(Claim, stream)) is draft
        caught_up = await work.load(Claim, stream, fresh=True)
        assert caught_up is draft
        assert draft.holder == other
        assert work.from_cache


async def test_what_is_decided_already_is_not_overtaken(database: str) -> None:
    await migrate(database)
    services: Any = None
    stream, mine = Claim.id_of("name", "Hanna"), uuid4()
    async with PostgresEventStore(database, Codec([Claim])) as store:
        work = Work(store, services, cause(), real_now=NOW)
        draft = await work.load(Claim, stream)
        draft.take(mine, "TAKEN", "It is taken.")
        assert (await work.load(Claim, stream, fresh=True)) is draft
        assert work.changed == [draft]
        assert [fact.TOPIC for fact in (recorded.fact for recorded in work.pending())] == ["claim.taken.v1"]
