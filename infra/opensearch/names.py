"""Names in the cluster: an alias for each index of one marketplace, and versions behind it."""

from __future__ import annotations

import re


def family_of(prefix: str, schema: str) -> str:
    """What the names of one marketplace begin with. The schema says whose it is."""
    return f"{_plain(prefix)}-{_plain(schema)}-"


def alias_of(family: str, index: str) -> str:
    """The alias that searches ask."""
    return family + _plain(index)


def version_name(alias: str, number: int) -> str:
    """One version of the index."""
    return f"{alias}-v{number}"


def number_of(alias: str, name: str) -> int | None:
    """The number of a version of this alias; None if it is none."""
    found = re.fullmatch(re.escape(alias) + r"-v(\d+)", name)
    return int(found[1]) if found else None


def _plain(text: str) -> str:
    """As OpenSearch takes it: lower case, words apart."""
    return re.sub(r"[^a-z0-9_]+", "-", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()).strip("-_")
