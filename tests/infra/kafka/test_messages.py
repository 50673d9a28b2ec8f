"""What leaves the house by Kafka, and in what form."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from infra.kafka.messages import LogRow, Messages

STREAM, COMMAND = UUID(int=7), UUID(int=8)
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
KNOWN = {
    "user.registered.v1": ["email", "profile.fullname"],
    "credential.password_set.v1": [],
    "listing.created.v1": [],
    "review.submitted.v1": ["text"],
}
messages = Messages("market", KNOWN)


def row(name: str, state: dict[str, object]) -> LogRow:
    return LogRow(41, STREAM, 3, name, json.dumps(state).encode(), NOON, None, "user", COMMAND, "anything")


def test_an_event_goes_whole_to_the_products_own_topic_and_veiled_to_the_public_one() -> None:
    state: dict[str, object] = {"email": "a@b.example", "profile": {"fullname": "Ann", "language": "fr"}}
    own, public = messages.of(row("user.registered.v1", state))
    assert (own.topic, json.loads(own.value)) == ("market.log.user", state)
    assert (public.topic, json.loads(public.value)) == ("market.user", {"profile": {"language": "fr"}})
    assert own.key == public.key == str(STREAM).encode()


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
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_id"] == headers["position"] == b"41"
    assert headers["ce_type"] == b"listing.created.v1"
    assert headers["ce_subject"] == str(STREAM).encode()
    assert headers["ce_time"] == b"2026-05-01T12:00:00.000000Z"
    assert headers["version"] == b"3"
    assert headers["command"] == str(COMMAND).encode()
    assert headers["tenant"] == b"default"


@pytest.mark.parametrize(
    ("at", "told"),
    [
        (NOON.replace(microsecond=120), b"2026-05-01T12:00:00.000120Z"),
        (NOON.astimezone(ZoneInfo("Asia/Kathmandu")), b"2026-05-01T12:00:00.000000Z"),
        (NOON.replace(microsecond=999999).astimezone(ZoneInfo("Europe/Paris")), b"2026-05-01T12:00:00.999999Z"),
    ],
)
def test_the_instant_of_an_event_is_told_in_utc_with_microseconds(at: datetime, told: bytes) -> None:
    assert messages.of(row("listing.created.v1", {})._replace(at=at))[0].headers["ce_time"] == told
