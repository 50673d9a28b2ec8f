"""Access tokens and the keys that sign them."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from domain.errors import NotThere
from infra.identity.signing import KEPT, SigningKeys
from infra.identity.tokens import SignedTokens
from infra.identity.views import public_key
from infra.postgres.line import Line
from tests.infra.identity.house import DAY, WallClock

ANNA = UUID("00000000-0000-7000-8000-00000000000a")
LOGIN = UUID("00000000-0000-7000-8000-0000000000c1")


@pytest.fixture
def keys(line: Line, clock: WallClock) -> SigningKeys:
    return SigningKeys(line, DAY, clock)


@pytest.fixture
def tokens(keys: SigningKeys, clock: WallClock) -> SignedTokens:
    return SignedTokens(keys, DAY, clock)


async def issued(tokens: SignedTokens, clock: WallClock) -> str:
    return await tokens.issue(user=ANNA, session=LOGIN, role="user", at=clock.now)


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


async def test_a_token_says_who_which_session_and_until_when(tokens: SignedTokens, clock: WallClock) -> None:
    token = await issued(tokens, clock)
    claims = await tokens.read(token)
    assert claims is not None
    assert (claims.user, claims.session, claims.expires) == (ANNA, LOGIN, clock.now + DAY)
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "kid": claims.kid, "typ": "JWT"}
    said = jwt.decode(token, options={"verify_signature": False})
    assert said.keys() == {"userId", "sessionId", "roleId", "iat", "exp"}


async def test_anyone_can_check_it_with_the_public_key(
    tokens: SignedTokens, keys: SigningKeys, clock: WallClock
) -> None:
    token = await issued(tokens, clock)
    key = await public_key(keys, None)
    assert key == await public_key(keys, jwt.get_unverified_header(token)["kid"])
    options: Any = {"verify_exp": False, "verify_iat": False}
    assert jwt.decode(token, key["keyData"], algorithms=["RS256"], options=options)["userId"] == str(ANNA)


async def test_an_unknown_key_is_not_there(keys: SigningKeys) -> None:
    with pytest.raises(NotThere):
        await public_key(keys, "0123456789abcdef")


async def test_what_was_tampered_with_is_not_read(tokens: SignedTokens, keys: SigningKeys, clock: WallClock) -> None:
    token = await issued(tokens, clock)
    head, body, signature = token.split(".")
    said = jwt.decode(token, options={"verify_signature": False})
    kid = (await keys.current()).kid
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public_pem = (await public_key(keys, kid))["keyData"]
    forgeries = {
        "another user": f"{head}.{part(said | {'userId': str(LOGIN)})}.{signature}",
        "no signature": f"{head}.{body}.",
        "no algorithm": f"{part({'alg': 'none', 'kid': kid})}.{body}.",
        "another key": jwt.encode(said, stranger, algorithm="RS256", headers={"kid": kid}),
        "an unknown key": jwt.encode(said, stranger, algorithm="RS256", headers={"kid": "ours"}),
        "no key": jwt.encode(said, stranger, algorithm="RS256"),
        "the public key as a secret": f"{part({'alg': 'HS256', 'kid': kid})}.{body}.{part({'k': public_pem})}",
        "nothing": "",
        "three dots": "a.b.c",
        "too much": "a" * 10_000,
        "no text of ours": "été.été.été",
    }
    for how, forged in forgeries.items():
        assert await tokens.read(forged) is None, how
    assert await tokens.read(token)


async def test_a_token_of_ours_that_says_something_else_is_not_read(
    tokens: SignedTokens, keys: SigningKeys, clock: WallClock
) -> None:
    key = await keys.current()
    good = {"userId": str(ANNA), "sessionId": str(LOGIN), "iat": clock.now, "exp": clock.now + DAY}
    for wrong in ({"userId": "me"}, {"sessionId": 7}, {"exp": "later"}, {"exp": 10**30}):
        try:
            token = jwt.encode(good | wrong, key.private, algorithm="RS256", headers={"kid": key.kid})
        except TypeError:
            continue
        assert await tokens.read(token) is None, wrong


async def test_it_expires_though_it_was_read_before(tokens: SignedTokens, clock: WallClock) -> None:
    token = await issued(tokens, clock)
    assert await tokens.read(token)
    clock.forward(hours=24)
    assert await tokens.read(token) is None


async def test_remembering_tokens_is_bounded(keys: SigningKeys, clock: WallClock) -> None:
    tokens = SignedTokens(keys, DAY, clock, memory=2)
    told = []
    for _ in range(4):
        told.append(await issued(tokens, clock))
        clock.forward(seconds=1)
    for token in told * 2:
        assert await tokens.read(token)
    assert len(tokens._read) == 2


async def test_many_first_starts_make_one_key(line: Line, clock: WallClock, migrated: str) -> None:
    lines = [Line(migrated, f"start {n}") for n in range(4)]
    try:
        every = [SigningKeys(one, DAY, clock) for one in lines]
        await asyncio.gather(*(keys.ensure() for keys in every))
        assert len({(await keys.current()).kid for keys in every}) == 1
    finally:
        for one in lines:
            await one.close()
    assert (await line.ask("SELECT count(*) FROM signing_key"))[0][0] == 1


async def test_a_restart_loses_no_session(line: Line, tokens: SignedTokens, clock: WallClock) -> None:
    token = await issued(tokens, clock)
    restarted = SignedTokens(SigningKeys(line, DAY, clock), DAY, clock)
    assert await restarted.read(token) == await tokens.read(token)


class TestRotation:
    async def test_signs_with_another_key_and_keeps_what_was_signed_until_it_expires(
        self, tokens: SignedTokens, keys: SigningKeys, clock: WallClock
    ) -> None:
        old = await issued(tokens, clock)
        kid = await keys.rotate()
        new = await issued(tokens, clock)
        assert jwt.get_unverified_header(new)["kid"] == kid != jwt.get_unverified_header(old)["kid"]
        clock.forward(hours=23)
        assert await tokens.read(old)
        assert (await public_key(keys, jwt.get_unverified_header(old)["kid"]))["keyData"]
        clock.forward(hours=2)
        with pytest.raises(NotThere):
            await public_key(keys, jwt.get_unverified_header(old)["kid"])

    async def test_is_heard_of_by_other_processes(
        self, line: Line, tokens: SignedTokens, keys: SigningKeys, clock: WallClock
    ) -> None:
        elsewhere_keys = SigningKeys(line, DAY, clock)
        elsewhere = SignedTokens(elsewhere_keys, DAY, clock)
        await elsewhere.read(await issued(tokens, clock))
        kid = await keys.rotate()
        clock.forward(seconds=2)
        assert await elsewhere.read(await issued(tokens, clock)), "an unknown key is looked for"
        late = await issued(elsewhere, clock)
        clock.forward(seconds=KEPT.total_seconds() + 1)
        assert (await elsewhere_keys.current()).kid == kid
        assert await tokens.read(late), "signed with the old key after the rotation"
        clock.forward(seconds=(DAY - 2 * KEPT).total_seconds())
        assert await tokens.read(late), "to its last minute"

    async def test_forgets_keys_whose_tokens_have_all_expired(
        self, line: Line, keys: SigningKeys, clock: WallClock
    ) -> None:
        await keys.ensure()
        await keys.rotate()
        clock.now += DAY + timedelta(hours=1)
        await keys.rotate()
        assert (await line.ask("SELECT count(*) FROM signing_key"))[0][0] == 2


async def test_unknown_keys_do_not_make_a_process_ask_all_the_time(
    keys: SigningKeys, clock: WallClock, line: Line
) -> None:
    """Anyone can send tokens with any key id: what they say costs no query each."""
    await keys.current()
    await line.ask("DELETE FROM signing_key")
    clock.forward(seconds=0.5)
    for n in range(100):
        assert await keys.find(f"forged {n}") is None
    assert keys._known, "what was read a moment ago still stands"
