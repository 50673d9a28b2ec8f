"""Which fields of an event tell of a person, found by walking the annotations."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, is_dataclass
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from domain.kernel import PERSONAL


def personal_fields(cls: type[Any], leave_out: Collection[str] = ()) -> list[str]:
    """The paths of the fields marked personal, such as `name` or `address.street`; those of items are the list's."""
    hints = get_type_hints(cls, include_extras=True)
    found = [
        path for field in fields(cls) if field.name not in leave_out for path in _paths(hints[field.name], field.name)
    ]
    return sorted(set(found))


def _paths(hint: Any, path: str) -> list[str]:
    if get_origin(hint) is Annotated:
        base, *marks = get_args(hint)
        return [path] if PERSONAL in marks else _paths(base, path)
    if is_dataclass(hint) and isinstance(hint, type):
        return [f"{path}.{inner}" for inner in personal_fields(hint)]
    return [inner for argument in get_args(hint) for inner in _paths(argument, path)]
