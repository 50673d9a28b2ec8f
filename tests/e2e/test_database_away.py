"""The database goes away and comes back: the product says so, by name, and goes on by itself."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from infra.postgres.embedded import EmbeddedPostgres
from tests.e2e.server import Server, until


class Database:
    """A database that can be taken away."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running = EmbeddedPostgres.start(folder, durable=False)
        self.url = self.running.conninfo

    def back(self) -> None:
        self.running = EmbeddedPostgres.start(self.folder, durable=False)


@pytest.fixture
def database_url() -> Iterator[Database]:
    with TemporaryDirectory(prefix="innkeep-away-") as folder:
        database = Database(Path(folder) / "postgres")
        yield database
        with suppress(OSError):
            database.running.stop()


def test_it_is_named_in_health_and_answers_503_and_comes_back_without_a_restart(database_url: Database) -> None:
    with TemporaryDirectory(prefix="innkeep-away-") as folder:
        server = Server(Path(folder) / "server", {"DATABASE_URL": database_url.url}).start()
        with httpx.Client(base_url=server.url, timeout=30, trust_env=False) as http:
            someone = {"email": "anna@people.example", "password": "anna-secret", "fullname": "Anna"}
            assert http.post("/v1/registeruser", json=someone).status_code == 201
            database_url.running.stop()
            for path in ("/health", "/admin/health"):
                sick = http.get(path)
                assert (sick.status_code, sick.json()["status"]) == (503, "ERR")
                assert sick.json()["problems"]["database"] == "The database is away."
                assert "Retry-After" in sick.headers
            for refused in (http.get("/v1/listings"), http.post("/v1/registeruser", json=someone)):
                assert (refused.status_code, refused.json()["errCode"]) == (503, "UNAVAILABLE")
                assert "Retry-After" in refused.headers
                assert "/" not in refused.json()["message"]
            database_url.back()
            until("it is well again", lambda: http.get("/health").status_code == 200)
            login = http.post("/login", json={"username": someone["email"], "password": someone["password"]})
            assert login.status_code == 200
            other = someone | {"email": "ben@people.example"}
            assert http.post("/v1/registeruser", json=other, headers={"Idempotency-Key": "b"}).status_code == 201
        server.stop()
