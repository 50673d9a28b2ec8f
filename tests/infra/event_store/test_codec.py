"""What is stored comes back as it was, by registered names, and old forms are read as new ones."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar, get_type_hints
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel import Aggregate, Fact
from infra.event_store import Codec, UnknownEvent
from infra.event_store.codec import ENVELOPE, facts_of
from tests.contracts.parcel import Letter, Parcel
from tests.infra.event_store.sample import Amount, Colour, Line, Person, Sample
from tests.infra.event_store.values import values_of

STREAM = UUID(int=7)


def there_and_back(codec: Codec, fact: Fact) -> Fact:
    """The event, stored and read again."""
    return codec.decode(*codec.encode(fact))


def facts(fact: type[Fact]) -> st.SearchStrategy[Fact]:
    """Events of that class."""
    hints = get_type_hints(fact)
    own = {field.name: values_of(hints[field.name]) for field in fields(fact) if field.name not in ENVELOPE}
    return st.builds(fact, originator_id=st.uuids(), originator_version=st.integers(1, 2**31 - 1), **own)


@pytest.mark.parametrize("fact", facts_of(Sample), ids=lambda fact: fact.TOPIC)
def test_every_value_comes_back_as_it_was_and_of_its_type(fact: type[Fact]) -> None:
    codec = Codec([Sample])

    @given(facts(fact))
    def comes_back(written: Fact) -> None:
        read = there_and_back(codec, written)
        assert read == written
        assert vars(read) == vars(written)
        assert {name: type(value) for name, value in vars(read).items()} == {
            name: type(value) for name, value in vars(written).items()
        }

    comes_back()


def test_values_are_written_as_plain_json() -> None:
    sample = Sample.at(STREAM)
    sample.fill(
        id_=UUID(int=1),
        day=date(2026, 7, 1),
        instant=datetime(2026, 7, 1, 12, 30, 15, 250_000, UTC),
        maybe=None,
        yes=True,
        number=2**70,
        colour=Colour.RED,
        size="M",
        lines=(Line("night", Amount(9999), Person(UUID(int=2), "Ida")),),
        pair=("fee", Amount(5, "JPY")),
        nights={date(2026, 7, 1): UUID(int=3)},
        tags=frozenset({"quiet"}),
        bio="Reads\0",
        nickname=None,
        record={"rating": Decimal("4.50"), "list": [1, {"deep": None}]},
    )
    (filled,) = sample.pending_events
    codec = Codec([Sample])
    stored = codec.encode(filled)  # type: ignore[arg-type]
    assert stored[:3] == (STREAM, 1, "test.sample.filled.v1")
    assert b'"record":{"rating":4.50,"list":[1,{"deep":null}]}' in stored.state
    assert b'"nights":{"2026-07-01":"00000000-0000-0000-0000-000000000003"}' in stored.state
    assert codec.decode(*stored) == filled
    assert codec.kind_of(codec.decode(*stored)) is Sample


@pytest.mark.parametrize(
    "number",
    [0, -1, 2**64, 10**30, Decimal("0.10"), Decimal("12.50"), Decimal("1E-30"), Decimal("123456789012345.678")],
)
def test_a_number_in_a_record_is_stored_as_given(number: Decimal | int) -> None:
    codec = Codec([Sample])
    state = codec._write({"n": number})
    found = codec._read_raw(state)["n"]
    assert (found, str(found)) == (number, str(number))


def test_an_unknown_name_is_an_error_and_nothing_is_imported_for_it() -> None:
    with pytest.raises(UnknownEvent, match=r"os:system \(stream 00000000-0000-0000-0000-000000000007, version 3\)"):
        Codec([Sample]).decode(STREAM, 3, "os:system", b"{}")


def test_an_old_form_is_read_as_the_new_one_step_by_step() -> None:
    def first(old: dict[str, Any]) -> dict[str, Any]:
        return {"where": old["w"]}

    def second(old: dict[str, Any]) -> dict[str, Any]:
        return {"place": old.pop("where").title()}

    codec = Codec(
        [Parcel],
        {"parcel.moved.v0": ("parcel.moved.v0b", first), "parcel.moved.v0b": ("test.parcel.moved.v1", second)},
    )
    for name, state in [("parcel.moved.v0", b'{"w": "oslo"}'), ("parcel.moved.v0b", b'{"where": "oslo"}')]:
        fact = codec.decode(STREAM, 1, name, state)
        assert fact == Parcel.Moved(originator_id=STREAM, originator_version=1, place="Oslo")  # type: ignore[attr-defined]
        assert Parcel.at(STREAM, [fact]).places == ("Oslo",)
    assert codec.retired == {"parcel.moved.v0": "parcel.moved.v0b", "parcel.moved.v0b": "test.parcel.moved.v1"}


def test_a_field_with_a_default_may_be_absent_from_an_old_row() -> None:
    class Grown(Aggregate):
        TOPIC = "test.grown"

        class Added(Aggregate.Event):
            TOPIC: ClassVar[str] = "test.grown.added.v1"
            place: str
            weight: int = 5

    codec = Codec([Grown])
    fact = codec.decode(STREAM, 1, "test.grown.added.v1", b'{"place": "Oslo"}')
    assert vars(fact) == {"originator_id": STREAM, "originator_version": 1, "place": "Oslo", "weight": 5}
    assert there_and_back(codec, fact) == fact


def test_names_that_cannot_be_right_are_refused_at_once() -> None:
    def same(old: dict[str, Any]) -> dict[str, Any]:
        return old

    with pytest.raises(ValueError, match="two events have the name"):
        Codec([Parcel, Parcel])
    with pytest.raises(ValueError, match="still recorded by that name"):
        Codec([Parcel, Letter], {"test.parcel.moved.v1": ("test.letter.written.v1", same)})
    with pytest.raises(ValueError, match="is not known"):
        Codec([Parcel], {"parcel.moved.v0": ("parcel.moved.v9", same)})


def test_an_event_that_cannot_be_read_back_is_refused_at_once() -> None:
    class Vague(Aggregate):
        TOPIC = "test.vague"

        class Said(Aggregate.Event):
            TOPIC: ClassVar[str] = "test.vague.said.v1"
            when: date | datetime

    with pytest.raises(TypeError, match=r"test\.vague\.said\.v1 cannot be stored"):
        Codec([Vague])


def test_the_golden_schema_tells_which_fields_are_personal() -> None:
    golden = Codec([Sample, Parcel]).golden()
    assert list(golden) == ["test.parcel.moved.v1", "test.sample.emptied.v1", "test.sample.filled.v1"]
    assert golden["test.parcel.moved.v1"]["aggregate"] == "test.parcel"
    assert golden["test.parcel.moved.v1"]["personal"] == []
    assert golden["test.sample.filled.v1"]["personal"] == ["bio", "lines.by.born", "lines.by.name", "nickname"]
