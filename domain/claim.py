"""A value that only one may have: an e-mail, one review a side, one open dispute a party."""

from __future__ import annotations

from functools import lru_cache
from uuid import UUID, uuid5

from domain.errors import Refused
from domain.kernel import Aggregate, event

MARKETPLACE = UUID("b3a4c1de-5c0e-5f0e-9a53-1f6f8f2a7c11")
"""The namespace of claims; never to change, as stored streams are named by it."""


class Claim(Aggregate):
    """A stream as small as its value. Saved together with what needs the value, so that two can never have it."""

    TOPIC = "claim"

    def __init__(self) -> None:
        self.holder: UUID | None = None

    @staticmethod
    def id_of(kind: str, value: str) -> UUID:
        """The stream of a value of that kind, such as `user-email`. Letters count without case."""
        return _id_of(kind, value.casefold())

    def take(self, holder: UUID, rule: str, message: str) -> None:
        """Have the value, or keep having it. Raises Refused with that rule if another has it."""
        if self.holder == holder:
            return
        if self.holder is not None:
            raise Refused(rule, message)
        self._taken(holder=holder)

    def pass_on(self, holder: UUID, keeper: UUID, rule: str, message: str) -> None:
        """Have the value next, whoever has it now. Raises Refused with that rule if its keeper does, who lets none have
        it any more.
        """
        if self.holder == keeper:
            raise Refused(rule, message)
        self._taken(holder=holder)

    def give_up(self, holder: UUID) -> None:
        """Let go of the value, if that holder has it."""
        if self.holder == holder:
            self._given_up()

    @event("Taken", topic="claim.taken.v1")
    def _taken(self, holder: UUID) -> None:
        self.holder = holder

    @event("GivenUp", topic="claim.given_up.v1")
    def _given_up(self) -> None:
        self.holder = None


@lru_cache(maxsize=65_536)
def _id_of(kind: str, value: str) -> UUID:
    return uuid5(MARKETPLACE, f"{kind} {value}")
