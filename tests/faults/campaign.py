"""A campaign: the product as many processes under load, faults at random, then rest, and all the evidence there is."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import httpx

from tests.e2e.server import Server, until
from tests.e2e.world import World
from tests.faults.clients import Doors
from tests.faults.load import Load, cast
from tests.faults.notebook import Notebook
from tests.faults.processes import Keeper, Process
from tests.faults.servers import FedBy, Servers, servers
from tests.faults.troubles import Scale, Troubles

ROLES = ("api", "api", "projector", "projector", "scheduler", "relay", "relay")
A_DAY = 20.0
"""Seconds after which the marketplace's clock is moved on by a day."""
REST_SECONDS = 240.0
Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is to be done."""

    seed: int
    kills: int
    seconds: float
    """At least so long; and longer until there were so many kills."""
    most: float
    """Seconds after which it ends all the same."""
    guests: int
    scale: Scale
    fed_by: FedBy = "log"
    """Where the projectors have the read models' events from."""


@dataclass
class Run:
    """What is left when a campaign is over: everything is at rest, and still there to be looked at."""

    plan: Plan
    servers: Servers
    notebook: Path
    api: str
    """The address of a process that serves."""
    system: dict[str, str]
    """Headers of whoever may read the operators' feed."""
    settings: dict[str, str]
    """Of a process, for tools."""
    seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    restarted: Counter[str] = field(default_factory=Counter)
    """Processes that ended by themselves, such as at a start without a database, and were started again, by what each
    said last.
    """


class Campaign:
    """One, from its first process to the last answer."""

    def __init__(self, plan: Plan, running: Servers, say: Say) -> None:
        self.plan, self.servers, self._say = plan, running, say
        self.notebook = Notebook(running.folder / "notebook.jsonl")
        roles = [role for role in ROLES if role != "relay" or running.kafka]
        numbered = [(role, roles[:place].count(role) + 1) for place, role in enumerate(roles)]
        self.processes = [
            Process(role, number, running.folder, running.settings(f"{role}{number}", plan.fed_by))
            for role, number in numbered
        ]
        self.keeper = Keeper(self.processes)

    def run(self) -> Run:
        """Do it; what it leaves runs until `close`. Raises AssertionError if anything does not come to rest."""
        self.keeper.start()
        self.keeper.well()
        self._say("all processes are well")
        apis = [process for process in self.processes if process.role == "api"]
        for process in apis:
            self.servers.proxies[process.name] = self.servers.network.to_port(process.port)
        doors = Doors({process.name: self.servers.proxies[process.name].port for process in apis})
        with World(_at(self.servers.folder, apis[0])) as world:
            people = cast(world, self.plan.guests)
            load = Load(people, doors, self.notebook, self.plan.seed)
            began = time.monotonic()
            troubles = self._trouble(load, world)
            self.keeper.well()
            load.stop(REST_SECONDS)
            doors.close()
            self.notebook.close()
        self._say(f"{self.notebook.told} commands were acknowledged; at rest now")
        return Run(
            plan=self.plan,
            servers=self.servers,
            notebook=self.notebook.path,
            api=f"http://127.0.0.1:{apis[0].port}",
            system=people.system,
            settings=self.servers.settings("tools"),
            seconds=time.monotonic() - began,
            kills=troubles.kills,
            others=troubles.others,
            restarted=self.keeper.restarted,
        )

    def close(self) -> None:
        """End the processes."""
        self.keeper.stop()

    def _trouble(self, load: Load, world: World) -> Troubles:
        """Faults under load, until there were enough."""
        plan, dice = self.plan, random.Random(self.plan.seed)
        troubles = Troubles(self.servers, self.keeper, dice, self.notebook, plan.scale)
        days = _Days(world)
        load.start(days.today)
        began, wanted = time.monotonic(), troubles.kinds()
        while (lasted := time.monotonic() - began) < plan.most and (
            lasted < plan.seconds or troubles.killed < plan.kills
        ):
            wanted = wanted or troubles.kinds()
            troubles.one(wanted.pop())
            days.pass_by()
            killed = ", ".join(f"{count} {name}" for name, count in sorted(troubles.kills.items()))
            self._say(f"{troubles.killed} of {plan.kills} kills ({killed}); {self.notebook.told} commands acknowledged")
        return troubles


class _Days:
    """The marketplace's date, which goes on faster than the wall's, so that stays begin, end, and are paid out."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._today = world.today()
        self._next = time.monotonic() + A_DAY

    def today(self) -> date:
        return self._today

    def pass_by(self) -> None:
        """Another day, if it is time for one. What is in the way of it is no matter: it comes with the next fault."""
        if time.monotonic() < self._next:
            return
        try:
            answer = self._world.root.post("/sandbox/clock", {"advance": "P1D"})
        except httpx.TransportError:
            return
        if answer.status_code == 200:
            self._today = datetime.fromisoformat(answer.json()["now"]).astimezone(UTC).date()
            self._next = time.monotonic() + A_DAY


def _at(folder: Path, process: Process) -> Server:
    """A process that is started elsewhere, as the world knows servers."""
    server = Server(folder / "world")
    server.port, server.url = process.port, f"http://127.0.0.1:{process.port}"
    return server


__all__ = ["Campaign", "Plan", "Run", "Scale", "servers", "until"]
