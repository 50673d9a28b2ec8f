"""Try the ways of splitting the log, and the moves between them, on a throw-away PostgreSQL.

Prints tables; the record of a run at ten million events is docs/adr. A tenth of a million is the default: seconds.
"""

import argparse
import shutil
import sys
import time
from pathlib import Path

import psycopg

from benchmarks.figures import Spread, machine
from benchmarks.partitions import moves
from benchmarks.partitions.build import build, server
from benchmarks.partitions.candidates import CANDIDATES
from benchmarks.partitions.measure import Bench
from benchmarks.partitions.traffic import Say

BYTES = 3_000
"""Of disk an event needs here: three logs, their indexes, what the moves copy, and the write-ahead log."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.partitions", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="events of the log (100000)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each candidate, in turns (5)")
    parser.add_argument("--times", type=int, default=100, help="of each thing in a round (100)")
    parser.add_argument("--folder", type=Path, help="where the server's files go (the system's folder for such)")
    told = parser.parse_args()
    room, needed = shutil.disk_usage(told.folder or "/tmp").free, BYTES * told.events
    if room < needed:
        parser.error(f"{needed / 1e9:.0f} GB are needed, {room / 1e9:.0f} GB are free")
    start = time.perf_counter()

    def say(what: str) -> None:
        print(f"[{time.perf_counter() - start:6.1f} s] {what}", file=sys.stderr, flush=True)

    with server(told.folder) as (conninfo, folder):
        print(f"{told.events:,} events; {machine(conninfo)}\n")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            build(connection, told.events, say)
            print(_sizes(connection))
        print(_measured(conninfo, told.events, told.rounds, told.times, say))
        print(moves.run(conninfo, folder, told.events, say))


def _sizes(connection: "psycopg.Connection[tuple[str, str]]") -> str:
    rows = connection.execute(
        "SELECT schemaname || '.' || regexp_replace(tablename, '_\\d+$', '_*'), pg_size_pretty(sum(pg_table_size("
        "format('%I.%I', schemaname, tablename)::regclass))), pg_size_pretty(sum(pg_indexes_size("
        "format('%I.%I', schemaname, tablename)::regclass))) FROM pg_tables "
        "WHERE schemaname IN ('plain', 'ranged', 'hashed') OR tablename = 'command' GROUP BY 1 ORDER BY 1"
    ).fetchall()
    return "\n".join(
        ["| tables | rows | indexes |", "|---|---|---|", *("| " + " | ".join(row) + " |" for row in rows), ""]
    )


def _measured(conninfo: str, events: int, rounds: int, times: int, say: Say) -> str:
    benches = [Bench(conninfo, candidate, events, turn) for turn, candidate in enumerate(CANDIDATES)]
    for number in range(rounds + 1):
        for bench in benches if number % 2 else reversed(benches):
            bench.round(times)
            if number == 0:
                bench.figures.clear()  # plans and pages were cold
        say(f"round {number} of {rounds}")
    for bench in benches:
        bench.close()
    lines = ["| µs, median (least–most) | " + " | ".join(c.name for c in CANDIDATES) + " |"]
    lines.append("|---" * (1 + len(CANDIDATES)) + "|")
    for what in benches[0].figures:
        cells = [Spread.of(bench.figures[what]).text(0) for bench in benches]
        lines.append(f"| {what} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
