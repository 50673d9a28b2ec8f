"""What a database must be like for the promises made on it: that readers of the log skip nothing, and that what was
acknowledged is not lost.

Each check is data: what it looks for, how grave that is, and what to do. Two rules say how grave:

* *refused* is what would break a promise without anybody noticing: a sequence that hands positions out ahead, a server
  that cannot be written or followed, tables that a crash empties. In production, a server that acknowledges what is not
  on disk is such a one as well; in sandbox mode there is nothing to lose, and it is a warning.
* *warning* is what only delays, or what Innkeep makes good by itself: it sets `synchronous_commit` on its own
  connections, for one.

A prepared transaction loses nothing, but all readers of the log stand still until somebody ends it by name, and neither
a restart nor a timeout does. So one in Innkeep's own database is refused: Innkeep prepares none, so nobody here will
end it. One in another database of the cluster is somebody's work: refused once it is so old that it looks forgotten, a
warning before. That the server allows them at all (`max_prepared_transactions`) is a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from infra.postgres.facts import Facts, facts_of

OLDEST = 150_000
"""The oldest version that Innkeep is tested on, as the server counts them: PostgreSQL 15."""
CONNECTIONS = 30
"""What one process opens at most."""
FORGOTTEN_SECONDS = 60.0
"""From this age on, a prepared transaction looks forgotten."""
LONG_SECONDS = 5.0
"""From this age on, a transaction that writes is worth a warning."""

Severity = Literal["fine", "warning", "refused"]


class DatabaseRefused(Exception):
    """Innkeep must not work on this database; the message says why, and what to do, in one line."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    name: str
    severity: Severity
    told: str
    advice: str = ""
    """What to do about it; empty where there is nothing to do."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at."""

    name: str
    severity: Severity
    """Of what it finds; in sandbox mode, `in_sandbox` if that is said."""
    found: Callable[[Facts], str | None]
    """What is wrong, or None."""
    advice: str
    in_sandbox: Severity | None = None

    def of(self, facts: Facts, *, production: bool) -> Finding:
        """What it found."""
        wrong = self.found(facts)
        if wrong is None:
            return Finding(self.name, "fine", "")
        return Finding(self.name, self.severity if production else self.in_sandbox or self.severity, wrong, self.advice)


def _version(facts: Facts) -> str | None:
    major = facts.version // 10_000
    return None if facts.version >= OLDEST else f"the server is PostgreSQL {major}; 15 is the oldest that will do"


def _encoding(facts: Facts) -> str | None:
    return None if facts.encoding == "UTF8" else f"the database is encoded in {facts.encoding}, not in UTF8"


def _standby(facts: Facts) -> str | None:
    if not facts.standby:
        return None
    return "the server is a standby: it takes no writes, and the log cannot be followed safely on it"


def _read_only(facts: Facts) -> str | None:
    off = facts.settings["default_transaction_read_only"] == "off"
    return None if off else "default_transaction_read_only is on: the database takes no writes"


def _positions(facts: Facts) -> str | None:
    if facts.sequence is None or facts.sequence == (1, 1, False):
        return None
    cache, step, cycles = facts.sequence
    drawing = f"CACHE {cache} INCREMENT {step}" + (" CYCLE" if cycles else "")
    return f"the sequence log_position draws with {drawing}: positions would appear behind readers, who would miss them"


def _behind(facts: Facts) -> str | None:
    if facts.drawn >= facts.newest:
        return None
    return f"the sequence log_position stands at {facts.drawn}, behind the log, which reaches to {facts.newest}"


def _unlogged(facts: Facts) -> str | None:
    return f"a crash would empty {', '.join(facts.unlogged)}: unlogged" if facts.unlogged else None


def _setting(name: str, consequence: str) -> Callable[[Facts], str | None]:
    return lambda facts: f"{name} is off: {consequence}" if facts.settings[name] == "off" else None


def _prepared_here(facts: Facts) -> str | None:
    found = [w for w in facts.writers if w.prepared and w.database == facts.database]
    return f"{found[0]}: all readers of the log wait for it" if found else None


def _prepared_old(facts: Facts) -> str | None:
    found = [w for w in facts.writers if w.prepared and w.seconds >= FORGOTTEN_SECONDS and w.database != facts.database]
    return f"{found[0]}: all readers of the log wait for it" if found else None


def _prepared_elsewhere(facts: Facts) -> str | None:
    found = [w for w in facts.writers if w.prepared and w.seconds < FORGOTTEN_SECONDS and w.database != facts.database]
    return f"{found[0]}: all readers of the log wait for it" if found else None


def _may_prepare(facts: Facts) -> str | None:
    most = facts.settings["max_prepared_transactions"]
    return None if most == "0" else f"the server allows {most} prepared transactions; a forgotten one stops all readers"


