"""A document's fields as columns: what is written and what is asked of them, in one place, so that the two meet."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from domain.resource import Field, Kind, Tells
from infra.opensearch.layout import DEGREES, LONGEST, NUMBERS, Node, inner, item_kind, kinds_of
from projections.projection import Document
from projections.words import Part, terms, words
from read_api.search.patterns import is_text

GREATEST = 2**63 - 1
"""What a column of numbers holds at most: numbers beyond it stand at it."""


def columns(node: Node, document: Document) -> dict[str, Any]:
    """The node of one document, as it is written."""
    fields: dict[str, Any] = {}
    for field in node.fields:
        _put(fields, field.name, _of_field(field, inner(document, field.name)))
    for name in node.points:
        _put(fields, name, _of_point(document.get(name)))
    has = [f.name for f in node.fields if _is_there(inner(document, f.name))]
    return {"has": has, "f": fields, **(_terms(node.tells, document) if node.tells else {})}


def _put(fields: dict[str, Any], name: str, told: dict[str, Any] | None) -> None:
    if told:
        at = fields
        for step in name.split("."):
            at = at.setdefault(step, {})
        at.update(told)


def _terms(tells: Tells, document: Document) -> dict[str, list[str]]:
    """The forms of its words, by the part that they stand in."""
    parts = ((Part.TITLE, tells.title), (Part.PLACE, tells.place), (Part.TEXT, tells.text))
    told = [(part, text) for part, names in parts for name in names if isinstance(text := inner(document, name), str)]
    spoken = inner(document, tells.languages) if tells.languages else None
    found: dict[str, list[str]] = {f"t{part.value}": [] for part in Part}
    for form, part in terms(told, [spoken] if isinstance(spoken, str) else spoken or ()).items():
        found[f"t{part.value}"].append(form)
    return found


def keyed(text: str) -> str:
    """The text as the column `k` has it."""
    folded = text.casefold()
    whole = folded.encode()
    if len(whole) <= LONGEST:
        return folded
    return whole[: LONGEST - 64].decode(errors="ignore") + hashlib.sha256(whole).hexdigest()


def raw(text: str) -> str:
    """The text as the column `r` has it."""
    return text.encode()[:LONGEST].decode(errors="ignore")


def scaled(number: Decimal | int, kind: Kind, rounding: str = ROUND_FLOOR) -> int:
    """The number as its column has it, or the next below, or (`ROUND_CEILING`) above."""
    return _bounded(int(Decimal(number).scaleb(NUMBERS[kind]).to_integral_value(rounding)))


def exactly(number: Decimal, kind: Kind) -> int | None:
    """The number as its column has it; None if no column can have it."""
    low = scaled(number, kind)
    return low if low == scaled(number, kind, ROUND_CEILING) else None


def degrees(number: Decimal, rounding: str = ROUND_FLOOR) -> int:
    """A latitude or longitude as its column has it."""
    return int(Decimal(number).scaleb(DEGREES).to_integral_value(rounding))


def _of_field(field: Field, value: Any) -> dict[str, Any] | None:
    kinds = kinds_of(field)
    if not kinds or value is None:
        return None
    items = [item for item in value if item is not None] if isinstance(value, list) else [value]
    if not items:
        return None
    many = field.kind is Kind.LIST
    return {kind: _all(_column(kind, items, item_kind(field)), many=many) for kind in kinds}


def _column(kind: str, items: list[Any], of: Kind) -> list[Any]:
    match kind:
        case "r":
            return [raw(str(item)) for item in items]
        case "k":
            return [keyed(str(item)) for item in items]
        case "g":
            return [str(item).casefold() for item in items]
        case "w":
            return [" ".join(words(str(item))) for item in items]
        case "n":
            return [scaled(item, of) for item in items]
    return items


def _all(values: list[Any], *, many: bool) -> Any:
    return values if many else values[0]


def _of_point(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict) or value.get("lat") is None or value.get("lon") is None:
        return None
    lat, lon = Decimal(value["lat"]), Decimal(value["lon"])
    return {"p": {"lat": float(lat), "lon": float(lon)}, "plat": degrees(lat), "plon": degrees(lon)}


def _is_there(value: Any) -> bool:
    return bool(value) if isinstance(value, list) else value is not None


def _bounded(number: int) -> int:
    return max(-GREATEST, min(GREATEST, number))


def texts(values: Iterable[Any]) -> list[str]:
    """Those that are texts, and that a document can hold."""
    return [value for value in values if isinstance(value, str) and is_text(value)]
