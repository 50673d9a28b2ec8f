"""The product, wired: what every surface and runner works with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.health import Part, State, state_of

if TYPE_CHECKING:
    from commands.bus import Bus
    from commands.registry import Registry
    from commands.services import Services
    from domain.resource import Resource
    from infra.clock import Clock
    from infra.event_store import PostgresEventStore
    from infra.identity.callers import Callers
    from infra.identity.signing import SigningKeys
    from infra.metrics import Metrics
    from infra.read_models.side import ReadSide
    from infra.scheduler import Scheduler
    from infra.settings import Settings
    from infra.standing import Standing
    from infra.tracing.port import Tracing
    from read_api.operators import OperatorReads
    from read_api.reads import Reads
    from read_api.search.dashboards import Dashboards
    from read_api.search.listings import ListingSearch


@dataclass(frozen=True)
class Product:
    """One marketplace. Made by `infra.build.build`, which also opens and closes all of it."""

    settings: Settings
    clock: Clock
    store: PostgresEventStore
    registry: Registry
    resources: Mapping[str, Resource]
    services: Services
    bus: Bus
    reads: Reads
    operators: OperatorReads
    dashboards: Dashboards
    callers: Callers
    signing_keys: SigningKeys
    scheduler: Scheduler
    side: ReadSide
    listings: ListingSearch
    metrics: Metrics
    standing: Standing
    fingerprint_secret: bytes
    """Keys the hashes of bodies, so that the journal tells nobody what was asked."""
    tracing: Tracing | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)

    async def health(self) -> State:
        """How it is, as each part says."""
        return await state_of(self.parts)
