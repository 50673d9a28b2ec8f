"""Every command, in one place: the registry is made of these."""

from __future__ import annotations

from commands import (
    api_keys,
    calendars,
    deadlines,
    disputes,
    listings,
    message_reports,
    message_threads,
    messages,
    operators,
    passwords,
    payment_deadlines,
    payment_records,
    payments,
    records,
    refund_settling,
    reservations,
    reviews,
    saved_filters,
    sessions,
    users,
)
from commands.registry import Command, Registry

COMMANDS: tuple[Command, ...] = (
    *users.COMMANDS,
    *passwords.COMMANDS,
    *sessions.COMMANDS,
    *api_keys.COMMANDS,
    *listings.COMMANDS,
    *calendars.COMMANDS,
    *records.COMMANDS,
    *reservations.COMMANDS,
    *payments.COMMANDS,
    *payment_records.COMMANDS,
    *refund_settling.COMMANDS,
    *disputes.COMMANDS,
    *deadlines.COMMANDS,
    *payment_deadlines.COMMANDS,
    *reviews.COMMANDS,
    *message_threads.COMMANDS,
    *messages.COMMANDS,
    *message_reports.COMMANDS,
    *operators.COMMANDS,
    *saved_filters.COMMANDS,
)


def registry() -> Registry:
    """All commands by name."""
    return Registry(COMMANDS)
