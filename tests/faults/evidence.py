"""Gathers what there is to be seen after a campaign: clients' notes, the log, the feed, Kafka, rebuilds beside."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import psycopg
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from psycopg import sql

from infra.kafka.standstill import Place, Standstill
from tests.e2e.operators.outside import FEED
from tests.e2e.server import INNKEEP, environment, until
from tests.faults.campaign import Run
from tests.faults.checker import FINAL
from tests.faults.found import Evidence, Journalled, Logged, Message, Payment
from tests.faults.notebook import Attempt, Entry, Oddity, Told, Window, notes
from tests.faults.troubles import lasts

LOG = "SELECT position, stream::text, version, name, state, command::text FROM event ORDER BY position"
JOURNAL = "SELECT right(key, 36), id::text, position FROM command WHERE key IS NOT NULL"
PAYMENTS = """SELECT p.key::text, CASE WHEN p.status = 'captured' THEN p.amount ELSE 0 END,
    coalesce((SELECT sum(r.amount) FROM simulator_refund AS r WHERE r.payment = p.id AND NOT r.returned), 0)::bigint
  FROM simulator_payment AS p"""
LAST = "SELECT coalesce(max(position), 0) FROM event"
RELAYED = "SELECT coalesce(max(position), 0) FROM relay"
APART = sql.SQL("""SELECT
  (SELECT count(*) FROM (SELECT to_jsonb(a) FROM {a} AS a EXCEPT SELECT to_jsonb(b) FROM {b} AS b) AS one)
  + (SELECT count(*) FROM (SELECT to_jsonb(b) FROM {b} AS b EXCEPT SELECT to_jsonb(a) FROM {a} AS a) AS other)""")
TABLES = """SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = current_schema()::regnamespace
  AND c.relkind IN ('r', 'p') AND right(c.relname, 4) = '_old' ORDER BY 1"""
REST_SECONDS = 180.0
TOOL_SECONDS = 300.0
QUIET_SECONDS = 2.0
PROGRESS = "progress"
"""Where an index keeps how far it is: no document."""


def rest(run: Run) -> None:
    """Return once every follower of the log has come to its end, and nothing more happens."""
    stands = ""

    def quiet() -> bool:
        nonlocal stands
        with psycopg.connect(run.servers.postgres.conninfo) as connection:
            ((before,),) = connection.execute(LAST).fetchall()
            lag = json.loads(_tool(run, "lag", "--json"))
            lasts(QUIET_SECONDS)
            ((after,),) = connection.execute(LAST).fetchall()
            ((relayed,),) = connection.execute(RELAYED).fetchall()
        behind = {model["name"]: model["events_behind"] for model in lag if model["events_behind"]}
        stands = f"log {before}, then {after}; Kafka {relayed}; behind: {behind}"
        return before == after and not behind and (run.servers.kafka is None or relayed >= after)

    try:
        until("everything that follows the log is at its end", quiet, REST_SECONDS)
    except AssertionError as late:
        raise AssertionError(f"{late}: {stands}") from None


def standstill(servers: str) -> list[Place]:
    """Where readers of committed messages do not get on, if Kafka tells."""
    settings: dict[str, str | int | float | bool] = {"bootstrap.servers": servers, "log_level": 0}

    async def twice() -> list[Place]:
        topics = AdminClient(settings).list_topics(timeout=QUIET_SECONDS).topics
        looks = Standstill(settings, [topic for topic in topics if not topic.startswith("__")])
        await looks.look()
        await asyncio.sleep(QUIET_SECONDS)
        return await looks.look()

    try:
        return asyncio.run(twice())
    except KafkaException:
        return []


def feed(run: Run) -> Iterator[Entry]:
    """The feed from start to end, as an outside system reads it now."""
    position, more = 1, True
    while more:
        answer = httpx.get(
            f"{run.api}{FEED}",
            params={"startId": position, "numberOfEvents": 1000},
            headers=run.system,
            timeout=60,
        ).raise_for_status()
        page = answer.json()
        for place, event in enumerate(page["events"]):
            yield Entry(FINAL, position + place, event["operatorId"], event["type"])
        more, position = page["nextId"] > position, page["nextId"]


def gather(run: Run, entries: list[Entry]) -> Evidence:
    """Everything else; the processes have been stopped by now."""
    with psycopg.connect(run.servers.postgres.conninfo) as connection:
        log = [
            Logged(position, stream, version, name.rpartition(".v")[0], json.loads(state), command)
            for position, stream, version, name, state, command in connection.execute(LOG)
        ]
        journal = {key: Journalled(id, position) for key, id, position in connection.execute(JOURNAL)}
        payments = [Payment(*row) for row in connection.execute(PAYMENTS)]
    return Evidence(
        told=list(notes(run.notebook, Told)),
        attempts=list(notes(run.notebook, Attempt)),
        windows=list(notes(run.notebook, Window)),
        entries=[*notes(run.notebook, Entry), *entries],
        oddities=list(notes(run.notebook, Oddity)),
        log=log,
        journal=journal,
        messages=messages(run.servers.kafka.servers) if run.servers.kafka else None,
        payments=payments,
        differing_rows=list(rows_apart(run)),
        differing_documents=list(documents_apart(run)) if run.servers.opensearch else [],
    )


def rows_apart(run: Run) -> Iterator[str]:
    """Every read model is made anew from the log; table by table, what was there against what is there now."""
    _tool(run, "rebuild", "all")
    with psycopg.connect(run.servers.postgres.conninfo) as connection:
        tables = [old.removesuffix("_old") for (old,) in connection.execute(TABLES).fetchall()]
        assert tables, "no rebuild has kept what it replaced"
        for table in tables:
            names = {"a": sql.Identifier(table), "b": sql.Identifier(f"{table}_old")}
            ((apart,),) = connection.execute(APART.format(**names)).fetchall()
            yield from (f"a row of {table}" for _ in range(apart))


def documents_apart(run: Run) -> Iterator[str]:
    """Every index is filled anew beside the live one; index by index, what was searched against what is now."""
    assert run.servers.opensearch is not None
    with httpx.Client(base_url=run.servers.opensearch.url, timeout=60) as http:
        before = _live(http)
        assert before, "there are no indexes"
        _tool(run, "rebuild", "search:all")
        after = _live(http)
        for alias, old in before.items():
            assert after[alias] != old, f"{alias} was not made anew"
            one, other = dict(_documents(http, old)), dict(_documents(http, after[alias]))
            for id in one.keys() | other.keys():
                if one.get(id) != other.get(id):
                    yield f"{id} of {alias}: {_apart(one.get(id), other.get(id))}"


def _live(http: httpx.Client) -> dict[str, str]:
    told = http.get("/_alias").raise_for_status().json()
    return {alias: index for index, said in told.items() for alias in said["aliases"]}


def _apart(one: Any, other: Any) -> str:
    if one is None or other is None:
        return "only after the rebuild" if one is None else f"only before the rebuild: {json.dumps(one)[:500]}"
    fields = [name for name in one.keys() | other.keys() if one.get(name) != other.get(name)]
    return "; ".join(f"{name} was {one.get(name)!r}, is {other.get(name)!r}"[:200] for name in sorted(fields))


def _documents(http: httpx.Client, index: str) -> Iterator[tuple[str, Any]]:
    """All that are not marked as deleted."""
    http.post(f"/{index}/_refresh").raise_for_status()
    answer = http.post(f"/{index}/_search", params={"scroll": "1m"}, json={"size": 1000}).raise_for_status().json()
    while answer["hits"]["hits"]:
        for hit in answer["hits"]["hits"]:
            if hit["_id"] != PROGRESS and not hit["_source"].get("deleted"):
                yield hit["_id"], hit["_source"]
        asked = {"scroll": "1m", "scroll_id": answer["_scroll_id"]}
        answer = http.post("/_search/scroll", json=asked).raise_for_status().json()


def messages(servers: str) -> list[Message]:
    """All committed messages of the product's own topics, in order of each partition."""
    settings = {"bootstrap.servers": servers, "group.id": uuid4().hex, "enable.auto.commit": False}
    consumer = Consumer(settings | {"isolation.level": "read_committed", "enable.partition.eof": True})
    found: list[Message] = []
    try:
        topics = consumer.list_topics(timeout=30).topics
        places = [
            TopicPartition(name, number, 0)
            for name, topic in topics.items()
            if ".log." in name
            for number in topic.partitions
        ]
        consumer.assign(places)
        ended = 0
        while ended < len(places):
            message = consumer.poll(30)
            assert message is not None, "Kafka does not answer"
            if message.error() is not None:
                ended += 1  # the end of one partition
                continue
            headers = dict(message.headers() or [])
            key = message.key() or b""
            assert isinstance(key, bytes)
            found.append(
                Message(
                    str(message.topic()), key.decode(), *(int(headers[name] or 0) for name in ("position", "version"))
                )
            )
    finally:
        consumer.close()
    return found


def _tool(run: Run, *arguments: str) -> str:
    done = subprocess.run(
        [INNKEEP, *arguments],
        cwd=run.servers.folder,
        env=environment(**run.settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=TOOL_SECONDS,
    )
    assert done.returncode == 0, f"innkeep {' '.join(arguments)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout
