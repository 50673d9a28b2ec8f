"""The checker knows each fault, and finds none where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.checker import CHECKS, FINAL, judged
from tests.faults.found import Evidence, Journalled, Logged, Message, Payment
from tests.faults.notebook import Attempt, Entry, Oddity, Told, Window

NIGHTS = {"start": "2027-01-30", "end": "2027-02-01"}
LOG = [
    Logged(1, "stay", 1, "reservation.requested", {}, "c1"),
    Logged(2, "month", 1, "calendar.claimed", {"claim": "stay", "nights": NIGHTS}, "c1"),
    Logged(3, "op", 1, "operator.created", {}, "c2"),
    Logged(4, "op", 2, "operator.updated", {}, "c3"),
    Logged(5, "pay", 1, "payment.attempt_opened", {"attempt": "try", "bill": {"reservation": "stay"}}, "c4"),
    Logged(6, "pay", 2, "payment.captured", {"amount": 100}, "c4"),
    Logged(
        7,
        "paid",
        1,
        "payment_record.filed",
        {"entry": {"kind": "charge", "reservation": "stay", "amount_paid": 100}},
        "c4",
    ),
    Logged(8, "stay", 2, "reservation.cancelled", {}, "c5"),
    Logged(9, "month", 2, "calendar.released", {"claim": "stay", "nights": ["2027-01-30", "2027-01-31"]}, "c5"),
    Logged(10, "word", 1, "credential.password_set", {}, "c6"),
]
KEYS = {"k1": ("c1", 2), "k2": ("c2", 3), "k3": ("c3", 4), "k4": ("c4", 7), "k5": ("c5", 9)}
TOLD = [
    Told("k1", "POST", "/v1/reservations", 201, position=2, id="stay"),
    Told("k2", "POST", "/operators/create", 201, position=3, id="op"),
    Told("k5", "PATCH", "/v1/reservations/stay", 200, position=9, id="stay"),
    Told("k6", "PATCH", "/v1/reservations/stay", 200, position=10, id="stay", asked={"bookingStatus": "cancelled"}),
    Told("k7", "POST", "/v1/reservations", 409, "NIGHTS_TAKEN"),
]


def sound() -> Evidence:
    """A campaign in which everything went as it should."""
    feed = [(1, "op", "CREATE"), (2, "op", "UPDATE")]
    return Evidence(
        told=TOLD,
        attempts=[Attempt("k1", 1.0, 1.1, 0), Attempt("k1", 1.2, 1.3, 201), Attempt("k2", 5.0, 5.1, 201)],
        windows=[Window("kafka", 4.0, 9.0)],
        entries=[*(Entry(FINAL, *entry) for entry in feed), Entry("follower", *feed[0])],
        log=LOG,
        journal={key: Journalled(*row) for key, row in KEYS.items()},
        messages=[
            Message("log", event.stream, event.position, event.version)
            for event in LOG
            if not event.name.startswith("credential")
        ],
        payments=[Payment("try", 100, 0)],
    )


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert judged(sound()) == {name: [] for name in CHECKS}


def without(position: int) -> Callable[[Evidence], Evidence]:
    return lambda found: replace(found, log=[event for event in found.log if event.position != position])


def logged(*more: Logged) -> Callable[[Evidence], Evidence]:
    return lambda found: replace(found, log=[*found.log, *more])


def given(*entries: tuple[int, str, str]) -> Callable[[Evidence], Evidence]:
    return lambda found: replace(found, entries=[Entry(FINAL, *entry) for entry in entries])


def said(*messages: Message) -> Callable[[Evidence], Evidence]:
    return lambda found: replace(found, messages=[*(found.messages or ()), *messages])


MISSING = "acknowledged commands missing from the log"
TWICE = "nights sold twice"
FEED = ("feed gaps", "feed duplicates", "feed order breaks")
KAFKA = ("events missing on Kafka", "order breaks on Kafka")
MONEY = "stays whose money does not add up"
REFUSED = "commands refused while Kafka or OpenSearch alone was away"


@pytest.mark.parametrize(
    ("tampering", "check"),
    [
        pytest.param(without(9), MISSING, id="the event that was acknowledged is gone"),
        pytest.param(lambda f: replace(f, told=[replace(TOLD[0], position=1)]), MISSING, id="recorded later than told"),
        pytest.param(lambda f: replace(f, journal={}), MISSING, id="the journal is gone"),
        pytest.param(without(8), MISSING, id="what was said to hold already does not"),
        pytest.param(
            lambda f: replace(f, told=[replace(TOLD[0], id="no stay")]), MISSING, id="what was made is not there"
        ),
        pytest.param(
            logged(
                Logged(11, "month", 3, "calendar.claimed", {"claim": "one", "nights": NIGHTS}, "c7"),
                Logged(12, "month", 4, "calendar.claimed", {"claim": "two", "nights": NIGHTS}, "c8"),
            ),
            TWICE,
            id="two have one night",
        ),
        pytest.param(
            logged(
                Logged(11, "month", 3, "calendar.entered", {"available": False, "nights": NIGHTS}, "c7"),
                Logged(12, "month", 4, "calendar.claimed", {"claim": "two", "nights": NIGHTS}, "c8"),
            ),
            TWICE,
            id="a blocked night is sold",
        ),
        pytest.param(
            logged(Logged(11, "month", 3, "calendar.released", {"claim": "x", "nights": ["2027-01-30"]}, "c7")),
            TWICE,
            id="a night is given back that was not had",
        ),
        pytest.param(given((1, "op", "CREATE")), FEED[0], id="the feed ends early"),
        pytest.param(given((2, "op", "UPDATE")), FEED[0], id="an entry was passed by"),
        pytest.param(given((1, "op", "CREATE"), (1, "op", "CREATE"), (2, "op", "UPDATE")), FEED[1], id="twice"),
        pytest.param(given((1, "op", "CREATE"), (2, "op", "UPDATE"), (3, "op", "DELETE")), FEED[1], id="of nothing"),
        pytest.param(given((2, "op", "UPDATE"), (1, "op", "CREATE")), FEED[2], id="out of order"),
        pytest.param(given((1, "op", "UPDATE"), (2, "op", "CREATE")), FEED[2], id="not the log's order"),
        pytest.param(lambda f: replace(f, messages=f.messages[1:]), KAFKA[0], id="an event is not told"),
        pytest.param(said(Message("log", "ghost", 99, 1)), KAFKA[0], id="what never happened is told"),
        pytest.param(said(Message("log", "op", 44, 2)), KAFKA[1], id="again, at another position"),
        pytest.param(lambda f: replace(f, messages=f.messages[::-1]), KAFKA[1], id="backwards"),
        pytest.param(lambda f: replace(f, payments=[Payment("try", 100, 40)]), MONEY, id="a refund nobody knows of"),
        pytest.param(lambda f: replace(f, payments=[*f.payments, Payment("x", 100, 0)]), MONEY, id="charged twice"),
        pytest.param(without(7), MONEY, id="the books lack a charge"),
        pytest.param(
            logged(
                Logged(11, "pay", 3, "payment.paid_out", {"amount": 101}, "c9"),
                Logged(
                    12,
                    "out",
                    1,
                    "payment_record.filed",
                    {"entry": {"kind": "payout", "reservation": "stay", "payout_amount": 101}},
                    "c9",
                ),
            ),
            MONEY,
            id="more goes out than came in",
        ),
        pytest.param(lambda f: replace(f, attempts=[Attempt("k2", 5.0, 5.1, 503)]), REFUSED, id="503"),
        pytest.param(lambda f: replace(f, attempts=[Attempt("k2", 5.0, 6.1, 0)]), REFUSED, id="no answer"),
        pytest.param(lambda f: replace(f, oddities=[Oddity("500")]), "answers that nothing explains", id="a 500"),
        pytest.param(
            lambda f: replace(f, differing_rows=["a row"]), "rows that differ from a rebuild, PostgreSQL", id="a row"
        ),
        pytest.param(
            lambda f: replace(f, differing_documents=["a document"]),
            "documents that differ from a rebuild, OpenSearch",
            id="a document",
        ),
    ],
)
def test_each_fault_is_found(tampering: Callable[[Evidence], Evidence], check: str) -> None:
    assert judged(tampering(sound()))[check]


def test_a_message_that_comes_again_with_its_position_is_no_fault() -> None:
    """That is what a take-over may bring; consumers drop it."""
    again = replace(sound(), messages=[*(sound().messages or ()), Message("log", "op", 4, 2)])
    assert judged(again) == {name: [] for name in CHECKS}


def test_a_refusal_while_something_else_was_away_too_is_no_fault() -> None:
    """Windows tell when a server was away alone; what reaches beyond has other reasons."""
    beside = replace(
        sound(), attempts=[Attempt("k2", 3.9, 5.1, 503), Attempt("k2", 8.9, 9.1, 0), Attempt("k2", 5.0, 5.1, 0)]
    )
    assert judged(beside)[REFUSED] == []
