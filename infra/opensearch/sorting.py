"""Orders of the search algebra as sort keys. Every order ends with the id, so that pages are stable."""

from __future__ import annotations

from typing import Any

import msgspec

from infra.opensearch.conditions import AWAY, Conditions, from_point
from infra.opensearch.fields import NUMBERS, item_kind, kinds_of
from infra.opensearch.rules import ALL, SEES, told
from infra.opensearch.stay_scripts import StayPrices
from read_api.search.algebra import ByDistance, ByField, ByRelevance, ByStayPrice, Order

Keys = list[dict[str, Any]]
LAST: dict[str, Any] = {"id": {"order": "asc"}}
HALF = 1_000_000_000
"""Numbers of scripts are exact up to 2**53 only: larger ones are told in two."""


def _of_the_seen(made: str, otherwise: str) -> str:
    """A script: of the first column that the caller sees and that has a value, what is made of it."""
    return (
        f"{SEES}for (def one : params.columns) {{ if (sees(doc, one[0]) && doc[one[1]].size() > 0)"
        f" {{ def value = doc[one[1]].value; return {made}; }} }} return {otherwise};"
    )


ABSENT = _of_the_seen("0", "1")
HIGH, LOW = _of_the_seen(f"value / {HALF}L", "0"), _of_the_seen(f"value % {HALF}L", "0")
TEXT = _of_the_seen("value.toString()", "''")


class Sorting:
    """Compiles orders for one caller on one index."""

    def __init__(self, conditions: Conditions, prices: StayPrices | None) -> None:
        self._conditions = conditions
        self._prices = prices

    def keys(self, orders: tuple[Order, ...]) -> Keys:
        """All of them, in order."""
        return [*(key for order in orders for key in self._keys(order)), LAST]

    def _keys(self, order: Order) -> Keys:
        match order:
            case ByField():
                return self._by_field(order)
            case ByDistance(place, lat, lon):
                (node, *_) = self._conditions.layout.at(place)
                script = {"source": AWAY, "params": from_point(node, place.field.name, lat, lon)}
                return [{"_script": {"type": "number", "order": "asc", "script": script}}]
            case ByRelevance():
                return [{"_score": {"order": "desc"}}]
            case ByStayPrice(descending):
                if self._prices is None:
                    raise ValueError("an order by the price of a stay needs the stay")
                currency = self._conditions.layout.root.column("currency", "r")
                return [{currency: {"order": "asc"}}, self._prices.order(descending=descending)]

    def _by_field(self, order: ByField) -> Keys:
        field, way = order.place.field, "desc" if order.descending else "asc"
        kinds, where = kinds_of(field), self._conditions.seen(order.place)
        if not kinds or not where:
            return []
        if where[0][1] == ALL:
            return [{where[0][0].column(field.name, kinds[0]): {"order": way, "missing": "_last"}}]
        columns = [[told(seen), node.column(field.name, kinds[0])] for node, seen in where]
        first = _script("number", "asc", ABSENT, columns)
        if item_kind(field) in NUMBERS:
            return [first, _script("number", way, HIGH, columns), _script("number", way, LOW, columns)]
        return [first, _script("string", way, TEXT, columns)]


def _script(kind: str, way: str, source: str, columns: list[list[Any]]) -> dict[str, Any]:
    return {"_script": {"type": kind, "order": way, "script": {"source": source, "params": {"columns": columns}}}}


def cursor(keys: list[Any]) -> tuple[str, ...]:
    """Where a found document stands, for the next page."""
    return tuple(msgspec.json.encode(key).decode() for key in keys)


def after(cursor: tuple[str, ...]) -> list[Any]:
    """The sort keys of a cursor. Raises ValueError for what is none."""
    try:
        return [msgspec.json.decode(key) for key in cursor]
    except msgspec.DecodeError as error:
        raise ValueError(f"no cursor: {error}") from error
