"""How long to measure, and whom to tell how far it is."""

import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    rounds: int
    seconds: float
    """Of one round of one contestant."""
    quick: bool = False
    name: str = ""

    def say(self, what: str) -> None:
        """A line of progress."""
        print(f"[{self.name}] {what}", file=sys.stderr, flush=True)
