"""`innkeep restored`: what is to be done once after the database came back from an older copy."""

from __future__ import annotations

from contextlib import AsyncExitStack
from pathlib import Path

from infra.cli.main import fail
from infra.cli.operate import console, operate
from infra.event_store import PostgresEventStore
from infra.kafka import wire_of
from infra.kafka.lanes import topic_of
from infra.kafka.wire import KafkaAway
from infra.opensearch.client import Refused
from infra.opensearch.wiring import opensearch_of
from infra.read_models.side import ReadSide
from infra.restored import Restored, go_on
from infra.settings import Settings


def run(data: Path) -> None:
    """Does it, and prints what was found. Exits 2 with one line if somebody who has to be asked is away."""

    async def on_it(settings: Settings, conninfo: str, store: PostgresEventStore, side: ReadSide) -> None:
        async with AsyncExitStack() as stack:
            made = wire_of(settings)
            wire = await stack.enter_async_context(made) if made else None
            found = opensearch_of(settings, conninfo, store, side)
            search = await stack.enter_async_context(found) if found else None
            try:
                done = await go_on(conninfo, wire, topic_of(settings.kafka_prefix), search)
            except KafkaAway as away:
                fail(f"Kafka has to be asked how far it was told: {away}")
            except Refused as refused:
                fail(f"OpenSearch has to be asked how far it was told, and refuses: {refused}")
        _print(done)

    operate(data, on_it)


def _print(done: Restored) -> None:
    say = console().print
    say(f"The log ends at position {done.end}.")
    for name, position in done.told.items():
        say(f"{name} was told up to {position}.")
    if not done.lost and not done.retold:
        say("Nobody was told of anything that it does not have: there is nothing to do.")
    if done.retold:
        first, last = done.retold
        say(f"Positions {first} to {last} may be other events than those that Kafka was told of there: who follows it")
        say("begins anew, or takes what has another `command` at a position for what happened.")
    if done.lost:
        say(f"Positions {done.end + 1} to {done.end + done.lost} are lost and not used again: tell who follows Kafka.")
    if done.told.get("OpenSearch", 0) > done.end:
        say("Search indexes may show what is lost: innkeep rebuild search:all")
