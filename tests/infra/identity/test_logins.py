"""Logging in and out: sessions that count, and end, in every process at once."""

from __future__ import annotations

import asyncio

import pytest

from commands.bus import Unauthenticated
from commands.credentials import TooManyAttempts
from domain.actor import Actor
from domain.errors import NotAllowed
from infra.identity.callers import Credentials
from tests.infra.identity.house import PASSWORD, ROOT_EMAIL, House, OpenHouse, WallClock


async def refused(house: House, email: str, password: str = "wrong password", **how: str) -> str:
    """The answer to a login that fails."""
    with pytest.raises(Unauthenticated) as refusal:
        await house.login(email, password, **how)
    return refusal.value.message


class TestLogin:
    async def test_answers_the_session_with_its_token(self, house: House) -> None:
        id, _ = await house.register(" Anna@Example.org ")
        done = await house.ask("login", username="anna@EXAMPLE.org", password=PASSWORD)
        told = await house.tell("login", email="anna@example.org", password=PASSWORD)
        assert told["userId"] == str(id)
        assert (told["email"], told["fullname"], told["roleId"]) == ("Anna@Example.org", "A Person", "user")
        assert "password" not in str(told).lower().replace("accesstoken", "")
        assert done.headers["airbnb3-access-token"] != told["accessToken"]
        actor = await house.by_token(told["accessToken"])
        assert (actor.id, actor.role, str(actor.session)) == (id, "user", told["sessionId"])

    async def test_reads_username_before_email(self, house: House) -> None:
        await house.register("anna@example.org")
        told = await house.tell("login", username="anna@example.org", email="nobody@example.org", password=PASSWORD)
        assert told["email"] == "anna@example.org"

    async def test_records_one_event_and_a_failure_none(self, house: House) -> None:
        await house.register("anna@example.org")
        before = len(await house.events())
        await refused(house, "anna@example.org")
        await house.login("anna@example.org")
        new = (await house.events())[before:]
        assert [event.name for event in new] == ["session.started.v1"]

    async def test_an_unknown_address_gets_the_answer_and_the_work_of_a_wrong_password(self, house: House) -> None:
        await house.register("anna@example.org")
        await house.login("anna@example.org")
        house.hasher.checked.clear()
        wrong = await refused(house, "anna@example.org")
        known_work = list(house.hasher.checked)
        house.hasher.checked.clear()
        unknown = await refused(house, "nobody@example.org")
        assert unknown == wrong
        assert len(known_work) == 1
        assert house.hasher.checked == known_work, "as many hashes, of the same cost"

    async def test_a_closed_account_is_as_unknown(self, house: House) -> None:
        id, anna = await house.register("anna@example.org")
        await house.ask("archiveProfile", anna, userId=str(id))
        house.hasher.checked.clear()
        closed = await refused(house, "anna@example.org", PASSWORD)
        assert closed == await refused(house, "nobody@example.org")
        assert len(house.hasher.checked) == 2

    async def test_an_unverified_address_does_not_stop_it_unless_so_set(self, open_house: OpenHouse) -> None:
        usual, strict = await open_house(), await open_house(verified_email_only=True)
        await usual.register("anna@example.org")
        with pytest.raises(NotAllowed):
            await strict.login("anna@example.org")
        await refused(strict, "anna@example.org")


class TestEnd:
    async def test_logging_out_here_ends_the_session_there_at_once(self, open_house: OpenHouse) -> None:
        here, there = await open_house(), await open_house()
        await here.register("anna@example.org")
        token, other = await here.login("anna@example.org"), await here.login("anna@example.org")
        actor = await there.by_token(token)
        await here.ask("logout", actor)
        with pytest.raises(Unauthenticated):
            await there.by_token(token)
        assert (await there.by_token(other)).known

    async def test_logging_out_is_200_for_anyone(self, house: House) -> None:
        done = await house.ask("logout")
        assert not done.recorded
        assert done.headers == {"airbnb3-access-token": ""}

    async def test_an_api_key_is_not_logged_out(self, house: House) -> None:
        root = await house.by_token(await house.login(ROOT_EMAIL))
        made = await house.tell("createApiKey", root)
        by_key = await house.by_token(made["key"])
        assert not (await house.ask("logout", by_key)).recorded
        assert await house.by_token(made["key"]) == by_key

    async def test_a_token_expires_after_a_day(self, house: House, clock: WallClock) -> None:
        await house.register("anna@example.org")
        token = await house.login("anna@example.org")
        clock.forward(hours=23, minutes=59)
        assert (await house.by_token(token)).known
        clock.forward(minutes=1)
        with pytest.raises(Unauthenticated):
            await house.by_token(token)

    async def test_logging_in_anew_begins_another_session_and_leaves_the_old_one(self, house: House) -> None:
        await house.register("anna@example.org")
        old = await house.login("anna@example.org")
        actor = await house.by_token(old)
        told = await house.tell("relogin", actor)
        assert (await house.by_token(told["accessToken"])).id == actor.id
        assert told["sessionId"] != str(actor.session)
        assert (await house.by_token(old)).session == actor.session

    async def test_nobody_and_api_keys_have_no_session_to_renew(self, house: House) -> None:
        root = await house.by_token(await house.login(ROOT_EMAIL))
        by_key = await house.by_token((await house.tell("createApiKey", root))["key"])
        for actor in (Actor(), by_key):
            with pytest.raises(Unauthenticated):
                await house.ask("relogin", actor)