def _long_writer(facts: Facts) -> str | None:
    found = [writer for writer in facts.writers if not writer.prepared and writer.seconds >= LONG_SECONDS]
    return f"{found[0]}: readers of the log wait for it" if found else None


def _idle(facts: Facts) -> str | None:
    if facts.settings["idle_in_transaction_session_timeout"] != "0":
        return None
    return "the server lets transactions idle for ever; a forgotten one of another application would stop all readers"


def _pooled(facts: Facts) -> str | None:
    if not facts.pooled:
        return None
    return "something stands between Innkeep and the server, such as a connection pooler"


def _connections(facts: Facts) -> str | None:
    if facts.connections >= CONNECTIONS:
        return None
    return f"at most {facts.connections} connections are allowed; one process opens up to {CONNECTIONS}"


def _sight(facts: Facts) -> str | None:
    if facts.sees_all:
        return None
    return "this role may not see other roles' sessions: who holds the readers back can be named only in part"


CHECKS = (
    Check("version", "refused", _version, "move the data to a newer server"),
    Check("encoding", "refused", _encoding, "make the database with CREATE DATABASE … ENCODING 'UTF8'"),
    Check("standby", "refused", _standby, "name the primary, or several hosts and target_session_attrs=read-write"),
    Check(
        "read-only",
        "refused",
        _read_only,
        "ALTER DATABASE … SET default_transaction_read_only = off, or name the server that takes writes",
    ),
    Check(
        "positions",
        "refused",
        _positions,
        "with every Innkeep stopped: ALTER SEQUENCE log_position CACHE 1 INCREMENT 1 NO CYCLE",
    ),
    Check(
        "positions behind",
        "refused",
        _behind,
        "the log was restored without its sequence: SELECT setval('log_position', (SELECT max(position) FROM event))",
    ),
    Check("unlogged", "refused", _unlogged, "ALTER TABLE … SET LOGGED, ALTER SEQUENCE log_position SET LOGGED"),
    Check(
        "fsync",
        "refused",
        _setting("fsync", "what was acknowledged may be lost with the machine"),
        "set fsync = on in the server's configuration",
        in_sandbox="warning",
    ),
    Check(
        "full_page_writes",
        "refused",
        _setting("full_page_writes", "a crash of the machine may leave torn pages"),
        "set full_page_writes = on in the server's configuration",
        in_sandbox="warning",
    ),
    Check(
        "synchronous_commit",
        "warning",
        _setting("synchronous_commit", "Innkeep turns it on for its own connections"),
        "ALTER DATABASE … SET synchronous_commit = on",
    ),
    Check("prepared", "refused", _prepared_here, "end it: ROLLBACK PREPARED, or COMMIT PREPARED, and its name"),
    Check(
        "prepared and forgotten",
        "refused",
        _prepared_old,
        "end it in its own database: ROLLBACK PREPARED, or COMMIT PREPARED, and its name",
    ),
    Check("prepared elsewhere", "warning", _prepared_elsewhere, "see that whoever prepared it ends it"),
    Check(
        "max_prepared_transactions",
        "warning",
        _may_prepare,
        "set max_prepared_transactions = 0 unless another application needs them",
    ),
    Check("writers", "warning", _long_writer, "end it where it was begun, or with pg_terminate_backend"),
    Check(
        "idle transactions",
        "warning",
        _idle,
        "set idle_in_transaction_session_timeout = 60s on the server; Innkeep's own are bounded in any case",
    ),
    Check(
        "pooler",
        "warning",
        _pooled,
        "Innkeep holds locks and settings on its connections: let the pooler keep a connection for a session",
    ),
    Check("connections", "warning", _connections, "raise max_connections, or the CONNECTION LIMIT of database or role"),
    Check("sight", "warning", _sight, "GRANT pg_read_all_stats to it"),
)


async def examine(conninfo: str, *, production: bool) -> list[Finding]:
    """What every check finds, in their order. Raises psycopg.OperationalError if the database cannot be reached."""
    facts = await facts_of(conninfo)
    return [check.of(facts, production=production) for check in CHECKS]


async def guard(conninfo: str, *, production: bool) -> list[Finding]:
    """The warnings of a database that may be worked on. Raises DatabaseRefused, psycopg.OperationalError."""
    found = await examine(conninfo, production=production)
    refuse(found)
    return [finding for finding in found if finding.severity == "warning"]


def refuse(found: Iterable[Finding]) -> None:
    """Raises DatabaseRefused if anything is refused."""
    refused = [finding for finding in found if finding.severity == "refused"]
    if refused:
        more = f" (and {len(refused) - 1} more: see innkeep doctor)" if len(refused) > 1 else ""
        raise DatabaseRefused(f"the database is refused: {refused[0].told}; {refused[0].advice}{more}")
