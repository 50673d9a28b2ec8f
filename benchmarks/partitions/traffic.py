"""What goes on while the table is moved, and how long it has to wait."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection

from benchmarks.partitions.candidates import Candidate
from benchmarks.partitions.measure import append, connect, saves, stays
from infra.event_store.news import STREAMS

Say = Callable[[str], None]


class Traffic:
    """Saves and loads, one after the other, on connections that know nothing of what happens to the table."""

    def __init__(self, conninfo: str, candidate: Candidate, events: int, turn: int) -> None:
        self._ended = False
        self.pauses: dict[str, list[tuple[float, float]]] = {"append": [], "load": []}
        self.errors: list[str] = []
        old = stays(events // 5, turn, random.Random(turn))
        loaded = stays(events // 5, turn, random.Random(turn + 100))
        tasks = {
            "append": lambda connection: append(connection, saves(1, old)),
            "load": lambda connection: connection.execute(STREAMS, [[next(loaded)], [0]], binary=True).fetchall(),
        }
        self._threads = [
            threading.Thread(target=self._run, args=(connect(conninfo, candidate), name, task))
            for name, task in tasks.items()
        ]

    def _run(self, connection: Connection[Any], name: str, task: Callable[[Connection[Any]], object]) -> None:
        with connection:
            while not self._ended:
                start = time.perf_counter()
                try:
                    task(connection)
                except psycopg.Error as error:
                    self.errors.append(f"{name}: {error}")
                self.pauses[name].append((start, time.perf_counter() - start))
                time.sleep(0.0005)

    @contextmanager
    def flowing(self) -> Iterator["Traffic"]:
        for thread in self._threads:
            thread.start()
        try:
            yield self
        finally:
            self._ended = True
            for thread in self._threads:
                thread.join()

    def worst(self, name: str, since: float, until: float) -> float:
        """The longest that one took of those under way in between, in milliseconds."""
        took = [length for start, length in self.pauses[name] if start < until and start + length > since]
        return 1000 * max(took, default=0.0)


class Steps:
    """What was done, how long it took, and how long others waited meanwhile."""

    def __init__(self, traffic: Traffic, say: Say) -> None:
        self._traffic = traffic
        self._say = say
        self.rows: list[str] = []

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        end = time.perf_counter()
        time.sleep(0.05)  # those who waited come back
        append, load = (self._traffic.worst(name, start, end) for name in ("append", "load"))
        self.rows.append(f"| {what} | {1000 * (end - start):,.0f} | {append:.0f} | {load:.0f} |")
        self._say(f"{what}: {end - start:.3f} s")

    def table(self, title: str) -> str:
        errors = self._traffic.errors
        told = f", the first with {errors[0]}" if errors else ""
        done = {name: len(pauses) for name, pauses in self._traffic.pauses.items()}
        return "\n".join(
            [
                f"{title}: {done['append']} saves and {done['load']} loads meanwhile, {len(errors)} failed{told}",
                "",
                "| step | ms | longest save, ms | longest load, ms |",
                "|---|---|---|---|",
                *self.rows,
                "",
            ]
        )