class TestGuessing:
    async def test_is_stopped_after_5_failures_whether_there_is_such_an_account_or_not(
        self, house: House, clock: WallClock
    ) -> None:
        await house.register("anna@example.org")
        for email in ("anna@example.org", "nobody@example.org"):
            for _ in range(5):
                await refused(house, email)
            with pytest.raises(TooManyAttempts) as stopped:
                await house.login(email.upper(), PASSWORD)
            assert (stopped.value.status, stopped.value.retry_after) == (429, 15 * 60)
        assert len(house.hasher.checked) == 1 + 2 * 5, "what is stopped costs no hash"
        clock.forward(minutes=15)
        await house.login("anna@example.org")

    async def test_from_elsewhere_is_counted_apart(self, house: House) -> None:
        await house.register("anna@example.org")
        for _ in range(5):
            await refused(house, "anna@example.org")
        await house.login("anna@example.org", address="198.51.100.7")

    async def test_is_counted_by_all_processes_together(self, open_house: OpenHouse) -> None:
        here, there = await open_house(), await open_house()
        for house in (here, there, here, there, here):
            await refused(house, "nobody@example.org")
        with pytest.raises(TooManyAttempts):
            await there.login("nobody@example.org")

    async def test_many_at_once_learns_no_more_than_one_by_one(self, open_house: OpenHouse) -> None:
        houses = [await open_house(), await open_house()]
        await houses[0].register("anna@example.org")
        guesses = [f"guess number {n}" for n in range(19)] + [PASSWORD]
        told = await asyncio.gather(
            *(houses[n % 2].login("anna@example.org", guess) for n, guess in enumerate(guesses)),
            return_exceptions=True,
        )
        wrong = [one for one in told if isinstance(one, Unauthenticated)]
        assert len(wrong) <= 5
        assert all(isinstance(one, Unauthenticated | TooManyAttempts | str) for one in told)

    async def test_a_success_forgives(self, house: House) -> None:
        await house.register("anna@example.org")
        for _ in range(3):
            for _ in range(4):
                await refused(house, "anna@example.org")
            await house.login("anna@example.org")

    async def test_at_the_old_password_counts_too(self, house: House) -> None:
        id, anna = await house.register("anna@example.org")
        for _ in range(5):
            with pytest.raises(NotAllowed):
                await house.ask(
                    "updateUserPassword", anna, userId=str(id), oldPassword="wrong one", newPassword="another one"
                )
        with pytest.raises(TooManyAttempts):
            await house.login("anna@example.org", address="192.0.2.1")


class TestPlaces:
    """Where credentials stand, in the order of the reference."""

    async def test_the_first_place_counts(self, house: House) -> None:
        await house.register("anna@example.org")
        token = await house.login("anna@example.org")
        everywhere = {"query": token, "authorization": f"bearer {token}", "header": token, "cookie": token}
        for place, value in everywhere.items():
            assert (await house.callers.caller(Credentials(**{place: value}))).role == "user"
        with pytest.raises(Unauthenticated):
            await house.callers.caller(Credentials(**everywhere | {"query": "bad"}))
        assert (await house.callers.caller(Credentials(**everywhere | {"cookie": "bad"}))).known

    async def test_what_is_no_bearer_is_passed_over(self, house: House) -> None:
        await house.register("anna@example.org")
        token = await house.login("anna@example.org")
        actor = await house.callers.caller(Credentials(authorization="Basic YTpi", cookie=token))
        assert actor.known

    async def test_none_is_nobody_and_bad_ones_may_be_taken_for_none(self, house: House) -> None:
        assert not (await house.callers.caller(Credentials())).known
        assert not (await house.callers.caller_if_any(Credentials(cookie="bad"))).actor.known

    def test_a_cookie_alone_is_told_apart(self) -> None:
        assert Credentials(cookie="t").by_cookie
        assert not Credentials(cookie="t", header="t").by_cookie
        assert not Credentials().by_cookie
