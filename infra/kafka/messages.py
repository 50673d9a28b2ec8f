"""What an event looks like on Kafka: a CloudEvent in binary mode, its data the stored JSON.

Two kinds of topics (docs/adr/0019): `<prefix>.log.<aggregate>` has every event whole, for the product's own consumers,
and is to be guarded as the database is. `<prefix>.<aggregate>` is for anybody who integrates: only the aggregates in
`PUBLIC`, without what tells of people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from commands.ports import TENANT

PUBLIC = frozenset({"calendar", "dispute", "listing", "operator", "payment_record", "reservation", "user"})
"""The aggregates whose events outsiders may read; a new one is private until it is named here. Reviews are not among
them: sealed ones, and those that staff have not approved, would show.
"""
UNTOLD = frozenset({"credential"})
"""The aggregates that no topic has: hashes of passwords leave the database for nobody."""
JSON = b"application/json"

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_encode = msgspec.json.Encoder().encode


class LogRow(NamedTuple):
    """One event as the log has it, undecoded."""

    position: int
    stream: UUID
    version: int
    name: str
    state: bytes
    at: datetime
    actor: UUID | None
    role: str
    command: UUID
    command_name: str


class Outgoing(NamedTuple):
    """One message. Its key is the stream's id, so that the events of one aggregate keep their order."""

    topic: str
    key: bytes
    value: bytes
    headers: list[tuple[str, str | bytes | None]]
    partition: int = -1
    """By the key, unless another is said."""


class Messages:
    """Makes the messages of events.

    Args:
        prefix: of all topics; a marketplace of its own has a prefix of its own.
        personal: for each known event the paths of its fields that tell of people.
    """

    def __init__(self, prefix: str, personal: Mapping[str, Iterable[str]]) -> None:
        self._prefix = prefix
        self._personal = {name: tuple(path.split(".") for path in paths) for name, paths in personal.items()}
        self._source = prefix.encode()

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that there is, for all events that are known."""
        kinds = sorted({kind_of(name) for name in self._personal} - UNTOLD)
        return (*(self._log(kind) for kind in kinds), *(self._open(kind) for kind in kinds if kind in PUBLIC))

    def of(self, row: LogRow) -> list[Outgoing]:
        """The messages of one event: for the product's own consumers, and for others if they may know of it."""
        kind, key = kind_of(row.name), str(row.stream).encode()
        if kind in UNTOLD:
            return []
        headers = self._headers(row)
        made = [Outgoing(self._log(kind), key, row.state, headers)]
        if self._may_be_known(kind, row.name):
            made.append(Outgoing(self._open(kind), key, self._veiled(row), headers))
        return made

    def _headers(self, row: LogRow) -> list[tuple[str, str | bytes | None]]:
        return [
            ("ce_specversion", b"1.0"),
            ("ce_id", b"%d" % row.position),
            ("ce_source", self._source),
            ("ce_type", row.name.encode()),
            ("ce_subject", str(row.stream).encode()),
            ("ce_time", row.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z").encode()),
            ("content-type", JSON),
            ("position", b"%d" % row.position),
            ("version", b"%d" % row.version),
            ("command", str(row.command).encode()),
            ("tenant", TENANT.encode()),
        ]

    def _may_be_known(self, kind: str, name: str) -> bool:
        return kind in PUBLIC and name in self._personal  # of an unknown event nobody can say what is personal

    def _veiled(self, row: LogRow) -> bytes:
        paths = self._personal[row.name]
        if not paths:
            return row.state
        state = _decode(row.state)
        for path in paths:
            _without(state, path)
        return _encode(state)

    def _log(self, kind: str) -> str:
        return f"{self._prefix}.log.{kind}"

    def _open(self, kind: str) -> str:
        return f"{self._prefix}.{kind}"


def kind_of(name: str) -> str:
    """The aggregate that an event of this name belongs to."""
    return name.split(".", 1)[0]


def _without(value: Any, path: list[str]) -> None:
    """Take a field out, of each item where a list is on the way."""
    if isinstance(value, list):
        for item in value:
            _without(item, path)
    elif isinstance(value, dict):
        if len(path) == 1:
            value.pop(path[0], None)
        else:
            _without(value.get(path[0]), path[1:])
