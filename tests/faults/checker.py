"""Judges a campaign. It knows what clients were told, and what stands where; it knows nothing of how the product works
inside, and asks the product nothing.

Each check yields a line for each fault that it finds; none is what all of them must find.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta

from tests.faults.found import Evidence, Logged
from tests.faults.notebook import Entry, Told

FEED_TYPES = {"operator.created": "CREATE", "operator.updated": "UPDATE", "operator.deleted": "DELETE"}
NOT_ON_KAFKA = {"credential"}
"""Hashes of passwords are told to nobody."""
DONE_BY = {
    "cancelled": {"reservation.cancelled"},
    "confirmed": {"reservation.confirmed", "reservation.revived"},
    "declined": {"reservation.declined"},
    "reviewing": {"dispute.review_begun"},
    "resolved": {"dispute.resolved"},
    "rejected": {"dispute.rejected"},
}
"""By which events what was asked for came to hold, where a request for what holds already records nothing."""


def missing(found: Evidence) -> Iterator[str]:
    """Whatever was acknowledged is recorded, no later than the answer said, or held already.

    A command that was cut off and is resumed by a retry may find nothing left to do: it is then told the log's end.
    """
    at = {event.position: event for event in found.log}
    streams: defaultdict[str, list[Logged]] = defaultdict(list)
    for event in found.log:
        streams[event.stream].append(event)
    for told in found.told:
        if told.status >= 300:
            continue
        what = f"{told.method} {told.path} with key {told.key}, acknowledged at {told.position}"
        row = found.journal.get(told.key)
        there = at.get(row.position) if row is not None else None
        if row is None:
            if not _held(told, streams):
                yield f"{what}, has no row in the journal"
        elif there is None or there.command != row.command or row.position > told.position:
            yield f"{what}, has no event by then"
        elif told.id and told.id not in streams and told.status == 201 and "calendars" not in told.path:
            yield f"{what}, made {told.id}, of which the log knows nothing"


def _held(told: Told, streams: Mapping[str, Sequence[Logged]]) -> bool:
    word = told.asked.get("bookingStatus") or told.asked.get("resolutionStatus")
    done_by = DONE_BY.get(str(word), set())
    return any(event.name in done_by and event.position <= told.position for event in streams.get(told.id, ()))


def sold_twice(found: Evidence) -> Iterator[str]:
    """No night is given to somebody while another has it."""
    has: defaultdict[str, dict[date, str]] = defaultdict(dict)
    for event in found.log:
        nights, state = has[event.stream], event.state
        match event.name:
            case "calendar.claimed":
                for night in _nights(state["nights"]):
                    if nights.get(night, state["claim"]) != state["claim"]:
                        yield f"{night} of {event.stream}: {state['claim']} was given what {nights[night]} had"
                    nights[night] = state["claim"]
            case "calendar.released":
                for night in map(date.fromisoformat, state["nights"]):
                    if nights.pop(night, None) != state["claim"]:
                        yield f"{night} of {event.stream} was given back by {state['claim']}, who did not have it"
            case "calendar.entered" if not state["available"]:
                for night in _nights(state["nights"]):
                    if night in nights:
                        yield f"{night} of {event.stream} was blocked while {nights[night]} had it"
                    nights[night] = "block"


def _nights(stay: Mapping[str, str]) -> Iterator[date]:
    night, end = date.fromisoformat(stay["start"]), date.fromisoformat(stay["end"])
    while night < end:
        yield night
        night += timedelta(days=1)


def _feed(found: Evidence) -> list[tuple[str, str]]:
    """The feed as the log has it: operator and type, the first entry first."""
    return [(event.stream, FEED_TYPES[event.name]) for event in found.log if event.name in FEED_TYPES]


def _followers(found: Evidence) -> Mapping[str, list[Entry]]:
    given: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in found.entries:
        given[entry.follower].append(entry)
    return given


def feed_gaps(found: Evidence) -> Iterator[str]:
    """Nobody who follows the feed passes an entry by; whoever reads it to the end has all."""
    for follower, entries in _followers(found).items():
        seen = {entry.id for entry in entries}
        end = len(_feed(found)) if follower == FINAL else max(seen)
        yield from (f"{follower} was not given {id}" for id in range(1, end + 1) if id not in seen)


def feed_duplicates(found: Evidence) -> Iterator[str]:
    """Nobody is given an entry twice, and there is none that the log has not."""
    end = len(_feed(found))
    for follower, entries in _followers(found).items():
        times = Counter(entry.id for entry in entries)
        yield from (f"{follower} was given {id} {count} times" for id, count in times.items() if count > 1)
        yield from (f"{follower} was given {id}, of {end}" for id in times if id > end)


def feed_order(found: Evidence) -> Iterator[str]:
    """Everybody is given the log's order."""
    feed = _feed(found)
    for follower, entries in _followers(found).items():
        for before, entry in zip([None, *entries], entries, strict=False):
            if before is not None and entry.id <= before.id:
                yield f"{follower} was given {entry.id} after {before.id}"
            if entry.id <= len(feed) and feed[entry.id - 1] != (entry.operator, entry.type):
                yield f"{follower} was given {entry.type} of {entry.operator} as {entry.id}"


