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


Headers = dict[str, str | bytes | None]


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


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One message. Its key is the stream's id, so that the events of one aggregate keep their order."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers
    partition: int = -1
    """By the key, unless another is said."""


class _Sort(NamedTuple):
    """What all events of one name have in common."""

    log: str
    """The topic of the product's own consumers."""
    open: str | None
    """That of others, if they may know of it."""
    headers: Headers
    personal: tuple[list[str], ...]


class Messages:
    """Makes the messages of events.

    Args:
        prefix: of all topics; a marketplace of its own has a prefix of its own.
        personal: for each known event the paths of its fields that tell of people.
    """

    def __init__(self, prefix: str, personal: Mapping[str, Iterable[str]]) -> None:
        self._prefix = prefix
        self._personal = {name: tuple(path.split(".") for path in paths) for name, paths in personal.items()}
        self._sorts: dict[str, _Sort | None] = {}

    @property
    def topics(self) -> tuple[str, ...]:
        """Every topic that there is, for all events that are known."""
        kinds = sorted({kind_of(name) for name in self._personal} - UNTOLD)
        return (*(self._log(kind) for kind in kinds), *(self._open(kind) for kind in kinds if kind in PUBLIC))

    def of(self, row: LogRow) -> list[Outgoing]:
        """The messages of one event: for the product's own consumers, and for others if they may know of it."""
        try:
            sort = self._sorts[row.name]
        except KeyError:
            sort = self._sorts[row.name] = self._sort(row.name)
        if sort is None:
            return []
        ids = _encode((row.stream, row.command))  # ["…","…"]: their texts, five times as fast as by str
        key, position = ids[2:38], b"%d" % row.position
        headers: Headers = {
            **sort.headers,
            "ce_id": position,
            "ce_subject": key,
            "ce_time": _instant(row.at),
            "position": position,
            "version": b"%d" % row.version,
            "command": ids[41:77],
        }
        made = [Outgoing(sort.log, key, row.state, headers)]
        if sort.open is not None:
            made.append(Outgoing(sort.open, key, _veiled(row.state, sort.personal), headers))
        return made

    def _sort(self, name: str) -> _Sort | None:
        kind = kind_of(name)
        if kind in UNTOLD:
            return None
        known = kind in PUBLIC and name in self._personal  # of an unknown event nobody can say what is personal
        headers: Headers = {
            "ce_specversion": b"1.0",
            "ce_source": self._prefix.encode(),
            "ce_type": name.encode(),
            "content-type": JSON,
            "tenant": TENANT.encode(),
        }
        return _Sort(self._log(kind), self._open(kind) if known else None, headers, self._personal.get(name, ()))

    def _log(self, kind: str) -> str:
        return f"{self._prefix}.log.{kind}"

    def _open(self, kind: str) -> str:
        return f"{self._prefix}.{kind}"


def kind_of(name: str) -> str:
    """The aggregate that an event of this name belongs to."""
    return name.split(".", 1)[0]


def _instant(at: datetime) -> bytes:
    """With microseconds, in UTC."""
    at = at.astimezone(UTC)
    if at.microsecond:
        return _encode(at)[1:-1]
    return at.isoformat(timespec="microseconds").replace("+00:00", "Z").encode()  # where msgspec would leave them out


def _veiled(state: bytes, personal: Iterable[list[str]]) -> bytes:
    """Without what tells of people."""
    if not personal:
        return state
    fields = _decode(state)
    for path in personal:
        _without(fields, path)
    return _encode(fields)


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
