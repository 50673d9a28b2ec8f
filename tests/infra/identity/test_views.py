"""What callers read of their own session and powers."""

from __future__ import annotations

import pytest

from commands.bus import Unauthenticated
from domain.actor import NOBODY, Actor
from infra.identity.views import current_user, permission, permissions
from tests.infra.identity.house import ROOT_EMAIL, House


async def test_the_current_user_is_the_session_as_it_is_now(house: House) -> None:
    await house.register("anna@example.org")
    told = await house.tell("login", username="anna@example.org", password="correct horse")
    actor = await house.by_token(told["accessToken"])
    assert await current_user(house.store, actor, told["accessToken"]) == told
    await house.ask("updateProfile", actor, userId=str(actor.id), fullname="Anna Bell")
    assert (await current_user(house.store, actor, told["accessToken"]))["fullname"] == "Anna Bell"


async def test_nobody_has_no_session_and_no_permissions(house: House) -> None:
    with pytest.raises(Unauthenticated):
        await current_user(house.store, NOBODY, None)
    with pytest.raises(Unauthenticated):
        permissions(house.registry.values(), NOBODY)


async def test_permissions_are_what_the_present_role_may_ask_for(house: House) -> None:
    commands = house.registry.values()
    _, anna = await house.register("anna@example.org")
    root = await house.by_token(await house.login(ROOT_EMAIL))
    by_key = Actor(root.id, root.role, root.session, by_key=True)
    names = {actor: {p["permissionName"] for p in permissions(commands, actor)} for actor in (anna, root, by_key)}
    assert {"updateProfile", "createListing"} <= names[anna]
    assert not {"updateUserRole", "createApiKey", "ensureSuperAdmin"} & names[anna]
    assert names[anna] < names[root]
    assert names[root] - names[by_key] == {
        "createApiKey",
        "updateUserRole",
        "updateUserPassword",
        "updateUserPasswordByAdmin",
    }
    assert all(p["canDo"] and p["roleId"] == "user" for p in permissions(commands, anna))


async def test_one_permission_is_asked_for_by_name(house: House) -> None:
    _, anna = await house.register("anna@example.org")
    commands = house.registry.values()
    assert permission(commands, anna, "updateProfile") == {"canDo": True, "exceptions": []}
    assert permission(commands, anna, "deleteUser") == {"canDo": False, "exceptions": []}
    assert permission(commands, anna, "no such thing") == {"canDo": False, "exceptions": []}
