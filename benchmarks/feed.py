"""Polling the operators' feed: a long one must cost no more than a short one."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import repeat

import httpx

from benchmarks import load, seed, servers
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

    async def poll(self, start: int, seconds: float) -> float:
        told = await load.run(self.port, self.requests(start), connections=CONNECTIONS, seconds=seconds)
        told.check(200)
        return 1000 / told.rate

    def requests(self, start: int) -> Iterator[bytes]:
        path = f"{PATH}?startId={start}&numberOfEvents={NEWS}"
        return repeat(load.request("GET", path, headers={"Authorization": f"Bearer {self.key}"}))


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    lengths = []
    with contextlib.ExitStack() as stack:
        for entries in (1_000, 10_000 if plan.quick else 100_000):
            plan.say(f"making {entries:,} entries")
            database = servers.database(conninfo, f"feed_{entries}")
            key = await _fill(database, entries)
            server = stack.enter_context(servers.product(database))
            _check(server.port, key, entries)
            lengths.append(Length(entries, server.port, key))
        for number in range(-1, plan.rounds):
            for length in lengths if number % 2 else reversed(lengths):
                seconds = plan.seconds / 2 if number >= 0 else 0.5
                news = await length.poll(length.entries - NEWS + 1, seconds)
                idle = await length.poll(length.entries + 1, seconds)
                if number >= 0:
                    length.news.append(news)
                    length.idle.append(idle)
                plan.say(
                    f"round {number + 1}/{plan.rounds}: {length.entries:,} entries, {news:.3f} and {idle:.3f} ms a poll"
                )
    return _result(*lengths)


def _result(short: Length, long: Length) -> Result:
    news = [Measured(f"{NEWS} entries of {of.entries:,}", "ms a poll", of.news, 3) for of in (short, long)]
    idle = [Measured(f"nothing new after {of.entries:,}", "ms a poll", of.idle, 3) for of in (short, long)]
    return Result(
        TITLE,
        f"`GET {PATH}` with an API key over {CONNECTIONS} connections; a server and a database for each length.",
        (*news, *idle),
        (
            Ratio(f"{NEWS} entries: {long.entries:,} ÷ {short.entries:,}", news[1], news[0], at_most=1.2),
            Ratio(f"nothing new: {long.entries:,} ÷ {short.entries:,}", idle[1], idle[0], at_most=1.2),
        ),
    )


async def _fill(conninfo: str, entries: int) -> str:
    async with seed.marketplace(conninfo) as marketplace:
        admin = await marketplace.admin()
        await marketplace.operators(admin, entries)
        key: str = await marketplace.api_key(admin)
        return key


def _check(port: int, key: str, entries: int) -> None:
    """The feed has as many entries as it should. Raises AssertionError."""
    url = f"http://127.0.0.1:{port}{PATH}?startId={entries - NEWS + 1}"
    told = httpx.get(url, headers={"Authorization": f"Bearer {key}"}).json()
    if len(told["events"]) != NEWS or told["nextId"] != entries + 1:
        raise AssertionError(f"the feed should end with entry {entries}, and goes on at {told['nextId']}")
