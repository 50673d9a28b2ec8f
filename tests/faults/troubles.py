"""The faults, one after another at random: who is killed, cut off, slowed down or set wrong, and for how long."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.notebook import Notebook, Window
from tests.faults.processes import Keeper, Process
from tests.faults.proxy import Proxy
from tests.faults.servers import Servers
from tests.services.kafka import KafkaServer
from tests.services.opensearch import OpenSearchServer

OFF = 60.0
"""Seconds by which a clock is wrong, one way or the other."""
WRONG_CLOCKS = 0.2
"""The share of processes that come back with a wrong clock."""
MORE, WORK_SECONDS = 5, 30.0
"""Commands that are acknowledged from one fault to the next, and how long that is waited for at most."""
WELL_SECONDS = 45.0
QUIET = 1.0
"""Seconds after everything is well before a server is taken away alone."""


def lasts(seconds: float) -> None:
    """Let time pass: how long a trouble lasts is what makes it one; nothing is waited for."""
    threading.Event().wait(seconds)


@dataclass(frozen=True)
class Scale:
    """How hard it is meant."""

    pause: float
    """Seconds between two faults, at most."""
    away: tuple[float, ...]
    """How long Kafka or OpenSearch may be away, seconds; any of these."""
    cheap: int = 42
    """Processes that are killed for each time that Kafka and OpenSearch are away."""
    slow: float = 3.0
    """Seconds that the network is bad."""


@dataclass
class Troubles:
    """Makes trouble until there were as many kills as wanted."""

    servers: Servers
    keeper: Keeper
    dice: random.Random
    notebook: Notebook
    scale: Scale
    kills: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    """Faults that kill nobody."""

    def one(self, kind: str) -> None:
        """One fault of this kind."""
        deeds: dict[str, Callable[[], None]] = {
            "process": self._kill_a_process,
            "postgresql": self._kill_postgresql,
            "kafka": self._kafka_away,
            "opensearch": self._opensearch_away,
            "network": self._bad_network,
        }
        deeds[kind]()
        self._work_goes_on()
        lasts(self.dice.uniform(0.2, self.scale.pause))

    def _work_goes_on(self) -> None:
        """Some commands are acknowledged before the next fault: who kills faster than things start meets no work."""
        enough, end = self.notebook.told + MORE, time.monotonic() + WORK_SECONDS
        while self.notebook.told < enough and time.monotonic() < end:
            time.sleep(0.05)

    def kinds(self) -> list[str]:
        """Some faults in a random order: every kind comes, the cheap ones more often."""
        found = ["process"] * self.scale.cheap + ["postgresql", "network"] * (self.scale.cheap // 7)
        found += ["kafka"] if self.servers.kafka else []
        found += ["opensearch"] if self.servers.opensearch else []
        self.dice.shuffle(found)
        return found

    @property
    def killed(self) -> int:
        """How many kills so far."""
        return self.kills.total()

    def _kill_a_process(self) -> None:
        process = self.dice.choice(self.keeper.processes)
        clock = self.dice.choice((OFF, -OFF)) if self.dice.random() < WRONG_CLOCKS else 0.0
        with self.keeper.lock:
            process.kill()
            self.kills[process.role] += 1
            lasts(self.dice.choice((0.0, 0.3)))
            self._start(process, clock)

    def _start(self, process: Process, clock: float) -> None:
        process.start(clock)
        if clock:
            self.others["wrong clock"] += 1

    def _kill_postgresql(self) -> None:
        self.kills["postgresql"] += 1
        self.servers.postgres.kill()
        lasts(self.dice.uniform(0, 2))
        self.servers.postgres.start()

    def _kafka_away(self) -> None:
        assert self.servers.kafka is not None
        self._away("kafka", self.servers.kafka)

    def _opensearch_away(self) -> None:
        assert self.servers.opensearch is not None
        self._away("opensearch", self.servers.opensearch)

    def _away(self, name: str, server: KafkaServer | OpenSearchServer) -> None:
        """Killed, away for a while, and back with its data. At times alone, at times others are killed meanwhile."""
        alone = (self.dice.random() < 0.6 or self.kills[name] == 0) and self._all_are_well()
        began = time.monotonic()
        self.kills[name] += 1
        server.kill()
        if not alone:
            self._kill_a_process()
        lasts(self.dice.choice(self.scale.away))
        server.start()
        if alone:
            self.notebook.note(Window(name, began, time.monotonic()))

    def _all_are_well(self) -> bool:
        """Wait a while for it; on a busy machine it may take longer than is good for a campaign."""
        try:
            self.keeper.well(WELL_SECONDS)
        except AssertionError:
            return False
        lasts(QUIET)
        return True

    def _bad_network(self) -> None:
        """Everything behind one proxy, or a few of them, is slow, or is cut off in mid-sentence."""
        proxies: list[Proxy] = self.dice.sample(sorted(self.servers.proxies.values(), key=lambda p: p.port), 3)
        if self.dice.random() < 0.5:
            self.others["connections cut"] += sum(proxy.cut() for proxy in proxies)
            return
        self.others["slow network"] += 1
        for proxy in proxies:
            proxy.delay = self.dice.uniform(0.01, 0.2)
        lasts(self.scale.slow)
        for proxy in proxies:
            proxy.delay = 0.0
            self.others["connections cut"] += proxy.cut()
