"""The event store on PostgreSQL: one log of events, one journal of the commands that caused them.

What it promises, and what keeps the promise:

* A stream has each version once, and none without the one before: the table's key and `append_events` see to that.
* What was acknowledged is on disk. Who lost the answer with a connection is told what became of their save, never of a
  conflict with themselves (`group_commit`).
* A follower is given every event, once, in the order of positions, and passes none that may still appear (`feed`).
* What is in memory decides nothing alone: an append is checked by its version, what is read and left alone is confirmed
  before the save (`commands.work`), and all of it is forgotten with the connection (`cache`).

Each is tried in `tests/infra/event_store`, the last resorts with servers that are killed in its `proof`.

    store          the port: load, save, read, history
    codec          stored names and what they mean; events to JSON and back
    upcasts        names that are read and no longer written
    golden         which fields tell of a person
    cache          what aggregates looked like when they were last saved or loaded
    news           what others have added to a stream, and how far a session came
    together       questions that wait at the same moment are asked in one go
    group_commit   saves that wait at the same moment share a transaction
    saves          one save on its way there, and the columns that several make
    journal        idempotency keys, kept answers, what a session wrote
    sealing        one key an actor, for what the journal keeps of a person
    feed           the log in one settled order, and a bell for those who follow it
    rows           rows of the log as events
    recent         what this process wrote, for its own followers
    notifier       word between processes that the log has grown
    vigil          what is wrong with the database, until it is found to be over

It stands on `domain.kernel` (aggregates, facts), `commands.ports` (the port and its errors) and `infra.postgres`
(`line`: a connection that comes back; `arrays`; `trouble`). The tables are those of `migrations/0001_event_store.sql`
there; the two functions are as 0007 (`fence`) and 0016 (`append_events`) have them.
"""

from commands.ports import WrongKind
from infra.event_store.codec import Codec, UnknownEvent, Upcast
from infra.event_store.store import PostgresEventStore

__all__ = ["Codec", "PostgresEventStore", "UnknownEvent", "Upcast", "WrongKind"]
