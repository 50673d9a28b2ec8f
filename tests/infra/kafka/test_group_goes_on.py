"""A group of projectors whose way to Kafka cannot even be begun: the log is followed, and it is tried again."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest

from infra.event_store import Codec
from infra.event_store.recent import Recent
from infra.event_store.rows import Rows
from infra.kafka import group
from infra.kafka.group import LaneGroup
from infra.kafka.lane_feed import LaneFeed
from infra.kafka.lanes import LANES
from infra.read_models.runner import Feed, Runner
from tests.infra.read_models.conftest import Until, until

__all__ = ["until"]


class Follows:
    """What follows a lane, as far as a group asks for it."""

    steps = None

    async def run(self) -> None:
        await asyncio.Event().wait()


async def test_certificates_that_are_not_there_keep_nobody_from_following_the_log(
    tmp_path: Path, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be there in a moment; until then health says what is lacking."""
    monkeypatch.setattr(group, "AGAIN_SECONDS", 0.01)
    lanes = LaneGroup(
        "127.0.0.1:9",
        {"security.protocol": "SSL", "ssl.ca.location": str(tmp_path / "ca.pem")},
        group="projectors",
        topic="lanes",
        feed=lambda: LaneFeed(cast("Feed", None), Rows(Codec([]), Recent(0)), ""),
        follow=lambda _lane, _feed: cast("Runner", Follows()),
    )
    job = asyncio.create_task(lanes.run())

    async def follows() -> bool:
        assert not job.done(), "nobody would follow any lane until a restart"
        return lanes.lanes == [*range(LANES)]

    await until(follows)
    said: Any = await lanes.health()
    assert "ssl.ca.location" in said["problem"]
    job.cancel()
    with suppress(asyncio.CancelledError):
        await job
    assert lanes.lanes == []
