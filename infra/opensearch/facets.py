"""Facets as aggregations: of each value, how many of the found have it where the caller sees it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from infra.opensearch.conditions import Conditions
from infra.opensearch.layout import NUMBERS, item_kind, kinds_of
from read_api.search.algebra import Facet, Question
from read_api.search.ports import FacetCount

DEPTH = 1_000
"""Values that each shard tells beyond those asked for, so that few shards miss none of them."""


def facet_query(facet: Facet, conditions: Conditions) -> dict[str, Any]:
    """The aggregation of one facet."""
    node, kinds = conditions.layout.at(facet.place), kinds_of(facet.place.field)
    values = {
        "terms": {
            "field": node.column(facet.place.field.name, kinds[0]),
            "size": facet.most,
            "shard_size": facet.most + DEPTH,
            "order": [{"_count": "desc"}, {"_key": "asc"}],
        }
    }
    return {"filter": conditions.seen(facet.place), "aggs": {"values": values}}


def facets_of(question: Question, told: Mapping[str, Any]) -> dict[str, list[FacetCount]]:
    """The facets of an answer, by the names of their places."""
    return {
        facet.place.name: [
            FacetCount(_value(facet, bucket), bucket["doc_count"])
            for bucket in told.get(str(number), {}).get("values", {}).get("buckets", [])
        ]
        for number, facet in enumerate(question.facets)
    }


def _value(facet: Facet, bucket: Mapping[str, Any]) -> str | bool:
    kind = item_kind(facet.place.field)
    if kinds_of(facet.place.field) == "b":
        return bool(bucket["key"])
    if kind in NUMBERS:
        return str(Decimal(bucket["key"]).scaleb(-NUMBERS[kind]).normalize())
    return str(bucket["key"])
