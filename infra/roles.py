"""What a process may be: all of it at once on one machine, or one role, many times over."""

from enum import StrEnum


class Role(StrEnum):
    """One job of the product."""

    API = "api"
    PROJECTOR = "projector"
    SCHEDULER = "scheduler"
    RELAY = "relay"
    """From the log to Kafka, where one is set."""


EVERYTHING = frozenset(Role)
