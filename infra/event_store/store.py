"""The event store: the port `commands.ports.EventStore`, kept on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from secrets import token_bytes
from typing import Any, Self, TypeVar, cast
from uuid import UUID, uuid4

from psycopg.rows import TupleRow

from commands.ports import Cause, Kept, Page, Unavailable, Wanted, WrongKind
from domain.actor import SYSTEM
from domain.kernel import Aggregate, Fact, Recorded
from infra.event_store.cache import Cache
from infra.event_store.codec import Codec, Stored
from infra.event_store.feed import Feed
from infra.event_store.group_commit import NO_COPY, GroupCommit
from infra.event_store.journal import Journal
from infra.event_store.news import By, News, Past, position_in
from infra.event_store.notifier import Notifier
from infra.event_store.recent import Recent
from infra.event_store.rows import Rows
from infra.event_store.saves import Save
from infra.event_store.sealing import ActorKeys
from infra.event_store.vigil import Vigil
from infra.postgres.arrays import Uuids
from infra.postgres.line import Line

A = TypeVar("A", bound=Aggregate)

MUCH = 1_800
"""Bytes of a trial's event, and of its answer: where they find room, so do nearly all commands'."""
HISTORY = """SELECT e.position, e.stream, e.version, e.name, e.state, c.at, c.actor, c.role, e.command, c.name
  FROM event AS e LEFT JOIN command AS c ON c.id = e.command
  WHERE e.stream = ANY(%b::uuid[]) AND (%b::timestamptz IS NULL OR c.at <= %b::timestamptz) ORDER BY e.position"""


class PostgresEventStore:
    """The log on PostgreSQL, in the first schema of the connection's search_path, which is migrated already.

    Open it on the event loop that uses it, as a context manager or by `open` and `close`. Of one process, one is
    enough; any number of processes may share a database. It opens `writers` + 5 connections.

    Args:
        conninfo: the database, as libpq takes it.
        codec: the events and their stored names.
        writers: transactions that may be under way at once.
        batch: saves that share a transaction at most.
        waiting: saves that may wait; more are Unavailable.
        cached: aggregates kept in memory.
        keep: how long idempotency keys and their answers are kept, by the product's clock.
        patience: seconds to try for a connection before it is Unavailable.
        stall: seconds without an answer after which a connection counts as lost.
        shared: told how many saves share a transaction, each time.
    """

    def __init__(
        self,
        conninfo: str,
        codec: Codec,
        *,
        writers: int = 2,
        batch: int = 200,
        waiting: int = 5_000,
        cached: int = 10_000,
        keep: timedelta = timedelta(hours=24),
        patience: float = 1.0,
        stall: float = 5.0,
        shared: Callable[[int], None] = lambda _saves: None,
    ) -> None:
        def line(use: str) -> Line:
            return Line(conninfo, f"innkeep {use}", patience=patience, stall=stall, renewed=self._forget)

        self._codec = codec
        self._cache = Cache(cached)
        self._recent = Recent(cached)
        self._rows = Rows(codec, self._recent)
        self._loads, self._reads, self._files = line("loads"), line("feed"), line("journal")
        self._keys = ActorKeys(self._files)
        self._journal = Journal(self._files, self._keys, keep)
        self._feed = Feed(self._reads)
        self._notifier = Notifier(conninfo, heard=self._feed.ring)
        self._news = News(self._loads)
        writing = [line(f"writer {number}") for number in range(1, writers + 1)]
        self._commit = GroupCommit(writing, most=batch, waiting=waiting, keep=keep, committed=self._appended)
        self._commit.shared = shared
        self._vigil = Vigil("event store", self._trial)

    async def open(self) -> Self:
        """Start the writers. Connections are made when they are first needed."""
        self._commit.start()
        return self

    async def close(self) -> None:
        """Finish the saves that wait, take no more, and close every connection."""
        async with AsyncExitStack() as closing:  # all of them, whatever interrupts it
            for line in (self._loads, self._reads, self._files):
                closing.push_async_callback(line.close)
            closing.push_async_callback(self._notifier.close)
            closing.push_async_callback(self._commit.stop)
            await self._vigil.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def load(self, kind: type[A], stream: UUID, *, fresh: bool = False) -> A:
        """A draft of the stream, at version 0 if nothing happened to it yet.

        From the cache if it can be; `fresh` asks the database for what others have added.

        Raises:
            WrongKind: the stream is of another kind.
            UnknownEvent: it holds an event that this code does not know.
            Unavailable: the database is away, or too many wait for it.
        """
        (found,) = await self.load_all((Wanted(kind, stream, fresh),))
        return cast("A", found)

    async def load_all(self, wanted: Sequence[Wanted]) -> list[Aggregate]:
        """As `load`, of several streams in one question: each of the kind asked for, in the order asked."""
        return (await self._asked(wanted))[0]

    async def load_and_position(self, wanted: Sequence[Wanted], session: UUID) -> tuple[list[Aggregate], int]:
        """As `load_all` and `last_position`, in one question."""
        drafts, (told,) = await self._asked(wanted, By(session))
        return drafts, position_in(told)

    async def save(self, aggregates: Sequence[Aggregate], cause: Cause) -> int:
        """Record the pending events of all of these, and the cause, in one transaction; answers the last position.

        A command may save more than once: its first save writes the journal row, a later one adds events, raises the
        row's position, and may bring the answer. A cancelled save may be recorded all the same.

        Raises:
            Conflict: another save was first on one of the streams.
            KeyTaken: another command was first with the idempotency key.
            Unavailable: the database is away or too many wait for it. If the connection was lost and no other could
                be had, it is not known whether this was recorded: the idempotency key will tell.
            ValueError: there is nothing to record.
        """
        deciding = [aggregate for aggregate in aggregates if aggregate.pending_events]
        if not deciding:
            raise ValueError(f"{cause.name} has decided nothing: there is nothing to record")
        # What is encoded and kept is how it stands now, whatever the caller does while it is under way.
        decided = [(aggregate, len(aggregate.pending_events), aggregate.draft()) for aggregate in deciding]
        facts = [fact for aggregate in deciding for fact in aggregate.pending_facts]
        events = [self._codec.encode(fact) for fact in facts]
        try:
            with self._vigil.over():
                if self.trouble == NO_COPY:  # it would keep one connection more, until there are none
                    raise Unavailable(NO_COPY)
                position = await self._commit.append(Save(events, await self._journal.row(cause)))
        except BaseException:
            for aggregate in deciding:
                self._cache.drop(aggregate.id)
            raise
        self._recent.add(facts, cause.id)
        for aggregate, count, as_saved in decided:
            del aggregate.pending_events[:count]
            self._cache.put(as_saved)
        return position

    async def read(self, after: int, limit: int) -> Page:
        """What is settled past that position, in order; nothing at or before the page's position can still appear.

        A page ends before an event that this code does not know; the next read raises UnknownEvent. Raises
        Unavailable.
        """
        return self._rows.page(*await self._feed.read(after, limit))

    async def stretch(self, after: int, length: int, only: Collection[type[Fact]] | None = None) -> Page:
        """What is settled of the next so many positions; as `read`.

        `only`: other events are passed over unread, but never one that this code does not know.
        """
        without = () if only is None else self._codec.others(frozenset(only))
        return self._rows.page(*await self._feed.stretch(after, length, without))

    async def rows(self, after: int, limit: int) -> tuple[Sequence[tuple[Any, ...]], int]:
        """As `read`, the rows as they are stored: position, stream, version, name, state, instant, actor, role, and the
        id and name of the command; ids and instants as texts. For who passes events on without knowing what they say.
        Raises Unavailable; LookupError if a command is missing.
        """
        rows, position = await self._feed.texts(after, limit)
        return self._rows.whole(rows), position

    async def history(self, streams: Iterable[UUID], until: datetime | None = None) -> list[Recorded]:
        """All that happened to these streams, in the log's order, up to and including that instant. Raises
        UnknownEvent and Unavailable.
        """
        rows = await self._reads.ask(HISTORY, [Uuids(list(streams)), until, until])
        return await self._rows.all(rows)

    async def kept(self, key: str) -> Kept | None:
        """What the journal has for this idempotency key, if it is not yet forgotten. Raises Unavailable."""
        return await self._journal.kept(key)

    async def answer(self, command: UUID, answer: bytes) -> None:
        """File the answer of a command that recorded before it knew what it would answer. Raises LookupError if it
        recorded nothing, and Unavailable.
        """
        await self._journal.answer(command, answer)

    async def last_position(self, session: UUID) -> int:
        """The position of the newest event that this session or API key caused; 0 for none. Raises Unavailable."""
        with self._vigil.over():
            return position_in(await self._news(By(session)))

    @property
    def trouble(self) -> str | None:
        """What keeps commands from being decided or recorded, as the last of them found; None if nothing does."""
        return None if self._vigil.trouble is None else self._vigil.trouble.message

    @property
    def waiting(self) -> int:
        """Saves that wait for a transaction."""
        return self._commit.waiting

    async def head(self) -> int:
        """The newest settled position, as far as it is known to be settled now. Raises Unavailable."""
        return await self._feed.settled()

    async def end(self) -> int:
        """The newest position drawn, settled or not: nothing recorded until now lies past it. Raises Unavailable."""
        return await self._feed.drawn()

    async def wait_for_events(self, after: int, timeout: float) -> bool:  # noqa: ASYNC109 - it answers, it does not raise
        """Is anything settled past that position, or will it be within so many seconds? Raises Unavailable.

        What this process appends wakes at once, and so does word from others; without word, what they append is
        noticed within 50 ms.
        """
        self._notifier.listen()
        return await self._feed.wait(after, timeout)

    async def forget_old_keys(self) -> int:
        """Housekeeping, as often as one likes, in any number of processes: drop the answers and free the keys that
        have been kept long enough. Answers of how many commands. Raises Unavailable.
        """
        return await self._journal.forget()

    async def destroy_key(self, actor: UUID) -> None:
        """Make what the journal keeps of this person unreadable for good. Raises Unavailable."""
        await self._keys.destroy(actor)

    async def address(self, command: UUID) -> str | None:
        """Where the command's caller called from, for whoever looks into an abuse; None if unknown or erased."""
        return await self._journal.address(command)

    async def _trial(self) -> None:
        """Load and append as a command does, as much as a large one, and take it back. Raises Unavailable."""
        cause = Cause(uuid4(), "try", SYSTEM, datetime.now(UTC), answer=token_bytes(MUCH))
        await self._news(Past(cause.id, 0))
        await self._commit.rehearse(
            Save([Stored(cause.id, 1, "trial", token_bytes(MUCH))], await self._journal.row(cause))
        )

    def _forget(self) -> None:
        self._cache.forget()
        self._keys.forget()

    def _appended(self) -> None:
        self._feed.ring()
        self._notifier.tell()

    async def _asked(self, wanted: Sequence[Wanted], *more: By) -> tuple[list[Aggregate], Sequence[Sequence[TupleRow]]]:
        """Drafts of what is wanted, and the answers to what else is asked, all in one question."""
        while True:
            life = self._cache.life
            drafts, behind = self._drafts(wanted)
            if not behind and not more:
                return drafts, ()
            with self._vigil.over():
                news = await self._news.all([*(Past(draft.id, draft.version) for draft in behind), *more])
            if self._cache.life == life:  # else some drafts are of what was forgotten meanwhile
                self._catch_up(behind, news[: len(behind)])
                return drafts, news[len(behind) :]

    def _drafts(self, wanted: Sequence[Wanted]) -> tuple[list[Aggregate], list[Aggregate]]:
        """Drafts as the cache has them, and those of them that the database has to be asked about."""
        drafts: list[Aggregate] = []
        behind: list[Aggregate] = []
        for kind, stream, fresh in wanted:
            known = self._cache.get(kind, stream)
            draft = kind.at(stream) if known is None else known.draft()
            drafts.append(draft)
            if known is None or fresh:
                behind.append(draft)
        return drafts, behind

    def _catch_up(self, drafts: Sequence[Aggregate], news: Sequence[Sequence[TupleRow]]) -> None:
        """Let the drafts see what else has happened, and keep how they stand then."""
        for draft, rows in zip(drafts, news, strict=True):
            if not rows and draft.version:
                continue
            for row in rows:
                fact = self._codec.decode(*row[:4])
                if self._codec.kind_of(fact) is not type(draft):
                    raise WrongKind(f"stream {draft.id} has a {fact.TOPIC}: it is no {type(draft).__name__}")
                fact.mutate(draft)
            if rows or self._cache.get(type(draft), draft.id) is None:
                self._cache.put(draft.draft())
