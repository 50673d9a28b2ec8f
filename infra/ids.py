"""Ids: UUIDs of version 7, ordered by the time at which they were made."""

from __future__ import annotations

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A new id: 48 bits of milliseconds, then chance (RFC 9562, section 5.7)."""
    moment = time.time_ns() // 1_000_000
    chance = int.from_bytes(os.urandom(10), "big")
    return UUID(int=(moment << 80) | (0x7 << 76) | ((chance >> 68) << 64) | (0b10 << 62) | (chance & ((1 << 62) - 1)))
