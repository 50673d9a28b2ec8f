"""Columns of values as PostgreSQL's binary protocol has arrays.

What is written and looked up in bulk goes as arrays, one a column. psycopg encodes those an element at a time, and
looks at the elements to find the array's type; these know their type, which is five times as fast.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from psycopg import AsyncConnection, Connection
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
NULL = b"\xff\xff\xff\xff"
"""Stands where a value's size would."""

_head = struct.Struct(">iiIii").pack
_empty = struct.Struct(">iiI").pack
_size = struct.Struct(">i").pack
_int = struct.Struct(">ii").pack
_long = struct.Struct(">iq").pack


class Column:
    """One parameter: an array of these values, None being null."""

    __slots__ = ("encoded",)
    element: ClassVar[int]
    """The type of the elements, as the protocol numbers types."""
    array: ClassVar[int]

    def __init__(self, values: Sequence[Any]) -> None:
        written = self.written
        parts = [NULL if value is None else written(value) for value in values]
        head = _head(1, NULL in parts, self.element, len(parts), 1) if parts else _empty(0, 0, self.element)
        self.encoded = head + b"".join(parts)

    @staticmethod
    def written(value: Any) -> bytes:
        """The value with its size before it."""
        raise NotImplementedError


class Uuids(Column):
    """`uuid[]`."""

    __slots__ = ()
    element, array = 2950, 2951

    @staticmethod
    def written(value: UUID) -> bytes:
        """Sixteen bytes."""
        return b"\x00\x00\x00\x10" + value.bytes


class UuidNumbers(Column):
    """`uuid[]`, of ids as `UUID.int` has them."""

    __slots__ = ()
    element, array = 2950, 2951

    @staticmethod
    def written(value: int) -> bytes:
        """Sixteen bytes."""
        return b"\x00\x00\x00\x10" + value.to_bytes(16)


class Ints(Column):
    """`int[]`."""

    __slots__ = ()
    element, array = 23, 1007

    @staticmethod
    def written(value: int) -> bytes:
        """Four bytes. Raises struct.error for what does not fit into them."""
        return _int(4, value)


class BigInts(Column):
    """`bigint[]`."""

    __slots__ = ()
    element, array = 20, 1016

    @staticmethod
    def written(value: int) -> bytes:
        """Eight bytes. Raises struct.error for what does not fit into them."""
        return _long(8, value)


class Texts(Column):
    """`text[]`."""

    __slots__ = ()
    element, array = 25, 1009

    @staticmethod
    def written(value: str) -> bytes:
        """UTF-8. PostgreSQL refuses a NUL."""
        encoded = value.encode()
        return _size(len(encoded)) + encoded


class Byteas(Column):
    """`bytea[]`."""

    __slots__ = ()
    element, array = 17, 1001

    @staticmethod
    def written(value: bytes) -> bytes:
        """As they are."""
        return _size(len(value)) + value


class Jsons(Column):
    """`jsonb[]`, of JSON that is written already."""

    __slots__ = ()
    element, array = 3802, 3807

    @staticmethod
    def written(value: bytes) -> bytes:
        """The format's version, then the text."""
        return _size(len(value) + 1) + b"\x01" + value


class Instants(Column):
    """`timestamptz[]`."""

    __slots__ = ()
    element, array = 1184, 1185

    @staticmethod
    def written(value: datetime) -> bytes:
        """Microseconds since the year 2000."""
        return _long(8, (value - EPOCH) // MICROSECOND)


KINDS: tuple[type[Column], ...] = (Uuids, UuidNumbers, Ints, BigInts, Texts, Byteas, Jsons, Instants)


class ColumnDumper(Dumper):
    """Hands psycopg what is encoded already."""

    format = Format.BINARY

    def dump(self, obj: Column) -> Buffer:
        """The bytes as they are."""
        return obj.encoded


DUMPERS = {kind: type(f"{kind.__name__}Dumper", (ColumnDumper,), {"oid": kind.array}) for kind in KINDS}


def teach(connection: Connection[Any] | AsyncConnection[Any]) -> None:
    """Let this connection take columns as parameters."""
    for kind, dumper in DUMPERS.items():
        connection.adapters.register_dumper(kind, dumper)
