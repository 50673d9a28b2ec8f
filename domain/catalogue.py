"""All that the domain declares, in one place: what the event store, the projections and the surfaces are made from."""

from __future__ import annotations

from domain.kernel import Aggregate
from domain.resource import Resource

AGGREGATES: tuple[type[Aggregate], ...] = ()
"""Every aggregate; the names of its events are the log's vocabulary."""

RESOURCES: tuple[Resource, ...] = ()
"""Every resource that callers see."""
