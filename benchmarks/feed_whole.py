"""The operators' feed from start to end over HTTP, beside a SELECT of the same rows."""

import time

import httpx
import psycopg

from benchmarks import servers
from benchmarks.feed import PATH, filled
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan

TITLE = "The operators' feed from start to end"
MOST = 10_000
"""Entries that one answer has at most."""


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    entries = 20_000 if plan.quick else 1_000_000
    plan.say(f"making {entries:,} entries")
    database = servers.database(conninfo, "whole_feed")
    key = await filled(database, entries)
    fed, selected = [], []
    with servers.product(database) as server:
        for number in range(-1, plan.rounds):
            over_http, in_sql = entries / _read(server.port, key, entries), entries / _select(database, entries)
            plan.say(f"round {number + 1}/{plan.rounds}: {over_http:,.0f} and {in_sql:,.0f} entries/s")
            if number >= 0:
                fed.append(over_http)
                selected.append(in_sql)
    product, rival = Measured("feed", "entries/s", fed), Measured("SELECT", "entries/s", selected)
    return Result(
        TITLE,
        f"`GET {PATH}` of {MOST:,} entries at a time until {entries:,} are read, over one connection. The rival reads "
        "id, subject and type of the same rows, as many at a time, with psycopg.",
        (product, rival),
        (Ratio("feed ÷ SELECT", product, rival, at_least=0.5),),
    )


def _read(port: int, key: str, entries: int) -> float:
    start, at = time.perf_counter(), 1
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {key}"}) as client:
        while at <= entries:
            told = client.get(PATH, params={"startId": at, "numberOfEvents": MOST})
            told.raise_for_status()
            at = told.json()["nextId"]
    return time.perf_counter() - start


def _select(database: str, entries: int) -> float:
    at = 1
    with psycopg.connect(database) as connection:
        start = time.perf_counter()
        while at <= entries:
            rows = connection.execute(
                "SELECT id, subject, type FROM operator_feed WHERE id >= %s ORDER BY id LIMIT %s", [at, MOST]
            ).fetchall()
            at = rows[-1][0] + 1
        return time.perf_counter() - start
