"""Accounts through the bus, on the real log and read models: who may, what is refused, what ends with an account."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from commands.bus import Unauthenticated
from commands.ports import Cause, Key
from domain.actor import SYSTEM, Actor
from domain.claim import Claim
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from domain.listing import Listing, Location, Offer
from domain.super_admins import THE_SUPER_ADMINS, SuperAdmins
from domain.user import EMAIL_CLAIM
from infra.identity.superadmin import ensure_superadmin
from infra.settings import SettingsError
from tests.infra.identity.house import PASSWORD, ROOT_EMAIL, House, OpenHouse

NEW: dict[str, Any] = {"password": PASSWORD, "fullname": "A Person"}


async def refusal(house: House, name: str, actor: Actor, **wire: Any) -> str:
    """The rule that refuses it."""
    with pytest.raises(Refused) as refused:
        await house.ask(name, actor, **wire)
    return refused.value.rule


async def root_of(house: House) -> Actor:
    return await house.by_token(await house.login(ROOT_EMAIL))


async def made(house: House, root: Actor, email: str, role: str) -> tuple[UUID, Actor]:
    """A user with that role, logged in."""
    id, _ = await house.register(email)
    await house.ask("updateUserRole", root, userId=str(id), roleId=role)
    return id, await house.by_token(await house.login(email))


class TestRegistering:
    async def test_shows_the_new_user_without_a_password(self, house: House) -> None:
        user = await house.tell("registerUser", email="  Anna@Example.org ", bio="I travel.", **NEW)
        assert (user["email"], user["roleId"], user["bio"]) == ("Anna@Example.org", "user", "I travel.")
        assert (user["isActive"], user["recordVersion"], user["emailVerified"]) == (True, 1, False)
        assert user["_owner"] == user["id"]
        assert user["avatar"].startswith("data:image/svg+xml,")
        assert not any("password" in name.lower() for name in user)

    async def test_an_address_is_taken_whatever_its_case(self, house: House) -> None:
        await house.register("anna@example.org")
        assert await refusal(house, "registerUser", Actor(), email="ANNA@example.ORG", **NEW) == "EMAIL_TAKEN"

    async def test_of_many_at_once_in_two_processes_one_has_the_address(self, open_house: OpenHouse) -> None:
        houses = [await open_house(), await open_house()]
        told = await asyncio.gather(
            *(houses[n % 2].ask("registerUser", email="anna@example.org", **NEW) for n in range(8)),
            return_exceptions=True,
        )
        assert sorted(type(one).__name__ for one in told) == ["Done"] + ["Refused"] * 7

    @pytest.mark.parametrize("password", ["seven77", "x" * 129])
    async def test_a_password_has_8_to_128_characters(self, house: House, password: str) -> None:
        with pytest.raises(Invalid):
            await house.ask("registerUser", email="anna@example.org", password=password, fullname="Anna")

    @pytest.mark.parametrize(
        "wrong",
        [
            {"email": "no address"},
            {"fullname": ""},
            {"roleId": "superAdmin"},
            {"emailVerified": True},
            {"avatar": 7},
            {"bio": "\x00"},
        ],
    )
    async def test_what_is_malformed_or_unknown_is_refused(self, house: House, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            await house.ask("registerUser", **({"email": "anna@example.org", **NEW} | wrong))

    async def test_a_retry_with_the_same_key_is_answered_alike(self, house: House) -> None:
        key = Key("stranger k", b"asked")
        first = await house.ask("registerUser", key=key, email="anna@example.org", **NEW)
        second = await house.ask("registerUser", key=key, email="anna@example.org", **NEW)
        assert (second.body, second.replayed) == (first.body, True)

    async def test_a_password_is_in_no_event_but_its_own_and_there_as_a_hash(self, house: House) -> None:
        await house.register("anna@example.org")
        events = await house.events()
        assert all(PASSWORD not in repr(event) for event in events)
        assert {e.name for e in events if "$argon2" in repr(e)} == {"credential.password_set.v1"}


class TestProfile:
    async def test_is_changed_by_its_user_and_by_an_admin(self, house: House) -> None:
        id, anna = await house.register("anna@example.org")
        _, boss = await made(house, await root_of(house), "boss@example.org", "admin")
        mine = await house.tell("updateProfile", anna, userId=str(id), bio="I travel.")
        assert (mine["bio"], mine["fullname"], mine["recordVersion"]) == ("I travel.", "A Person", 2)
        theirs = await house.tell("updateUser", boss, userId=str(id), bio=None, recordVersion=2)
        assert (theirs["bio"], theirs["recordVersion"]) == (None, 3)

    async def test_is_not_there_for_others(self, house: House) -> None:
        id, _ = await house.register("anna@example.org")
        _, ben = await house.register("ben@example.org")
        _, mod = await made(house, await root_of(house), "mod@example.org", "moderator")
        for actor in (ben, mod):
            with pytest.raises(NotThere):
                await house.ask("updateProfile", actor, userId=str(id), bio="x")

    async def test_the_admins_route_is_for_admins(self, house: House) -> None:
        id, anna = await house.register("anna@example.org")
        with pytest.raises(NotAllowed):
            await house.ask("updateUser", anna, userId=str(id), bio="x")

    async def test_what_already_holds_records_nothing(self, house: House) -> None:
        id, anna = await house.register("anna@example.org")
        assert not (await house.ask("updateProfile", anna, userId=str(id), fullname="A Person")).recorded
        assert not (await house.ask("updateProfile", anna, userId=str(id))).recorded

    async def test_a_stale_version_is_refused(self, house: House) -> None:
        id, anna = await house.register("anna@example.org")
        assert await refusal(house, "updateProfile", anna, userId=str(id), bio="x", recordVersion=2) == "STALE_VERSION"

    async def test_a_name_may_not_be_null(self, house: House) -> None:
        id, anna = await house.register("anna@example.org")
        with pytest.raises(ValidationError):
            await house.ask("updateProfile", anna, userId=str(id), fullname=None)

    async def test_an_id_of_something_else_is_no_user(self, house: House) -> None:
        root = await root_of(house)
        with pytest.raises(NotThere):
            await house.ask("updateUser", root, userId=str(THE_SUPER_ADMINS), bio="x")
        with pytest.raises(NotThere):
            await house.ask("updateUser", root, userId=str(UUID(int=5)), bio="x")

    async def test_to_look_for_a_user_where_none_is_spoils_no_address(self, house: House) -> None:
        """The streams of claims are named by what is claimed: anyone can ask for one as if it were a user."""
        _, anna = await house.register("anna@example.org")
        claim = Claim.id_of(EMAIL_CLAIM, "ben@example.org")
        with pytest.raises(NotThere):
            await house.ask("updateProfile", anna, userId=str(claim), bio="x")
        await house.register("ben@example.org")


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


class TestPasswords:
    async def test_a_new_one_ends_the_other_sessions(self, open_house: OpenHouse) -> None:
        here, there = await open_house(), await open_house()
        await here.register("anna@example.org")
        mine, other = await here.login("anna@example.org"), await here.login("anna@example.org")
        anna = await here.by_token(mine)
        wire: dict[str, Any] = {"userId": str(anna.id), "oldPassword": PASSWORD, "newPassword": "battery staple"}
        assert (await here.tell("updateUserPassword", anna, **wire))["recordVersion"] == 2
        assert (await there.by_token(mine)).known
        with pytest.raises(Unauthenticated):
            await there.by_token(other)
        with pytest.raises(Unauthenticated):
            await there.login("anna@example.org", PASSWORD)
        assert await there.login("anna@example.org", "battery staple")

    async def test_needs_the_old_one(self, house: House) -> None:
        id, anna = await house.register("anna@example.org")
        with pytest.raises(NotAllowed):
            await house.ask(
                "updateUserPassword", anna, userId=str(id), oldPassword="wrong one", newPassword="battery staple"
            )

    async def test_the_same_one_again_records_nothing(self, house: House) -> None:
        id, anna = await house.register("anna@example.org")
        root = await root_of(house)
        same: dict[str, Any] = {"userId": str(id), "oldPassword": PASSWORD, "newPassword": PASSWORD}
        assert not (await house.ask("updateUserPassword", anna, **same)).recorded
        assert not (await house.ask("updateUserPasswordByAdmin", root, userId=str(id), password=PASSWORD)).recorded

    async def test_is_for_the_user_alone(self, house: House) -> None:
        id, _ = await house.register("anna@example.org")
        _, ben = await house.register("ben@example.org")
        wire: dict[str, Any] = {"userId": str(id), "oldPassword": PASSWORD, "newPassword": "battery staple"}
        with pytest.raises(NotThere):
            await house.ask("updateUserPassword", ben, **wire)
        with pytest.raises(NotAllowed):
            await house.ask("updateUserPassword", await root_of(house), **wire)

    async def test_given_by_an_admin_ends_all_sessions_of_a_user_but_not_of_a_peer(self, house: House) -> None:
        root = await root_of(house)
        _, boss = await made(house, root, "boss@example.org", "admin")
        peer, _ = await made(house, root, "peer@example.org", "admin")
        id, _ = await house.register("anna@example.org")
        token = await house.login("anna@example.org")
        await house.ask("updateUserPasswordByAdmin", boss, userId=str(id), password="battery staple")
        with pytest.raises(Unauthenticated):
            await house.by_token(token)
        assert await house.login("anna@example.org", "battery staple")
        with pytest.raises(NotAllowed):
            await house.ask("updateUserPasswordByAdmin", boss, userId=str(peer), password="battery staple")

    async def test_ones_own_by_the_admins_route_keeps_the_session_it_is_set_in(self, house: House) -> None:
        token, other = await house.login(ROOT_EMAIL), await house.login(ROOT_EMAIL)
        root = await house.by_token(token)
        await house.ask("updateUserPasswordByAdmin", root, userId=str(root.id), password="battery staple")
        assert (await house.by_token(token)).known
        with pytest.raises(Unauthenticated):
            await house.by_token(other)


class TestClosing:
    @pytest.mark.parametrize("route", ["archiveProfile", "deleteUser"])
    async def test_frees_the_address_and_ends_sessions_and_keys(self, house: House, route: str) -> None:
        root = await root_of(house)
        id, boss = await made(house, root, "boss@example.org", "admin")
        token = await house.login("boss@example.org")
        key = (await house.tell("createApiKey", boss))["key"]
        gone = await house.tell(route, root if route == "deleteUser" else boss, userId=str(id))
        assert (gone["id"], gone["isActive"]) == (str(id), False)
        for credential in (token, key):
            with pytest.raises(Unauthenticated):
                await house.by_token(credential)
        again, _ = await house.register("Boss@example.org")
        assert again != id
        with pytest.raises(NotThere):
            await house.ask("updateUser", root, userId=str(id), bio="x")

    @pytest.mark.parametrize("side", ["guestId", "hostId"])
    @pytest.mark.parametrize("status", ["pending", "confirmed"])
    async def test_waits_for_stays_on_either_side(self, house: House, side: str, status: str) -> None:
        id, anna = await house.register("anna@example.org")
        stay = {"id": "r1", "guestId": "someone", "hostId": "else", "bookingStatus": status} | {side: str(id)}
        house.documents.stays = (stay,)
        assert await refusal(house, "archiveProfile", anna, userId=str(id)) == "USER_HAS_STAYS"
        assert await refusal(house, "deleteUser", await root_of(house), userId=str(id)) == "USER_HAS_STAYS"
        house.documents.stays = (stay | {"bookingStatus": "complete"},)
        assert not (await house.tell("archiveProfile", anna, userId=str(id)))["isActive"]

    async def test_unpublishes_the_listings(self, house: House) -> None:
        id, anna = await house.register("anna@example.org")
        _, ben = await house.register("ben@example.org")
        mine = [await listing_of(house, anna), await listing_of(house, anna, published=False)]
        theirs = await listing_of(house, ben)
        await house.ask("archiveProfile", anna, userId=str(id))
        published = [(await house.store.load(Listing, one, fresh=True)).published for one in (*mine, theirs)]
        assert published == [False, False, True]

    async def test_is_not_for_others(self, house: House) -> None:
        root = await root_of(house)
        id, _ = await house.register("anna@example.org")
        _, ben = await house.register("ben@example.org")
        peer, boss = await made(house, root, "boss@example.org", "admin")
        with pytest.raises(NotThere):
            await house.ask("archiveProfile", ben, userId=str(id))
        with pytest.raises(NotAllowed):
            await house.ask("deleteUser", ben, userId=str(id))
        with pytest.raises(NotAllowed):
            await house.ask("deleteUser", boss, userId=str(peer))
        with pytest.raises(NotAllowed):
            await house.ask("archiveProfile", boss, userId=str(root.id))


async def listing_of(house: House, host: Actor, *, published: bool = True) -> UUID:
    """A listing of that host."""
    assert host.id is not None
    id = house.bus.services.new_id()
    listing = await house.store.load(Listing, id)
    offer = Offer("Loft", "Rue 1", "Bright", "loft", Location(0, 0, "Europe/Paris"), "EUR", 9999, "instant")
    listing.create(host.id, offer, published=published)
    await house.store.save([listing], Cause(house.bus.services.new_id(), "createListing", SYSTEM, house.clock.now))
    return id
