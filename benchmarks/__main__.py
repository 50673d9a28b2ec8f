"""`python -m benchmarks`: measures, prints tables, and on a full run writes docs/benchmarks.md."""

import argparse
import sys
import time
from pathlib import Path

import uvloop

from benchmarks import (
    appending,
    appending_twice,
    booking,
    booking_pair,
    feed,
    history,
    projecting,
    rebuilding,
    servers,
    visible,
)
from benchmarks.figures import machine, report
from benchmarks.plan import Plan

BENCHMARKS = {
    "append": appending,
    "append2": appending_twice,
    "booking": booking,
    "booking2": booking_pair,
    "feed": feed,
    "history": history,
    "projecting": projecting,
    "rebuild": rebuilding,
    "visible": visible,
}
DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"
PREFACE = """# Benchmarks

`make bench` measures all of this anew, with `ARGS="--quick"` in a short run, with `ARGS="--only booking"` a part of it.

Figures are ratios of two things measured side by side in one run, a round of the one after a round of the other;
absolute numbers say more of the machine than of the program. Every server is a process of its own on loopback with one
event loop (uvloop, httptools), over one PostgreSQL whose commits are durable (`synchronous_commit=on`, `fsync=on`);
none writes a line a request. The rivals stand in `benchmarks/rivals/`.
"""


def main() -> int:
    """Measures; answers 1 if a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run: less data, fewer and shorter rounds")
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="only this one; may be repeated")
    parser.add_argument("--rounds", type=int, help="rounds to measure (7; quick 3)")
    parser.add_argument("--seconds", type=float, help="seconds of a round (5; quick 2)")
    told = parser.parse_args()
    names = told.only or list(BENCHMARKS)
    rounds = told.rounds or (3 if told.quick else 7)
    seconds = told.seconds or (2.0 if told.quick else 5.0)
    start = time.perf_counter()
    with servers.postgres() as conninfo:
        about = machine(conninfo)
        plans = {name: Plan(rounds, seconds, told.quick, name) for name in names}
        results = [uvloop.run(BENCHMARKS[name].run(plan, conninfo)) for name, plan in plans.items()]
    print(f"\n{about}\n\n" + "\n\n".join(report(result) for result in results))
    print(f"\n{time.perf_counter() - start:.0f} s", file=sys.stderr)
    if not told.quick and not told.only:
        DOCUMENT.write_text(f"{PREFACE}\nMeasured on {about}.\n\n" + "\n\n".join(report(r) for r in results) + "\n")
    return 0 if all(ratio.reached for result in results for ratio in result.ratios) else 1


if __name__ == "__main__":
    sys.exit(main())
