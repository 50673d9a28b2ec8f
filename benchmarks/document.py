"""docs/benchmarks.md: a section for each benchmark, so that one can be measured anew without the others."""

from collections.abc import Mapping, Sequence
from pathlib import Path

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PREFACE = """# Benchmarks

`make bench` measures all of this anew, with `ARGS="--quick"` in a short run, with `ARGS="--only booking"` a part of it,
which `ARGS="--only booking --write"` puts in the place of its section here.

Figures are ratios of two things measured side by side in one run, a round of the one after a round of the other;
absolute numbers say more of the machine than of the program. Every server is a process of its own on loopback with one
event loop (uvloop, httptools), over one PostgreSQL whose commits are durable (`synchronous_commit=on`, `fsync=on`) and
whose log files were made beforehand, as those of a server that has run for a while; none writes a line a request. The
rivals stand in `benchmarks/rivals/`.

Ratios depend on the machine as well: where Python is fast beside PostgreSQL and Kafka, or slow, what is mostly Python
comes off better or worse.
"""
MEASURED = "Measured on "


class OtherMachine(Exception):
    """What stands there was measured on another machine, or with other versions."""


def check(about: str) -> None:
    """A part can be measured anew here. Raises OtherMachine."""
    there = next((line for line in _text().splitlines() if line.startswith(MEASURED)), None)
    if there is not None and there.partition(";")[0].rstrip(".") != MEASURED + about:
        raise OtherMachine(f"docs/benchmarks.md says “{there}” and this is {about}: measure all of it anew")


def write(about: str, sections: Mapping[str, str], order: Sequence[str]) -> None:
    """Put these sections, by their titles, among the others; those that are in no order any more go."""
    known = {part.partition("\n")[0]: f"## {part.strip()}" for part in _text().split("\n## ")[1:]}
    known |= sections
    parts = [known[title] for title in order if title in known]
    DOCUMENT.write_text("\n\n".join([PREFACE, _measured(about), *parts]).replace("\n\n\n", "\n\n") + "\n")


def _measured(about: str) -> str:
    return f"{MEASURED}{about}."


def _text() -> str:
    return DOCUMENT.read_text() if DOCUMENT.exists() else ""
