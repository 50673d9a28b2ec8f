"""Roles: they hold at once, who gives them to whom, and that there is always a superAdmin."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from domain.errors import NotAllowed
from domain.super_admins import THE_SUPER_ADMINS, SuperAdmins
from infra.identity.superadmin import ensure_superadmin
from infra.settings import SettingsError
from tests.infra.identity.house import PASSWORD, ROOT_EMAIL, House, OpenHouse, made, refusal, root_of


class TestRoles:
    async def test_hold_at_once_and_everywhere(self, open_house: OpenHouse) -> None:
        here, there = await open_house(), await open_house()
        await ensure_superadmin(here.bus, ROOT_EMAIL, PASSWORD, at=here.clock.now, real_now=here.clock.now)
        root = await root_of(here)
        await here.register("anna@example.org")
        token = await here.login("anna@example.org")
        anna = await there.by_token(token)
        await here.ask("updateUserRole", root, userId=str(anna.id), roleId="admin")
        assert (await there.by_token(token)).role == "admin"
        await there.ask("updateUserRole", root, userId=str(anna.id), roleId="user")
        assert (await here.by_token(token)).role == "user"

    async def test_an_admin_acts_on_users_and_moderators_and_grants_at_most_admin(self, house: House) -> None:
        root = await root_of(house)
        boss_id, boss = await made(house, root, "boss@example.org", "admin")
        peer, _ = await made(house, root, "peer@example.org", "admin")
        id, _ = await house.register("anna@example.org")
        for target, role in ((id, "superAdmin"), (peer, "user"), (boss_id, "user"), (root.id, "user")):
            with pytest.raises(NotAllowed):
                await house.ask("updateUserRole", boss, userId=str(target), roleId=role)
        promoted = await house.tell("updateUserRole", boss, userId=str(id), roleId="admin")
        assert promoted["roleId"] == "admin"
        with pytest.raises(NotAllowed):
            await house.ask("updateUserRole", boss, userId=str(id), roleId="user")

    @pytest.mark.parametrize("role", ["user", "moderator"])
    async def test_are_not_for_others_to_give(self, house: House, role: str) -> None:
        id, actor = await made(house, await root_of(house), "anna@example.org", role)
        with pytest.raises(NotAllowed):
            await house.ask("updateUserRole", actor, userId=str(id), roleId="admin")

    async def test_that_already_hold_record_nothing(self, house: House) -> None:
        root = await root_of(house)
        assert not (await house.ask("updateUserRole", root, userId=str(root.id), roleId="superAdmin")).recorded

    async def test_that_do_not_exist_are_refused(self, house: House) -> None:
        root = await root_of(house)
        with pytest.raises(ValidationError):
            await house.ask("updateUserRole", root, userId=str(root.id), roleId="system")


class TestLastSuperAdmin:
    async def test_cannot_be_demoted_archived_or_deleted(self, house: House) -> None:
        root = await root_of(house)
        me: dict[str, Any] = {"userId": str(root.id)}
        assert await refusal(house, "updateUserRole", root, **me, roleId="admin") == "LAST_SUPERADMIN"
        assert await refusal(house, "archiveProfile", root, **me) == "LAST_SUPERADMIN"
        assert await refusal(house, "deleteUser", root, **me) == "LAST_SUPERADMIN"

    async def test_of_two_who_leave_at_once_one_stays(self, open_house: OpenHouse) -> None:
        here, there = await open_house(), await open_house()
        await ensure_superadmin(here.bus, ROOT_EMAIL, PASSWORD, at=here.clock.now, real_now=here.clock.now)
        root = await root_of(here)
        other_id, other = await made(here, root, "other@example.org", "superAdmin")
        told = await asyncio.gather(
            here.ask("updateUserRole", root, userId=str(root.id), roleId="admin"),
            there.ask("archiveProfile", other, userId=str(other_id)),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in told) == ["Done", "Refused"]
        assert len((await here.store.load(SuperAdmins, THE_SUPER_ADMINS, fresh=True)).members) == 1

    async def test_is_made_once_by_however_many_starts(self, open_house: OpenHouse) -> None:
        houses = [await open_house() for _ in range(3)]
        made = await asyncio.gather(
            *(ensure_superadmin(h.bus, ROOT_EMAIL, PASSWORD, at=h.clock.now, real_now=h.clock.now) for h in houses * 4)
        )
        assert made.count(True) == 1
        root = await root_of(houses[0])
        assert root.role == "superAdmin"

    async def test_is_not_made_again_when_another_took_over(self, house: House) -> None:
        root = await root_of(house)
        _, other = await made(house, root, "other@example.org", "superAdmin")
        await house.ask("deleteUser", other, userId=str(root.id))
        at = house.clock.now
        assert not await ensure_superadmin(house.bus, ROOT_EMAIL, PASSWORD, at=at, real_now=at)

    async def test_needs_credentials_that_will_do(self, open_house: OpenHouse) -> None:
        house = await open_house()
        for email, password in (("no address", PASSWORD), (ROOT_EMAIL, "short")):
            with pytest.raises(SettingsError):
                await ensure_superadmin(house.bus, email, password, at=house.clock.now, real_now=house.clock.now)
