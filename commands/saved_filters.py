"""Filters that users keep for their dashboards, each under a name of its own for each index."""

from __future__ import annotations

import json
from typing import Annotated, Any, Protocol
from uuid import UUID

from pydantic import AliasChoices, Field

from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import Id, Message, NonEmpty
from commands.work import Work
from domain.access import LoggedIn
from domain.actor import Actor
from domain.claim import Claim
from domain.errors import NotThere
from domain.record import Record
from domain.resources.dashboards import SAVED_FILTER

KIND, AT = SAVED_FILTER.name, SAVED_FILTER.path
Name = Annotated[NonEmpty, Field(max_length=100)]


class Filters(Protocol):
    """What is known of indexes and of the conditions that they are searched with."""

    def index_named(self, name: str, actor: Actor) -> str:
        """The index that goes by that name. Raises NotThere, NotAllowed."""
        ...

    def check(self, index: str, conditions: Any, actor: Actor) -> None:
        """Raises Invalid for conditions that this caller could not search that index with."""
        ...


class SaveFilter(Message):
    """Keep conditions under a name."""

    index_name: NonEmpty
    filter_name: Name
    conditions: Any = Field(
        validation_alias=AliasChoices("conditions", "filters"),
        description="As a search takes them; also as `filters`.",
    )


class DeleteFilter(Message):
    """Forget kept conditions."""

    index_name: NonEmpty
    filter_id: Id


async def save(work: Work, message: SaveFilter) -> Answer:
    """Raises NotThere for an unknown index, Invalid for conditions that do not fit it, ENTRY_EXISTS."""
    filters, owner = work.services.filters, work.actor.id
    index = filters.index_named(message.index_name, work.actor)
    conditions = _whole(message.conditions)
    filters.check(index, conditions, work.actor)
    record = await work.load(Record, work.new_id())
    claim = await work.load(Claim, _claim(owner, index, message.filter_name))
    claim.take(record.id, "ENTRY_EXISTS", f"You keep a filter of {index} under that name already.")
    fields = {"indexName": index, "filterName": message.filter_name, "conditions": conditions}
    record.create(KIND, owner, fields)
    return Answer(KIND, record.id)


def _whole(conditions: Any) -> Any:
    """As one condition, in whichever way it was said: nothing is everything, a list is an `and`."""
    if isinstance(conditions, list):
        return {"operator": "and", "conditions": conditions}
    return {} if conditions is None else conditions


async def delete(work: Work, message: DeleteFilter) -> Answer:
    """Raises NotThere for one that is not the caller's, or of another index."""
    index = work.services.filters.index_named(message.index_name, work.actor)
    record = await work.load(Record, message.filter_id)
    fields = record.of(KIND)
    if record.owner != work.actor.id or fields["indexName"] != index:
        raise NotThere(KIND)
    claim = await work.load(Claim, _claim(record.owner, index, fields["filterName"]))
    claim.give_up(record.id)
    record.delete(KIND)
    return Answer(KIND, record.id)


def _claim(owner: UUID | None, index: str, name: str) -> UUID:
    return Claim.id_of(KIND, json.dumps([str(owner), index, name], ensure_ascii=False))


COMMANDS = (
    Command(
        name="saveFilter",
        doc="Keep the conditions of a search under a name, for oneself alone.",
        message=SaveFilter,
        handler=save,
        route=Route("POST", AT, "bff", status=201, action="create", data_name=KIND, prefixed=True),
        who=LoggedIn(),
        refuses=("ENTRY_EXISTS",),
    ),
    Command(
        name="deleteFilter",
        doc="Forget the conditions that one keeps under a name.",
        message=DeleteFilter,
        handler=delete,
        route=Route("DELETE", f"{AT}/{{filterId}}", "bff", action="delete", data_name=KIND, prefixed=True),
        who=LoggedIn(),
    ),
)
