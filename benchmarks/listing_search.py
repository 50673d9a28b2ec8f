"""Searching for listings: over HTTP beside the same statements put straight to PostgreSQL; and among few and many."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import psutil
import psycopg

from benchmarks import cities, load, servers
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from domain.actor import NOBODY
from domain.catalogue import RESOURCES
from domain.terms import Terms
from infra.postgres import arrays
from infra.read_models.search.statement import Statement
from infra.read_models.search.tables import Tables
from read_api.search.listing_question import USUAL_ROWS, parse

TITLE = "Searching for listings"
CONNECTIONS = 4
SMALL, LARGE = 1_000, 100_000
QUICK = 5_000
"""Listings of the large marketplace in a quick run."""
SEARCHES = 60
"""A round of searches one after the other."""

Asked = tuple[bytes, dict[str, Any]]
"""A statement and its values."""


@dataclass
class Figures:
    """A number a round."""

    http: list[float] = field(default_factory=list)
    straight: list[float] = field(default_factory=list)
    small: list[float] = field(default_factory=list)
    large: list[float] = field(default_factory=list)
    found: dict[str, float] = field(default_factory=dict)
    size: int = 0


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    listings = {"small": SMALL, "large": QUICK if plan.quick else LARGE}
    databases = {name: servers.database(conninfo, f"listings_{name}") for name in listings}
    for name, number in listings.items():
        plan.say(f"making {number:,} listings")
        await cities.filled(databases[name], number)
    return await measured(plan, databases, listings)


async def measured(plan: Plan, databases: dict[str, str], listings: dict[str, int]) -> Result:
    """Measures it in marketplaces that are there."""
    figures = Figures()
    with servers.product(databases["large"]) as product:
        for number in range(-1, plan.rounds):
            seconds = plan.seconds if number >= 0 else 1.0
            chance = 1_000 + number
            rate, size = await _over_http(product, listings["large"], chance, seconds)
            straight = await _straight(databases["large"], listings["large"], chance, seconds)
            costs = {name: _cost(databases[name], listings[name], chance) for name in listings}
            if number >= 0:
                figures.http.append(rate)
                figures.straight.append(straight)
                figures.small.append(costs["small"][0])
                figures.large.append(costs["large"][0])
                figures.found = {name: found for name, (_, found) in costs.items()}
                figures.size = size
            plan.say(
                f"round {number + 1}/{plan.rounds}: HTTP {rate:,.1f}/s, straight {straight:,.1f}/s, "
                f"{costs['small'][0]:,.1f} and {costs['large'][0]:,.1f} ms of PostgreSQL"
            )
    return _result(figures, listings)


def _asked(search: list[tuple[str, str]]) -> Asked:
    """What the product puts to PostgreSQL for a search."""
    question = replace(parse(search, datetime.now(UTC), Terms()).question, limit=USUAL_ROWS + 1)
    resources = {resource.name: resource for resource in RESOURCES}
    statement = Statement(Tables(resources, question.index, NOBODY), question)
    return statement.text.as_bytes(None), statement.parameters.values


async def _over_http(product: servers.Server, listings: int, chance: int, seconds: float) -> tuple[float, int]:
    """Searches a second, and the bytes of an answer."""
    requests = (load.request("GET", cities.path(search)) for search in cities.searches(listings, chance))
    told = await load.run(product.port, requests, connections=CONNECTIONS, seconds=seconds)
    told.check(200)
    return told.rate, sum(len(body) for _, body in told.answers) // len(told.answers)


async def _straight(database: str, listings: int, chance: int, seconds: float) -> float:
    """The same searches a second, their statements made beforehand, over as many connections."""
    made = [_asked(search) for search in islice(cities.searches(listings, chance), 200)]
    waiting, done = iter(made * 1_000), 0

    async def ask(connection: psycopg.AsyncConnection[Any], until: float) -> int:
        number = 0
        while time.perf_counter() < until:
            query, values = next(waiting)
            await (await connection.execute(query, values, binary=True)).fetchall()
            number += 1
        return number

    lines = [await psycopg.AsyncConnection.connect(database, autocommit=True) for _ in range(CONNECTIONS)]
    try:
        for line in lines:
            arrays.teach(line)
        start = time.perf_counter()
        done = sum(await asyncio.gather(*(ask(line, start + seconds) for line in lines)))
        return done / (time.perf_counter() - start)
    finally:
        for line in lines:
            await line.close()


def _cost(database: str, listings: int, chance: int) -> tuple[float, float]:
    """Milliseconds of PostgreSQL's processor a search, and how many listings one finds."""
    made: Iterator[Asked] = map(_asked, islice(cities.searches(listings, chance), SEARCHES))
    found = 0
    with psycopg.connect(database, autocommit=True) as connection:
        arrays.teach(connection)
        server = psutil.Process(connection.info.backend_pid)
        before = server.cpu_times()
        for query, values in made:
            ((total, *_),) = connection.execute(query, values, binary=True).fetchall()
            found += total
        after = server.cpu_times()
    used = after.user + after.system - before.user - before.system
    return 1_000 * used / SEARCHES, found / SEARCHES


def _result(figures: Figures, listings: dict[str, int]) -> Result:
    http = Measured("over HTTP", "searches/s", figures.http, 1)
    straight = Measured("straight to PostgreSQL", "searches/s", figures.straight, 1)
    named = {
        name: f"PostgreSQL, {many:,} listings".replace(",", "\N{NO-BREAK SPACE}") for name, many in listings.items()
    }
    small = Measured(named["small"], "ms of processor", figures.small, 1)
    large = Measured(named["large"], "ms of processor", figures.large, 1)
    return Result(
        TITLE,
        "`GET /v1/search/listings` for a word, in a box around a city, for two to seven nights and two guests, the "
        "cheapest stay first, with all facets and the price of each stay. A marketplace grows by cities of "
        f"{cities.A_CITY} listings, each with words, a season in every third, taken nights, most a rating, every "
        "second a text in another language; their documents are put straight into the tables. "
        f"Over {CONNECTIONS} connections to one process; straight to PostgreSQL go the statements that the product "
        "makes, made beforehand, over as many connections, and their answers are read and no more.",
        (http, straight, small, large),
        (
            Ratio("over HTTP ÷ straight", http, straight, at_least=0.6),
            Ratio("cost of 100 000 listings ÷ 1 000", large, small, at_most=3),
        ),
        (
            (
                f"A search finds {figures.found['small']:.0f} listings among {listings['small']:,} and "
                f"{figures.found['large']:.0f} among {listings['large']:,}, and counts them all."
            ),
            f"Bytes of an answer: {figures.size:,}.",
        ),
    )
