"""`innkeep events`: the log as a person or a program looks at it, by the real command on a real server's database."""

import json
import os
import pty
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from infra.log_view import VEIL
from tests.e2e.server import INNKEEP, Server, environment, run_innkeep, until
from tests.e2e.talk import ABSENT, Person, ok
from tests.e2e.test_operating import innkeep
from tests.e2e.world import World

Json = dict[str, Any]
KEYS = [
    "position",
    "at",
    "recorded_at",
    "stream",
    "version",
    "event",
    "command",
    "command_id",
    "request_id",
    "actor",
    "role",
    "fields",
    "note",
]


def lines(text: str) -> list[Json]:
    """One JSON object a line."""
    return [json.loads(line) for line in text.splitlines()]


def listed(server: Server, *words: str) -> list[Json]:
    """What `innkeep events --json` has."""
    found: list[Json] = json.loads(innkeep(server, "events", *words, "--limit", "10000", "--json"))
    return found


def names(found: list[Json]) -> set[str]:
    return {event["event"] for event in found}


def conninfo(server: Server) -> str:
    """The address of the server's own embedded database."""
    folder = server.data / "innkeep" / "postgres" / "data"
    socket_folder = (folder / "postmaster.pid").read_text().split("\n")[4]
    return f"postgresql://innkeep@/postgres?host={socket_folder}"


class Tail:
    """A running `innkeep events tail`, and the lines that it has printed."""

    def __init__(self, server: Server, *words: str) -> None:
        command = [str(INNKEEP), "events", "tail", *words, "--data", str(server.data / "innkeep")]
        self.process = subprocess.Popen(
            command,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heed,  # noqa: PLW1509 - it takes no lock
        )
        self.lines: list[str] = []
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line)

    def end(self, how: int = signal.SIGINT) -> tuple[int, str]:
        """Its exit code, and what it said beside."""
        self.process.send_signal(how)
        code = self.process.wait(20)
        self._reading.join()
        assert self.process.stderr is not None
        said = self.process.stderr.read()
        self.process.stdout.close()  # type: ignore[union-attr]
        self.process.stderr.close()
        return code, said


