"""Health tells the truth of every part, whatever a part does."""

import asyncio
from typing import Any

import pytest

from commands.ports import Unavailable
from infra import health
from infra.health import state_of


async def well() -> dict[str, Any]:
    return {"head": 7}


async def away() -> dict[str, Any]:
    raise Unavailable("The database is away.", why="could not connect to /secret/folder")


async def sick() -> dict[str, Any]:
    return {"lag": 3, "problem": "listing is stopped"}


async def silent() -> dict[str, Any]:
    await asyncio.Event().wait()
    return {}


async def test_it_is_well_when_every_part_is() -> None:
    state = await state_of({"database": well})
    assert state.well
    assert state.parts == {"database": {"head": 7}}


async def test_every_trouble_is_named_and_none_hides_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE", 0.01)
    state = await state_of({"database": away, "readModels": sick, "scheduler": silent, "clock": well})
    assert not state.well
    assert state.problems == {
        "database": "The database is away.",
        "readModels": "listing is stopped",
        "scheduler": "did not answer within 0.01 s",
    }
    assert state.parts["readModels"]["lag"] == 3
