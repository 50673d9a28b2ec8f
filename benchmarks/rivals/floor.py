"""What the product's promises cost at the least: their SQL, and nothing decided.

A bare ASGI application, without a framework. It reads the token (whose signature is checked once) and asks the database
what the product asks, in the same statements, gathered with those of the other guests in the same way: one for the
streams of the user, the session, the listing and a month; one that appends two events and the journal row. What it
writes are made-up bytes of the product's sizes, and so is its answer. It knows no rules and no prices, makes no
documents, keeps no read models. Nothing that decides in Python, on this log, is faster.
"""

import hashlib
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg

from benchmarks.rivals.crud import Tokens
from infra.event_store.codec import Stored
from infra.event_store.group_commit import GroupCommit
from infra.event_store.journal import Row
from infra.event_store.news import STREAMS
from infra.event_store.saves import Save
from infra.event_store.together import Together
from infra.postgres.arrays import Ints, Uuids
from infra.postgres.line import Line
from infra.postgres.migrate import FOLDER

REQUESTED, CLAIMED = b"r" * 1468, b"c" * 240
"""The states of a booking's two events, as long as the product's."""
ADDRESS, ANSWER = b"a" * 37, b"s" * 1668
"""The same of its journal row, sealed."""
REST = b'"},"rest":"' + b"-" * 1500 + b'"}'
"""Makes the answer as long as the product's."""
LISTING, MONTH = uuid4(), uuid4()

Send = Callable[[dict[str, Any]], Awaitable[None]]


def prepare(conninfo: str) -> None:
    """Make the product's tables."""
    with psycopg.connect(conninfo) as connection:
        for file in sorted(FOLDER.glob("*.sql")):
            connection.execute(file.read_bytes())


class Floor:
    """The application."""

    def __init__(self, conninfo: str, tokens: Tokens) -> None:
        self.tokens = tokens
        self.line = Line(conninfo, "floor loads")
        self.news = Together(self.ask)
        lines = [Line(conninfo, f"floor writer {number}") for number in (1, 2)]
        self.commit = GroupCommit(lines, most=200, waiting=5_000, keep=timedelta(hours=24), committed=lambda: None)
        self.started = False

    async def ask(self, asked: Sequence[tuple[UUID, int]]) -> Sequence[None]:
        streams, versions = zip(*asked, strict=True)
        await self.line.ask(STREAMS, [Uuids(streams), Ints(versions)])
        return [None] * len(asked)

    async def __call__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[Any]], send: Send) -> None:
        if scope["type"] != "http":
            return
        if not self.started:
            self.started = True
            self.commit.start()
        if scope["path"] == "/health":
            await answered(send, 200, b"{}")
            return
        body = (await receive())["body"]
        headers = dict(scope["headers"])
        claims = self.tokens.claims(headers[b"authorization"].decode())
        user, session, id = UUID(claims["userId"]), UUID(claims["sessionId"]), uuid4()
        await self.news.all([(user, 1), (session, 1), (LISTING, 1), (MONTH, 1)])
        key = f"{user} {headers[b'idempotency-key'].decode()}"
        row = Row(
            uuid4(),
            "createReservation",
            user,
            "user",
            session,
            "default",
            "0" * 32,
            ADDRESS,
            datetime.now(UTC),
            key,
            hashlib.blake2b(body, digest_size=32).digest(),
            ANSWER,
        )
        events = [
            Stored(id, 1, "reservation.requested.v1", REQUESTED),
            Stored(uuid4(), 1, "calendar.claimed.v1", CLAIMED),
        ]
        await self.commit.append(Save(events, row))
        await answered(send, 201, b'{"reservation":{"id":"' + str(id).encode() + REST)


async def answered(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def create_app() -> Floor:
    return Floor(os.environ["RIVAL_DATABASE_URL"], Tokens(os.environ["RIVAL_PUBLIC_KEY"]))
