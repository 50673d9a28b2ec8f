"""Projecting: the product's projector over a log, beside plain upserts of the very documents that it makes."""

import gc
import inspect
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, sql

from benchmarks import past, servers, worker
from benchmarks.figures import Measured, Ratio, Result
from benchmarks.plan import Plan
from benchmarks.rivals import upserts
from domain.catalogue import RESOURCES
from infra.event_store import PostgresEventStore
from infra.read_models.codec import to_json
from infra.read_models.documents import DocumentModel, terms_of
from infra.read_models.runner import Runner
from infra.read_models.side import models_of
from projections.catalogue import PROJECTIONS
from projections.projection import Document

TITLE = "Projecting events to documents"
RIVALS = {"executemany": upserts.by_executemany, "COPY": upserts.by_copy}
DIFFERENT = sql.SQL("SELECT count(*) FROM ((TABLE {a} EXCEPT TABLE {b}) UNION ALL (TABLE {b} EXCEPT TABLE {a})) AS d")


@dataclass
class Log:
    """A log to project, and what it comes to."""

    database: str
    events: int
    bookings: int
    pages: list[upserts.Page] = field(default_factory=list)

    @property
    def documents(self) -> int:
        return sum(len(rows) for page in self.pages for _, rows in page)


async def run(plan: Plan, conninfo: str) -> Result:
    """Measures it."""
    log = await made(plan, conninfo, 20_000 if plan.quick else 100_000)
    taken: dict[str, list[float]] = {"product": [], **{name: [] for name in RIVALS}}
    for number in range(-1, plan.rounds):
        names = list(taken)
        for name in names[number % 3 :] + names[: number % 3]:  # who begins changes from round to round
            seconds = await _project(log) if name == "product" else await _upsert(log, name)
            if number >= 0:
                taken[name].append(log.events / seconds)
            plan.say(f"round {number + 1}/{plan.rounds}: {name} {log.events / seconds:,.0f} events/s")
        _check_same(log)
    return _result(log, taken)


async def made(plan: Plan, conninfo: str, events: int) -> Log:
    """A log of about so many events on a new database, with all the documents that it makes page by page."""
    database, bookings = servers.database(conninfo, "projecting"), events // past.A_BOOKING
    plan.say(f"making {events:,} events")
    written = past.written(database, (await past.made(database, bookings)).commands(bookings))
    log = Log(database, written, bookings)
    async with worker.read_side(database) as (store, side):
        log.events = await store.end()
        models = [model for model in side.models.values() if isinstance(model, DocumentModel)]
        log.pages = [page async for page in _pages(store, models)]
    with psycopg.connect(database) as connection:
        for model in models:
            connection.execute(model.create(_raw(model.table)))
            for index in model.indexes(_raw(model.table)):
                connection.execute(index)
    gc.freeze()  # the collector need not look through all these pages again and again
    return log


async def _pages(store: PostgresEventStore, models: Sequence[DocumentModel]) -> AsyncIterator[upserts.Page]:
    """What each page of events makes of each table: the pages are as long as the product's."""
    size: int = inspect.signature(Runner).parameters["page"].default
    documents: dict[str, dict[UUID, Document | None]] = {model.table: {} for model in models}
    position, end = 0, await store.end()
    while position < end:
        page = await store.read(position, size)
        position = page.position
        made = []
        for model in models:
            known, touched = documents[model.table], {}
            for event in page.events:
                handler = model.projection.handles.get(type(event.fact))
                for target in model.projection.targets(event) if handler else ():
                    assert handler
                    known[target.id] = handler(known.get(target.id), event, target.hint)
                    touched[target.id] = event.position
            rows = [_row(model, id, known[id], at) for id, at in touched.items()]
            if rows:
                made.append((upserts.Table(_raw(model.table), told=bool(model.tells)), rows))
        yield made


def _row(model: DocumentModel, id: UUID, document: Document | None, position: int) -> upserts.Row:
    assert document is not None, "nothing in this log deletes a document"
    folded = model.folded(document)
    row = id, to_json(document), folded.decode() if folded else None, position
    return (*row, terms_of(model.tells, document)) if model.tells else row


async def _project(log: Log) -> float:
    """Seconds until the product has projected all of it, into new tables."""
    with psycopg.connect(log.database) as connection:
        for model in models_of(PROJECTIONS, RESOURCES).values():
            connection.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(model.table)))
        connection.execute("DELETE FROM read_model")
    with worker.started("benchmarks.worker:project", log.database) as product:
        _settle(log.database)
        return product.go()


async def _upsert(log: Log, name: str) -> float:
    """Seconds until the rival has written all of it, into empty tables."""
    async with await AsyncConnection.connect(log.database, autocommit=True, prepare_threshold=0) as connection:
        for table in {table.name for page in log.pages for table, _ in page}:
            await connection.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))
        _settle(log.database)
        start = time.perf_counter()
        await RIVALS[name](connection, log.pages)
        return time.perf_counter() - start


def _settle(database: str) -> None:
    """What was done before is not paid by who comes next."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CHECKPOINT")


def _check_same(log: Log) -> None:
    """Product and rival have made the same documents. Raises AssertionError."""
    with psycopg.connect(log.database) as connection:
        for raw in {table.name for page in log.pages for table, _ in page}:
            names = {"a": sql.Identifier(raw.removeprefix("raw_")), "b": sql.Identifier(raw)}
            ((different,),) = connection.execute(DIFFERENT.format(**names)).fetchall()
            if different:
                raise AssertionError(f"{different} rows of {raw} are not what the product made")


def _raw(table: str) -> str:
    return f"raw_{table}"


def _result(log: Log, taken: dict[str, list[float]]) -> Result:
    product, *rivals = (Measured(name, "events/s", values) for name, values in taken.items())
    last = {(table, row[0]) for page in log.pages for table, rows in page for row in rows}
    return Result(
        TITLE,
        f"A log of {log.events:,} events, {log.bookings:,} bookings of two nights from request to check-out; the "
        "product's projector takes it in from the first event to the last, into every read model it has. The rivals "
        "have the same documents as JSON in memory and write them into tables of the same shape with the same indexes: "
        "page by page, in as many transactions, each document as it stands after the page.",
        (product, *rivals),
        [Ratio(f"product ÷ {rival.name}", product, rival, at_least=0.6) for rival in rivals],
        (
            (
                f"{log.documents:,} documents were written in {len(log.pages):,} pages, {len(last):,} different ones; "
                "after each round the product's tables were compared with the rival's, row by row."
            ),
            (
                "The product reads and decodes the log, folds and encodes the documents, and keeps deadlines besides; "
                "the rivals only write."
            ),
        ),
    )
