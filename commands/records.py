"""Create, update and delete for resources without rules of their own, made from their declarations."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from pydantic import Field as Of
from pydantic import create_model
from pydantic.alias_generators import to_snake

from commands.ports import Answer
from commands.record_types import type_of
from commands.registry import Command, Handler, Route
from commands.wire import UNSET, Id, Message, RecordVersion
from commands.work import Work
from domain.access import AllOf, AnyOf, As, Is, LoggedIn, Own, Rule, holds, parents
from domain.catalogue import RESOURCES
from domain.claim import Claim
from domain.errors import NotAllowed, NotThere
from domain.record import OWNER, Record
from domain.resource import Field, RecordRules, Resource

BY_NAME: Mapping[str, Resource] = MappingProxyType({resource.name: resource for resource in RESOURCES})


def record_commands(resource: Resource) -> tuple[Command, ...]:
    """Create, update and delete of a declared resource, named and placed as the reference does.

    Raises TypeError for a declaration that is no record's.
    """
    rules = _rules(resource)
    name, id_name = resource.name[0].upper() + resource.name[1:], resource.id_name
    what = f"{resource.name} ({resource.doc.rstrip('.')})"

    def route(method: str, path: str, **told: Any) -> Route:
        return Route(method, path, resource.service, data_name=resource.name, **told)

    def made(verb: str, fields: Mapping[str, Any]) -> type[Message]:
        return create_model(f"{verb}{name}", __base__=Message, __doc__=f"{verb} {what}.", **fields)

    own = [f for f in resource.fields if f != OWNER]
    the_id = {"record_id": (Id, Of(alias=id_name))}
    version = {"record_version": (RecordVersion | None, None)}
    at = f"{resource.path}/{{{id_name}}}"
    once = ("ENTRY_EXISTS",) if rules.unique else ()
    return (
        Command(
            name=f"create{name}",
            doc=f"Create a {what}.",
            message=made("Create", _asked(own)),
            handler=_creating(resource, rules),
            route=route("POST", resource.path, status=201, action="create"),
            who=coarse(rules.creates),
            refuses=once,
        ),
        Command(
            name=f"update{name}",
            doc=f"Update a {what}.",
            message=made("Update", the_id | _changeable(own) | version),
            handler=_updating(resource, rules),
            route=route("PATCH", at),
            who=coarse(resource.changes),
            refuses=("STALE_VERSION", *once),
        ),
        Command(
            name=f"delete{name}",
            doc=f"Delete (hide) a {what}.",
            message=made("Delete", the_id | version),
            handler=_deleting(resource, rules),
            route=route("DELETE", at, action="delete"),
            who=coarse(resource.changes),
            refuses=("STALE_VERSION",),
        ),
    )


def _creating(resource: Resource, rules: RecordRules) -> Handler:
    async def create(work: Work, message: Message) -> Answer:
        fields, owner = _sent(resource, message), work.actor.id
        if rules.parent is not None:
            parent = await seen(work, rules.parent, UUID(fields[f"{rules.parent}Id"]))
            if parent is None:
                raise NotThere(rules.parent)
            owned_by = BY_NAME[rules.parent].owner
            owner = UUID(parent[owned_by]) if owned_by else owner
        if not holds(rules.creates, work.actor, fields | {OWNER.name: owner}):
            raise NotAllowed(f"You may not create a {resource.name} here.")
        record = await work.load(Record, work.new_id())
        await _stand_once(work, resource, record.id, {}, fields)
        record.create(resource.name, owner, fields)
        return Answer(resource.name, record.id)

    return create


def _updating(resource: Resource, rules: RecordRules) -> Handler:
    async def update(work: Work, message: Any) -> Answer:
        record, before = await _own(work, resource, message.record_id)
        record.expect(message.record_version)
        changes = _sent(resource, message)
        if any(name in changes for name in rules.unique):
            await _stand_once(work, resource, record.id, before, {**before, **changes})
        record.change(resource.name, changes)
        return Answer(resource.name, record.id)

    return update


def _deleting(resource: Resource, rules: RecordRules) -> Handler:
    async def delete(work: Work, message: Any) -> Answer:
        record, before = await _own(work, resource, message.record_id)
        record.expect(message.record_version)
        if rules.unique:
            await _stand_once(work, resource, record.id, before, {})
        record.delete(resource.name)
        return Answer(resource.name, record.id)

    return delete


async def _own(work: Work, resource: Resource, id: UUID) -> tuple[Record, Mapping[str, Any]]:
    """The record, as far as it is the caller's to change. Raises NotThere, NotAllowed."""
    record = await work.load(Record, id)
    fields = record.of(resource.name)
    facts = {**fields, OWNER.name: record.owner}
    work.admit(resource, facts | await _parents(work, resource.sees | resource.changes, facts))
    return record, fields


