"""Orders of the search algebra as sort keys. Every order ends with the id, so that pages are stable."""

from __future__ import annotations

from typing import Any

import msgspec

from infra.opensearch.conditions import Conditions
from infra.opensearch.layout import NUMBERS, item_kind, kinds_of
from infra.opensearch.rules import ALL, script
from infra.opensearch.stay_scripts import StayPrices
from read_api.search.algebra import ByDistance, ByField, ByRelevance, ByStayPrice, Order

Keys = list[dict[str, Any]]
LAST: dict[str, Any] = {"id": {"order": "asc"}}
HALF = 1_000_000_000
"""Numbers of scripts are exact up to 2**53 only: larger ones are told in two."""


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
                point = {"lat": float(lat), "lon": float(lon)}
                return [{"_geo_distance": {node.column(place.field.name, "p"): point, "order": "asc", "unit": "m"}}]
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
        columns = [(script(seen), node.column(field.name, kinds[0])) for node, seen in where]
        if where[0][1] == ALL:
            return [{columns[0][1]: {"order": way, "missing": "_last"}}]
        me = self._conditions.sees.params
        first = _script("number", "asc", _first_of(columns, "0", "1"), me)
        if item_kind(field) in NUMBERS:
            parts = (f"%s / {HALF}L", f"%s % {HALF}L")
            return [first, *(_script("number", way, _first_of(columns, part, "0"), me) for part in parts)]
        return [first, _script("string", way, _first_of(columns, "%s.toString()" if kinds == "b" else "%s", "''"), me)]


def _first_of(columns: list[tuple[str, str]], made: str, otherwise: str) -> str:
    """Of the one that the caller sees, what is made of its value."""
    out = otherwise
    for seen, column in reversed(columns):
        value = made.replace("%s", f"doc['{column}'].value")
        out = f"({seen} && doc['{column}'].size() > 0 ? {value} : {out})"
    return out


def _script(kind: str, way: str, source: str, params: dict[str, str]) -> dict[str, Any]:
    return {"_script": {"type": kind, "order": way, "script": {"source": source, "params": params}}}


def cursor(keys: list[Any]) -> tuple[str, ...]:
    """Where a found document stands, for the next page."""
    return tuple(msgspec.json.encode(key).decode() for key in keys)


def after(cursor: tuple[str, ...]) -> list[Any]:
    """The sort keys of a cursor. Raises ValueError for what is none."""
    try:
        return [msgspec.json.decode(key) for key in cursor]
    except msgspec.DecodeError as error:
        raise ValueError(f"no cursor: {error}") from error
