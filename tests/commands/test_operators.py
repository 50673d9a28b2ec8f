"""Commands about operators: who has which e-mail, what is kept, what is left out."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from commands.operators import (
    COMMANDS,
    CreateOperator,
    DeleteOperator,
    UpdateOperator,
    create_operator,
    delete_operator,
    update_operator,
)
from commands.ports import Conflict
from domain.access import holds
from domain.actor import Actor
from domain.errors import NotThere, Refused
from domain.operator import ADMINISTRATOR
from tests.commands.desk import Desk

OLGA = {"email": "Olga@b2b.example", "name": "Olga", "phone": "987654321"}


async def made(desk: Desk, **other: Any) -> UUID:
    answer = await desk.run(create_operator, CreateOperator.model_validate(OLGA | other))
    return UUID(answer.extra["operatorId"])


async def put(desk: Desk, id: UUID, **body: Any) -> dict[str, Any]:
    required = {"name": "Olga", "phone": "987654321"}
    return (await desk.run(update_operator, UpdateOperator.model_validate({"operatorId": id} | required | body))).extra


class TestEmail:
    async def test_it_is_unique_without_regard_to_case(self, desk: Desk) -> None:
        await made(desk)
        with pytest.raises(Refused) as refusal:
            await made(desk, email="oLGA@B2B.example")
        assert refusal.value.rule == "EMAIL_TAKEN"

    async def test_it_is_unique_on_update_too(self, desk: Desk) -> None:
        await made(desk)
        ben = await made(desk, email="ben@b2b.example")
        with pytest.raises(Refused) as refusal:
            await put(desk, ben, email="OLGA@b2b.example")
        assert refusal.value.rule == "EMAIL_TAKEN"

    async def test_ones_own_in_another_case_is_no_clash(self, desk: Desk) -> None:
        olga = await made(desk)
        assert (await put(desk, olga, email="olga@B2B.example"))["email"] == "olga@B2B.example"

    async def test_the_old_one_is_free_after_a_change(self, desk: Desk) -> None:
        olga = await made(desk)
        await put(desk, olga, email="new@b2b.example")
        assert await made(desk) != olga

    async def test_it_is_free_after_deletion(self, desk: Desk) -> None:
        olga = await made(desk)
        await desk.run(delete_operator, DeleteOperator(operator_id=olga))
        assert await made(desk) != olga

    async def test_of_two_at_once_one_has_it(self, desk: Desk) -> None:
        done = await asyncio.gather(made(desk), made(desk), return_exceptions=True)
        (loser,) = [outcome for outcome in done if not isinstance(outcome, UUID)]
        assert isinstance(loser, Conflict | Refused)


class TestPut:
    async def test_absent_keeps_and_null_clears(self, desk: Desk) -> None:
        olga = await made(desk, externalId="X1", landlinePhone="11", isAccountManager=True, roleId=ADMINISTRATOR)
        after = await put(desk, olga, externalId=None, name="Olga N.")
        assert after["externalId"] is None
        assert (after["name"], after["landlinePhone"], after["isAccountManager"]) == ("Olga N.", "11", True)
        assert after["role"] == {"id": ADMINISTRATOR, "name": "Administrator"}
        assert (await put(desk, olga, roleId=None))["role"]["name"] == "Księgowa"

    async def test_nothing_new_records_nothing(self, desk: Desk) -> None:
        olga = await made(desk)
        before = len(await desk.log())
        assert (await put(desk, olga, email="Olga@b2b.example", isActive=True))["id"] == str(olga)
        assert len(await desk.log()) == before

    async def test_a_stale_version_is_refused(self, desk: Desk) -> None:
        olga = await made(desk)
        with pytest.raises(Refused) as refusal:
            await put(desk, olga, recordVersion=2)
        assert refusal.value.rule == "STALE_VERSION"

    @pytest.mark.parametrize("wrong", [{"name": None}, {"phone": None}, {"email": None}, {"phone": ""}, {"role": {}}])
    def test_what_is_required_is_not_cleared(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            UpdateOperator.model_validate({"operatorId": uuid4(), "name": "Olga", "phone": "1"} | wrong)


@pytest.mark.parametrize("missing", list(OLGA))
def test_name_phone_and_email_are_required(missing: str) -> None:
    with pytest.raises(ValidationError):
        CreateOperator.model_validate({name: value for name, value in OLGA.items() if name != missing})


@pytest.mark.parametrize("wrong", [{"email": "no mail"}, {"roleId": str(uuid4())}, {"isActive": "true"}, {"id": "1"}])
def test_malformed_operators_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CreateOperator.model_validate(OLGA | wrong)


async def test_the_unknown_and_the_deleted_are_not_there(desk: Desk) -> None:
    gone = await made(desk)
    await desk.run(delete_operator, DeleteOperator(operator_id=gone))
    for id in (gone, uuid4()):
        with pytest.raises(NotThere):
            await put(desk, id)
        with pytest.raises(NotThere):
            await desk.run(delete_operator, DeleteOperator(operator_id=id))


def test_they_are_commanded_at_three_paths_by_admins_and_keys() -> None:
    moderator, admin = Actor(uuid4(), "moderator"), Actor(uuid4(), "admin")
    key = Actor(uuid4(), "user", by_key=True)
    for command in COMMANDS:
        assert command.route
        paths = (command.route.path, *command.aliases)
        assert [path.split("operators")[0] for path in paths] == [
            "/api/v1/catalog/integrations/auth-required/",
            "/api/v1/authserver/integrations/auth-required/",
            "/",
        ]
        assert [holds(command.who, actor, {}) for actor in (moderator, admin, key)] == [False, True, True]