def not_on_kafka(found: Evidence) -> Iterator[str]:
    """Every event is told, and nothing that is none."""
    if found.messages is None:
        return
    told = {(message.key, message.version, message.position) for message in found.messages}
    events = {
        (event.stream, event.version, event.position)
        for event in found.log
        if event.name.split(".", 1)[0] not in NOT_ON_KAFKA
    }
    yield from (f"event {event} is not on Kafka" for event in sorted(events - told))
    yield from (f"message {message} is no event" for message in sorted(told - events))


def kafka_order(found: Evidence) -> Iterator[str]:
    """The events of one aggregate come in order; one that comes again has the position that it had."""
    newest: dict[str, int] = {}
    positions: dict[tuple[str, int], int] = {}
    for message in found.messages or ():
        at = positions.setdefault((message.key, message.version), message.position)
        if at != message.position:
            yield f"version {message.version} of {message.key} came at {at} and at {message.position}"
        if message.version > newest.get(message.key, 0) + 1:
            yield f"version {message.version} of {message.key} came after {newest.get(message.key, 0)}"
        newest[message.key] = max(newest.get(message.key, 0), message.version)


def money(found: Evidence) -> Iterator[str]:
    """Of every stay: money in = money out + held, at the provider, in the log, and in the books alike."""
    books = _books(found)
    for stay, (at_provider, in_log, on_record) in books.items():
        if not at_provider[:2] == in_log[:2] == on_record[:2] or in_log[2] != on_record[2]:
            yield f"{stay}: in, back, paid out: provider {at_provider[:2]}, log {in_log}, books {on_record}"
        if in_log[0] - in_log[1] - in_log[2] < 0:
            yield f"{stay}: more has gone out than came in: {in_log}"


Sums = list[int]
"""Money in, money back, money paid out."""


def _books(found: Evidence) -> Mapping[str, tuple[Sums, Sums, Sums]]:
    books: defaultdict[str, tuple[Sums, Sums, Sums]] = defaultdict(lambda: ([0, 0, 0], [0, 0, 0], [0, 0, 0]))
    payment_of: dict[str, str] = {}
    """The ledger of an attempt to pay, and of a reservation."""
    for event in found.log:
        state = event.state
        match event.name:
            case "payment.attempt_opened":
                payment_of |= {state["attempt"]: event.stream, state["bill"]["reservation"]: event.stream}
            case "payment.captured":
                books[event.stream][1][0] += state["amount"]
            case "payment.refunded":
                books[event.stream][1][1] += state["amount"]
            case "payment.paid_out":
                books[event.stream][1][2] += state["amount"]
    for payment in found.payments:
        sums = books[payment_of.get(payment.attempt, f"payment {payment.attempt} of no stay")][0]
        sums[0] += payment.captured
        sums[1] += payment.refunded
    for event in found.log:
        if event.name == "payment_record.filed":
            entry = event.state["entry"]
            sums = books[payment_of.get(entry["reservation"], entry["reservation"])][2]
            sums[0] += entry.get("amount_paid", 0) if entry["kind"] == "charge" else 0
            sums[1] += entry.get("refund_amount", 0)
            sums[2] += entry.get("payout_amount", 0)
    return books


HANGS = 1.0
"""Seconds without an answer that are no mere cut: an old connection to an API that was killed ends at once."""


def refused_alone(found: Evidence) -> Iterator[str]:
    """While Kafka or OpenSearch alone is away, commands go on."""
    for window in found.windows:
        for attempt in found.attempts:
            inside = window.began <= attempt.began and attempt.ended <= window.ended
            hung = attempt.status == 0 and attempt.ended - attempt.began > HANGS
            if inside and (hung or attempt.status >= 500):
                yield f"{attempt.key} at {attempt.where} was answered {attempt.status} while {window.server} was away"


def unexplained(found: Evidence) -> Iterator[str]:
    """Every answer has a reason."""
    yield from (oddity.what for oddity in found.oddities)


def rows_apart(found: Evidence) -> Iterable[str]:
    """The read models are what a rebuild makes of the log."""
    return found.differing_rows


def documents_apart(found: Evidence) -> Iterable[str]:
    """The search indexes are what a rebuild makes of the read models."""
    return found.differing_documents


FINAL = "at last"
"""Who reads the feed from start to end when all is over."""
CHECKS: Mapping[str, Callable[[Evidence], Iterable[str]]] = {
    "acknowledged commands missing from the log": missing,
    "nights sold twice": sold_twice,
    "feed gaps": feed_gaps,
    "feed duplicates": feed_duplicates,
    "feed order breaks": feed_order,
    "events missing on Kafka": not_on_kafka,
    "order breaks on Kafka": kafka_order,
    "rows that differ from a rebuild, PostgreSQL": rows_apart,
    "documents that differ from a rebuild, OpenSearch": documents_apart,
    "stays whose money does not add up": money,
    "commands refused while Kafka or OpenSearch alone was away": refused_alone,
    "answers that nothing explains": unexplained,
}


def judged(found: Evidence) -> dict[str, list[str]]:
    """Every check, with what it has found."""
    return {name: list(check(found)) for name, check in CHECKS.items()}
