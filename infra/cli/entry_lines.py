"""Events as lines for a person: in columns, or one by one with all they say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from infra.cli.out import Out, printable
from infra.log_view import Entry

POSITION, TIME, STREAM, WHO = 9, 24, 36, 47
"""Widths of the columns; that of the names is the longest name's."""
SHORTEST_BODY, PIPED_BODY = 40, 120
"""Characters of what an event says, at least, and where no terminal is."""

_json = msgspec.json.Encoder(decimal_format="number").encode


class Lines:
    """Prints entries; `names` are all that events can have, for the width of their column."""

    def __init__(self, out: Out, names: Iterable[str]) -> None:
        self._out = out
        self._name = max(map(len, names), default=20)
        self._before_body = POSITION + TIME + self._name + STREAM + WHO + 5 * 2

    def head(self) -> None:
        """The names of the columns, for a terminal."""
        if self._out.terminal:
            head = ("position".rjust(POSITION), "time".ljust(TIME), "event".ljust(self._name))
            self._out.line(self._out.paint("  ".join([*head, "stream".ljust(STREAM), "by".ljust(WHO), "what"]), "dim"))

    def short(self, entry: Entry) -> None:
        """One line: where, when, what, of which stream, by whom, and the beginning of what it says."""
        paint = self._out.paint
        columns = [
            str(entry.position).rjust(POSITION),
            paint((entry.at or "").ljust(TIME), "dim"),
            paint(printable(entry.event).ljust(self._name), "name"),
            entry.stream.ljust(STREAM),
            _who(entry).ljust(WHO),
        ]
        room = max(self._out.width - self._before_body, SHORTEST_BODY) if self._out.terminal else PIPED_BODY
        if entry.note:
            columns.append(paint(f"[{entry.note}]", "note"))
        columns.append(_cut(_body(entry.fields), room))
        self._out.line("  ".join(columns).rstrip())

    def whole(self, entry: Entry) -> None:
        """A line with who, when and by which command, and a line for each thing that it says."""
        paint = self._out.paint
        name = paint(printable(entry.event).ljust(self._name), "name")
        at = paint((entry.at or "").ljust(TIME), "dim")
        command = printable(entry.command or "")
        version = f"v{entry.version}".ljust(5)
        self._out.line(f"{entry.position:>{POSITION}}  {version}  {at}  {name}  {_who(entry).ljust(WHO)}  {command}")
        indent = " " * (POSITION + 2)
        if entry.note:
            self._out.line(indent + paint(f"[{entry.note}]", "note"))
        if not isinstance(entry.fields, dict):
            self._out.line(indent + _value(entry.fields))
            return
        for field, value in entry.fields.items():
            self._out.line(f"{indent}{printable(str(field))} = {_value(value)}")


def _who(entry: Entry) -> str:
    return " ".join(printable(part) for part in (entry.role, entry.actor) if part)


def _body(fields: Any) -> str:
    if isinstance(fields, dict):
        return " ".join(f"{printable(str(field))}={_value(value)}" for field, value in fields.items())
    return _value(fields)


def _value(value: Any) -> str:
    return printable(_json(value).decode())


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"
