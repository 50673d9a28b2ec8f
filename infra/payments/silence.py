"""How long a provider has been silent: whoever asks meanwhile does not wait for an answer that does not come."""

from __future__ import annotations

import time
from collections.abc import Callable

CALLS = 3
"""So many in a row without an answer are a silence."""
PAUSE = 15.0
"""Seconds from one call that is let through meanwhile to the next."""


class Silence:
    """Counts calls without an answer. What is not asked is as unanswered as what is: it is asked again later.

    Deadlines are acted on one after the other: each that waited in vain would keep all others from being in time.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._unanswered = 0
        self._again_at = 0.0

    def lasts(self) -> bool:
        """Whether not to ask now. Now and then one is let through, to see."""
        if self._unanswered < CALLS:
            return False
        now = self._now()
        if now < self._again_at:
            return True
        self._again_at = now + PAUSE
        return False

    def met(self) -> None:
        """A call had no answer."""
        self._unanswered += 1
        self._again_at = self._now() + PAUSE

    def over(self) -> None:
        """A call had one, whatever it said."""
        self._unanswered = 0
