"""Documents that a command's answer was made of, left for the projector of the same process."""

from __future__ import annotations

from uuid import uuid4

from domain.kernel import Recorded
from infra.read_models.foreseen import Foreseen
from tests.infra.read_models import sample
from tests.infra.read_models.conftest import ANNA, NOW, World


def built(place: str = "hall", position: int = 0) -> Recorded:
    """The first event of a new shelf."""
    shelf = sample.Shelf.at(uuid4())
    shelf.build(owner=ANNA.id, place=place)  # type: ignore[arg-type]
    return Recorded(position, shelf.pending_facts[0], NOW, ANNA.id, "user", uuid4(), "do")


def test_it_is_told_once() -> None:
    foreseen, event = Foreseen(), built()
    foreseen.add("shelf", event, {"id": "1"})
    assert foreseen.take("shelf", event._replace(position=7)) == {"id": "1"}
    assert foreseen.take("shelf", event) is None


def test_what_came_to_be_recorded_otherwise_is_folded_anew() -> None:
    """As when a command lost to another and decided once more, or when the event was read from the log."""
    foreseen, event = Foreseen(), built("hall")
    foreseen.add("shelf", event, {"place": "hall"})
    other = sample.Shelf.at(event.stream)
    other.build(owner=ANNA.id, place="attic")  # type: ignore[arg-type]
    assert foreseen.take("shelf", event._replace(fact=other.pending_facts[0])) is None


def test_the_oldest_are_forgotten_first() -> None:
    foreseen, events = Foreseen(2), [built() for _ in range(3)]
    for event in events:
        foreseen.add("shelf", event, {"id": str(event.stream)})
    assert [foreseen.take("shelf", event) is not None for event in events] == [False, True, True]


async def test_the_projector_writes_what_was_foreseen_as_it_would_have_folded_it(world: World) -> None:
    side = await world.side()
    shelf = sample.Shelf.at(uuid4())
    shelf.build(owner=ANNA.id, place="hall")  # type: ignore[arg-type]
    shelf.open()
    command, world.now = uuid4(), NOW
    pending = [Recorded(0, fact, NOW, ANNA.id, "user", command, "do") for fact in shelf.pending_facts]
    await side.documents.shown("shelf", shelf.id, pending, ANNA)
    await world.happen(shelf, actor=ANNA)
    await world.caught_up(side)
    written = await side.store.raw("shelf", shelf.id)
    await side.rebuild("shelf")
    folded = await side.store.raw("shelf", shelf.id)
    # The answer was made a second before the event's time, which only a test can do: it shows who made the document.
    assert written is not None
    assert folded is not None
    assert written["createdAt"] < folded["createdAt"]
    assert written | {"createdAt": folded["createdAt"]} == folded
