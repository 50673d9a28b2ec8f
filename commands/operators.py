"""Operators: made, changed and deleted by admins and, with an API key, by outside systems."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, StrictStr, WithJsonSchema

from commands.credentials import Email
from commands.ports import Answer
from commands.registry import Command, Route
from commands.wire import UNSET, Flag, Id, Message, NonEmpty, RecordVersion, Text
from commands.work import Work
from domain.claim import Claim
from domain.operator import ROLES, Operator, Profile
from domain.resources.operators import ADMIN_OR_KEY, PATHS, described

EMAIL_CLAIM = "operator-email"
KEPT = tuple(f.name for f in fields(Profile))
NEVER_GIVEN = {f.name: f.default for f in fields(Profile)}
"""What an optional field is when it was never given, or was cleared."""


def _role(id: str) -> str:
    if id not in ROLES:
        raise ValueError("is not the id of a role: " + ", ".join(f"{role} {name}" for role, name in ROLES.items()))
    return id


RoleId = Annotated[StrictStr, AfterValidator(_role), WithJsonSchema({"type": "string", "enum": list(ROLES)})]


class _Optional(Message):
    """What may be left out of both requests; null is as good as never given."""

    additional_email: Email | None = UNSET
    landline_phone: Text | None = UNSET
    external_id: Text | None = UNSET
    branch_id: Text | None = UNSET
    cart_default_client_id: Text | None = UNSET
    cart_default_warehouse_id: Text | None = UNSET
    role_id: RoleId | None = UNSET
    is_active: Flag | None = UNSET
    is_account_manager: Flag | None = UNSET
    is_applied_default_client_from_branch: Flag | None = UNSET
    is_applied_default_warehouse_from_branch: Flag | None = UNSET


class CreateOperator(_Optional):
    """Begin to keep an operator."""

    email: Email
    name: NonEmpty
    phone: NonEmpty


class UpdateOperator(_Optional):
    """Keep something else of an operator."""

    operator_id: Id
    name: NonEmpty
    phone: NonEmpty
    email: Email = UNSET
    record_version: RecordVersion | None = None


class DeleteOperator(Message):
    """Keep nothing of an operator any more."""

    operator_id: Id
    record_version: RecordVersion | None = None


async def create_operator(work: Work, m: CreateOperator) -> Answer:
    """An operator of a new id, whose e-mail no other has."""
    operator = await work.load(Operator, work.new_id())
    operator.create(Profile(**_said(m)))
    await _take_email(work, m.email, operator.id)
    return Answer(extra={"operatorId": str(operator.id)})


async def update_operator(work: Work, m: UpdateOperator) -> Answer:
    """Absent keeps, null clears; the e-mail it had is free again if it gets another."""
    operator = await work.load(Operator, m.operator_id)
    before = operator.profile
    operator.expect(m.record_version)
    after = replace(before, **_said(m))
    if after.email.casefold() != before.email.casefold():
        await _take_email(work, after.email, operator.id)
        await _free_email(work, before.email, operator.id)
    operator.update(after)
    return Answer(extra=described(operator.id, after))


async def delete_operator(work: Work, m: DeleteOperator) -> Answer:
    """No operator, no e-mail taken."""
    operator = await work.load(Operator, m.operator_id)
    email = operator.profile.email
    operator.expect(m.record_version)
    await _free_email(work, email, operator.id)
    operator.delete()
    return Answer(extra={"operatorId": str(operator.id)})


def _said(m: Message) -> dict[str, Any]:
    sent = {name: value for name, value in m.sent().items() if name in KEPT}
    return {name: NEVER_GIVEN[name] if value is None else value for name, value in sent.items()}


async def _take_email(work: Work, email: str, operator: UUID) -> None:
    claim = await work.load(Claim, Claim.id_of(EMAIL_CLAIM, email))
    claim.take(operator, "EMAIL_TAKEN", "Another operator has this e-mail.")


async def _free_email(work: Work, email: str, operator: UUID) -> None:
    claim = await work.load(Claim, Claim.id_of(EMAIL_CLAIM, email))
    claim.give_up(operator)


def _at_all_paths(method: str, under: str, action: str, status: int = 200) -> tuple[Route, tuple[str, ...]]:
    first, *others = (path + under for path in PATHS)
    return Route(method, first, "operators", status=status, action=action, bare=True), tuple(others)


def _commands() -> tuple[Command, ...]:
    create, create_too = _at_all_paths("POST", "/create", "create", 201)
    update, update_too = _at_all_paths("PUT", "/{operatorId}", "update")
    delete, delete_too = _at_all_paths("DELETE", "/{operatorId}", "delete")
    return (
        Command(
            "createOperator",
            "Makes an operator; answers its `operatorId`. `roleId` is Administrator (…0000) or Księgowa (…0002), the "
            "default.",
            CreateOperator,
            create_operator,
            create,
            who=ADMIN_OR_KEY,
            aliases=create_too,
            refuses=("EMAIL_TAKEN",),
        ),
        Command(
            "updateOperator",
            "Changes an operator: what is left out stays, null clears what is optional. Answers the operator.",
            UpdateOperator,
            update_operator,
            update,
            who=ADMIN_OR_KEY,
            aliases=update_too,
            refuses=("EMAIL_TAKEN", "STALE_VERSION"),
        ),
        Command(
            "deleteOperator",
            "Deletes an operator; the e-mail is free again.",
            DeleteOperator,
            delete_operator,
            delete,
            who=ADMIN_OR_KEY,
            aliases=delete_too,
            refuses=("STALE_VERSION",),
        ),
    )


COMMANDS = _commands()
