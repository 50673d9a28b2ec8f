"""What a way of splitting costs: appends, loads, pages."""

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import psutil
import psycopg
from psycopg import Connection

from benchmarks.partitions.candidates import Candidate
from infra.event_store.feed import FENCE, OPEN, PAGE
from infra.event_store.group_commit import APPEND
from infra.event_store.news import STREAMS
from infra.ids import new_id

TOGETHER = 100
"""Saves in a full transaction."""
TURNS = 8
"""How many may take reservations from one log without meeting on them."""
SETTINGS = "-c enable_seqscan=off -c enable_hashjoin=off -c enable_mergejoin=off -c timezone=UTC"
"""As the product's own connections have them."""
Figures = dict[str, list[float]]


def connect(conninfo: str, candidate: Candidate) -> Connection[tuple[Any, ...]]:
    """A connection as the product has it, to one of the candidates."""
    options = f"{SETTINGS} -c search_path={candidate.path.replace(' ', '')}"
    return psycopg.connect(conninfo, options=options, autocommit=True)


def stay(number: int) -> UUID:
    """The stream of a reservation, as `fill.sql` names it."""
    return UUID(f"{number:012x}" + hashlib.md5(f"stay {number}".encode()).hexdigest()[12:])


def stays(bookings: int, turn: int, rng: random.Random) -> Iterator[UUID]:
    """Reservations at version 3, in no order, none of them twice, and none that another turn has."""
    seen: set[int] = set()
    while True:
        number = 5 * TURNS * rng.randrange(bookings // TURNS // 5) + 5 * turn + rng.randrange(1, 5)
        if number not in seen:
            seen.add(number)
            yield stay(number)


def saves(number: int, old: Iterator[UUID]) -> list[list[Any]]:
    """The arguments of one append: so many saves of three events each, one of them on a stream from long ago."""
    events: list[tuple[Any, ...]] = []
    rows: list[tuple[Any, ...]] = []
    for _ in range(number):
        command, at = new_id(), datetime.now(UTC)
        events += [
            (uuid4(), 1, "calendar.claimed.v1", b"c" * 240, command),
            (new_id(), 1, "reservation.requested.v1", b"r" * 1320, command),
            (next(old), 4, "reservation.completed.v1", b"{}", command),
        ]
        rows.append((command, "createReservation", None, "user", None, "default", "", None, at, None, None, None))
    return [list(column) for column in (*zip(*events, strict=True), *zip(*rows, strict=True))]


def append(connection: Connection[Any], arguments: list[list[Any]]) -> None:
    """One transaction of the candidate."""
    connection.execute(APPEND, arguments, prepare=True, binary=True).fetchall()


class Bench:
    """One candidate under measurement."""

    def __init__(self, conninfo: str, candidate: Candidate, events: int, turn: int) -> None:
        self.candidate = candidate
        self.figures: Figures = {}
        self._connection = connect(conninfo, candidate)
        self._backend = psutil.Process(self._connection.info.backend_pid)
        self._rng = random.Random(turn)
        self._events = events
        self._old = stays(events // 5, turn, self._rng)

    def close(self) -> None:
        self._connection.close()

    def round(self, times: int) -> None:
        """A round of everything; a full transaction is a tenth as many."""
        full, lone = ([saves(n, self._old) for _ in range(t)] for n, t in ((TOGETHER, times // 10), (1, times)))
        self._time("append, 100 saves together", iter(full), self._append, per=3 * TOGETHER)
        self._time("append, a save alone", iter(lone), self._append, per=3)
        streams = [stay(self._rng.randrange(self._events // 5)) for _ in range(33 * times)]
        months = max(self._events // 5 // 5 // 16, 1)
        month = [
            UUID(hashlib.md5(f"month {self._rng.randrange(5 * months)}".encode()).hexdigest()) for _ in range(times)
        ]
        self._time("load a reservation", iter([[s] for s in streams[:times]]), self._load)
        self._time("load a month of 32 events", iter([[s] for s in month]), self._load)
        many = [streams[times + 32 * n : times + 32 * n + 32] for n in range(times)]
        self._time("load 32 reservations together", iter(many), self._load)
        anywhere = [self._rng.randrange(self._events - 200) for _ in range(times)]
        self._time("page of 100 anywhere", iter(anywhere), self._page)
        self._time("page of 100 at the end", iter([self._events - 100] * times), self._page)
        self._time("watermark, nothing new", iter([2**62] * times), self._fence)

    def _time(self, what: str, cases: Iterator[Any], do: Callable[[Any], None], per: int = 1) -> None:
        walls: list[float] = []
        before = sum(self._backend.cpu_times()[:2])
        for case in cases:
            start = time.perf_counter()
            do(case)
            walls.append(time.perf_counter() - start)
        used = sum(self._backend.cpu_times()[:2]) - before
        self.figures.setdefault(f"{what}", []).append(1e6 * median(walls) / per)
        self.figures.setdefault(f"{what}: processor", []).append(1e6 * used / len(walls) / per)

    def _append(self, arguments: list[list[Any]]) -> None:
        append(self._connection, arguments)

    def _load(self, streams: list[UUID]) -> None:
        found = self._ask(STREAMS, [streams, [0] * len(streams)])
        assert found

    def _page(self, after: int) -> None:
        assert len(self._ask(PAGE, [OPEN, after, self._events, 100])) == 100

    def _fence(self, after: int) -> None:
        self._ask(FENCE, [after])

    def _ask(self, query: Any, parameters: list[Any]) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, parameters, prepare=True, binary=True).fetchall()
