"""The versions of an index behind its alias, and how far each has come: that is kept with the documents themselves, so
that whatever becomes of the cluster, a position never tells of documents that are not there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from commands.ports import Unavailable
from infra.opensearch.client import Cluster, Refused
from infra.opensearch.layout import Layout
from infra.opensearch.mappings import declaration, mapping, settings
from infra.opensearch.names import number_of, version_name
from infra.opensearch.writing import rejection

PROGRESS = "progress"
"""The id of the document that tells how far a version has come. Searches do not see it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one version has come."""

    position: int = 0
    """Of the log: all up to here is in it, once it is filled."""
    filled: bool = True
    """Has it all documents that there were?"""
    scanned: str = ""
    """While it is filled: the last id that was read."""
    done: int = 0
    """While it is filled: documents read."""
    shown: bool = False
    """Is it searched, or was it once?"""


@dataclass(frozen=True, slots=True)
class Shape:
    """How new versions are made."""

    shards: int = 1
    replicas: int = 1
    refresh_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an index."""

    name: str
    declaration: str
    """A digest of what it was made by."""


class Versions:
    """Looks after the versions of the indexes of one marketplace.

    Args:
        cluster: where they are.
        family: what all their names, and no others, begin with.
        shape: of new ones.
    """

    def __init__(self, cluster: Cluster, family: str, shape: Shape) -> None:
        self._cluster = cluster
        self._family = family
        self._shape = shape

    async def named(self) -> dict[str, str]:
        """The name of the version that each alias shows."""
        answer = await self._cluster.ask("GET", f"/_alias/{self._family}*")
        return {alias: name for name, found in answer.items() for alias in found["aliases"]}

    async def declarations(self) -> dict[str, str]:
        """By the name of each version: a digest of what it was made by."""
        params = {"filter_path": "*.mappings._meta"}
        answer = await self._cluster.ask("GET", f"/{self._family}*/_mapping", params=params)
        return {name: str(found["mappings"]["_meta"]["declaration"]) for name, found in answer.items()}

    async def all(self, alias: str) -> dict[int, Version]:
        """Every version that there is, by number."""
        found = await self.declarations()
        return {n: Version(name, told) for name, told in found.items() if (n := number_of(alias, name)) is not None}

    async def create(self, alias: str, number: int, layout: Layout) -> Version:
        """A new version, empty, that nobody sees."""
        name, shape = version_name(alias, number), self._shape
        kept = settings(shards=shape.shards, replicas=shape.replicas, refresh_seconds=shape.refresh_seconds)
        try:
            await self._cluster.ask(
                "PUT", f"/{name}", {"settings": {"index": kept}, "mappings": mapping(layout)}, seconds=60
            )
        except Refused as refused:
            if refused.kind != "resource_already_exists_exception":  # an attempt whose answer was lost
                raise
        return Version(name, declaration(layout))

    async def show(self, alias: str, name: str) -> None:
        """Let the alias show this version and no other, in one step."""
        actions: list[Any] = [{"remove": {"index": f"{alias}-v*", "alias": alias, "must_exist": False}}]
        actions.append({"add": {"index": name, "alias": alias}})
        await self._cluster.ask("POST", "/_aliases", {"actions": actions}, seconds=60)

    async def refresh(self, name: str) -> None:
        """Let all that is written be found."""
        await self._cluster.ask("POST", f"/{name}/_refresh", seconds=60)

    async def drop(self, name: str) -> None:
        """Do away with a version."""
        try:
            await self._cluster.ask("DELETE", f"/{name}", seconds=60)
        except Refused as refused:
            if refused.kind != "index_not_found_exception":
                raise

    async def progress(self, names: list[str]) -> dict[str, Progress]:
        """How far these versions have come; one that has said nothing is not in it."""
        if not names:
            return {}
        docs = [{"_index": name, "_id": PROGRESS} for name in names]
        answer = await self._cluster.ask("POST", "/_mget", {"docs": docs})
        return {
            one["_index"]: Progress(**one["_source"]["progress"]) for one in answer["docs"] if one.get("found", False)
        }

    async def lacking(self, name: str, ids: Collection[str]) -> set[str]:
        """Those of these documents that the version does not have, written or not."""
        if not ids:
            return set()
        answer = await self._cluster.ask(
            "POST", f"/{name}/_mget", {"ids": [*ids]}, params={"_source_includes": "deleted"}
        )
        there = {one["_id"] for one in answer["docs"] if one.get("found") and not one["_source"]["deleted"]}
        return set(ids) - there

    async def tell(self, told: Mapping[str, Progress]) -> None:
        """Keep how far these versions have come. What is older than what is kept already is passed over."""
        lines: list[Any] = []
        for name, progress in told.items():
            place = {"_index": name, "_id": PROGRESS, "version": progress.position, "version_type": "external_gte"}
            lines += [{"index": place}, {"progress": asdict(progress)}]
        for item in await self._cluster.bulk(lines):
            reason = rejection(item["index"])
            if reason:
                raise Unavailable("The search engine does not keep positions; try again.", why=reason)

    async def blocked(self) -> dict[str, list[str]]:
        """The versions that take no writes, with the names of what keeps them from it."""
        params = {"flat_settings": "true"}
        answer = await self._cluster.ask("GET", f"/{self._family}*/_settings/index.blocks.*", params=params)
        on = {
            name: sorted(key for key, value in found["settings"].items() if str(value) == "true")
            for name, found in answer.items()
        }
        return {name: blocks for name, blocks in on.items() if blocks}
