"""Traces that nobody takes cost no log."""

from __future__ import annotations

import logging

import pytest

from infra.tracing.otel import EXPORTING, Collected


async def test_a_collector_that_is_away_is_told_of_ever_more_seldom(caplog: pytest.LogCaptureFixture) -> None:
    collected = Collected("http://127.0.0.1:9", {}, 1.0, ["api"])
    with caplog.at_level(logging.ERROR):
        for parcel in range(50):
            EXPORTING.error("Failed to export spans batch code: %s", parcel)
    assert len(caplog.records) == 1
    await collected.close()
    EXPORTING.error("as the library has it")
    assert len(caplog.records) == 2
