"""The whole read side on one database, wired: models, runner, stores, and the reads on top of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Protocol, Self

from domain.resource import Resource
from infra.read_models import filling, rebuild
from infra.read_models.asking import Asking
from infra.read_models.catalogue import ModelHealth, health, prepare
from infra.read_models.deadlines import DeadlineModel
from infra.read_models.documents import DocumentModel
from infra.read_models.feed import FeedModel
from infra.read_models.for_commands import CommandDocuments
from infra.read_models.foreseen import Foreseen
from infra.read_models.model import Model, by_name
from infra.read_models.progress import Progress
from infra.read_models.rebuild import Rebuilt, Told
from infra.read_models.runner import Feed, Runner
from infra.read_models.search.engine import PostgresSearch
from infra.read_models.store import PostgresFeedStore, PostgresReadStore
from infra.read_models.waiting import Waiting
from projections.deadlines import DeadlineProjection
from projections.feed import FeedProjection
from projections.projection import Projection
from read_api.lists import USUAL_PAGES, Pages
from read_api.ports import Log
from read_api.reads import Reads
from read_api.search.ports import SearchEngine

AnyProjection = Projection | FeedProjection | DeadlineProjection


class NoSuchModel(Exception):
    """There is no read model of that name; the message names those that there are."""


class WholeLog(Feed, filling.Log, Log, Protocol):
    """The log as the read side needs it: followed, read from its start, looked back on, and with a known end."""

    async def end(self) -> int:
        """The newest position drawn, settled or not."""
        ...


class ReadSide:
    """What answers reads, and what fills it. Open it on the event loop that uses it.

    The database is migrated already. `runner.run()` fills the models until it is cancelled; it may run in this
    process, in another, or in several.

    Args:
        conninfo: the database of the read models; its search_path says which schema.
        log: the event store.
        projections: everything that is made of events.
        resources: everything that callers see.
        now: the product's time.
        connections: to the database, at most, for reads.
        tries: that an event has which a read model cannot take in, before it is set aside.
    """

    def __init__(
        self,
        conninfo: str,
        log: WholeLog,
        projections: Iterable[AnyProjection],
        resources: Iterable[Resource],
        *,
        now: Callable[[], datetime],
        connections: int = 8,
        tries: int = 5,
        pages: Pages = USUAL_PAGES,
    ) -> None:
        declared = tuple(projections)
        self.resources = {resource.name: resource for resource in resources}
        foreseen = Foreseen()
        self.models = models_of(declared, self.resources.values(), foreseen)
        self.progress = Progress()
        self.asking = Asking(conninfo, size=connections, renewed=self.progress.forget)
        self.waiting = Waiting(self.asking, self.progress, log.end)
        self.store = PostgresReadStore(self.asking, self.resources, self.waiting)
        self.search: SearchEngine = PostgresSearch(self.asking, self.resources, self.waiting)
        self.feeds = PostgresFeedStore(self.asking, self.progress)
        documents = {p.resource: p for p in declared if isinstance(p, Projection)}
        self.reads = Reads(self.store, log, documents, self.resources, now, pages=pages)
        self.documents = CommandDocuments(self.store, self.waiting, log, documents, self.resources, foreseen=foreseen)
        self._conninfo = conninfo
        self._log = log
        self._tries = tries
        self.runner = self.runner_of(self.models, log)

    async def open(self) -> Self:
        """Make the tables that are missing, and connect. Raises psycopg.OperationalError."""
        await prepare(self._conninfo, self.models)
        try:
            await self.asking.open()
        except BaseException:
            await self.asking.close()
            raise
        return self

    async def close(self) -> None:
        """Disconnect."""
        await self.asking.close()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def runner_of(self, names: Collection[str], feed: Feed, lead: str = "projector") -> Runner:
        """Fills these models alone, from that feed. Raises NoSuchModel."""
        models = {name: self.model(name) for name in names}
        whole = len(models) == len(self.models)
        return Runner(self._conninfo, feed, models, self.progress, tries=self._tries, lead=lead, whole=whole)

    def leave_to_others(self, names: Collection[str]) -> None:
        """These models are filled by other runners than the one here."""
        self.runner = self.runner_of(self.models.keys() - {*names}, self._log)

    async def health(self, *, most: int | None = None) -> list[ModelHealth]:
        """How every read model does, and how far behind the log it is, where no more than `most` events are counted.
        Raises Unavailable.
        """
        async with self.asking.connection() as connection:
            return await health(connection, self.models, most=most)

    async def rebuild(
        self,
        name: str,
        told: Told = lambda _done, _total: None,
        *,
        afresh: bool = False,
        pace: filling.Pace = filling.USUAL,
    ) -> Rebuilt:
        """Make a read model anew beside the live one. Raises NoSuchModel, and as `rebuild.rebuild`."""
        return await rebuild.rebuild(self._conninfo, self._log, self.model(name), told, afresh=afresh, pace=pace)

    async def go_back(self, name: str, told: Told = lambda _done, _total: None) -> Rebuilt:
        """Undo the last rebuild. Raises NoSuchModel, and as `rebuild.go_back`."""
        return await rebuild.go_back(self._conninfo, self._log, self.model(name), told)

    async def drop_old(self, name: str) -> bool:
        """Drop what the last rebuild has replaced. Raises NoSuchModel, and as `rebuild.drop_old`."""
        return await rebuild.drop_old(self._conninfo, self.model(name))

    def model(self, name: str) -> Model:
        """The read model of that name. Raises NoSuchModel."""
        if name not in self.models:
            raise NoSuchModel(f"There is no read model {name}; there are {', '.join(sorted(self.models))}.")
        return self.models[name]


def models_of(
    projections: Iterable[AnyProjection], resources: Iterable[Resource], foreseen: Foreseen | None = None
) -> dict[str, Model]:
    """What to keep in tables for these projections. Raises ValueError for a name that stands twice."""
    declared = tuple(resources)
    return by_name(_model_of(projection, declared, foreseen) for projection in projections)


def _model_of(projection: AnyProjection, resources: tuple[Resource, ...], foreseen: Foreseen | None) -> Model:
    match projection:
        case FeedProjection():
            return FeedModel(projection)
        case DeadlineProjection():
            return DeadlineModel(projection)
        case Projection():
            return DocumentModel(projection, [r for r in resources if r.documents == projection.resource], foreseen)
