"""Every command retried is harmless: with its key it is replayed, without one it finds nothing to do or says why."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from uuid import uuid4

import pytest

from commands.catalogue import COMMANDS, registry
from commands.ports import Key
from commands.registry import Command
from domain.errors import DomainError
from infra.payments.simulator import Simulator
from tests.commands.marketplace import open_marketplace
from tests.commands.retries import dashboards, letters, money, people, stays
from tests.commands.retries.table import ANOTHER, NOTHING, Asked, Row, Town
from tests.commands.till import Frail

ROWS = (*people.ROWS, *stays.ROWS, *money.ROWS, *letters.ROWS, *dashboards.ROWS)


@pytest.fixture(scope="module")
async def town(module_database: str) -> AsyncIterator[Town]:
    simulator = Simulator(module_database)
    provider = Frail(simulator)
    async with open_marketplace(module_database, payments=provider) as market:
        yield Town(market, provider)
    await simulator.close()


def key_of(asked: Asked) -> Key:
    return Key(f"{asked.by.id} {uuid4()}", b"the same request")


def unsaid(commands: Iterable[Command], rows: Iterable[Row]) -> set[str]:
    """Commands of which nobody has said what comes of retrying them."""
    return {command.name for command in commands} - {row.command for row in rows}


def test_every_command_has_a_row() -> None:
    assert unsaid(COMMANDS, ROWS) == set(), "say in tests/commands/retries/ what comes of sending it twice"
    assert {row.command for row in ROWS} == {command.name for command in COMMANDS}


def test_a_command_without_a_row_is_caught() -> None:
    assert unsaid(COMMANDS, ROWS[1:]) == {ROWS[0].command}


def test_what_is_recorded_twice_or_refused_is_declared() -> None:
    """Only what starts something new may say that it does so again; a refusal is one that the command declares."""
    commands = registry()
    everywhere = {"NOT_FOUND", "FORBIDDEN"}
    for row in ROWS:
        if row.again == ANOTHER:
            assert row.command.startswith(("create", "start", "log", "relog")), row
        elif row.again != NOTHING:
            assert row.again in everywhere | set(commands[row.command].refuses), row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.command}-{row.scene.__name__}")
async def test_a_retry_is_harmless(town: Town, row: Row) -> None:
    """First with a key, then with the same, then without one."""
    asked = await row.scene(town)
    before = len(await town.caused_by(row.command))
    if row.refused:
        assert await refusal(town, row, asked, key_of(asked)) == row.again
    else:
        await first_and_replayed(town, row, asked)
    recorded = len(await town.caused_by(row.command))
    assert (recorded > before) != (row.refused or row.held)
    if row.again in {NOTHING, ANOTHER}:
        again = await town.do(asked, row.command)
        assert again.recorded == (row.again == ANOTHER)
    else:
        assert await refusal(town, row, asked) == row.again
    assert (len(await town.caused_by(row.command)) > recorded) == (row.again == ANOTHER)


async def first_and_replayed(town: Town, row: Row, asked: Asked) -> None:
    """The first, and what the same key brings: the first's answer. Deadlines have no keys."""
    command = town.market.product.registry[row.command]
    key = key_of(asked) if command.idempotent and command.route is not None else None
    first = await town.do(asked, row.command, key)
    assert first.recorded != row.held
    if key is None:
        return
    recorded = len(await town.caused_by(row.command))
    replayed = await town.do(asked, row.command, key)
    assert (replayed.replayed, replayed.recorded) == (True, False)
    assert (replayed.status, replayed.body) == (first.status, told_again(first.body, row))
    assert len(await town.caused_by(row.command)) == recorded


async def refusal(town: Town, row: Row, asked: Asked, key: Key | None = None) -> str:
    """The rule by which it is refused."""
    with pytest.raises(DomainError) as refused:
        await town.do(asked, row.command, key)
    return refused.value.code


def told_again(body: bytes, row: Row) -> bytes:
    """A secret is told once: nobody keeps it."""
    if row.command != "createApiKey":
        return body
    head, told, tail = body.partition(b'"key":"')
    assert told
    return head + b'"key":null' + tail.partition(b'"')[2]
