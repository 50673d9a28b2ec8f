"""Search on OpenSearch, wired: what keeps its indexes, and what answers from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Self
from uuid import UUID

from commands.ports import Unavailable
from domain.resource import Resource
from infra.opensearch.arriving import Arriving
from infra.opensearch.client import Cluster
from infra.opensearch.comparing import Comparing
from infra.opensearch.engine import OpenSearchSearch
from infra.opensearch.followed import Followed, Taking
from infra.opensearch.indexer import PAGE, Indexer
from infra.opensearch.layout import Layout
from infra.opensearch.names import alias_of, family_of
from infra.opensearch.purge import Purge
from infra.opensearch.rebuild import STEP, Parts, Rebuilds
from infra.opensearch.rejects import Rejects
from infra.opensearch.source import Source
from infra.opensearch.told import IndexLag, lags
from infra.opensearch.turns import turn
from infra.opensearch.versions import Shape, Versions
from infra.opensearch.writing import Writing
from infra.postgres.connected import connected
from infra.read_models.catalogue import MOST_COUNTED
from infra.read_models.progress import Progress
from infra.read_models.side import ReadSide, WholeLog
from projections.projection import Projection
from read_api.search.declared import Index

SCHEMA = "SELECT current_schema()"


class SearchSide:
    """The indexes of one marketplace. Open it on the event loop that uses it: it asks the database whose it is.

    Args:
        conninfo: the database, for locks and for what is told there.
        log: the event store.
        side: the read models that search documents are made of.
        projections: of these read models.
        indexes: what can be searched.
        cluster: where the indexes are; it is closed with this.
        prefix: of their names.
        shape: of new versions.
        page: events that the indexer takes in at a time, at first.
        step: documents of one step of a rebuild.
    """

    def __init__(
        self,
        conninfo: str,
        log: WholeLog,
        side: ReadSide,
        projections: Iterable[Any],
        indexes: Iterable[Index],
        *,
        cluster: Cluster,
        prefix: str = "innkeep",
        shape: Shape | None = None,
        page: int = PAGE,
        step: int = STEP,
    ) -> None:
        self.cluster = cluster
        self.asking = side.asking
        self.layouts = layouts_of(indexes, side.resources)
        self.progress = Progress()
        self._prefix, self._shape, self._page, self._step = prefix, shape or Shape(), page, step
        self._conninfo, self._log, self._side = conninfo, log, side
        self._projections = [projection for projection in projections if isinstance(projection, Projection)]

    async def open(self) -> Self:
        """Find out whose indexes these are. Raises Unavailable."""
        ((schema,),) = await self.asking(SCHEMA)
        family = family_of(self._prefix, schema)
        self.versions = Versions(self.cluster, family, self._shape)
        aliases = {name: alias_of(family, name) for name in self.layouts}
        source, writing, rejects = Source(self.asking), Writing(self.cluster), Rejects()
        self._writing, self._rejects = writing, rejects
        self.indexes = {name: Followed.of(aliases[name], layout, source) for name, layout in self.layouts.items()}
        taking = Taking(self._projections, self._side.waiting, writing, rejects)
        comparing = Comparing(self.cluster, self.versions, source)
        parts = Parts(self._conninfo, self._log, source, self.versions, writing, taking, rejects, comparing, self._step)
        self.rebuilds = Rebuilds(self.indexes, parts)
        self.indexer = Indexer(
            self._conninfo,
            self._log,
            list(self.indexes.values()),
            taking=taking,
            versions=self.versions,
            rebuilds=self.rebuilds,
            writing=writing,
            rejects=rejects,
            purge=Purge(self.cluster),
            progress=self.progress,
            page=self._page,
        )
        arriving = Arriving(self.cluster, aliases, self.progress, self._log.end, self.asking)
        self.engine = OpenSearchSearch(self.cluster, self.layouts, aliases, arriving)
        return self

    async def close(self) -> None:
        """Disconnect."""
        await self.cluster.close()

    async def __aenter__(self) -> Self:
        try:
            return await self.open()
        except BaseException:
            await self.close()
            raise

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def lags(self, *, most: int | None = None) -> list[IndexLag]:
        """How far each index is behind the log, as its keeper last told, where no more than `most` events are counted.
        Raises Unavailable.
        """
        async with self.asking.connection() as connection:
            return await lags(connection, [*self.indexes], most=most)

    async def retry(self, name: str, document: UUID) -> None:
        """Try anew a document of an index that was rejected, as it is by now.

        Raises NoSuchLetter, StillFails, Unavailable.
        """
        index = self.indexes[name]
        async with connected(self._conninfo) as connection, turn(connection):
            version = (await self.versions.named()).get(index.alias)
            position = {lag.name: lag.position for lag in await lags(connection, [name])}.get(name)
            if version is None or position is None:
                raise Unavailable(f"The search index {name} is not built yet; try again.", retry_after=5)
            shown = replace(index, version=version, position=position)
            await self._rejects.retry(connection, shown, document, self._writing)

    async def health(self) -> Mapping[str, Any]:
        """How the indexes are: their lag, what keeps them from being written, what is rebuilt or was rejected."""
        found = {lag.name: lag for lag in await self.lags(most=MOST_COUNTED)}
        told: dict[str, Any] = {
            "leads": self.indexer.leads,
            "lag": {
                name: {"events": lag.events_behind, "seconds": round(lag.seconds_behind, 3)}
                for name, lag in found.items()
            },
        }
        problems = [self.indexer.trouble] if self.indexer.trouble else []
        missing = [name for name in self.indexes if name not in found]
        if missing:
            problems.append(f"{len(missing)} of {len(self.indexes)} indexes are not built yet: {', '.join(missing)}")
        problems += await self._blocked()
        if problems:
            told["problem"] = "; ".join(problems)
        warnings = [f"{name} is being rebuilt" for name in sorted(self.indexer.due.names & found.keys())]
        warnings += [f"{lag.dead_letters} dead letters of {lag.name}" for lag in found.values() if lag.dead_letters]
        if warnings:
            told["warning"] = "; ".join(warnings)
        return told

    async def _blocked(self) -> list[str]:
        """Indexes that take no writes, as OpenSearch itself says when a disk is full."""
        blocked = await self.versions.blocked()
        return [f"{name} takes no writes ({', '.join(blocks)})" for name, blocks in sorted(blocked.items())]


def layouts_of(indexes: Iterable[Index], resources: Mapping[str, Resource]) -> dict[str, Layout]:
    """The layouts of these indexes, and of one for each resource of which many are joined and that has none."""
    declared = {index.name: index for index in indexes}
    own = {index.resource.name for index in declared.values() if not index.joins}
    for index in [*declared.values()]:
        for join in index.joins:
            if join.many and join.resource.name not in own:
                own.add(join.resource.name)
                declared[f"{join.resource.name}.own"] = Index(f"{join.resource.name}.own", join.resource)
    return {name: Layout(index, resources) for name, index in declared.items()}
