"""The ways that are tried: a schema each for the tables, a schema each for the function that appends."""

from dataclasses import dataclass
from pathlib import Path

MIGRATION = (Path(__file__).parents[2] / "infra/postgres/migrations/0001_event_store.sql").read_text()
APPEND = MIGRATION[MIGRATION.index("CREATE FUNCTION append_events") : MIGRATION.index("-- The fence")]
START = "PERFORM pg_current_xact_id();"
EVENT = """position bigint NOT NULL, stream uuid NOT NULL, version int NOT NULL, name text NOT NULL,
  state bytea NOT NULL, command uuid NOT NULL"""

PROBE = """LOCK TABLE ONLY event IN ROW EXCLUSIVE MODE;  -- before looking: what is sealed has no writer under way
  IF EXISTS (SELECT FROM unnest(streams, versions) AS w (stream, version)
             JOIN event AS e ON e.stream = w.stream AND e.version = w.version) THEN
    RAISE unique_violation USING MESSAGE = 'a version is taken';
  END IF;"""

HEADS = """PERFORM FROM stream_head AS h WHERE h.stream = ANY(streams) ORDER BY h.stream FOR UPDATE;
  WITH wanted AS (SELECT w.stream, min(w.version) AS first, max(w.version) AS last
                  FROM unnest(streams, versions) AS w (stream, version) GROUP BY w.stream),
  born AS (INSERT INTO stream_head SELECT stream, last FROM wanted WHERE first = 1 ORDER BY stream RETURNING 1),
  moved AS (UPDATE stream_head AS h SET version = w.last FROM wanted AS w
            WHERE h.stream = w.stream AND h.version = w.first - 1 AND w.first > 1 RETURNING 1)
  SELECT (SELECT count(*) FROM wanted) = (SELECT count(*) FROM born) + (SELECT count(*) FROM moved) INTO fits;
  IF NOT fits THEN RAISE unique_violation USING MESSAGE = 'a version is taken'; END IF;"""

KEYS = """guarded AS (
    INSERT INTO event_key SELECT w.stream, w.version FROM unnest(streams, versions) AS w (stream, version)
    ORDER BY w.stream, w.version),
  furthest AS ("""


@dataclass(frozen=True)
class Candidate:
    """One way to keep the log, and how two writers of one version are told apart in it."""

    name: str
    tables: str
    """The schema of its tables."""
    append: str
    what: str

    @property
    def schema(self) -> str:
        """The schema of its function."""
        return f"by_{self.name}"

    @property
    def path(self) -> str:
        """Where its names are looked up."""
        return f"{self.schema}, {self.tables}, common"


CANDIDATES = (
    Candidate("plain", "plain", APPEND, "one table, primary key (stream, version): today's"),
    Candidate(
        "probe", "ranged", APPEND.replace(START, f"{START}\n  {PROBE}"), "by position; older partitions are probed"
    ),
    Candidate("keys", "ranged", APPEND.replace("furthest AS (", KEYS), "by position; a table of all (stream, version)"),
    Candidate(
        "heads",
        "ranged",
        APPEND.replace("BEGIN\n", "DECLARE fits boolean;\nBEGIN\n").replace(START, f"{START}\n  {HEADS}"),
        "by position; a table of each stream's version",
    ),
    Candidate("hash", "hashed", APPEND, "by hash of the stream; primary key (stream, version)"),
)


def partition(name: str, source: str) -> str:
    """A table that can become a partition, with the rows of a query."""
    return f"CREATE TABLE {name} ({EVENT}); INSERT INTO {name} {source}; {indexes(name)}"


def indexes(name: str) -> str:
    """The indexes of a partition by position: of its own, none of the whole."""
    return f"ALTER TABLE {name} ADD PRIMARY KEY (stream, version); CREATE UNIQUE INDEX ON {name} (position);"
