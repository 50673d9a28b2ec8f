"""What an event looks like on Kafka: a CloudEvent in binary mode, its data the stored JSON.

Two kinds of topics (docs/adr/0019): `<prefix>.log.<aggregate>` has every event whole, for the product's own consumers,
and is to be guarded as the database is. `<prefix>.<aggregate>` is for anybody who integrates: only the aggregates in
`PUBLIC`, without what tells of people.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from commands.ports import TENANT

PUBLIC = frozenset({"calendar", "dispute", "listing", "operator", "payment_record", "reservation", "user"})
"""The aggregates whose events outsiders may read; a new one is private until it is named here. Reviews are not among
them: sealed ones, and those that staff have not approved, would show.
"""
UNTOLD = frozenset({"credential"})
"""The aggregates that no topic has: hashes of passwords leave the database for nobody."""
JSON = "application/json"
EACH_ITS_OWN = ("ce_id", "ce_subject", "ce_time", "position", "version", "command")
"""Headers that every event has, and none as another."""

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


Headers = dict[str, str | bytes | None]
"""As Kafka's library has it; here all of them are texts."""


class LogRow(NamedTuple):
    """One event as the log has it, undecoded; ids and instants are texts."""

    position: int
    stream: str
    version: int
    name: str
    state: bytes
    at: str
    """In UTC, with microseconds."""
    actor: str | None
    role: str
    command: str
    command_name: str


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One message. Its key is the stream's id, so that the events of one aggregate keep their order."""

    topic: str
    key: str
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
        position, headers = str(row.position), sort.headers.copy()
        headers["ce_id"] = position
        headers["ce_subject"] = row.stream
        headers["ce_time"] = row.at
        headers["position"] = position
        headers["version"] = str(row.version)
        headers["command"] = row.command
        made = [Outgoing(sort.log, row.stream, row.state, headers)]
        if sort.open is not None:
            made.append(Outgoing(sort.open, row.stream, _veiled(row.state, sort.personal), headers))
        return made

    def _sort(self, name: str) -> _Sort | None:
        kind = kind_of(name)
        if kind in UNTOLD:
            return None
        known = kind in PUBLIC and name in self._personal  # of an unknown event nobody can say what is personal
        headers: Headers = {
            "ce_specversion": "1.0",
            "ce_source": self._prefix,
            "ce_type": name,
            "content-type": JSON,
            "tenant": TENANT,
            **dict.fromkeys(EACH_ITS_OWN, ""),
        }
        return _Sort(self._log(kind), self._open(kind) if known else None, headers, self._personal.get(name, ()))

    def _log(self, kind: str) -> str:
        return f"{self._prefix}.log.{kind}"

    def _open(self, kind: str) -> str:
        return f"{self._prefix}.{kind}"


def kind_of(name: str) -> str:
    """The aggregate that an event of this name belongs to."""
    return name.split(".", 1)[0]


def _veiled(state: bytes, personal: Iterable[list[str]]) -> bytes:
    """Without what tells of people. What is not on the way there is passed on as it stands."""
    if not personal:
        return state
    fields = _fields(state)
    for name, *inner in personal:
        if not inner:
            fields.pop(name, None)
        elif name in fields:
            value = _decode(fields[name])
            _without(value, inner)
            fields[name] = msgspec.Raw(_encode(value))
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
