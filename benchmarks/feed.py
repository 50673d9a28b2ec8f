"""Polling the operators' feed: a long one must cost no more than a short one, and any not much more than a hello."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import repeat

import httpx

from benchmarks import load, past, seed, servers, worker
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan

TITLE = "Polling the operators' feed"
CONNECTIONS = 8
NEWS = 100
"""Entries that a poll with news answers."""
PATH = "/operators/synchronization"


@dataclass
class Length:
    """A feed of some length on a server of its own."""

    entries: int
    port: int
    key: str
    news: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)
    """Milliseconds a poll, by round."""
    sizes: tuple[int, int] = (0, 0)
    """Bytes of an answer with news, and of one without."""

    async def poll(self, seconds: float) -> tuple[float, float]:
        """Milliseconds a poll: with news, and with nothing new."""
        news, size = await _polled(self.port, self.requests(self.entries - NEWS + 1), seconds)
        idle, least = await _polled(self.port, self.requests(self.entries + 1), seconds)
        self.sizes = size, least
        return news, idle

    def requests(self, start: int) -> Iterator[bytes]:
        path = f"{PATH}?startId={start}&numberOfEvents={NEWS}"
        return repeat(load.request("GET", path, headers={"Authorization": f"Bearer {self.key}"}))


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    lengths: list[Length] = []
    hello: list[float] = []
    with contextlib.ExitStack() as stack:
        for entries in (1_000, 20_000 if plan.quick else 1_000_000):
            plan.say(f"making {entries:,} entries")
            database = servers.database(conninfo, f"feed_{entries}")
            key = await filled(database, entries)
            server = stack.enter_context(servers.product(database))
            _check(server.port, key, entries)
            lengths.append(Length(entries, server.port, key))
        rival = stack.enter_context(servers.rival("hello", conninfo))
        for number in range(-1, plan.rounds):
            seconds = plan.seconds / 2 if number >= 0 else 0.5
            took, size = await _polled(rival.port, repeat(load.request("GET", "/")), seconds)
            for length in lengths if number % 2 else reversed(lengths):
                news, idle = await length.poll(seconds)
                if number >= 0:
                    length.news.append(news)
                    length.idle.append(idle)
                plan.say(
                    f"round {number + 1}/{plan.rounds}: {length.entries:,} entries, {news:.3f} and {idle:.3f} ms a "
                    f"poll; hello {took:.3f} ms"
                )
            if number >= 0:
                hello.append(took)
    short, long = lengths
    return _result(short, long, hello, size)


async def _polled(port: int, requests: Iterator[bytes], seconds: float) -> tuple[float, int]:
    """Milliseconds a request, and bytes of an answer."""
    told = await load.run(port, requests, connections=CONNECTIONS, seconds=seconds)
    told.check(200)
    return 1000 / told.rate, len(told.answers[-1][1])


def _result(short: Length, long: Length, took: list[float], size: int) -> Result:
    news = [Measured(f"{NEWS} entries of {of.entries:,}", "ms a poll", of.news, 3) for of in (short, long)]
    idle = [Measured(f"nothing new after {of.entries:,}", "ms a poll", of.idle, 3) for of in (short, long)]
    hello = Measured("FastAPI hello", "ms a request", took, 3)
    return Result(
        TITLE,
        f"`GET {PATH}` with an API key over {CONNECTIONS} connections; a server and a database for each length. The "
        "rival is a FastAPI route that answers a constant dict: no key, no database.",
        (*news, *idle, hello),
        (
            Ratio(f"{NEWS} entries: {long.entries:,} ÷ {short.entries:,}", news[1], news[0], at_most=1.2),
            Ratio(f"nothing new: {long.entries:,} ÷ {short.entries:,}", idle[1], idle[0], at_most=1.2),
            Ratio(f"polls with nothing new ÷ hellos, after {long.entries:,}", hello, idle[1], at_least=0.4),
            Ratio(f"polls of {NEWS} entries ÷ hellos, of {long.entries:,}", hello, news[1]),
        ),
        (f"Bytes of an answer: {NEWS} entries {long.sizes[0]:,}, nothing new {long.sizes[1]:,}, hello {size:,}.",),
    )


async def filled(conninfo: str, entries: int) -> str:
    """So many entries, ten of each operator; an API key to read them with."""
    async with seed.marketplace(conninfo) as marketplace:
        admin = await marketplace.admin()
        key: str = await marketplace.api_key(admin)
    past.written(conninfo, past.operators(entries // 10, 9, admin.actor, datetime.now(UTC)))
    with worker.started("benchmarks.worker:project", conninfo) as projector:
        projector.go()
    return key


def _check(port: int, key: str, entries: int) -> None:
    """The feed has as many entries as it should. Raises AssertionError."""
    url = f"http://127.0.0.1:{port}{PATH}?startId={entries - NEWS + 1}"
    told = httpx.get(url, headers={"Authorization": f"Bearer {key}"}).json()
    if len(told["events"]) != NEWS or told["nextId"] != entries + 1:
        raise AssertionError(f"the feed should end with entry {entries}, and goes on at {told['nextId']}")
