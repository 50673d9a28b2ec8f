"""An aggregate as small as can be, for the suites that hold stores to their contract."""

from __future__ import annotations

from domain.kernel import Aggregate, event


class Parcel(Aggregate):
    """Something that is moved about."""

    TOPIC = "test.parcel"

    def __init__(self) -> None:
        self.places: tuple[str, ...] = ()

    def move(self, place: str) -> None:
        """Be somewhere else now."""
        if place not in self.places[-1:]:
            self._moved(place=place)

    @event("Moved", topic="test.parcel.moved.v1")
    def _moved(self, place: str) -> None:
        self.places = (*self.places, place)


class Letter(Aggregate):
    """Something else, so that a stream can be of the wrong kind."""

    TOPIC = "test.letter"

    def write(self, text: str) -> None:
        """Say something."""
        self._written(text=text)

    @event("Written", topic="test.letter.written.v1")
    def _written(self, text: str) -> None:
        """Nothing is remembered."""
