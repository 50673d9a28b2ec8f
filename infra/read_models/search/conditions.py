"""Conditions as SQL. A null counts as false wherever it stands: `Not` is IS NOT TRUE."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from domain.resource import Kind
from infra.postgres import ready as sql
from infra.postgres.arrays import Texts
from infra.read_models.documents import point_of
from infra.read_models.rules import FALSE, TRUE, all_of, any_of
from infra.read_models.search.stays import free
from infra.read_models.search.tables import DOCUMENT, NUMBERS, TEXTS, Tables, item_place
from infra.read_models.search.told import told
from read_api.search import patterns
from read_api.search.algebra import (
    EARTH_RADIUS,
    And,
    Box,
    Condition,
    Everything,
    Exists,
    FreeNights,
    Lasting,
    Missing,
    Not,
    OneOf,
    Or,
    Phrase,
    Prefix,
    Range,
    Regexp,
    Told,
    Value,
    Wildcard,
    Within,
    Words,
)
from read_api.search.declared import Place
from read_api.search.patterns import is_text

ITEM = sql.SQL("item.value")
FOLDED_ITEM = sql.SQL('lower(item.value COLLATE "C")')
DISTANCE = sql.SQL(
    "(2 * {radius} * asin(least(1, sqrt(power(sin(radians(({lat})::float8 - {to_lat}) / 2), 2)"
    " + cos(radians(({lat})::float8)) * cos(radians({to_lat}))"
    " * power(sin(radians(({lon})::float8 - {to_lon}) / 2), 2)))))"
)
SLACK = 1e-5
"""Degrees, about a metre: more than what the arithmetic of circles errs by."""
RIGHT_ANGLE = 90 - SLACK

OfValue = OneOf | Range | Prefix | Wildcard | Regexp | Words | Phrase
Leaf = OfValue | Told | FreeNights | Within | Box


class Conditions:
    """Makes conditions of one statement."""

    def __init__(self, tables: Tables, *, few: bool = False) -> None:
        self._tables = tables
        self._parameters = tables.parameters
        self._few = few
        """Do other conditions leave few documents?"""

    def __call__(self, condition: Condition) -> sql.Composable:
        """The condition, true, false or null for none."""
        match condition:
            case Everything():
                return TRUE
            case And(parts):
                return all_of(self(part) for part in parts)
            case Or(parts):
                return any_of(self(part) for part in parts)
            case Not(part):
                return self._not(self(part))
            case Missing(place):
                return self._not(self._exists(place))
            case Exists(place):
                return self._exists(place)
        return self._leaf(condition)

    def _leaf(self, condition: Leaf) -> sql.Composable:
        match condition:
            case Told(words):
                return all_of(self._told(word) for word in words)
            case FreeNights():
                return free(condition, self._parameters, DOCUMENT)
            case Within():
                return self._within(condition)
            case Box():
                return self._box(condition)
        return self._of_value(condition)

    def distance(self, place: Place, lat: Decimal, lon: Decimal) -> sql.Composable:
        """Metres from the point in the field; null where there is none."""
        parts = {name: self._part(place, name) for name in ("lat", "lon")}
        return DISTANCE.format(
            radius=sql.Literal(EARTH_RADIUS), to_lat=self._float(lat), to_lon=self._float(lon), **parts
        )

    def _told(self, word: str) -> sql.Composable:
        """The word in the terms, or plainly in another text."""
        index, sees = self._tables.index, self._tables.sees
        found = told(index, (word,), self._parameters, sees, DOCUMENT, few=self._few)
        return any_of([found, *(self(Words(place, (word,))) for place in index.plain_texts)])

    @staticmethod
    def _not(condition: sql.Composable) -> sql.Composable:
        if condition is TRUE or condition is FALSE:
            return FALSE if condition is TRUE else TRUE
        return sql.SQL("({}) IS NOT TRUE").format(condition)

    def _exists(self, place: Place) -> sql.Composable:
        if place.field.kind is Kind.LIST:
            found = self._tables.json(place)
            return sql.SQL("(jsonb_typeof({0}) = 'array' AND {0} <> '[]'::jsonb)").format(found)
        return sql.SQL("({}) IS NOT NULL").format(self._tables.value(place))

    def _of_value(self, condition: OfValue) -> sql.Composable:
        """A condition on the value; on a list it holds if it does for one item."""
        place = condition.place
        if place.field.kind is not Kind.LIST:
            return self._of_one(condition, place, self._value(condition, place))
        folded = place.field.of in TEXTS
        items = self._tables.folded(place) if folded else self._tables.json(place)
        return sql.SQL(
            "EXISTS (SELECT 1 FROM jsonb_array_elements_text(CASE jsonb_typeof({0}) WHEN 'array' THEN {0} END) AS item"
            " (value) WHERE {1})"
        ).format(items, self._of_one(condition, item_place(place), FOLDED_ITEM if folded else ITEM))

    def _value(self, condition: Condition, place: Place) -> sql.Composable:
        if place.field.kind not in TEXTS:
            return self._tables.value(place)
        return self._tables.words(place) if isinstance(condition, Words | Phrase) else self._tables.folded(place)

    def _of_one(
        self,
        condition: OfValue,
        place: Place,
        value: sql.Composable,
    ) -> sql.Composable:
        match condition:
            case OneOf(_, values):
                return self._one_of(place, value, values)
            case Range():
                return self._range(condition, place, value)
            case Prefix(_, text):
                return sql.SQL("starts_with({}, {})").format(value, self._parameters(text)) if is_text(text) else FALSE
            case Wildcard(_, pattern):
                like = like_of(pattern.casefold())
                return sql.SQL("({}) LIKE {}").format(value, self._parameters(like)) if is_text(like) else FALSE
            case Regexp(_, pattern):
                expression = patterns.sql_of(patterns.checked(place.name, pattern))
                return sql.SQL("({}) ~ {}").format(value, self._parameters(expression))
            case Words(_, words, every):
                has = [sql.SQL("strpos({}, {}) > 0").format(value, self._parameters(f" {word} ")) for word in words]
                return all_of(has) if every else any_of(has)
            case Phrase(_, words, prefix):
                wanted = " " + " ".join(words) + ("" if prefix else " ")
                return sql.SQL("strpos({}, {}) > 0").format(value, self._parameters(wanted)) if words else FALSE

    def _one_of(self, place: Place, value: sql.Composable, values: tuple[Value, ...]) -> sql.Composable:
        if place.field.kind in NUMBERS:
            return sql.SQL("({})::numeric = ANY({}::numeric[])").format(value, self._parameters(list(values)))
        if place.name == "id":
            ids = [text for text in map(str, values) if is_id(text)]
            return sql.SQL("{}.id = ANY({}::uuid[])").format(DOCUMENT, self._parameters(ids))
        made = kept if isinstance(values, Lasting) else compared
        texts = made(values, folded=place.field.kind in TEXTS)
        return sql.SQL("({}) = ANY({}::text[])").format(value, self._parameters(texts))

    def _range(self, asked: Range, place: Place, value: sql.Composable) -> sql.Composable:
        form = sql.SQL("({})::numeric") if place.field.kind in NUMBERS else sql.SQL('({}) COLLATE "C"')
        of, bounds = form.format(value), []
        if asked.low is not None:
            sign = sql.SQL(">=" if asked.low_in else ">")
            bounds.append(sql.SQL("{} {} {}").format(of, sign, self._parameters(asked.low)))
        if asked.high is not None:
            sign = sql.SQL("<=" if asked.high_in else "<")
            bounds.append(sql.SQL("{} {} {}").format(of, sign, self._parameters(asked.high)))
        return all_of(bounds) if bounds else sql.SQL("({}) IS NOT NULL").format(value)

    def _within(self, within: Within) -> sql.Composable:
        """As the index of points is asked for the least box around the circle, and of what is in it how far it is."""
        away = self.distance(within.place, within.lat, within.lon)
        near = sql.SQL("{} <= {}").format(away, self._float(within.metres))
        around = box_around(within)
        return near if around is None else all_of([self._in_boxes(around), near])

    def _box(self, box: Box) -> sql.Composable:
        """As the index of points is asked, which takes near for equal, and then to the last digit."""
        lat, lon = (sql.SQL("({})::numeric").format(self._part(box.place, name)) for name in ("lat", "lon"))
        south, west, north, east = map(self._parameters, (box.south, box.west, box.north, box.east))
        exactly = sql.SQL("({lat} BETWEEN {south} AND {north} AND ({lon} >= {west} {both} {lon} <= {east}))").format(
            lat=lat, lon=lon, south=south, north=north, west=west, east=east,
            both=sql.SQL("AND" if box.west <= box.east else "OR"),
        )  # fmt: skip
        return all_of([self._in_boxes(box), exactly])

    def _in_boxes(self, box: Box) -> sql.Composable:
        """Is the point in the box, or about at its edge? Across the date line it is two boxes."""
        row, field = self._tables.alias(box.place), box.place.field
        over = box.west > box.east
        bounds = [(box.west, Decimal(180)), (Decimal(-180), box.east)] if over else [(box.west, box.east)]
        return any_of(
            sql.SQL("{} <@ box(point({}, {}), point({}, {}))").format(
                point_of(field.name, row), *map(self._float, (west, box.south, east, box.north))
            )
            for west, east in bounds
        )

    def _part(self, place: Place, name: str) -> sql.Composable:
        part = next(part for part in place.field.parts if part.name == name)
        return self._tables.value(
            Place(place.join, replace(part, name=f"{place.field.name}.{name}", sees=place.field.sees))
        )

    def _float(self, number: Decimal) -> sql.Composable:
        return sql.SQL("{}::float8").format(self._parameters(float(number)))


def box_around(circle: Within) -> Box | None:
    """A box that holds the circle and little more; None for a circle that reaches a pole or half around the earth."""
    reach = math.degrees(float(circle.metres) / EARTH_RADIUS) + SLACK
    lat, lon = float(circle.lat), float(circle.lon)
    if abs(lat) + reach >= RIGHT_ANGLE:
        return None
    wide = math.degrees(math.asin(math.sin(math.radians(reach)) / math.cos(math.radians(lat)))) + SLACK
    west, east = (Decimal((lon + side + 180) % 360 - 180) for side in (-wide, wide))
    return Box(circle.place, Decimal(lat - reach), west, Decimal(lat + reach), east)


def compared(values: tuple[Value, ...], *, folded: bool) -> Texts:
    """The values as texts of documents are compared with them."""
    texts = [("true" if v else "false") if isinstance(v, bool) else str(v) for v in values]
    return Texts([text.casefold() if folded else text for text in texts if is_text(text)])


kept = lru_cache(maxsize=16)(compared)
"""For values of the product's own alone: callers would fill any memory with theirs."""


def is_id(text: str) -> bool:
    """Is it the id of a document, perhaps?"""
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def like_of(pattern: str) -> str:
    """A wildcard pattern as LIKE has it."""
    made, escaped = [], False
    for character in pattern:
        if not escaped and character == "\\":
            escaped = True
            continue
        plain = escaped or character not in "*?"
        made.append(
            (f"\\{character}" if character in "%_\\" else character) if plain else {"*": "%", "?": "_"}[character]
        )
        escaped = False
    return "".join(made) + ("\\\\" if escaped else "")
