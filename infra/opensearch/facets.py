"""Facets as aggregations: of each value, how many of the found have it where the caller sees it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from infra.opensearch.conditions import Conditions
from infra.opensearch.fields import NUMBERS, item_kind, kinds_of
from infra.opensearch.rules import SEES, told
from read_api.search.algebra import Facet, Question, Range
from read_api.search.ports import FacetCount

DEPTH = 1_000
"""Values that each shard tells beyond those asked for, so that few shards miss none of them."""

SEEN = f"{SEES}for (def one : params.columns) {{ if (sees(doc, one[0])) {{ return doc[one[1]]; }} }} return [];"


def facet_query(facet: Facet, conditions: Conditions) -> dict[str, Any]:
    """The aggregation of one facet."""
    if facet.bounds:
        bounds = {str(n): conditions.of(Range(facet.place, low)) for n, low in enumerate(facet.bounds)}
        return {"filters": {"filters": bounds}}
    kinds, where = kinds_of(facet.place.field), conditions.seen(facet.place)
    shown = {
        "size": facet.most,
        "shard_size": facet.most + DEPTH,
        "order": [{"_count": "desc"}, {"_key": "asc"}],
    }
    if len(where) == 1:
        ((node, seen),) = where
        by_value = {"terms": {"field": node.column(facet.place.field.name, kinds[0]), **shown}}
        return {"filter": seen, "aggs": {"values": by_value}}
    columns = [[told(seen), node.column(facet.place.field.name, kinds[0])] for node, seen in where]
    by_value = {"terms": {"script": {"source": SEEN, "params": {"columns": columns}}, **shown}}
    return {"filter": {"match_all": {}} if where else {"match_none": {}}, "aggs": {"values": by_value}}


def facets_of(question: Question, told: Mapping[str, Any]) -> dict[str, list[FacetCount]]:
    """The facets of an answer, by the names of their places."""
    return {facet.place.name: _counts(facet, told[str(number)]) for number, facet in enumerate(question.facets)}


def _counts(facet: Facet, told: Mapping[str, Any]) -> list[FacetCount]:
    if facet.bounds:
        return [FacetCount(str(low), told["buckets"][str(n)]["doc_count"]) for n, low in enumerate(facet.bounds)]
    return [FacetCount(_value(facet, bucket), bucket["doc_count"]) for bucket in told["values"]["buckets"]]


def _value(facet: Facet, bucket: Mapping[str, Any]) -> str | bool:
    kind = item_kind(facet.place.field)
    if kinds_of(facet.place.field) == "b":
        return bool(bucket["key"])
    if kind in NUMBERS:
        return f"{Decimal(bucket['key']).scaleb(-NUMBERS[kind]).normalize():f}"
    return str(bucket["key"])
