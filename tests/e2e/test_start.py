"""Starting, ending, and the one clear line when it cannot be."""

import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from infra.cli.serving import listen
from infra.http.streaming import PATIENCE as STREAM_PATIENCE
from tests.e2e.server import INNKEEP, Server, environment, free_port, run_innkeep, until
from tests.e2e.talk import ok, refused
from tests.e2e.world import World, rows
from tests.services.stubborn import hanging

SUPERADMIN = {"SUPERADMIN_EMAIL": "root@example.com", "SUPERADMIN_PASSWORD": "a long password"}


def says_no(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """Exit 2, one clear line on stderr, no traceback."""
    assert done.returncode == 2, (done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word.lower() in lines[0].lower(), lines[0]


def serve(cwd: Path, *args: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return run_innkeep(cwd, "serve", "--port", str(free_port()), "--data", str(cwd / "data"), *args, **settings)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    try:
        yield server.start()
    finally:
        server.stop()


def test_a_port_in_use(folder: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        says_no(run_innkeep(folder, "serve", "--port", port, "--data", str(folder / "data"), MODE="sandbox"), port)


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="where the system has no such limit")
def test_a_caller_who_is_gone_or_takes_nothing_is_noticed_by_the_system() -> None:
    """Only the system can give up what it has to send, and nobody takes."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) > STREAM_PATIENCE * 1000


def test_a_data_folder_in_use(server: Server, folder: Path) -> None:
    done = run_innkeep(
        folder, "serve", "--port", str(free_port()), "--data", str(server.data / "innkeep"), MODE="sandbox"
    )
    says_no(done, str(server.data / "innkeep"))


def test_a_data_folder_that_is_a_file(folder: Path) -> None:
    (folder / "file").write_text("")
    for data in (folder / "file", folder / "file" / "below"):
        done = run_innkeep(folder, "serve", "--port", str(free_port()), "--data", str(data), MODE="sandbox")
        says_no(done, str(data), "not a directory")


def test_a_file_of_settings_that_cannot_be_read(folder: Path) -> None:
    (folder / ".env").write_bytes(b"INNKEEP_MODE=\xff\xfe\n")
    says_no(serve(folder, MODE="sandbox"), ".env cannot be read")


def test_a_database_that_takes_too_few_connections(postgres: str, folder: Path) -> None:
    """Whichever of them is the first that is not had."""
    name = f"keeper_{uuid4().hex}"
    role = sql.Identifier(name)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN CONNECTION LIMIT 6").format(role))
        connection.execute(sql.SQL("CREATE SCHEMA {0} AUTHORIZATION {0}").format(role))  # as search_path has it
        try:
            url = make_conninfo(postgres, user=name)
            says_no(serve(folder, MODE="sandbox", DATABASE_URL=url, LOG_LEVEL="error"), "connections")
        finally:
            connection.execute(sql.SQL("DROP OWNED BY {} CASCADE").format(role))
            connection.execute(sql.SQL("DROP ROLE {}").format(role))


def test_an_unknown_setting(folder: Path) -> None:
    says_no(serve(folder, MODE="sandbox", COLOUR="red"), "INNKEEP_COLOUR")
    (folder / ".env").write_text("INNKEEP_FLAVOUR=mint\n")
    says_no(serve(folder, MODE="sandbox"), "INNKEEP_FLAVOUR")


@pytest.mark.parametrize("setting", [{"MODE": "holiday"}, {"PAYMENTS": "cash"}])
def test_a_value_that_is_not_understood(folder: Path, setting: dict[str, str]) -> None:
    says_no(serve(folder, **({"MODE": "sandbox"} | setting)), *(f"INNKEEP_{name}" for name in setting))


def test_production_without_a_superadmin(folder: Path) -> None:
    """Production is the default of `innkeep serve`."""
    says_no(serve(folder, PAYMENTS="simulator"), "SUPERADMIN")
    says_no(serve(folder, MODE="production", PAYMENTS="simulator"), "SUPERADMIN")
    says_no(serve(folder, PAYMENTS="simulator", SUPERADMIN_EMAIL="root@example.com"), "SUPERADMIN_PASSWORD")


def test_production_without_a_stripe_key(folder: Path) -> None:
    says_no(serve(folder, **SUPERADMIN), "STRIPE")


def test_the_sandbox_listens_on_loopback_only(folder: Path) -> None:
    says_no(serve(folder, "--host", "0.0.0.0", MODE="sandbox"), "loopback")


def test_production_with_a_simulator_starts_has_no_clock_and_no_default_user(folder: Path) -> None:
    with running(Server(folder / "server", {"MODE": "production", "PAYMENTS": "simulator"} | SUPERADMIN)) as server:
        with httpx.Client(base_url=server.url, timeout=30) as http:
            assert http.get("/sandbox/clock").status_code == 404
            wrong = {"username": "admin@innkeep.example", "password": "innkeep-admin"}
            assert http.post("/login", json=wrong).status_code == 401
            right = {"username": SUPERADMIN["SUPERADMIN_EMAIL"], "password": SUPERADMIN["SUPERADMIN_PASSWORD"]}
            session = ok(http.post("/login", json=right))
            assert session["roleId"] == "superAdmin"
            token = {"Authorization": f"Bearer {session['accessToken']}"}
            assert http.post("/sandbox/clock", json={"advance": "P1D"}, headers=token).status_code == 404
        assert server.end() == 0
        # The database is no longer empty: the credentials are not needed again.
        del server.settings["SUPERADMIN_EMAIL"], server.settings["SUPERADMIN_PASSWORD"]
        server.start()


def test_a_second_start_on_the_same_data_finds_everything(folder: Path) -> None:
    with running(Server(folder / "server")) as server, World(server) as world:
        host, guest = world.person(), world.person()
        place = world.listing(host)
        stay = world.confirmed(guest, place)
        cookie = guest.token
        assert server.end() == 0
        server.start()
        assert ok(world.nobody.get(f"/v1/listings/{place['id']}"))["listing"] == place
        assert world.see(guest, stay) == stay, "a session outlives a restart"
        assert world.records(stay, "charge")
        assert world.login(guest.email).token != cookie
        again = guest.post("/v1/reservations", world.stay(place))
        assert again.status_code == 409
        assert len(rows(world.root, "/v1/users", roleId="superAdmin")) == 1, (
            "the first start alone makes the superAdmin"
        )


def test_an_idempotent_answer_survives_a_restart(folder: Path) -> None:
    with running(Server(folder / "server")) as server, World(server) as world:
        host = world.person()
        key = {"Idempotency-Key": "before-and-after"}
        body = {"listingId": world.listing(host)["id"], "date": world.day(3), "isAvailable": True}
        first = host.post("/v1/listingcalendars", body, key)
        assert server.end() == 0
        server.start()
        again = host.post("/v1/listingcalendars", body, key)
        assert again.headers["Idempotent-Replayed"] == "true"
        assert again.json() == first.json()


def test_sigterm_ends_in_time_with_a_request_under_way(folder: Path) -> None:
    """A long poll does not hold the end up, and is answered: nothing has come, and it may ask again elsewhere."""
    server = Server(folder / "server").start()
    with World(server) as world, socket.create_connection(("127.0.0.1", server.port), timeout=30) as polling:
        token = world.root.headers["Authorization"].encode()
        polling.sendall(
            b"GET /operators/synchronization?wait=30 HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\n\r\n" % token
        )
        assert ok(world.root.get("/operators/synchronization")), "what came before this is under way"
        assert server.end() == 0
        told = polling.makefile("rb").read()
        assert told.startswith(b"HTTP/1.1 200 "), told
        assert told.endswith(b'{"nextId":1,"events":[]}'), told
        assert "exception" not in server.words()


def test_who_is_cut_off_by_an_end_is_told_to_ask_again(folder: Path) -> None:
    """A payment that the provider takes its time for: the end does not wait for it, nor leaves a bare 500."""
    with hanging() as url, ThreadPoolExecutor() as threads:
        server = Server(folder / "server", {"STRIPE_API_KEY": "sk_test_1", "STRIPE_API_BASE": url}).start()
        with World(server) as world:
            guest = world.person()
            stay = world.book(guest, world.listing(world.person()))
            paying = threads.submit(world.start, guest, stay)
            until("Stripe is asked", lambda: "Request to Stripe api" in server.words())
            assert server.end() == 0
            refused(paying.result(), 503, "UNAVAILABLE")
            assert paying.result().headers["Retry-After"] == "1"
        assert "exception" not in server.words()


def test_a_rebuild_that_is_due_keeps_nobody_out(database: str, folder: Path) -> None:
    """A release that declares a read model anew is ready all the same: until the rebuild, what there is goes on."""
    with running(Server(folder / "server", {"DATABASE_URL": database})) as server:
        assert server.end() == 0
        with psycopg.connect(database) as connection:
            connection.execute("UPDATE read_model SET declaration = 'of an earlier release' WHERE name = 'listing'")
        server.start()
        told = httpx.get(f"{server.url}/admin/health").json()
        assert told["status"] == "OK"
        assert "`innkeep rebuild listing`" in told["warnings"]["readModels"]


def test_sigterm_ends_in_time_whatever_a_search_engine_does(folder: Path) -> None:
    """One that takes a request and never answers keeps nobody."""
    with hanging() as url:
        server = Server(folder / "server", {"OPENSEARCH_URL": url})
        server.launch()
        until("it answers", server.answers, 90)
        until("it has asked", lambda: "search index is rebuilt" in server.words())
        assert server.end() == 0


@pytest.mark.timeout(300)
def test_the_demo_plays_its_story_and_ends(folder: Path) -> None:
    done = run_innkeep(folder, "demo", "--port", str(free_port()), "--exit")
    assert done.returncode == 0, (done.stdout[-3000:], done.stderr[-3000:])
    assert done.stdout.strip(), "it tells what it does"


@pytest.mark.parametrize("words", ["is starting", "Hanna lists"])
def test_who_stops_the_demo_leaves_nothing_and_is_told_of_no_failure(folder: Path, words: str) -> None:
    """While it starts, and in the middle of the story."""
    demo = subprocess.Popen(
        [INNKEEP, "demo", "--port", str(free_port())],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert demo.stdout is not None
    told = ""
    while words not in told:
        line = demo.stdout.readline()
        assert line, told
        told += line
    if words == "is starting":
        until("its database is started", (folder / ".innkeep/postgres/data/postmaster.pid").exists, 90)
    demo.terminate()
    rest, _ = demo.communicate(timeout=60)
    assert (demo.returncode, "✗" in rest) == (0, False), rest
    assert not (folder / ".innkeep/postgres/data/postmaster.pid").exists()


@pytest.mark.timeout(300)
def test_the_demo_plays_on_an_empty_database_and_on_none_that_has_a_log_by_the_right_time(
    database: str, folder: Path
) -> None:
    """It moves the clock by weeks, and a clock never goes back."""

    def demo() -> subprocess.CompletedProcess[str]:
        return run_innkeep(folder, "demo", "--port", str(free_port()), "--exit", DATABASE_URL=database)

    first = demo()
    assert first.returncode == 0, (first.stdout[-3000:], first.stderr[-3000:])
    with psycopg.connect(database) as connection:
        ((positions,),) = connection.execute("SELECT max(position) FROM event").fetchall()
        connection.execute("UPDATE clock SET ahead = 0")
    says_no(demo(), "INNKEEP_MODE=sandbox")
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT max(position), max(ahead) FROM event, clock").fetchall() == [(positions, 0)]
