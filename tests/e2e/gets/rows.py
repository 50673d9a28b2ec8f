"""The rows of `table.txt`: a route, what is asked of it, and the status that each kind of caller is answered with.

A cell with two statuses is one where the rules leave both readings open; each says why.
"""

from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("nobody", "other", "owner", "moderator", "admin", "superAdmin")
TABLE = Path(__file__).with_name("table.txt")


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    method: str
    route: str
    target: str
    statuses: tuple[frozenset[int], ...]

    @property
    def name(self) -> str:
        """How a test of this row is called."""
        return f"{self.method} {self.route} {self.target}"


def read(table: str) -> list[Row]:
    """The rows of a table as written."""
    found = []
    for text in table.splitlines():
        if not text.strip() or text.startswith("#"):
            continue
        method, route, target, *cells = text.split()
        assert len(cells) == len(COLUMNS), text
        found.append(Row(method, route, target, tuple(frozenset(map(int, cell.split("|"))) for cell in cells)))
    return found


ROWS = read(TABLE.read_text(encoding="utf-8"))
