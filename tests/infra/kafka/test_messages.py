"""What leaves the house by Kafka, and in what form."""

from __future__ import annotations

import json
from uuid import UUID

from infra.kafka.messages import LogRow, Messages

STREAM, COMMAND = str(UUID(int=7)), str(UUID(int=8))
NOON = "2026-05-01T12:00:00.000000Z"
KNOWN = {
    "user.registered.v1": ["email", "profile.fullname"],
    "credential.password_set.v1": [],
    "listing.created.v1": [],
    "review.submitted.v1": ["text"],
    "operator.renamed.v1": ["people.name", "people.home.street", "nick"],
}
messages = Messages("market", KNOWN)


def row(name: str, state: dict[str, object]) -> LogRow:
    return LogRow(41, STREAM, 3, name, json.dumps(state).encode(), NOON, None, "user", COMMAND, "anything")


def test_an_event_goes_whole_to_the_products_own_topic_and_veiled_to_the_public_one() -> None:
    state: dict[str, object] = {"email": "a@b.example", "profile": {"fullname": "Ann", "language": "fr"}}
    own, public = messages.of(row("user.registered.v1", state))
    assert (own.topic, json.loads(own.value)) == ("market.log.user", state)
    assert (public.topic, json.loads(public.value)) == ("market.user", {"profile": {"language": "fr"}})
    assert own.key == public.key == STREAM


def test_the_veil_reaches_into_lists_and_leaves_the_rest_as_it_stands() -> None:
    state = (
        b'{"rate":0.10,"people":[{"name":"Ann","home":{"street":"Rue 1","town":"Lyon"}},{"name":"Bo","home":null}],'
        b'"n\\u0069ck":"A"}'
    )
    stored = row("operator.renamed.v1", {})._replace(state=state)
    assert messages.of(stored)[1].value == b'{"rate":0.10,"people":[{"home":{"town":"Lyon"}},{"home":null}]}'
    assert messages.of(stored._replace(state=b'{"people":null}'))[1].value == b'{"people":null}'


def test_what_nobody_can_tell_the_personal_fields_of_stays_private() -> None:
    (only,) = messages.of(row("listing.reborn.v9", {"title": "Loft"}))
    assert only.topic == "market.log.listing"


def test_reviews_are_no_public_topic_and_passwords_none_at_all() -> None:
    (only,) = messages.of(row("review.submitted.v1", {"text": "Nice", "rating": 5}))
    assert only.topic == "market.log.review"
    assert messages.of(row("credential.password_set.v1", {"password_hash": "x"})) == []
    assert {topic for topic in messages.topics if "credential" in topic or topic == "market.review"} == set()


def test_a_message_is_a_cloud_event_that_tells_its_place_in_the_log() -> None:
    headers = messages.of(row("listing.created.v1", {}))[0].headers
    assert headers["ce_specversion"] == "1.0"
    assert headers["ce_id"] == headers["position"] == "41"
    assert headers["ce_type"] == "listing.created.v1"
    assert headers["ce_subject"] == STREAM
    assert headers["ce_time"] == NOON
    assert headers["version"] == "3"
    assert headers["command"] == COMMAND
    assert headers["tenant"] == "default"
