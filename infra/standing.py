"""How things stand at the moment that Prometheus asks, beside what each process counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from commands.ports import Unavailable
from infra.health import State
from infra.kafka import name_of
from infra.opensearch.told import of_indexes
from infra.read_models.catalogue import ModelHealth

if TYPE_CHECKING:
    from infra.product import Product
    from infra.read_models.side import ReadSide
    from infra.settings import Settings

RELAYS = """SELECT r.name, r.position, (SELECT count(*) FROM event AS e WHERE e.position > r.position),
    coalesce((SELECT greatest(0, extract(epoch FROM clock_timestamp() - c.recorded_at)) FROM event AS e
      JOIN command AS c ON c.id = e.command WHERE e.position > r.position ORDER BY e.position LIMIT 1), 0)::float8
  FROM (SELECT w.name, coalesce(k.position, 0) AS position
    FROM (SELECT %b::text AS name) AS w LEFT JOIN relay AS k ON k.name = w.name) AS r"""
LEADERS = {"projector": "readModels", "indexer": "search", "relay": "relay"}
"""Where those of which one works, and the others stand by, say which they are."""


class RelayLag(NamedTuple):
    """How far the relay is behind the log, as it last told the database."""

    name: str
    position: int
    events: int
    seconds: float


class Known(NamedTuple):
    """What the database knows, whoever asks."""

    head: int
    models: Iterable[ModelHealth] = ()
    relays: Iterable[RelayLag] = ()


class Standing:
    """The gauges of one process, on its registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._waiting = self._gauge("innkeep_append_waiting", "Saves that wait for a transaction of the event store.")
        self._up = self._gauge("innkeep_database_up", "1: the database answers; 0: the rest is what was known last.")
        self._well = self._gauge("innkeep_part_well", "1: nothing is wrong with this part, as health has it.", "part")
        self._leads = self._gauge("innkeep_leads", "1: this process does the work; 0: it stands by.", "work")
        self._held = self._gauge("innkeep_watermark_held_seconds", "How long an open transaction holds readers back.")
        self._due = self._gauge("innkeep_deadlines_due", "Deadlines that are due and not yet acted on.")
        self._late = self._gauge("innkeep_deadlines_late_seconds", "Since when the first of those is due.")
        self._failing = self._gauge("innkeep_deadlines_failing", "Deadlines that this scheduler could not act on.")
        self._head = self._gauge("innkeep_log_position", "The newest position of the log that is settled.")
        self._events = self._gauge(
            "innkeep_read_model_lag_events", "Events that a read model has not taken in.", "model"
        )
        self._seconds = self._gauge(
            "innkeep_read_model_lag_seconds", "How long ago the oldest of those was recorded.", "model"
        )
        self._follows = self._gauge("innkeep_read_model_well", "1: it follows the log; 0: it does not.", "model")
        self._due_anew = self._gauge(
            "innkeep_read_model_rebuild_due", "1: it is declared otherwise than its table was made.", "model"
        )
        self._aside = self._gauge("innkeep_dead_letters", "Streams that a read model leaves out.", "model")
        self._told = self._gauge("innkeep_relay_position", "All of the log up to here is in Kafka.", "relay")
        self._untold = self._gauge("innkeep_relay_lag_events", "Events that Kafka has not been told of.", "relay")
        self._silent = self._gauge(
            "innkeep_relay_lag_seconds", "How long ago the oldest of those was recorded.", "relay"
        )

    def text(self, waiting: int, state: State, known: Known | None) -> bytes:
        """All that is counted and stands so, as Prometheus reads it; `known` is None while the database is away."""
        self._waiting.set(waiting)
        self._up.set(known is not None)
        for part in state.parts:
            self._well.labels(part).set(part not in state.problems)
        for work, part in LEADERS.items():
            if "leads" in state.parts.get(part, {}):
                self._leads.labels(work).set(state.parts[part]["leads"])
        self._of_parts(state.parts)
        if known is not None:
            self._of_database(known)
        return generate_latest(self._registry)

    def _of_parts(self, parts: Mapping[str, Mapping[str, Any]]) -> None:
        held = parts.get("watermark", {}).get("heldBackBy", [])
        self._held.set(held[0]["seconds"] if held else 0)
        deadlines = parts.get("scheduler", {})
        for gauge, said in ((self._due, "due"), (self._late, "lateSeconds"), (self._failing, "failing")):
            if said in deadlines:
                gauge.set(deadlines[said])

    def _of_database(self, known: Known) -> None:
        self._head.set(known.head)
        for model in known.models:
            self._events.labels(model.name).set(model.events_behind)
            self._seconds.labels(model.name).set(model.seconds_behind)
            self._follows.labels(model.name).set(model.follows)
            self._due_anew.labels(model.name).set(model.state == "rebuild due")
            self._aside.labels(model.name).set(model.dead_letters)
        for relay in known.relays:
            self._told.labels(relay.name).set(relay.position)
            self._untold.labels(relay.name).set(relay.events)
            self._silent.labels(relay.name).set(relay.seconds)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(name, what, labels, registry=self._registry)


async def measured(product: Product) -> bytes:
    """What `GET /metrics` answers."""
    state = await product.health()
    return product.standing.text(product.store.waiting, state, await _known(product))


async def _known(product: Product) -> Known | None:
    side, settings = product.side, product.settings
    try:
        head = await product.store.head()
    except Unavailable:
        return None
    try:
        models = await side.health()
        async with side.asking.connection() as connection:
            indexes = await of_indexes(connection) if settings.opensearch_url else []
        told = await relays(side, settings) if settings.kafka_bootstrap_servers is not None else []
    except Unavailable:  # too many ask it, or it takes too long to count: that is not to be away
        return Known(head)
    return Known(head, [*models, *indexes], told)


async def relays(side: ReadSide, settings: Settings) -> list[RelayLag]:
    """How far the relay of these settings is behind. Raises Unavailable."""
    return [RelayLag(*row) for row in await side.asking(RELAYS, [name_of(settings)])]
