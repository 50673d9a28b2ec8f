"""From a commit to a search on OpenSearch that finds it, while little happens, beside a bare write and refresh."""

import random
import time
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any
from uuid import UUID

import httpx
from opensearchpy import OpenSearch

from benchmarks import engines, seed, servers
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan

TITLE = "From commit to searchable"
GAP = (0.06, 0.16)
"""Seconds between two commits."""
LISTINGS = 200
A_ROUND = 100
BARE = "bare"
SEARCH = "/bff-api/listing/count"


@dataclass
class Way:
    """How long it took, in milliseconds, by round."""

    name: str
    middle: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)

    def take(self, delays: list[float]) -> None:
        percentiles = quantiles(delays, n=100, method="inclusive")
        self.middle.append(percentiles[49])
        self.late.append(percentiles[98])

    def measured(self) -> list[Measured]:
        return [Measured(f"{self.name}, p50", "ms", self.middle, 2), Measured(f"{self.name}, p99", "ms", self.late, 2)]


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    database = servers.database(conninfo, "searchable")
    number = A_ROUND // 4 if plan.quick else A_ROUND
    async with seed.marketplace(database) as marketplace:
        host = await marketplace.person("hanna")
        listings = await seed.gather(marketplace.listing(host, number) for number in range(LISTINGS))
    product, rival = Way("product"), Way("bare write and refresh")
    with engines.opensearch() as url, servers.product(database, **engines.settings(url)) as server:
        written = document(url, listings[0])
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as http, OpenSearch([url]) as engine:
            engine.indices.create(index=BARE, body={"mappings": mappings(url), "settings": {"number_of_replicas": 0}})
            for round_ in range(-1, plan.rounds):
                turns = [(product, through(http, host, listings, number)), (rival, bare(engine, written, number))]
                for way, delays in turns if round_ % 2 else reversed(turns):
                    if round_ >= 0:
                        way.take(delays)
                if round_ >= 0:
                    plan.say(f"round {round_ + 1}/{plan.rounds}: p99 {product.late[-1]:.1f}, {rival.late[-1]:.1f} ms")
    return _result(number, product, rival)


def through(http: httpx.Client, host: seed.Person, listings: list[UUID], number: int) -> list[float]:
    """Milliseconds from each commit's acknowledgement to the answer of a search that has to show it."""
    headers, delays = {"Authorization": f"Bearer {host.token}"}, []
    for turn in range(number):
        time.sleep(random.uniform(*GAP))
        word = f"w{time.time_ns()}"
        saved = http.patch(f"/v1/listings/{listings[turn % LISTINGS]}", json={"title": word}, headers=headers)
        saved.raise_for_status()
        start = time.perf_counter()
        found = http.get(SEARCH, params={"q": word}, headers={"X-Event-Position": saved.headers["X-Event-Position"]})
        delays.append(1_000 * (time.perf_counter() - start))
        assert found.json()["count"] == 1, found.text
    return delays


def bare(engine: OpenSearch, document: dict[str, Any], number: int) -> list[float]:
    """Milliseconds of a write of such a document and a refresh, one after the other."""
    delays = []
    for turn in range(number):
        time.sleep(random.uniform(*GAP))
        start = time.perf_counter()
        engine.index(index=BARE, body=document | {"id": str(turn)}, id=str(turn % LISTINGS))
        engine.indices.refresh(index=BARE)
        delays.append(1_000 * (time.perf_counter() - start))
    return delays


def document(url: str, id: UUID) -> dict[str, Any]:
    """The search document of a listing, as the product made it."""
    found: dict[str, Any] = httpx.get(f"{url}/{engines.PREFIX}-public-listing/_doc/{id}").raise_for_status().json()
    source: dict[str, Any] = found["_source"]
    return source


def mappings(url: str) -> dict[str, Any]:
    """Of the product's index of listings."""
    (found,) = httpx.get(f"{url}/{engines.PREFIX}-public-listing/_mapping").raise_for_status().json().values()
    told: dict[str, Any] = found["mappings"]
    return told


def _result(number: int, product: Way, bare: Way) -> Result:
    (middle, late), (bare_middle, bare_late) = product.measured(), bare.measured()
    return Result(
        TITLE,
        f"{number} titles of listings changed a round, one every {GAP[0] * 1000:.0f} to {GAP[1] * 1000:.0f} ms; all of "
        "it in one process on one OpenSearch, with all indexes. Measured from the acknowledgement of the change to the "
        "answer of a count, over HTTP, that has to show it (`X-Event-Position`) and does: read models, indexer, "
        "refresh and search lie between. The rival writes one such document, made beforehand, into an index with the "
        "same mapping and refreshes it; nothing is searched.",
        (middle, late, bare_middle, bare_late),
        (
            Ratio("p99 ÷ bare write and refresh", late, bare_late, at_most=3),
            Ratio("p50 ÷ bare write and refresh", middle, bare_middle),
        ),
    )
