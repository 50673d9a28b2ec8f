"""The log as a person looks at it: settled events by name, actor and time, with what tells of people veiled.

wanted    which events are asked for
entries   stored rows, whatever wrote them, as what is shown
log       the settled log, forwards, backwards, one stream of it
"""

from infra.log_view.entries import VEIL, Entries, Entry
from infra.log_view.log import NotSettled, SettledLog
from infra.log_view.wanted import NotUnderstood, Wanted

__all__ = ["VEIL", "Entries", "Entry", "NotSettled", "NotUnderstood", "SettledLog", "Wanted"]
