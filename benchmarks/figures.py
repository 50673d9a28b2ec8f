"""Rounds into figures: one is a ratio of two things measured side by side, a round after the other."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

import psycopg


@dataclass(frozen=True)
class Spread:
    """The median of some rounds, and how far they lie apart."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(median(values), min(values), max(values))

    def text(self, digits: int) -> str:
        return f"{self.median:,.{digits}f} ({self.least:,.{digits}f}–{self.most:,.{digits}f})".replace(",", " ")


@dataclass(frozen=True)
class Measured:
    """One thing that was measured: a number a round."""

    name: str
    unit: str
    values: Sequence[float]
    digits: int = 0


@dataclass(frozen=True)
class Ratio:
    """One thing over another, round by round, and what it should be; without a target it is shown alone."""

    name: str
    over: Measured
    under: Measured
    at_least: float | None = None
    at_most: float | None = None

    @property
    def spread(self) -> Spread:
        return Spread.of([a / b for a, b in zip(self.over.values, self.under.values, strict=True)])

    @property
    def reached(self) -> bool:
        value = self.spread.median
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)

    @property
    def wanted(self) -> str:
        if self.at_least is None and self.at_most is None:
            return ""
        return f"≥ {self.at_least}" if self.at_least is not None else f"≤ {self.at_most}"

    @property
    def verdict(self) -> str:
        """Reached or missed; nothing without a target."""
        return ("reached" if self.reached else "**missed**") if self.wanted else ""


@dataclass(frozen=True)
class Result:
    """What a benchmark comes to."""

    title: str
    what: str
    """How it was measured, in a paragraph."""
    measured: Sequence[Measured]
    ratios: Sequence[Ratio]
    notes: Sequence[str] = ()


def report(result: Result) -> str:
    """The result as Markdown."""
    rows = [("measured", "median (least–most)")]
    rows += [(f"{m.name}, {m.unit}", Spread.of(m.values).text(m.digits)) for m in result.measured]
    ratios = [("ratio", "median (least–most)", "target", "")]
    ratios += [(r.name, r.spread.text(2), r.wanted, r.verdict) for r in result.ratios]
    rounds = len(result.measured[0].values)
    what = f"{result.what} {rounds} rounds." if rounds > 1 else result.what
    parts = [f"## {result.title}", what, _table(rows), _table(ratios)]
    return "\n\n".join([*parts, *(["\n".join(f"- {note}" for note in result.notes)] if result.notes else [])])


def machine(conninfo: str) -> str:
    """What the figures were measured on."""
    with psycopg.connect(conninfo) as connection:
        ((postgres,),) = connection.execute("SHOW server_version").fetchall()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("eventsourcing", "fastapi", "uvicorn", "psycopg"))
    python = platform.python_version()
    return f"{os.cpu_count()} cores ({_processor()}), Python {python}, PostgreSQL {postgres}, {libraries}"


def _processor() -> str:
    """Its name, and where the system tells it its family: a name alone may stand for many years of machines."""
    info = Path("/proc/cpuinfo")
    lines = (line.partition(":") for line in info.read_text().splitlines()) if info.exists() else ()
    told = {name.strip(): value.strip() for name, _, value in lines}
    name = told.get("model name", platform.processor() or platform.machine())
    return f"{name}, family {told['cpu family']}, model {told['model']}" if "cpu family" in told else name


def _table(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
