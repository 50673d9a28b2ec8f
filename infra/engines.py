"""The engines beside PostgreSQL that the settings ask for, and what of a product works with them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from infra.event_store import PostgresEventStore
from infra.kafka import group_of, relay_of
from infra.kafka.group import LaneGroup
from infra.kafka.relay import Relay
from infra.opensearch.indexer import Indexer
from infra.opensearch.side import SearchSide
from infra.opensearch.wiring import opensearch_of
from infra.read_models.side import ReadSide
from infra.roles import Role
from infra.settings import Settings


@dataclass(frozen=True)
class Engines:
    """Each, if it is wanted here."""

    relay: Relay | None
    lanes: LaneGroup | None
    search: SearchSide | None

    @property
    def followers(self) -> Iterable[Relay | LaneGroup | Indexer]:
        """Those who follow the log."""
        indexer = self.search.indexer if self.search else None
        return [follower for follower in (self.relay, self.lanes, indexer) if follower is not None]


async def engines_of(
    stack: AsyncExitStack,
    settings: Settings,
    conninfo: str,
    *,
    store: PostgresEventStore,
    side: ReadSide,
    roles: frozenset[Role],
) -> Engines:
    """What these roles need of them, until the stack ends. `side` leaves to Kafka what is fed from there.

    Raises SettingsError, Unavailable.
    """
    relay = relay_of(settings, conninfo, store, side.models) if Role.RELAY in roles else None
    lanes = group_of(settings, store, side) if Role.PROJECTOR in roles else None
    search = opensearch_of(settings, conninfo, store, side)
    return Engines(relay, lanes, await stack.enter_async_context(search) if search else None)
