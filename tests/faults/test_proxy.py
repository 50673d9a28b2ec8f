"""The bad network does what it says."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.faults.proxy import Network


@pytest.fixture
def network() -> Iterator[Network]:
    network = Network()
    yield network
    network.close()


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that says what it hears."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(ConnectionError):
                    while heard := connection.recv(100):
                        connection.sendall(heard)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


def connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(b"hello")
    assert connection.recv(100) == b"hello"
    return connection


def test_bytes_pass_both_ways_and_are_held_back_when_told(network: Network, echo: int) -> None:
    proxy = network.to_port(echo)
    with connected(proxy.port) as connection:
        proxy.delay = 0.05
        began = time.monotonic()
        connection.sendall(b"slow")
        assert connection.recv(100) == b"slow"
        assert time.monotonic() - began >= 0.1


def test_a_cut_breaks_what_is_open_and_not_what_comes_after(network: Network, echo: int) -> None:
    proxy = network.to_port(echo)
    with connected(proxy.port) as connection:
        assert proxy.cut() == 1
        with pytest.raises(ConnectionError):
            connection.recv(100)
    connected(proxy.port).close()


def test_nobody_behind_it_is_a_broken_connection(network: Network) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    proxy = network.to_port(port)
    with (
        contextlib.suppress(ConnectionError),  # as soon as it connects, or when it reads
        socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection,
    ):
        assert connection.recv(100) == b""
