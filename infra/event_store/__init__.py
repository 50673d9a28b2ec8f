"""The event store on PostgreSQL: one log of events, one journal of the commands that caused them.

    codec          stored names and what they mean; events to JSON and back
    store          the port: load, save, read, history
    cache          what aggregates looked like when they were last saved or loaded
    group_commit   saves that wait at the same moment share a transaction
    feed           the log in one settled order, and a bell for those who follow it
    notifier       word between processes that the log has grown
    journal        idempotency keys, kept answers, what a session wrote
    sealing        one key an actor, for what the journal keeps of a person
    together       questions that wait at the same moment are asked in one go

The tables and the two functions stand in `infra/postgres/migrations/0001_event_store.sql`.
"""

from commands.ports import WrongKind
from infra.event_store.codec import Codec, UnknownEvent, Upcast
from infra.event_store.store import PostgresEventStore

__all__ = ["Codec", "PostgresEventStore", "UnknownEvent", "Upcast", "WrongKind"]
