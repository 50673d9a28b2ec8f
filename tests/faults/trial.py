"""A whole trial: servers, campaign, evidence, verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator

from tests.faults import evidence
from tests.faults.campaign import Campaign, Plan, Run
from tests.faults.checker import judged
from tests.faults.found import Evidence, Logged
from tests.faults.servers import servers

Verdict = dict[str, list[str]]
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


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
        verdict = judged(found)
        for event in concerned(found, verdict):
            say(f"{event.position} {event.stream} {event.version} {event.name} by {event.command}: {event.state}")
        return run, found, verdict


def concerned(found: Evidence, verdict: Verdict) -> Iterator[Logged]:
    """The events that tell of what the verdict names, to be looked at when the servers are gone."""
    named = {id for lines in verdict.values() for line in lines for id in ID.findall(line)}
    for event in found.log:
        if named & {event.stream, *ID.findall(json.dumps(event.state))}:
            yield event
