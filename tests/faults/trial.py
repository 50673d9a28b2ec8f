"""A whole trial: servers, campaign, evidence, verdict."""

from __future__ import annotations

from collections.abc import Callable, Collection

from tests.faults import evidence
from tests.faults.campaign import Campaign, Plan, Run
from tests.faults.checker import Evidence, judged
from tests.faults.servers import servers

Verdict = dict[str, list[str]]


def trial(plan: Plan, say: Callable[[str], None], without: Collection[str] = ()) -> tuple[Run, Evidence, Verdict]:
    """Run it on servers of its own, and judge it. What could not be started is in the run's `servers.missing`."""
    with servers(without) as running:
        for lacking in running.missing:
            say(f"LEFT OUT: {lacking}")
        campaign = Campaign(plan, running, say)
        try:
            run = campaign.run()
            evidence.rest(run)
            entries = list(evidence.feed(run))
        except BaseException:
            for process in campaign.processes:
                say(f"{process.name}: {process.words()}")
            if running.kafka:
                say(f"Kafka: {running.kafka.words()}")
                say(f"its readers stand still at: {evidence.standstill(running.kafka.servers) or 'nowhere'}")
            raise
        finally:
            campaign.close()
        say("gathering evidence, rebuilding everything")
        found = evidence.gather(run, entries)
        return run, found, judged(found)
