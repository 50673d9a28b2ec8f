"""`innkeep doctor`: what is right and wrong, and what to do about it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from infra.cli.out import Out, printable, quiet_when_the_reader_leaves
from infra.cli.reach import database
from infra.doctor import Finding, State, examine, worst
from infra.log import configure_logging
from infra.settings import what_holds

MARKS: dict[State, str] = {"fine": "✓", "warning": "!", "problem": "✗"}
ENV_FILE = Path(".env")


def run(data: Path, *, as_json: bool) -> None:
    """Prints every finding. Exits 1 if one is a problem."""
    settings, complaints = what_holds(env_file=ENV_FILE)
    configure_logging("error", "console")
    folder = data if settings.database_url is None else None

    async def look() -> list[Finding]:
        opened = lambda: database(settings, data, shared=True)  # noqa: E731 - a place to name it
        return [finding async for finding in examine(settings, complaints, folder, opened, ENV_FILE)]

    findings = asyncio.run(look())
    with quiet_when_the_reader_leaves():
        (_print_json if as_json else _print)(Out(), findings)
    raise SystemExit(1 if worst(findings) == "problem" else 0)


def _print_json(out: Out, findings: list[Finding]) -> None:
    told = {"state": worst(findings), "findings": [finding._asdict() for finding in findings]}
    out.line(json.dumps(told, ensure_ascii=False, indent=2))


def _print(out: Out, findings: list[Finding]) -> None:
    for check, state, seen, todo in findings:
        out.line(f"{out.paint(MARKS[state], state)} {out.paint(check, 'bold')}: {printable(seen)}")
        if todo:
            out.line(f"    → {printable(todo)}")
    counts = {state: sum(finding.state == state for finding in findings) for state in MARKS}
    summary = f"{_many(counts['problem'], 'problem')}, {_many(counts['warning'], 'warning')}, {counts['fine']} fine"
    out.line(out.paint(summary, worst(findings)))


def _many(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
