"""What operates a product that is running: `innkeep lag`, `events`, `rebuild`, `rotate-key`, on its own data folder."""

import json
import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from infra.http.envelope import APP_VERSION
from tests.e2e.server import Server, run_innkeep
from tests.e2e.talk import Person, ok
from tests.e2e.world import World
from tests.services.stubborn import refusing


def innkeep(server: Server, *words: str, code: int = 0, **settings: str) -> str:
    done = run_innkeep(server.data, *words, "--data", "innkeep", **settings)
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_lag_tells_of_every_read_model(server: Server, world: World, host: Person) -> None:
    world.listing(host)
    told: list[dict[str, Any]] = json.loads(innkeep(server, "lag", "--json"))
    assert {"listing", "reservation", "user", "operator_feed", "deadline"} <= {model["name"] for model in told}
    assert {model["state"] for model in told} == {"live"}
    assert "listing" in innkeep(server, "lag")


def test_events_shows_the_log_of_one_stream_and_of_all(server: Server, world: World, host: Person) -> None:
    listing = world.listing(host)
    ok(host.patch(f"/v1/listings/{listing['id']}", {"title": "Another"}))
    stream = json.loads(innkeep(server, "events", listing["id"], "--json"))
    assert [event["event"] for event in stream] == ["listing.created.v1", "listing.changed.v1"]
    assert {event["actor"] for event in stream} == {host.id}
    assert [event["position"] for event in json.loads(innkeep(server, "events", "--limit", "3", "--json"))] == [1, 2, 3]
    assert listing["id"] in innkeep(server, "events", listing["id"])
    assert "is no stream" in innkeep(server, "events", "nonsense", code=2)


def test_events_says_when_there_may_be_more(server: Server, world: World) -> None:
    world.person()
    for words, says in (("--limit 2", "--after 2"), ("--limit 2 --json", ""), ("--limit 100000", ""), ("--last 2", "")):
        done = run_innkeep(server.data, "events", *words.split(), "--data", "innkeep")
        assert says in done.stderr
        assert bool(done.stderr) == bool(says), words


def test_a_read_model_is_made_anew_while_it_is_read(server: Server, world: World, host: Person) -> None:
    listing = world.listing(host)
    assert "listing" in innkeep(server, "rebuild", "listing")
    assert "listing" in innkeep(server, "rebuild", "listing", "--hurry")
    back = innkeep(server, "rebuild", "listing", "--back", OPENSEARCH_URL="http://127.0.0.1:9")
    assert "listing: the table before is brought up to date, from position" in back
    assert "`innkeep rebuild search:all`" in back, "no event tells whoever keeps search indexes"
    assert ok(host.get(f"/v1/listings/{listing['id']}"))["listing"]["id"] == listing["id"]
    assert "There is no read model nonsense" in innkeep(server, "rebuild", "nonsense", code=2)


def test_a_program_is_told_of_a_rebuild_as_json(server: Server, world: World, host: Person) -> None:
    """What is for people goes elsewhere."""
    world.listing(host)
    (made,) = json.loads(innkeep(server, "rebuild", "listing", "--json"))
    assert (made["model"], made["rows"], made["different"], made["set_aside"]) == ("listing", made["rows_before"], 0, 0)
    assert made["position"] > 0
    (back,) = json.loads(innkeep(server, "rebuild", "listing", "--back", "--json"))
    assert back["model"] == "listing"
    assert json.loads(innkeep(server, "rebuild", "listing", "--drop-old", "--json")) == [
        {"model": "listing", "dropped": True}
    ]


def test_dead_letters_are_listed_when_no_command_is_said(server: Server) -> None:
    for words in ([], ["list"], ["--model", "listing"]):
        assert json.loads(innkeep(server, "dead-letters", *words, "--json")) == []
        assert innkeep(server, "dead-letters", *words).strip() == "nothing is set aside"
    said = innkeep(server, "dead-letters", "--model", "list", code=2)
    assert "There is no read model list" in said, "what an option is given is no command"


