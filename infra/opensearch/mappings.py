"""What OpenSearch is told of an index when it is made: strict, so that nothing is kept that was not declared."""

from __future__ import annotations

from typing import Any

from infra.opensearch.fields import kinds_of
from infra.opensearch.layout import Layout, Node
from infra.read_models.model import digest
from projections.words import Part

LAYOUT = 1
"""Raised when documents are laid out in another way: rebuilds are then due."""

COLUMNS: dict[str, dict[str, Any]] = {
    "r": {"type": "keyword"},
    "k": {"type": "keyword", "doc_values": False},
    "g": {"type": "wildcard"},
    "w": {"type": "text", "analyzer": "whitespace", "norms": True},
    "n": {"type": "long"},
    "b": {"type": "boolean"},
    "p": {"type": "geo_point"},
    "plat": {"type": "long"},
    "plon": {"type": "long"},
}
POINT = ("p", "plat", "plon")
KEYWORD: dict[str, Any] = {"type": "keyword"}
TERM: dict[str, Any] = {"type": "keyword", "doc_values": False}
STAY: dict[str, Any] = {
    "properties": {
        name: {"type": "long"}
        for name in (
            "taken",
            "least",
            "overrides",
            "season_starts",
            "season_ends",
            "season_prices",
            "season_least",
            "price",
            "min_stay",
            "max_stay",
            "cleaning_fee",
            "weekly_rate",
            "monthly_rate",
            "tax_rate",
        )
    }
}
"""What a listing's stays depend on: see `infra.opensearch.stays`."""


def mapping(layout: Layout) -> dict[str, Any]:
    """The fields of the index, and nothing else."""
    trees: dict[str, Any] = {"properties": {}}
    for node in layout.nodes:
        _put(trees, node)
    return {
        "dynamic": "strict",
        "_meta": {"declaration": declaration(layout)},
        "properties": {
            "id": KEYWORD,
            "deleted": {"type": "boolean"},
            "purge": {"type": "long"},
            "body": {"type": "object", "enabled": False},
            "progress": {"type": "object", "enabled": False},
            "stay": STAY,
            **trees["properties"],
        },
    }


def settings(*, shards: int, replicas: int, refresh_seconds: float) -> dict[str, Any]:
    """How the index is kept."""
    return {
        "number_of_shards": shards,
        "auto_expand_replicas": f"0-{replicas}",
        "refresh_interval": f"{round(refresh_seconds * 1000)}ms",
        "mapping.total_fields.limit": 10_000,
        "mapping.depth.limit": 30,
        "max_regex_length": 10_000,
        "max_terms_count": 65_536,
    }


def declaration(layout: Layout) -> str:
    """A digest of all that the index depends on."""
    told: list[Any] = [
        [node.path, node.resource.documents, node.by, node.on, list(node.where), sorted(node.points)]
        + [[f.name, f.kind.value, f.of.value if f.of else None] for f in node.fields]
        + [node.tells and [*node.tells.fields, node.tells.languages]]
        for node in layout.nodes
    ]
    return digest("search", LAYOUT, told, list(layout.index.texts))


def _put(trees: dict[str, Any], node: Node) -> None:
    """This node's fields, at the place that its path names."""
    at = trees
    for step in node.path.split("."):
        at = at.setdefault("properties", {}).setdefault(step, {})
    if node.many:
        at["type"] = "nested"
    fields: dict[str, Any] = {}
    for name, kinds in [*((f.name, kinds_of(f)) for f in node.fields), *((n, POINT) for n in sorted(node.points))]:
        under = fields
        for step in name.split(".") if kinds else ():
            under = under.setdefault(step, {}).setdefault("properties", {})
        under.update({kind: COLUMNS[kind] for kind in kinds})
    own = {"has": KEYWORD, "f": {"properties": fields}}
    if node.tells is not None:
        own |= {f"t{part.value}": TERM for part in Part}
    at.setdefault("properties", {}).update(own)
