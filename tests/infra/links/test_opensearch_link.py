"""The link to OpenSearch, with TLS and a password or a key, which a proxy before it asks for."""

from __future__ import annotations

import base64
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from commands.ports import Unavailable
from infra.opensearch.client import Cluster, Refused
from infra.opensearch.wiring import cluster_of
from infra.settings import Settings, SettingsError
from tests.services.tls import Authority

pytestmark = pytest.mark.anyio
USER, PASSWORD = "innkeep", "only / for: tests"
KEY = "os_a-key.only~for+tests/1="
EXPECTED = {"Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode(), f"ApiKey {KEY}"}


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def port(opensearch: str, authority: Authority) -> Iterator[int]:
    """HTTPS before a real OpenSearch, for those with the password or the key."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.headers.get("authorization") in EXPECTED:
                found = httpx.get(opensearch + self.path)
                self.tell(found.status_code, found.content)
            else:
                self.tell(401, b'{"error": {"type": "security_exception", "reason": "no valid password or key"}}')

        def tell(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """It keeps quiet."""

    issued = authority.issue("localhost", address="127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(issued.certificate, issued.key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def address(port: int, password: str = "only%20%2F%20for%3A%20tests") -> str:
    return f"https://{USER}:{password}@127.0.0.1:{port}"


async def test_a_user_with_a_password_is_answered_over_tls(port: int, authority: Authority) -> None:
    async with Cluster(address(port), ca_file=str(authority.ca)) as cluster:
        assert (await cluster.ask("GET", "/"))["version"]["distribution"] == "opensearch"


async def test_a_wrong_password_is_refused_and_not_repeated(port: int, authority: Authority) -> None:
    async with Cluster(address(port, "mistaken"), ca_file=str(authority.ca)) as cluster:
        with pytest.raises(Refused, match="no valid password") as refused:
            await cluster.ask("GET", "/")
    assert refused.value.status == 401
    assert "mistaken" not in str(refused.value)


async def test_a_key_is_answered_over_tls(port: int, authority: Authority) -> None:
    """As the settings name it."""
    cluster = cluster_of(
        Settings(
            opensearch_url=SecretStr(f"https://127.0.0.1:{port}"),
            opensearch_api_key=SecretStr(KEY),
            opensearch_ca_file=str(authority.ca),
        )
    )
    assert cluster is not None
    async with cluster:
        assert (await cluster.ask("GET", "/"))["version"]["distribution"] == "opensearch"


async def test_a_wrong_key_is_refused_and_not_repeated(port: int, authority: Authority) -> None:
    async with Cluster(f"https://127.0.0.1:{port}", api_key="os_mistaken", ca_file=str(authority.ca)) as cluster:
        with pytest.raises(Refused, match="no valid password or key") as refused:
            await cluster.ask("GET", "/")
    assert refused.value.status == 401
    assert "mistaken" not in f"{refused.value!r} {refused.value.__cause__!r}"


@pytest.mark.parametrize(
    ("url", "key", "why"),
    [
        ("https://innkeep:secret@127.0.0.1", "os_secret", "has a user: take one of the two away"),
        ("https://127.0.0.1, https://innkeep:secret@127.0.0.1", "os_secret", "has a user"),
        (None, "os_secret", "without INNKEEP_OPENSEARCH_URL"),
        ("https://127.0.0.1", "os_secret\r\nhost: elsewhere", "must be of ASCII characters"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused(url: str | None, key: str, why: str) -> None:
    told = Settings(opensearch_url=SecretStr(url) if url else None, opensearch_api_key=SecretStr(key))
    with pytest.raises(SettingsError, match=why) as refused:
        cluster_of(told)
    assert "secret" not in str(refused.value)


async def test_a_certificate_of_another_authority_is_not_believed(port: int, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    async with Cluster(address(port), ca_file=str(stranger.ca)) as cluster:
        with pytest.raises(Unavailable):
            await cluster.ask("GET", "/", attempts=1)
