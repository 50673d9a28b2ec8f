"""Standard output, for a person or a program: whoever reads it may leave at any time."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import sys
from collections.abc import Iterator

WIDE = 200
"""Characters of a line that no terminal limits."""

STYLES = {"dim": "2", "bold": "1", "name": "36", "note": "33", "fine": "32", "warning": "33", "problem": "1;31"}


class ReaderGone(Exception):
    """Whoever read what is printed has had enough, as `head` has."""


class Out:
    """Prints lines, each at once. Colours are for terminals alone, and for those who do not mind them (NO_COLOR)."""

    def __init__(self) -> None:
        self.terminal = sys.stdout.isatty()
        self._colours = self.terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
        self.width = shutil.get_terminal_size((WIDE, 50)).columns if self.terminal else WIDE
        self._watched = select.poll()
        with contextlib.suppress(OSError, ValueError):  # not everything that can be written to has a number
            self._watched.register(sys.stdout.fileno(), 0)

    def line(self, text: str | bytes) -> None:
        """Print one line. Raises ReaderGone."""
        data = text if isinstance(text, bytes) else text.encode(sys.stdout.encoding or "utf-8", "replace")
        try:
            sys.stdout.buffer.write(data + b"\n")
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise ReaderGone from None

    def heed(self) -> None:
        """Notice that the reader has left before there is anything to print. Raises ReaderGone."""
        if any(what & (select.POLLERR | select.POLLHUP) for _, what in self._watched.poll(0)):
            raise ReaderGone

    def paint(self, text: str, style: str) -> str:
        """The text in a colour, where there are colours."""
        return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if self._colours else text


@contextlib.contextmanager
def quiet_when_the_reader_leaves() -> Iterator[None]:
    """A reader who leaves is no error, and nothing is said of it. What the interpreter still flushes goes nowhere."""
    try:
        yield
    except ReaderGone:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def aside(line: str) -> None:
    """Tell the person something that is not part of what was asked for."""
    print(f"innkeep: {line}", file=sys.stderr, flush=True)  # noqa: T201 - this is the command line


def printable(text: str) -> str:
    """The text without characters that a terminal might obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
