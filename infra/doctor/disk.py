"""Room for the embedded database."""

from __future__ import annotations

import shutil
from pathlib import Path

from infra.doctor.findings import Finding

GIGABYTE = 1_000_000_000
TIGHT, FULL = 2 * GIGABYTE, GIGABYTE // 4
"""Bytes left at which to warn, and at which the database may stop at any time."""


def of_disk(folder: Path) -> list[Finding]:
    """How much is left where a data folder lives, if there is one."""
    if not folder.is_dir():
        return []
    usage = shutil.disk_usage(folder)
    return [disk_finding(folder, usage.free, usage.total)]


def disk_finding(folder: Path, free: int, total: int) -> Finding:
    """What so many bytes left say. Of a small disk, a twentieth is room enough."""
    seen = f"{free / GIGABYTE:.1f} of {total / GIGABYTE:.1f} GB are free for {folder}"
    if free < min(FULL, total // 50):
        todo = "make room at once: commands are refused once the disk is full; nothing acknowledged is lost"
        return Finding("disk", "problem", seen, todo)
    if free < min(TIGHT, total // 20):
        return Finding("disk", "warning", seen, "make room, or move the folder to a larger disk while nothing runs")
    return Finding("disk", "fine", seen)
