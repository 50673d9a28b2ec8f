"""Passwords as argon2id hashes."""

from __future__ import annotations

from infra.identity.passwords import Argon2, Cost
from tests.infra.identity.house import CHEAP, CountingArgon2


async def test_a_hash_knows_its_password_and_no_other() -> None:
    hasher = Argon2(CHEAP)
    kept = await hasher.hash("correct horse")
    assert await hasher.verify("correct horse", kept)
    assert not await hasher.verify("correct hors", kept)


async def test_a_hash_is_argon2id_salted_and_costs_what_is_recommended() -> None:
    kept = await Argon2().hash("correct horse")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await Argon2().hash("correct horse") != kept


async def test_another_cost_leaves_old_hashes_good() -> None:
    kept = await Argon2(CHEAP).hash("correct horse")
    assert await Argon2(Cost(rounds=2, memory_kib=16, lanes=1)).verify("correct horse", kept)


async def test_no_hash_means_no_whatever_the_password_and_the_same_work() -> None:
    hasher = CountingArgon2()
    kept = await hasher.hash("correct horse")
    assert not await hasher.verify("nobody has this password", None)
    assert not await hasher.verify("wrong", kept)
    with_none, with_one = hasher.checked
    assert with_none == with_one


async def test_what_is_no_hash_matches_nothing() -> None:
    assert not await Argon2(CHEAP).verify("x", "not a hash")
