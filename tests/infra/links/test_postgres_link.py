"""The link to PostgreSQL, with TLS: the server is believed by its certificate and its name."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from psycopg.conninfo import conninfo_to_dict

from commands.ports import Unavailable
from infra.postgres.conninfo import bounded
from infra.postgres.line import Line
from tests.services.tls import Authority, before

pytestmark = pytest.mark.anyio


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def port(database: str, authority: Authority) -> Iterator[int]:
    """TLS before the test's database, under the name `localhost`."""
    known = conninfo_to_dict(database)

    def target() -> socket.socket:
        host, port = str(known["host"]), int(known.get("port") or 5432)
        if not host.startswith("/"):
            return socket.create_connection((host, port))
        found = socket.socket(socket.AF_UNIX)
        found.connect(f"{host}/.s.PGSQL.{port}")
        return found

    with before(target, authority.issue("localhost"), postgres=True) as port:
        yield port


def address(database: str, port: int, host: str, ca: Path) -> str:
    known = conninfo_to_dict(database)
    options = quote(str(known.get("options", "")))
    return (
        f"postgresql://{known['user']}@{host}:{port}/{known.get('dbname', 'postgres')}"
        f"?sslmode=verify-full&sslrootcert={quote(str(ca))}&options={options}"
    )


async def asked(conninfo: str) -> object:
    line = Line(bounded(conninfo, idle_seconds=10), "test", patience=0.5)
    try:
        return await line.ask("SELECT 1")
    finally:
        await line.close()


async def test_a_server_with_the_right_certificate_is_believed(database: str, port: int, authority: Authority) -> None:
    assert await asked(address(database, port, "localhost", authority.ca)) == [(1,)]


async def test_a_server_of_another_name_is_not(database: str, port: int, authority: Authority) -> None:
    with pytest.raises(Unavailable) as refused:
        await asked(address(database, port, "127.0.0.1", authority.ca))
    assert "does not match host name" in str(refused.value.__cause__)


async def test_a_certificate_of_another_authority_is_not(database: str, port: int, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        await asked(address(database, port, "localhost", Authority(tmp_path, "stranger").ca))
    assert "certificate verify failed" in str(refused.value.__cause__)
