"""Ids for tests: ordered by when they were made, as the product's are."""

from __future__ import annotations

import itertools
import uuid
from uuid import UUID

from commands.ports import Ids


def ordered_ids() -> Ids:
    """Makes UUIDs of version 7 form: a count where the time stands, and randomness."""
    count = itertools.count(1)

    def new() -> UUID:
        random = uuid.uuid4().int & ((1 << 62) - 1)
        return UUID(int=next(count) << 80 | 7 << 76 | 2 << 62 | random)

    return new
