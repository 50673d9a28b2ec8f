"""The laws of the house, each a function from source or declarations to what breaks it."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

from commands.registry import Command
from domain.kernel import Aggregate, Fact

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "commands", "projections", "read_api", "infra")
MAY_IMPORT: dict[str, frozenset[str]] = {
    "domain": frozenset(),
    "commands": frozenset({"domain"}),
    "projections": frozenset({"domain"}),
    "read_api": frozenset({"domain", "projections"}),
    "infra": frozenset(ROOMS),
}
DOMAIN_OUTSIDE = frozenset({"eventsourcing.domain"})
TELLS_TIME = frozenset({"now", "utcnow", "today", "time", "monotonic", "perf_counter", "time_ns"})
MAKES_CHANCE = frozenset(
    {"uuid1", "uuid4", "uuid7", "random", "randint", "choice", "token_bytes", "token_hex", "token_urlsafe", "urandom"}
)
CLOCKS = frozenset({"datetime", "date", "time"})
DICE = frozenset({"uuid", "random", "secrets", "os"})
WIRING = frozenset(
    {
        "connect",
        "create_engine",
        "open",
        "FastAPI",
        "AsyncConnectionPool",
        "ConnectionPool",
        "Settings",
        "load_settings",
        "build",
    }
)


def sources(*rooms: str) -> Iterator[tuple[str, str]]:
    """Every file of these rooms: its path and its text."""
    for room in rooms:
        for file in sorted((ROOT / room).rglob("*.py")):
            yield str(file.relative_to(ROOT)), file.read_text()


def imported(tree: ast.AST) -> Iterator[str]:
    """What a module imports, under TYPE_CHECKING too: knowing a type is knowing a room."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def import_breaches(room: str, source: str) -> list[str]:
    """Rooms that this room may not look into, and for the domain anything from outside the standard library."""
    breaches = []
    for name in imported(ast.parse(source)):
        top = name.partition(".")[0]
        if top in ROOMS and top != room and top not in MAY_IMPORT[room]:
            breaches.append(name)
        if room == "domain" and top not in ROOMS and not _standard(top) and name not in DOMAIN_OUTSIDE:
            breaches.append(name)
    return breaches


def _standard(top: str) -> bool:
    import sys  # noqa: PLC0415 - only here

    return top in sys.stdlib_module_names


def clock_breaches(source: str) -> list[str]:
    """Calls that read a clock or throw dice: time and ids enter at the edge."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Attribute):
            base = called.value
            name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
            if (called.attr in TELLS_TIME and name in CLOCKS) or (called.attr in MAKES_CHANCE and name in DICE):
                found.append(f"{name}.{called.attr} in line {node.lineno}")
        elif isinstance(called, ast.Name) and called.id in MAKES_CHANCE | {"monotonic", "perf_counter"}:
            found.append(f"{called.id} in line {node.lineno}")
    return found


def wiring_breaches(source: str) -> list[str]:
    """Connections, settings or applications that come to be because a module is imported."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.If):
            continue
        for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
            name = (
                call.func.id
                if isinstance(call.func, ast.Name)
                else call.func.attr
                if isinstance(call.func, ast.Attribute)
                else ""
            )
            if name in WIRING:
                found.append(f"{name} in line {call.lineno}")
    return found


def events_of(kinds: Iterable[type[Aggregate]]) -> list[type[Fact]]:
    """Every event that these aggregates declare."""
    return [
        declared
        for kind in kinds
        for name, declared in vars(kind).items()
        if isinstance(declared, type) and issubclass(declared, Fact) and name != "Event"
    ]


def naming_breaches(kinds: Iterable[type[Aggregate]]) -> list[str]:
    """Events whose stored name is not `<aggregate>.<what_happened>.v<n>`, or stands twice."""
    seen: set[str] = set()
    found = []
    for event in events_of(kinds):
        topic = getattr(event, "TOPIC", "")
        parts = topic.split(".")
        if (
            len(parts) != 3
            or not all(p.replace("_", "").isalnum() and p == p.lower() for p in parts)
            or not parts[2][1:].isdigit()
        ):
            found.append(f"{event.__qualname__} is named {topic!r}")
        if topic in seen:
            found.append(f"{topic} stands twice")
        seen.add(topic)
    return found


def documentation_breaches(commands: Iterable[Command]) -> list[str]:
    """Commands that do not say what they do, in a sentence."""
    return [c.name for c in commands if len(c.doc.split()) < 3 or not c.doc.strip().endswith(".")]
