"""Accounts, on the real log and read models: who changes what of them, and what ends with one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from commands.bus import Unauthenticated
from commands.ports import Cause
from domain.actor import SYSTEM, Actor
from domain.calendar_month import CalendarMonth
from domain.claim import Claim
from domain.errors import NotAllowed, NotThere
from domain.listing import Listing, Location, Offer
from domain.super_admins import THE_SUPER_ADMINS
from domain.user import EMAIL_CLAIM
from tests.infra.identity.house import PASSWORD, ROOT_EMAIL, House, OpenHouse, made, refusal, root_of


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

    async def test_unpublishes_the_listings_and_closes_the_calendars_of_those_that_were_let(self, house: House) -> None:
        id, anna = await house.register("anna@example.org")
        _, ben = await house.register("ben@example.org")
        mine = [await listing_of(house, anna), await listing_of(house, anna, published=False)]
        theirs = await listing_of(house, ben)
        await house.ask("archiveProfile", anna, userId=str(id))
        published = [(await house.store.load(Listing, one, fresh=True)).published for one in (*mine, theirs)]
        assert published == [False, False, True]
        months = [CalendarMonth.id_of(one, house.clock.now.date()) for one in (*mine, theirs)]
        closed = [(await house.store.load(CalendarMonth, month, fresh=True)).closed for month in months]
        assert closed == [True, False, False]

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