async def seen(work: Work, name: str, id: UUID) -> dict[str, Any] | None:
    """The document of that resource, if there is one and the caller may see it."""
    resource, document = BY_NAME[name], await work.services.documents.find(name, id)
    if document is None or not (document["isActive"] or resource.keeps_deleted):
        return None
    facts = document | await _parents(work, resource.sees, document)
    return document if holds(resource.sees, work.actor, facts) else None


async def _parents(work: Work, rule: Rule, facts: Mapping[str, Any]) -> dict[str, bool]:
    """For each parent that the rule asks for: whether the caller sees it."""
    asked = ((parent.resource, facts.get(parent.field)) for parent in parents(rule))
    return {f"as:{name}": id is not None and await seen(work, name, UUID(str(id))) is not None for name, id in asked}


async def _stand_once(
    work: Work, resource: Resource, holder: UUID, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """What stood for `before` stands for `after` from now on. Raises ENTRY_EXISTS if another stands for that."""
    unique = _rules(resource).unique
    old, new = (_claimed(resource, unique, fields) if unique and fields else None for fields in (before, after))
    if old == new:
        return
    if new is not None:
        claim = await work.load(Claim, new)
        claim.take(holder, "ENTRY_EXISTS", f"There is a {resource.name} with this {', '.join(unique)} already.")
    if old is not None:
        (await work.load(Claim, old)).give_up(holder)


def _claimed(resource: Resource, unique: Iterable[str], fields: Mapping[str, Any]) -> UUID:
    return Claim.id_of(resource.name, json.dumps([str(fields.get(name)) for name in unique], ensure_ascii=False))


def coarse(rule: Rule) -> Rule:
    """Who may ask before anything is loaded: the rule itself, unless it looks at what is loaded."""
    looks = isinstance(rule, Own | Is | As)
    inside = rule.rules if isinstance(rule, AnyOf | AllOf) else ()
    return LoggedIn() if looks or any(coarse(part) != part for part in inside) else rule


def _rules(resource: Resource) -> RecordRules:
    if resource.record is None or OWNER not in resource.fields:
        raise TypeError(f"{resource.name} is no record: it needs `record` and the field OWNER")
    for field in resource.fields:
        if field.personal:
            raise TypeError(f"{resource.name}.{field.name} is personal: records have no owner's stream to keep it in")
    return resource.record


def _asked(fields: Iterable[Field]) -> dict[str, Any]:
    """The fields of a message that creates."""
    return {
        to_snake(f.name): (type_of(f), Of(alias=f.name)) if f.required else (type_of(f) | None, Of(None, alias=f.name))
        for f in fields
    }


def _changeable(fields: Iterable[Field]) -> dict[str, Any]:
    """The fields of a message that changes: all may be left out, and null clears what is not required."""
    return {
        to_snake(f.name): (type_of(f) if f.required else type_of(f) | None, Of(UNSET, alias=f.name))
        for f in fields
        if not f.fixed
    }


def _sent(resource: Resource, message: Message) -> dict[str, Any]:
    """The declared fields that were sent, as plain JSON values."""
    names = {to_snake(f.name): f.name for f in resource.fields if f != OWNER}
    return {names[name]: _plain(value) for name, value in message.sent().items() if name in names}


def _plain(value: Any) -> Any:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
        case date():
            return value.isoformat()
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


COMMANDS: tuple[Command, ...] = tuple(
    command for resource in RESOURCES if resource.record is not None for command in record_commands(resource)
)
