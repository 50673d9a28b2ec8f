"""API keys: shown once, acting as their maker, and dying with the maker's account."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from commands.bus import Unauthenticated
from commands.ports import Key
from domain.actor import Actor
from domain.errors import NotAllowed, NotThere, Refused
from infra.identity.api_keys import KeyTexts
from infra.identity.callers import Credentials
from tests.infra.identity.house import PASSWORD, House, OpenHouse, root_of

ID = UUID("01890000-0000-7000-8000-00000000000a")


class TestText:
    def test_says_which_key_it_is_and_proves_it(self) -> None:
        texts = KeyTexts()
        made = texts.make(ID)
        assert texts.read(made.text) == (ID, made.digest)
        assert made.text.startswith("sk_")
        assert made.prefix == made.text[:8]

    def test_is_never_the_same_and_shows_other_beginnings(self) -> None:
        made = [KeyTexts().make(ID) for _ in range(50)]
        assert len({one.digest for one in made}) == 50
        assert len({one.prefix for one in made}) == 50

    @pytest.mark.parametrize(
        "text", ["", "sk_", "sk_" + "a" * 64, "sk_" + "a" * 66, "pk_" + "a" * 65, "sk_" + "é" * 65]
    )
    def test_of_another_form_is_none(self, text: str) -> None:
        assert KeyTexts().read(text) is None

    def test_with_a_letter_changed_proves_nothing(self) -> None:
        texts = KeyTexts()
        made = texts.make(ID)
        changed = made.text[:10] + ("a" if made.text[10] != "a" else "b") + made.text[11:]
        read = texts.read(changed)
        assert read is not None
        assert read.digest != made.digest


class TestKey:
    async def test_is_whole_in_the_answer_that_made_it_and_nowhere_else(self, house: House) -> None:
        root = await root_of(house)
        made = await house.tell("createApiKey", root, description="ERP")
        assert KeyTexts().read(made["key"])
        assert (made["active"], made["description"], made["revokedAt"]) == (True, "ERP", None)
        assert made["createdBy"] == made["_owner"] == str(root.id)
        later = await house.tell("updateApiKey", root, apiKeyId=made["id"], description="old ERP")
        assert later["key"] == made["key"][:8]
        assert all(made["key"] not in repr(event) for event in await house.events())

    async def test_is_not_told_again_by_a_retry(self, house: House) -> None:
        root = await root_of(house)
        key = Key("root k", b"asked")
        first = await house.ask("createApiKey", root, key=key)
        second = await house.ask("createApiKey", root, key=key)
        assert b'"key": "sk_' in first.body
        assert b'"key": null' in second.body
        assert second.replayed

    async def test_acts_as_its_maker_with_the_makers_present_role(self, open_house: OpenHouse, house: House) -> None:
        there = await open_house()
        root = await root_of(house)
        await house.register("anna@example.org")
        await house.ask("updateUserRole", root, userId=str((await self.anna(house)).id), roleId="admin")
        anna = await self.anna(house)
        made = await house.tell("createApiKey", anna)
        by_key = await there.by_token(made["key"])
        assert by_key == Actor(anna.id, "admin", UUID(made["id"]), by_key=True)
        await house.ask("updateUserRole", root, userId=str(anna.id), roleId="user")
        assert (await there.by_token(made["key"])).role == "user"

    async def anna(self, house: House) -> Actor:
        return await house.by_token(await house.login("anna@example.org"))

    async def test_makes_no_keys_and_changes_no_roles_or_passwords(self, house: House) -> None:
        root = await root_of(house)
        id, _ = await house.register("anna@example.org")
        by_key = await house.by_token((await house.tell("createApiKey", root))["key"])
        wires: dict[str, dict[str, Any]] = {
            "createApiKey": {},
            "updateUserRole": {"userId": str(id), "roleId": "admin"},
            "updateUserPasswordByAdmin": {"userId": str(id), "password": "battery staple"},
            "updateUserPassword": {"userId": str(root.id), "oldPassword": PASSWORD, "newPassword": "battery staple"},
        }
        for name, wire in wires.items():
            with pytest.raises(NotAllowed):
                await house.ask(name, by_key, **wire)
        assert (await house.tell("updateUser", by_key, userId=str(id), bio="by the ERP"))["bio"] == "by the ERP"

    @pytest.mark.parametrize("how", [{"active": False}, {"revokedAt": "2026-03-01T00:00:00Z"}])
    async def test_revoked_in_one_process_is_revoked_in_all_and_stays_so(
        self, open_house: OpenHouse, house: House, how: dict[str, Any]
    ) -> None:
        there = await open_house()
        root = await root_of(house)
        made = await house.tell("createApiKey", root)
        assert (await there.by_token(made["key"])).known
        gone = await house.tell("updateApiKey", root, apiKeyId=made["id"], **how)
        assert (gone["active"], gone["revokedAt"]) == (False, "2026-03-01T12:00:00.000Z")
        with pytest.raises(Unauthenticated):
            await there.by_token(made["key"])
        assert not (await house.ask("updateApiKey", root, apiKeyId=made["id"], **how)).recorded
        backs: tuple[dict[str, Any], ...] = ({"active": True}, {"revokedAt": None})
        for back in backs:
            with pytest.raises(Refused) as refused:
                await house.ask("updateApiKey", root, apiKeyId=made["id"], **back)
            assert refused.value.rule == "WRONG_STATE"

    async def test_made_inactive_never_counts(self, house: House) -> None:
        made = await house.tell("createApiKey", await root_of(house), active=False)
        with pytest.raises(Unauthenticated):
            await house.by_token(made["key"])

    async def test_is_for_admins_to_make_and_change(self, house: House) -> None:
        root = await root_of(house)
        _, anna = await house.register("anna@example.org")
        made = await house.tell("createApiKey", root)
        wires: dict[str, dict[str, Any]] = {
            "createApiKey": {},
            "updateApiKey": {"apiKeyId": made["id"], "active": False},
        }
        for name, wire in wires.items():
            with pytest.raises(NotAllowed):
                await house.ask(name, anna, **wire)
            with pytest.raises(Unauthenticated):
                await house.ask(name, **wire)

    async def test_that_is_none_is_not_there(self, house: House) -> None:
        with pytest.raises(NotThere):
            await house.ask("updateApiKey", await root_of(house), apiKeyId=str(ID), active=False)

    async def test_takes_null_for_a_description_and_not_for_active(self, house: House) -> None:
        root = await root_of(house)
        made = await house.tell("createApiKey", root, description="ERP")
        assert (await house.tell("updateApiKey", root, apiKeyId=made["id"], description=None))["description"] is None
        with pytest.raises(ValidationError):
            await house.ask("updateApiKey", root, apiKeyId=made["id"], active=None)

    async def test_counts_as_a_bearer_and_as_api_auth_alone(self, house: House) -> None:
        key = (await house.tell("createApiKey", await root_of(house)))["key"]
        assert (await house.callers.caller(Credentials(authorization=f"Bearer {key}"))).by_key
        assert (await house.callers.caller(Credentials(api_auth=key))).by_key
        for place in ("query", "header", "cookie"):
            with pytest.raises(Unauthenticated):
                await house.callers.caller(Credentials(**{place: key}))

    async def test_forged_is_refused(self, house: House) -> None:
        root = await root_of(house)
        made = await house.tell("createApiKey", root)
        texts = KeyTexts()
        assert root.id is not None
        for forged in (texts.make(UUID(made["id"])), texts.make(ID), texts.make(root.id)):
            with pytest.raises(Unauthenticated):
                await house.by_token(forged.text)
