"""An OpenSearch that is none: one that takes what is asked and never answers, and one that refuses all of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REFUSED = {"type": "security_exception", "reason": "no permissions for [indices:admin/aliases/get]"}


@contextmanager
def hanging() -> Iterator[str]:
    """Its address. It says that it has nothing yet, and is silent when something is to be written."""
    released = threading.Event()

    class Handler(_Quiet):
        def do_GET(self) -> None:
            self.say(200, {})

        def do_PUT(self) -> None:
            released.wait()

        do_POST = do_PUT  # noqa: N815

    with _serving(Handler) as url:
        try:
            yield url
        finally:
            released.set()


@contextmanager
def refusing() -> Iterator[str]:
    """Its address. Whoever asks has no right to."""

    class Handler(_Quiet):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.say(403, {"error": REFUSED | {"root_cause": [REFUSED]}, "status": 403})

        do_PUT = do_POST = do_GET  # noqa: N815

    with _serving(Handler) as url:
        yield url


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def say(self, status: int, told: object) -> None:
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the library has it
        """Nothing."""


@contextmanager
def _serving(handler: type[_Quiet]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
