"""A short campaign: a dozen kills, every kind of fault; the long one is `make faults`."""

from __future__ import annotations

import random
import sys

import pytest

from tests.faults.campaign import Plan
from tests.faults.trial import trial
from tests.faults.troubles import Scale
from tests.services import shared

SHORT = Scale(pause=1.0, away=(2.0,), cheap=7, slow=1.0)


def say(what: str) -> None:
    """Shown of a run that fails."""
    sys.stderr.write(f"{what}\n")


@pytest.mark.timeout(600)
def test_nothing_that_was_promised_is_lost_whatever_is_killed() -> None:
    """Every count of the checker is 0."""
    plan = Plan(seed=random.randrange(2**32), kills=10, seconds=5, most=300, guests=4, scale=SHORT)
    say(f"seed {plan.seed}")
    run, found, verdict = trial(plan, say)
    for lacking in run.servers.missing:
        shared.leave_out("campaign", lacking)
    assert {name: lines[:5] for name, lines in verdict.items() if lines} == {}
    assert run.kills.total() >= plan.kills
    assert sum(told.status < 300 for told in found.told) >= 50
