"""Who had which night, from the log alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from domain.kernel import Recorded

BLOCK = "block"


def nights_had_twice(events: Iterable[Recorded]) -> list[date]:
    """The nights of one listing that somebody was given while another had them. Other events are passed over."""
    has: dict[date, UUID | str] = {}
    twice: list[date] = []
    for event in events:
        fact: Any = event.fact
        match event.name:
            case "calendar.claimed.v1":
                twice += [night for night in fact.nights if has.get(night, fact.claim) != fact.claim]
                has |= dict.fromkeys(fact.nights, fact.claim)
            case "calendar.released.v1":
                twice += [night for night in fact.nights if has.get(night) != fact.claim]
                has = {night: who for night, who in has.items() if night not in fact.nights}
            case "calendar.entered.v1" if not fact.available:
                twice += [night for night in fact.nights if night in has]
                has |= dict.fromkeys(fact.nights, BLOCK)
            case "calendar.changed.v1" if not fact.available:
                twice += [fact.night] if has.get(fact.night, BLOCK) != BLOCK else []
                has |= {fact.night: BLOCK}
            case "calendar.changed.v1" | "calendar.dropped.v1" if has.get(fact.night) == BLOCK:
                del has[fact.night]
    return twice