def test_tokens_of_the_old_key_stay_good_after_a_rotation(server: Server, world: World) -> None:
    before = world.person()
    old = ok(before.get("/publickey"))["keyId"]
    assert "signed with key" in innkeep(server, "rotate-key")
    ok(before.get("/currentuser"))
    assert ok(before.get("/publickey"), 200)["keyId"] is not None
    assert ok(before.get("/publickey", keyId=old))["keyId"] == old


def test_a_folder_without_a_database_is_said(tmp_path: Path) -> None:
    done = run_innkeep(tmp_path, "lag", "--data", "nothing")
    assert (done.returncode, "there is no database in" in done.stderr) == (2, True)
    assert not (tmp_path / "nothing").exists()


def on_database(database: str, folder: Path, *words: str, code: int = 0, **settings: str) -> str:
    """What is said on standard output, or in one line on standard error."""
    done = run_innkeep(folder, *words, DATABASE_URL=database, **settings)
    assert done.returncode == code, done.stderr
    assert code == 0 or len(done.stderr.splitlines()) == 1, done.stderr
    return done.stdout if code == 0 else done.stderr


def test_settings_are_told_as_they_are_written(tmp_path: Path) -> None:
    origins = "https://a.example,https://b.example"
    told = on_database("", tmp_path, "settings", ALLOWED_ORIGINS=origins, PAYMENTS="simulator")
    rows = dict(re.findall(r"(INNKEEP_\w+)\W+?│ (.*?) +│", told))
    assert rows["INNKEEP_ALLOWED_ORIGINS"] == origins
    assert rows["INNKEEP_REQUIRE_VERIFIED_EMAIL"] == "false"
    assert rows["INNKEEP_TERMS_CHECK_IN_TIME"] == "15:00"


def test_the_version_is_told(tmp_path: Path) -> None:
    assert on_database("", tmp_path, "--version") == f"innkeep {APP_VERSION}\n"


def test_what_a_reason_has_in_brackets_is_shown(database: str, tmp_path: Path) -> None:
    """They name the field; they are no style, and nothing that could go wrong."""
    reason = "failed to parse field [price] of type [scaled_float] at [/v1/listings]: :x:"
    on_database(database, tmp_path, "lag")
    with psycopg.connect(database) as connection:
        connection.execute(
            "INSERT INTO dead_letter (model, subject, position, name, reason)"
            " VALUES ('search:listing', %s, 1, 'x', %s)",
            [stream := uuid4(), reason],
        )
        connection.execute("UPDATE read_model SET state = 'stopped', error = %s WHERE name = 'listing'", [reason])
    assert reason in on_database(database, tmp_path, "dead-letters", "list")
    assert reason in on_database(database, tmp_path, "dead-letters", "show", "search:listing", str(stream))
    assert "[price]" in on_database(database, tmp_path, "lag")


def test_lag_tells_of_the_relay_where_there_is_a_kafka(database: str, tmp_path: Path) -> None:
    on_database(database, tmp_path, "lag")
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO relay (name, position) VALUES ('innkeep.relay', 7)")
    told = json.loads(on_database(database, tmp_path, "lag", "--json", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:9"))
    (relay,) = [each for each in told if each["name"] == "relay"]
    assert (relay["position"], relay["events_behind"]) == (7, 0)


@pytest.mark.parametrize("words", [("rebuild", "search:listing"), ("restored",)])
def test_what_opensearch_refuses_is_told_as_it_says_it(database: str, tmp_path: Path, words: tuple[str, ...]) -> None:
    with refusing() as url:
        said = on_database(database, tmp_path, *words, code=2, OPENSEARCH_URL=url)
    assert "no permissions for [indices:admin/aliases/get]" in said


def test_dead_letters_of_a_model_that_there_is_not_are_none_of_a_model(database: str, tmp_path: Path) -> None:
    """A slip in the name is not taken for good news."""
    said = on_database(database, tmp_path, "dead-letters", "list", "--model", "reservations", code=2)
    assert "There is no read model reservations" in said
    assert "nothing" in on_database(database, tmp_path, "dead-letters", "list", "--model", "reservation")
