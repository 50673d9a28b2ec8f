"""Registering: what a form needs, whose an address is, and where a password stands."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from commands.ports import Key
from domain.actor import Actor
from domain.errors import Invalid
from tests.infra.identity.house import PASSWORD, House, OpenHouse, refusal

NEW: dict[str, Any] = {"password": PASSWORD, "fullname": "A Person"}


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
