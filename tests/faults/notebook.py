"""What clients write down: every command they sent, every attempt, and what they were told. It is all the checker
knows of what was promised.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Attempt:
    """One request for a command."""

    key: str
    began: float
    ended: float
    """Seconds of the machine's steady clock."""
    status: int
    """Of the answer; 0: the connection broke, or nothing came in time."""
    code: str = ""
    """Of a refusal."""
    where: str = ""
    """Which process was asked."""


@dataclass(frozen=True)
class Told:
    """The answer that ended a command."""

    key: str
    method: str
    path: str
    status: int
    code: str = ""
    position: int = 0
    """Where the log stood, as the answer said."""
    id: str = ""
    """Of the resource that it told of."""
    asked: Mapping[str, Any] = field(default_factory=dict)
    """What was sent."""
    replayed: bool = False


@dataclass(frozen=True)
class Window:
    """A time in which one server alone was away, and everything else was well."""

    server: str
    began: float
    ended: float


@dataclass(frozen=True)
class Entry:
    """What a follower of the operators' feed was given."""

    follower: str
    id: int
    operator: str
    type: str


@dataclass(frozen=True)
class Oddity:
    """An answer that no rule and no trouble explains."""

    what: str


Note = Attempt | Told | Window | Entry | Oddity
KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in (Attempt, Told, Window, Entry, Oddity)}


class Notebook:
    """A file with a JSON line for each note, in the order in which things came to be known."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told = 0
        """Commands that were acknowledged."""
        self._file = path.open("a", encoding="utf-8")
        self._lock = threading.Lock()

    def note(self, note: Note) -> None:
        """Write it down."""
        line = json.dumps({"kind": type(note).__name__, **asdict(note)})
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()
            self.told += isinstance(note, Told) and note.status < 300

    def close(self) -> None:
        """No more of it."""
        self._file.close()


def notes(path: Path, kind: type[T]) -> Iterator[T]:
    """All of one kind."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            note = json.loads(line)
            if KINDS[note.pop("kind")] is kind:
                yield kind(**note)
