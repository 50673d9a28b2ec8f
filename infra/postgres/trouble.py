"""What goes wrong with a database, and how callers, health and logs are told.

Unavailable          whatever is wrong: nothing is recorded that is not told, and the same may be asked again
├── away             no connection can be had
├── full             the disk, the memory, or the connections that are allowed
├── slow             a statement, or a lock, took longer than it may
└── read-only        the server takes no writes: it became a standby, or somebody said so
"""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
import structlog

from commands.ports import Unavailable

TROUBLE = (
    psycopg.OperationalError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
)
"""What is the database's own affair, and passes; any other error is one of what was asked."""

AWAY = "The database is away."
UNWELL = "The database cannot do this now."
FULL_HOUSE = "The database takes no more connections."
SENTENCES = {
    "25006": "The database takes no writes at present.",
    "53100": "The database's disk is full.",
    "53200": "The database is out of memory.",
    "53300": FULL_HOUSE,
    "55P03": "The database took too long to answer.",
    "57014": "The database took too long to answer.",
    "57P01": "The database is restarting.",
    "57P02": "The database is restarting.",
    "57P03": "The database is restarting.",
}
"""By SQLSTATE. What the server itself says may name folders and rows, and is for logs alone."""

NO_ROOM = ("too many connections", "too many clients", "connection slots are reserved")
"""A connection that is refused comes without a SQLSTATE."""


def unavailable(error: BaseException, otherwise: str = AWAY) -> Unavailable:
    """The error as callers are told of it: a sentence of our own, and what the server said for the log."""
    state = getattr(error, "sqlstate", None)
    sentence = SENTENCES.get(state or "", otherwise)
    if state is None and any(words in str(error) for words in NO_ROOM):
        sentence = FULL_HOUSE
    return Unavailable(sentence, why=str(error).strip() or type(error).__name__)


class Outage:
    """Tells the log of a trouble with the database: when it begins, when it becomes another, whenever it has lasted
    twice as long, and when it is over. Whoever tries again four times a second would fill a log with it.

    Args:
        who: whose log.
        clock: seconds that pass.
    """

    def __init__(self, who: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = structlog.get_logger(who)
        self._clock = clock
        self._since: float | None = None
        self._told: list[str] = []
        """Every trouble of this time, each told when it came."""
        self._next_word = 0.0

    def lasts(self, error: BaseException) -> None:
        """It was there just now."""
        now = self._clock()
        told = (error if isinstance(error, Unavailable) else unavailable(error)).message
        if self._since is None:
            self._since, self._next_word = now, now
        if told not in self._told:
            self._told.append(told)
            self._next_word = now
        if now >= self._next_word:
            lasted = now - self._since
            self._next_word = now + max(1.0, lasted)
            self._log.warning("trouble with the database", told=told, error=str(error), seconds=round(lasted, 1))

    def over(self) -> None:
        """All was well just now."""
        if self._since is not None:
            lasted = round(self._clock() - self._since, 1)
            self._log.info("the trouble with the database is over", told=" ".join(self._told), seconds=lasted)
            self._since, self._told = None, []
