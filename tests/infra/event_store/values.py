"""Values of any annotation that an event may bear, for properties that hold for all of them."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from hypothesis import strategies as st

SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    int: st.integers(),
    bool: st.booleans(),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    time: st.times(),
    UUID: st.uuids(),
    type(None): st.none(),
}
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=2)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | DECIMALS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
"""Plain JSON values as a generic record holds them. Fractions are decimals."""


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of that annotation."""
    if hint in SIMPLE:
        return SIMPLE[hint]
    if hint is Any:
        return JSON
    if hint is Decimal:
        return DECIMALS
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        hints = get_type_hints(hint)
        return st.builds(hint, **{field.name: values_of(hints[field.name]) for field in fields(hint) if field.init})
    return _composed(get_origin(hint), get_args(hint), hint)


def _composed(origin: Any, arguments: tuple[Any, ...], hint: Any) -> st.SearchStrategy[Any]:
    if origin is Annotated:
        return values_of(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in {Union, types.UnionType}:
        return st.one_of(*map(values_of, arguments))
    if origin is tuple and arguments[1:] == (...,):
        return st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, arguments))
    if origin is frozenset:
        return st.frozensets(values_of(arguments[0]), max_size=3)
    if origin is list:
        return st.lists(values_of(arguments[0]), max_size=3)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=3)
    raise TypeError(f"no event may hold a {hint}: nobody knows how to make one for the tests")
