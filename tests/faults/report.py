"""What a trial has shown, as a table for docs/reliability.md."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.faults.campaign import Run
from tests.faults.found import Evidence
from tests.faults.trial import Verdict


def report(run: Run, found: Evidence, verdict: Verdict) -> str:
    """Markdown."""
    acknowledged = [told for told in found.told if told.status < 300]
    rows: list[tuple[str, object]] = [
        ("date", f"{datetime.now(UTC):%Y-%m-%d}"),
        ("seed", run.plan.seed),
        ("read models fed by", {"log": "the log", "kafka": "Kafka"}[run.plan.fed_by]),
        ("seconds under load", f"{run.seconds:,.0f}"),
        ("kills", run.kills.total()),
        *((f"— {name}", count) for name, count in sorted(run.kills.items())),
        *((name, count) for name, count in sorted(run.others.items())),
        ("processes that ended by themselves and were started again", run.restarted.total()),
        *((f"— {said}", count) for said, count in sorted(run.restarted.items())),
        ("times that Kafka or OpenSearch alone was away", len(found.windows)),
        ("commands acknowledged", f"{len(acknowledged):,}"),
        ("— on a retry, as they were answered before", f"{sum(told.replayed for told in acknowledged):,}"),
        ("commands refused by a rule", f"{len(found.told) - len(acknowledged):,}"),
        ("attempts without an answer, or with 503", f"{sum(_failed(a.status) for a in found.attempts):,}"),
        ("events in the log", f"{len(found.log):,}"),
        ("messages on Kafka", "none: there was no Kafka" if found.messages is None else f"{len(found.messages):,}"),
        *((f"**{name}**", f"**{len(lines)}**") for name, lines in verdict.items()),
    ]
    if run.servers.opensearch is None:
        rows.append(("left out", "OpenSearch"))
    return "\n".join(["| | |", "|---|---:|", *(f"| {name} | {value} |" for name, value in rows)])


def _failed(status: int) -> bool:
    return status == 0 or status >= 500
