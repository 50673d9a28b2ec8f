"""`python -m benchmarks`: measures, prints tables, and on a full run, or with --write, docs/benchmarks.md."""

import argparse
import os
import sys
import time
from datetime import UTC, datetime

import uvloop

from benchmarks import (
    appending,
    appending_twice,
    booking,
    booking_pair,
    document,
    feed,
    feed_whole,
    history,
    indexing,
    listing_search,
    memory,
    projecting,
    rebuilding,
    relaying,
    searchable,
    searchable_kafka,
    searching_rebuild,
    servers,
    sharing,
    visible,
)
from benchmarks.capacity import measured as capacity
from benchmarks.figures import Result, machine, report
from benchmarks.plan import Plan

BENCHMARKS = {
    "append": appending,
    "append2": appending_twice,
    "booking": booking,
    "booking2": booking_pair,
    "feed": feed,
    "feed-whole": feed_whole,
    "history": history,
    "projecting": projecting,
    "rebuild": rebuilding,
    "relay": relaying,
    "sharing": sharing,
    "listings": listing_search,
    "indexing": indexing,
    "searchable": searchable,
    "searchable-kafka": searchable_kafka,
    "searching-rebuild": searching_rebuild,
    "visible": visible,
    "memory": memory,
    "capacity": capacity,
}
ORDER = [benchmark.TITLE for benchmark in BENCHMARKS.values()]


def main() -> int:
    """Measures; answers 1 if a target was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run: less data, fewer and shorter rounds")
    parser.add_argument("--only", choices=BENCHMARKS, action="append", help="only this one; may be repeated")
    parser.add_argument("--rounds", type=int, help="rounds to measure (5; quick 3)")
    parser.add_argument("--seconds", type=float, help="seconds of a round (5; quick 2)")
    parser.add_argument("--write", action="store_true", help="with --only: put the figures in docs/benchmarks.md")
    told = parser.parse_args()
    if told.quick and told.write:
        parser.error("a quick run measures too little to be written down")
    rounds = told.rounds or (3 if told.quick else 5)
    seconds = told.seconds or (2.0 if told.quick else 5.0)
    done: dict[str, str] = {}
    reached = True
    for name in told.only or BENCHMARKS:
        about, text, result = _measure(Plan(rounds, seconds, told.quick, name), told.write)
        print(f"\n{about}\n\n{text}", flush=True)
        done[result.title] = text
        reached &= all(ratio.reached for ratio in result.ratios)
        if told.write:
            document.write(about, done, ORDER)
    if not (told.quick or told.only or told.write):
        document.write(about, done, ORDER)
    return 0 if reached else 1


def _measure(plan: Plan, write: bool) -> tuple[str, str, Result]:
    """One benchmark, on a PostgreSQL of its own: the machine, the section, and what it says."""
    start, load = time.perf_counter(), os.getloadavg()[0]
    with servers.postgres() as conninfo:
        about = machine(conninfo)
        if write:
            document.check(about)
        result = uvloop.run(BENCHMARKS[plan.name].run(plan, conninfo))
    seconds = time.perf_counter() - start
    when = f"Measured on {datetime.now(UTC):%Y-%m-%d} in {seconds:,.0f} s; load of the machine beforehand: {load:.1f}."
    return about, f"{report(result)}\n\n{when}", result


if __name__ == "__main__":
    sys.exit(main())
