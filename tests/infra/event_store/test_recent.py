"""What a process remembers of its own writing."""

from __future__ import annotations

from uuid import uuid4

from domain.kernel import Fact
from infra.event_store.recent import Recent
from tests.contracts.parcel import Parcel


def facts(moves: int) -> list[Fact]:
    parcel = Parcel.at(uuid4())
    for move in range(moves):
        parcel.move(f"place {move}")
    return parcel.pending_facts


def test_it_is_told_once() -> None:
    recent, command = Recent(10), uuid4()
    (fact,) = facts(1)
    recent.add([fact], command)
    assert recent.take(fact.originator_id, 1, command) is fact
    assert recent.take(fact.originator_id, 1, command) is None


def test_what_another_command_has_written_there_instead_is_not_taken_for_it() -> None:
    """As after a log came back from an older copy."""
    recent = Recent(10)
    (fact,) = facts(1)
    recent.add([fact], uuid4())
    assert recent.take(fact.originator_id, 1, uuid4()) is None


def test_the_oldest_are_forgotten_first() -> None:
    recent, command = Recent(2), uuid4()
    written = facts(3)
    recent.add(written, command)
    found = [recent.take(fact.originator_id, fact.originator_version, command) for fact in written]
    assert found == [None, *written[1:]]
