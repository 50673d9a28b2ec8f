"""A fluid model: work flows into queues, and cores take it out again.

Each kind of work costs processor time in a process of the product (one core each, as it is one Python process) and in
PostgreSQL (which has the cores of its machine). A second is divided among all that want it in proportion to what they
want. What cannot be done waits: commands until they are too late, events until a projector comes to them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

LATE = 5.0
"""Seconds after which a client gives a command up; what waits longer is refused, so its queue is bounded."""


@dataclass(frozen=True)
class Costs:
    """Seconds of processor time of one piece of work: in its process, and in PostgreSQL."""

    command: tuple[float, float]
    event: tuple[float, float]
    """Taken into all read models."""
    search: tuple[float, float]
    poll: tuple[float, float]


@dataclass(frozen=True)
class Shape:
    """What there is."""

    apis: int
    projectors: int
    """That share the work."""
    database_cores: float
    cores: float | None = None
    """Of one machine that everything shares; None: every process has a core of its own, as on many machines."""


@dataclass(frozen=True)
class Demand:
    """A second's worth of work."""

    commands: float
    searches: float = 0.0
    polls: float = 0.0


@dataclass
class State:
    """What waits."""

    commands: float = 0.0
    events: float = 0.0
    refused: float = 0.0


@dataclass(frozen=True)
class Second:
    """How one second went."""

    at: int
    commands: float
    """Done."""
    waiting: float
    refused: float
    behind: float
    """Events that no projector has come to."""
    lag: float
    """Seconds until what is recorded now is seen."""
    database: float
    """Share of its cores that was used."""


def rate(costs: tuple[float, float], processes: int, shape: Shape) -> float:
    """Pieces a second that so many processes do, if they do nothing else."""
    own, base = costs
    bounds = [processes / (own + base) if shape.cores is None else processes / own, shape.database_cores / base]
    if shape.cores is not None:
        bounds.append(shape.cores / (own + base))
    return min(bounds)


def several(one: float, costs: tuple[float, float], processes: int, cores: float) -> float:
    """Pieces a second that so many processes do who share the work, on a machine that has so many cores for all of it:
    each does what `one` did, until no core is left.
    """
    shape = Shape(apis=0, projectors=processes, database_cores=cores, cores=cores)
    return min(processes * one, rate(costs, processes, shape))


def simulate(
    costs: Costs, shape: Shape, demand: Callable[[int], Demand], seconds: int, *, events_per_command: float
) -> list[Second]:
    """Second by second."""
    state = State()
    return [_second(at, costs, shape, demand(at), state, each=events_per_command) for at in range(seconds)]


def _second(at: int, costs: Costs, shape: Shape, wanted: Demand, state: State, *, each: float) -> Second:
    """`each` is how many events a command makes."""
    commands = state.commands + wanted.commands
    # What one process can do at most, each with a core of its own.
    in_api = commands * costs.command[0] + wanted.searches * costs.search[0] + wanted.polls * costs.poll[0]
    api = min(1.0, shape.apis / in_api) if in_api else 1.0
    most = shape.projectors / costs.event[0]
    events = min(state.events + commands * api * each, most)
    # What PostgreSQL has to do for that, and what it can.
    base = api * (commands * costs.command[1] + wanted.searches * costs.search[1] + wanted.polls * costs.poll[1])
    base += events * costs.event[1]
    share = min(1.0, shape.database_cores / base) if base else 1.0
    if shape.cores is not None:
        everything = base + api * in_api + events * costs.event[0]
        share = min(share, shape.cores / everything)
    done, taken = commands * api * share, events * share
    waiting = commands - done
    bound = LATE * max(done, 1.0)
    refused = max(0.0, waiting - bound)
    state.commands, state.refused = waiting - refused, state.refused + refused
    state.events += done * each
    taken = min(taken, state.events)
    state.events -= taken
    lag = state.events / taken if taken else 0.0
    return Second(at, done, state.commands, refused, state.events, lag, min(1.0, base * share / shape.database_cores))
