"""Retries of what people do with accounts, sessions, keys and operators."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

from domain.actor import NOBODY, SYSTEM, Actor
from tests.commands.retries.table import ANOTHER, PASSWORD, Asked, Row, Town


def _newcomer() -> dict[str, Any]:
    return {"email": f"{uuid4().hex}@innkeep.example", "password": PASSWORD, "fullname": "Ada"}


async def first_superadmin(_: Town) -> Asked:
    """The product has made one when it started."""
    return Asked(SYSTEM, _newcomer())


async def registers(_: Town) -> Asked:
    return Asked(NOBODY, _newcomer())


async def account_for_another(town: Town) -> Asked:
    return Asked(town.admin, _newcomer())


async def profile_by_admin(town: Town) -> Asked:
    return Asked(town.admin, {"userId": (await town.account())[0], "bio": "Of the sea"})


async def own_profile(town: Town) -> Asked:
    id, _ = await town.account()
    return Asked(Actor(UUID(id), "user"), {"userId": id, "bio": "Of the sea"})


async def another_role(town: Town) -> Asked:
    return Asked(town.admin, {"userId": (await town.account())[0], "roleId": "moderator"})


async def account_closed(town: Town) -> Asked:
    return Asked(town.admin, {"userId": (await town.account())[0]})


async def own_account_closed(town: Town) -> Asked:
    id, _ = await town.account()
    return Asked(Actor(UUID(id), "user"), {"userId": id})


async def own_password(town: Town) -> Asked:
    user = await town.session()
    return Asked(user, {"userId": user.id, "oldPassword": PASSWORD, "newPassword": "battery staple"})


async def password_by_admin(town: Town) -> Asked:
    return Asked(town.admin, {"userId": (await town.account())[0], "password": "battery staple"})


async def logs_in(town: Town) -> Asked:
    return Asked(NOBODY, {"username": (await town.account())[1], "password": PASSWORD})


async def in_session(town: Town) -> Asked:
    return Asked(await town.session(), {})


async def new_key(town: Town) -> Asked:
    return Asked(town.admin, {"description": "For the till"})


async def key_revoked(town: Town) -> Asked:
    key = await town.told("createApiKey", town.admin)
    return Asked(town.admin, {"apiKeyId": key["id"], "active": False})


def _operator() -> dict[str, Any]:
    return {"name": "Ops", "phone": "+33 1 00 00 00 00", "email": f"{uuid4().hex}@innkeep.example"}


async def new_operator(town: Town) -> Asked:
    return Asked(town.admin, _operator())


async def operator_changed(town: Town) -> Asked:
    made = await town.told("createOperator", town.admin, **_operator())
    return Asked(town.admin, _operator() | {"operatorId": made["operatorId"]})


async def operator_deleted(town: Town) -> Asked:
    made = await town.told("createOperator", town.admin, **_operator())
    return Asked(town.admin, {"operatorId": made["operatorId"]})


ROWS = (
    Row("ensureSuperAdmin", first_superadmin, held=True),
    Row("registerUser", registers, "EMAIL_TAKEN"),
    Row("createUser", account_for_another, "EMAIL_TAKEN"),
    Row("updateUser", profile_by_admin),
    Row("updateProfile", own_profile),
    Row("updateUserRole", another_role),
    Row("deleteUser", account_closed, "NOT_FOUND"),
    Row("archiveProfile", own_account_closed, "NOT_FOUND"),
    Row("updateUserPassword", own_password, "FORBIDDEN"),  # the old password is another now
    Row("updateUserPasswordByAdmin", password_by_admin),
    Row("login", logs_in, ANOTHER),
    Row("relogin", in_session, ANOTHER),
    Row("logout", in_session),
    Row("createApiKey", new_key, ANOTHER),
    Row("updateApiKey", key_revoked),
    Row("createOperator", new_operator, "EMAIL_TAKEN"),
    Row("updateOperator", operator_changed),
    Row("deleteOperator", operator_deleted, "NOT_FOUND"),
)
