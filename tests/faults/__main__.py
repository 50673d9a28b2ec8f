"""The long campaign: `python -m tests.faults [--seconds N] [--kills N] [--seed N]`. Exits 1 if a fault is found."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable

from tests.faults.campaign import Plan
from tests.faults.report import report
from tests.faults.trial import trial
from tests.faults.troubles import Scale

LONG = Scale(pause=1.5, away=(5.0, 15.0, 60.0), cheap=84)


def main() -> int:
    """Run one; answers the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="at least so long (600)")
    parser.add_argument("--kills", type=int, default=200, help="and until so many were killed (200)")
    parser.add_argument("--most", type=float, default=3600, help="seconds after which it ends all the same (3600)")
    parser.add_argument("--without", choices=["kafka", "opensearch"], action="append", default=[], help="leave it out")
    parser.add_argument("--fed-by", choices=["log", "kafka"], default="log", help="where projectors follow it (log)")
    parser.add_argument("--guests", type=int, default=6, help="who book at once (6)")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="of all that is left to chance")
    told = parser.parse_args()
    say = _progress()
    say(f"seed {told.seed}")
    ends = {"kills": told.kills, "seconds": told.seconds, "most": told.most}
    plan = Plan(seed=told.seed, **ends, guests=told.guests, scale=LONG, fed_by=told.fed_by)
    run, found, verdict = trial(plan, say, told.without)
    sys.stdout.write("\n" + report(run, found, verdict) + "\n")
    faults = {name: lines for name, lines in verdict.items() if lines}
    for name, lines in faults.items():
        sys.stdout.write(f"\n{name}: {len(lines)}\n" + "".join(f"  {line}\n" for line in lines[:20]))
    return 1 if faults else 0


def _progress() -> Callable[[str], None]:
    began = time.monotonic()

    def say(what: str) -> None:
        sys.stderr.write(f"{time.monotonic() - began:6.0f} s  {what}\n")
        sys.stderr.flush()

    return say


if __name__ == "__main__":
    sys.exit(main())
