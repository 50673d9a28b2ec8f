"""Records: created, changed and deleted, as declared."""

from uuid import UUID

import pytest

from domain.errors import NotThere
from domain.record import Record
from tests.specs import given

OWNER = UUID(int=1)
POOL = {"name": "Pool", "iconUrl": None}


def created(record: Record) -> None:
    record.create("listingAmenity", OWNER, POOL)


def test_a_record_keeps_what_it_was_given() -> None:
    record = given(Record).when(created).then("record.created.v1", kind="listingAmenity", owner=OWNER, fields=POOL)
    assert record.of("listingAmenity") == POOL


def test_a_change_records_all_fields_as_they_are_from_now_on() -> None:
    given(Record).having(created).when(lambda r: r.change("listingAmenity", {"iconUrl": "/p.svg"})).then(
        "record.changed.v1", fields={"name": "Pool", "iconUrl": "/p.svg"}
    )


def test_a_change_to_what_already_holds_records_nothing() -> None:
    given(Record).having(created).when(lambda r: r.change("listingAmenity", {"name": "Pool"})).nothing()


def test_a_deleted_record_is_not_there() -> None:
    gone = given(Record).having(created).when(lambda r: r.delete("listingAmenity")).then("record.deleted.v1")
    with pytest.raises(NotThere):
        gone.delete("listingAmenity")
    with pytest.raises(NotThere):
        gone.change("listingAmenity", {})


def test_a_record_of_another_kind_is_not_there() -> None:
    record = given(Record).when(created).then("record.created.v1")
    with pytest.raises(NotThere):
        record.of("listingLocaleText")
    with pytest.raises(NotThere):
        record.delete("listingLocaleText")
