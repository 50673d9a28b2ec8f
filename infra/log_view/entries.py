"""Stored rows as what is shown of them, whatever wrote them: an event that this code cannot read is shown as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from psycopg.rows import TupleRow

from infra.event_store import Codec, UnknownEvent
from infra.event_store.codec import ENVELOPE
from infra.event_store.golden import personal_fields
from projections.projection import instant

VEIL = "•••"
"""Stands for what tells of a person."""

_plain = msgspec.json.Decoder(float_hook=Decimal).decode
_json = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class Entry:
    """An event with who, when and by which command, as it is shown."""

    position: int
    at: str | None
    """By the product's clock."""
    recorded_at: str | None
    """By the wall's."""
    stream: str
    version: int
    event: str
    """The name it is stored by."""
    command: str | None
    command_id: str
    request_id: str | None
    actor: str | None
    role: str | None
    fields: Any
    note: str | None = None
    """Why it is shown as it is stored, where this code cannot read it."""

    def json(self) -> bytes:
        """One JSON object, in one line, with the same keys for every event."""
        return _json(asdict(self))


class Entries:
    """Makes entries of rows.

    Args:
        codec: the events that this code knows.
        veiled: whether fields that are marked personal are hidden; of an event that is not known, every text is.
    """

    def __init__(self, codec: Codec, *, veiled: bool = True) -> None:
        self._codec = codec
        self._veiled = veiled
        self._names = codec.facts.keys() | codec.retired.keys()
        self._paths = {name: personal_fields(fact, ENVELOPE) for name, fact in codec.facts.items()} if veiled else {}

    def of(self, row: TupleRow) -> Entry:
        """The entry of a row of `infra.log_view.log`."""
        position, stream, version, name, state, at, recorded_at, actor, role, command, command_name, request = row
        fields, note = self._fields(stream, version, name, bytes(state))
        if command_name is None:
            note = "no command in the journal: the log is damaged"
        return Entry(
            position=position,
            at=_told(at),
            recorded_at=_told(recorded_at),
            stream=str(stream),
            version=version,
            event=name,
            command=command_name,
            command_id=str(command),
            request_id=request or None,
            actor=str(actor) if actor else None,
            role=role,
            fields=fields,
            note=note,
        )

    def _fields(self, stream: UUID, version: int, name: str, state: bytes) -> tuple[Any, str | None]:
        try:
            fact = self._codec.decode(stream, version, name, state)
            fields = _plain(self._codec.encode(fact).state)
        except Exception as error:  # noqa: BLE001 - whatever an upcast makes of it, the log goes on
            known = name in self._names or not isinstance(error, UnknownEvent)
            note = "cannot be read by this version of Innkeep" if known else "unknown to this version of Innkeep"
            return self._as_stored(state), f"{note}; shown as it is stored"
        for path in self._paths.get(fact.TOPIC, ()):
            fields = veiled(fields, path.split("."))
        return fields, None

    def _as_stored(self, state: bytes) -> Any:
        try:
            fields = _plain(state)
        except msgspec.DecodeError:
            fields = state.decode("utf-8", "replace")
        return without_texts(fields) if self._veiled else fields


def veiled(value: Any, path: Sequence[str]) -> Any:
    """The value with what stands at the path hidden; in a list, of each item. Nothing is still nothing."""
    if value is None:
        return None
    if isinstance(value, list):
        return [veiled(item, path) for item in value]
    if not path:
        return VEIL
    if isinstance(value, dict) and path[0] in value:
        return value | {path[0]: veiled(value[path[0]], path[1:])}
    return value


def without_texts(value: Any) -> Any:
    """The value with every text in it hidden: nobody knows which of them tell of people."""
    if isinstance(value, str):
        return VEIL
    if isinstance(value, Mapping):
        return {name: without_texts(inner) for name, inner in value.items()}
    return [without_texts(item) for item in value] if isinstance(value, list) else value


def _told(at: datetime | None) -> str | None:
    return None if at is None else instant(at)
