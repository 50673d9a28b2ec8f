"""Health tells the truth of every part, whatever a part does."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from commands.ports import Unavailable
from infra import health
from infra.health import state_of
from infra.parts import Work


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


async def test_why_a_job_has_ended_stands_in_the_log() -> None:
    """Health names the job alone, and nobody else hears of its fault."""

    async def job() -> None:
        raise LookupError("the log is damaged")

    work = Work()
    with capture_logs() as lines:
        async with work.going_on([job()]):
            while "problem" not in await work.health():  # noqa: ASYNC110 - it rings no bell
                await asyncio.sleep(0)
    (line,) = lines
    assert (line["event"], str(line["exc_info"])) == ("a job ended by a fault", "the log is damaged")
    assert line["job"] in (await work.health())["problem"]