def _heed() -> None:
    """Tests that run in the background have it ignored, and so had what they start."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def tailing(server: Server, *words: str) -> Iterator[Tail]:
    tail = Tail(server, *words)
    try:
        yield tail
    finally:
        if tail.process.poll() is None:
            tail.process.kill()
            tail.end()


def test_show_tells_the_life_of_a_stream_with_who_when_and_command(
    server: Server, world: World, host: Person, guest: Person
) -> None:
    stay = world.confirmed(guest, world.listing(host))
    life = lines(innkeep(server, "events", "show", stay["id"], "--json"))
    assert [list(event) for event in life] == [KEYS] * len(life)
    assert [event["version"] for event in life] == [*range(1, len(life) + 1)]
    assert (life[0]["event"], life[0]["command"]) == ("reservation.requested.v1", "createReservation")
    assert (life[0]["actor"], life[0]["role"], life[0]["at"]) == (guest.id, "user", stay["createdAt"])
    told = innkeep(server, "events", "show", stay["id"])
    for word in ("reservation.requested.v1", "createReservation", guest.id, stay["createdAt"], "completes_at = "):
        assert word in told
    assert "\x1b" not in told, "colours are for terminals"
    assert "nothing is recorded" in innkeep(server, "events", "show", ABSENT, code=1)
    assert "is no stream" in innkeep(server, "events", "show", "nonsense", code=2)


def test_filters_hold_together(server: Server, world: World, host: Person, guest: Person) -> None:
    stay = world.confirmed(guest, world.listing(host))
    found = listed(server, "--name", "reservation.*", "--actor", guest.id)
    assert {event["event"].split(".")[0] for event in found} == {"reservation"}
    assert {event["actor"] for event in found} == {guest.id}
    assert stay["id"] in {event["stream"] for event in found}
    assert names(listed(server, "--name", "reservation.requested")) == {"reservation.requested.v1"}, "any version"
    assert names(listed(server, "--name", "listing.c?eated.v1", "--name", "user.*")) >= {
        "listing.created.v1",
        "user.registered.v1",
    }
    assert listed(server, "--name", "reservation_requested.v1") == [], "an underscore is no wildcard"
    assert {event["role"] for event in listed(server, "--actor", "system")} == {"system"}
    at = stay["createdAt"]
    exactly = listed(server, "--name", "reservation.requested", "--since", at, "--until", at)
    assert stay["id"] in {event["stream"] for event in exactly}
    assert listed(server, "--since", "9999-12-31") == []
    last = listed(server, stay["id"], "--last", "1")
    assert [event["version"] for event in last] == [len(listed(server, stay["id"]))]
    past = listed(server, stay["id"], "--after", str(last[0]["position"] - 1))
    assert past == last


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "soon"), "is no instant"),
        (("--since", "0001-01-01T00:00+14:00"), "is no instant"),
        (("--actor", "gus"), "is no actor"),
        (("--name", " "), "--name is empty"),
    ],
)
def test_a_filter_that_says_nothing_is_one_clear_line(server: Server, words: tuple[str, ...], said: str) -> None:
    told = innkeep(server, "events", *words, code=2)
    assert said in told
    assert len(told.splitlines()) == 1


def test_what_tells_of_people_is_veiled_unless_it_is_asked_for(server: Server, world: World) -> None:
    person = world.person(fullname="Ada Veil")
    for words in (
        ["events", "show", person.id],
        ["events", "--name", "user.*"],
        ["events", "show", person.id, "--json"],
    ):
        veiled = innkeep(server, *words)
        assert VEIL in veiled
        assert "Ada Veil" not in veiled
        assert person.email not in veiled
    hashed = innkeep(server, "events", "--name", "credential.*", "--last", "1")
    assert "password_hash" in hashed
    assert "argon2" not in hashed
    fields = lines(innkeep(server, "events", "show", person.id, "--json", "--personal"))[0]["fields"]
    assert (fields["email"], fields["profile"]["fullname"]) == (person.email, "Ada Veil")
    veil = lines(innkeep(server, "events", "show", person.id, "--json"))[0]["fields"]
    assert (veil["email"], veil["profile"]["bio"]) == (VEIL, None), "what is not there is not hidden"
    assert "It then stands on your screen" in " ".join(
        innkeep(server, "events", "show", "--help").replace("│", "").split()
    )


def test_tail_prints_each_event_once_in_order_and_ends_cleanly(server: Server, world: World, host: Person) -> None:
    with tailing(server, "--json", "--name", "listing.*", "--last", "1") as tail:
        until("the last one is shown", lambda: len(tail.lines) == 1)
        made = [world.listing(host)["id"] for _ in range(5)]
        ok(host.patch(f"/v1/listings/{made[0]}", {"title": "Another"}))
        until("all are shown", lambda: len(tail.lines) == 7)
        code, said = tail.end()
    assert (code, said) == (0, "")
    seen = lines("".join(tail.lines))
    assert [event["stream"] for event in seen[1:]] == [*made, made[0]]
    assert [event["position"] for event in seen] == sorted({event["position"] for event in seen})
    with tailing(server, "--json", "--name", "listing.*", "--after", str(seen[0]["position"])) as again:
        until("it goes on from there", lambda: len(again.lines) >= 6)
        assert again.end(signal.SIGTERM) == (0, "")
    assert lines("".join(again.lines)) == seen[1:]


def test_nothing_is_shown_past_an_open_transaction_and_it_is_said_why(
    server: Server, world: World, host: Person
) -> None:
    """The fence holds for this reader as for every other."""
    with tailing(server, "--json", "--last", "1") as tail, psycopg.connect(conninfo(server)) as writer:
        until("it follows", lambda: len(tail.lines) == 1)
        writer.execute("SELECT pg_current_xact_id()")
        held = world.listing(host)["id"]
        done = run_innkeep(server.data, "events", "--last", "1", "--data", "innkeep")
        assert (done.returncode, held in done.stdout) == (0, False)
        assert "a transaction under way holds the log back" in done.stderr
        assert len(tail.lines) == 1
        writer.rollback()
        until("it goes on", lambda: any(held in line for line in tail.lines))
        assert tail.end()[0] == 0


def test_a_reader_who_leaves_ends_it_without_a_word(server: Server, world: World, host: Person) -> None:
    world.listing(host)
    for words in ("events --limit 100000", "events tail --last 3"):
        command = f"{INNKEEP} {words} --data {server.data / 'innkeep'} | head -n 1; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            ["bash", "-c", command], env=environment(), capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr, len(done.stdout.splitlines())) == (0, "", 1)


def test_an_event_of_an_unknown_name_or_form_is_shown_raw_with_a_note(own_world: World) -> None:
    server = own_world.server
    stream, secret = uuid4(), '{"place": "the moon", "count": 3}'
    with psycopg.connect(conninfo(server)) as newer:
        for version, name, state in ((1, "rocket.launched.v9", secret), (2, "listing.created.v1", '{"host": 3}')):
            newer.execute(
                """SELECT reached FROM append_events(ARRAY[%(s)s]::uuid[], ARRAY[%(v)s]::int[], ARRAY[%(n)s]::text[],
                  ARRAY[%(b)s]::bytea[], ARRAY[%(c)s]::uuid[], ARRAY[%(c)s]::uuid[], '{launch}', '{NULL}', '{system}',
                  '{NULL}', '{default}', '{newer}', '{NULL}', ARRAY[now()], '{NULL}', '{NULL}', '{NULL}')""",
                {"s": stream, "v": version, "n": name, "b": state.encode(), "c": uuid4()},
            )
    unknown, broken = lines(innkeep(server, "events", "show", str(stream), "--json"))
    assert (unknown["event"], unknown["fields"]) == ("rocket.launched.v9", {"place": VEIL, "count": 3})
    assert "unknown to this version" in unknown["note"]
    assert "cannot be read" in broken["note"]
    raw = lines(innkeep(server, "events", "show", str(stream), "--json", "--personal"))[0]
    assert raw["fields"] == json.loads(secret)
    assert "unknown to this version" in innkeep(server, "events", "--last", "2")
    with tailing(server, "--last", "2", "--json") as tail:
        person = own_world.person()
        until("it goes on past them", lambda: any(person.id in line for line in tail.lines))
        assert tail.end()[0] == 0


def test_a_terminal_gets_colours_and_control_characters_reach_no_terminal(
    server: Server, world: World, host: Person
) -> None:
    listing = world.listing(host, title="a\x9b31mb")
    ours, theirs = pty.openpty()
    words = ["events", "show", listing["id"], "--data", str(server.data / "innkeep")]
    with os.fdopen(ours, "rb", buffering=0) as screen:
        done = subprocess.Popen([INNKEEP, *words], env=environment() | {"TERM": "xterm"}, stdout=theirs)
        os.close(theirs)
        told = b""
        while done.poll() is None or not told:
            try:
                told += screen.read(65536)
            except OSError:
                break
        assert done.wait(60) == 0
    text = told.decode()
    assert "\x1b[36mlisting.created.v1" in text
    assert "\x9b" not in text


def test_tail_waits_for_a_database_that_goes_away_and_skips_nothing(folder: Path) -> None:
    server = Server(folder / "server")
    try:
        with World(server.start()) as before, tailing(server, "--json", "--after", "0", "--name", "user.*") as tail:
            first = before.person().id
            until("it follows", lambda: any(first in line for line in tail.lines))
            assert server.end() == 0
            with World(server.start()) as after:
                second = after.person().id
                until("it goes on", lambda: any(second in line for line in tail.lines))
            code, said = tail.end()
        assert (code, "Waiting for it" in said, "the database is back" in said) == (0, True, True), said
        positions = [event["position"] for event in lines("".join(tail.lines))]
        assert positions == sorted(set(positions)), "nothing twice"
    finally:
        server.stop()


def test_the_command_may_stand_behind_its_options(server: Server, world: World, host: Person) -> None:
    listing = world.listing(host)
    told = innkeep(server, "events", "--json", "--name", "listing.*", "show", listing["id"])
    assert [event["stream"] for event in lines(told)] == [listing["id"]]
