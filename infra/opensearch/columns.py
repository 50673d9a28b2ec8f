"""A document's fields as columns: what is written and what is asked of them, in one place, so that the two meet."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from domain.resource import Kind, Tells
from infra.opensearch.fields import NUMBERS, Kept
from infra.opensearch.layout import DEGREES, LONGEST, Node
from projections.projection import Document, inner
from projections.words import Part, terms, words
from read_api.search.patterns import is_text

TENS = {kind: 10**digits for kind, digits in NUMBERS.items()}
SHORT = LONGEST // 4
"""Characters of a text that has no more bytes than a term takes, whatever they are."""
GREATEST = 2**63 - 1
"""What a column of numbers holds at most: numbers beyond it stand at it."""


def columns(node: Node, document: Document) -> dict[str, Any]:
    """The node of one document, as it is written."""
    fields: dict[str, Any] = {}
    has: list[str] = []
    for one in node.kept:
        value = document.get(one.first)
        if value is None:
            continue
        if one.plain and type(value) is str and len(value) <= SHORT:
            has.append(one.name)
            fields[one.name] = {"r": value}
            continue
        if one.part:
            value = value.get(one.part) if isinstance(value, dict) else None
        if value is None or value == []:
            continue
        has.append(one.name)
        if one.kinds and (told := _of_field(one, value)):
            _put(fields, one.path, told)
    for name in node.points:
        if told := _of_point(document.get(name)):
            _put(fields, (name,), told)
    return {"has": has, "f": fields, **(_terms(node.tells, document) if node.tells else {})}


def _put(fields: dict[str, Any], path: tuple[str, ...], told: dict[str, Any]) -> None:
    at = fields
    for step in path:
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
    if len(folded) <= SHORT:
        return folded
    whole = folded.encode()
    if len(whole) <= LONGEST:
        return folded
    return whole[: LONGEST - 64].decode(errors="ignore") + hashlib.sha256(whole).hexdigest()


def raw(text: str) -> str:
    """The text as the column `r` has it."""
    return text if len(text) <= SHORT else text.encode()[:LONGEST].decode(errors="ignore")


def scaled(number: Decimal | int, kind: Kind, rounding: str = ROUND_FLOOR) -> int:
    """The number as its column has it, or the next below, or (`ROUND_CEILING`) above."""
    if type(number) is int:
        return _bounded(number * TENS[kind])
    return _bounded(int(Decimal(number).scaleb(NUMBERS[kind]).to_integral_value(rounding)))


def exactly(number: Decimal, kind: Kind) -> int | None:
    """The number as its column has it; None if no column can have it."""
    low = scaled(number, kind)
    return low if low == scaled(number, kind, ROUND_CEILING) else None


def degrees(number: Decimal, rounding: str = ROUND_FLOOR) -> int:
    """A latitude or longitude as its column has it."""
    return int(Decimal(number).scaleb(DEGREES).to_integral_value(rounding))


def _of_field(kept: Kept, value: Any) -> dict[str, Any] | None:
    if not kept.many:
        return {kind: COLUMNS[kind](value, kept.of) for kind in kept.kinds}
    items = [item for item in value if item is not None]
    return {kind: [COLUMNS[kind](item, kept.of) for item in items] for kind in kept.kinds} if items else None


COLUMNS: Mapping[str, Callable[[Any, Kind], Any]] = {
    "r": lambda item, _: raw(str(item)),
    "k": lambda item, _: keyed(str(item)),
    "g": lambda item, _: str(item).casefold(),
    "w": lambda item, _: " ".join(words(str(item))),
    "n": scaled,
    "b": lambda item, _: item,
}
"""What stands in each kind of column for a value."""


def _of_point(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict) or value.get("lat") is None or value.get("lon") is None:
        return None
    lat, lon = Decimal(value["lat"]), Decimal(value["lon"])
    return {"p": {"lat": float(lat), "lon": float(lon)}, "plat": degrees(lat), "plon": degrees(lon)}


def _bounded(number: int) -> int:
    return max(-GREATEST, min(GREATEST, number))


def texts(values: Iterable[Any]) -> list[str]:
    """Those that are texts, and that a document can hold."""
    return [value for value in values if isinstance(value, str) and is_text(value)]
