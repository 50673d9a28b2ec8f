"""A small HTTP server that answers as Stripe does for PaymentIntents and Refunds, idempotency keys included."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Json = dict[str, Any]
Told = tuple[int, Json]

STATUS = {"pm_card_visa": "succeeded", "pm_card_authenticationRequired": "requires_action"}
METHODS = {*STATUS, "pm_card_chargeDeclined"}


def error(kind: str, code: str, status: int, **more: Any) -> Told:
    """An error in Stripe's form."""
    return status, {"error": {"type": kind, "code": code, "message": f"No: {code}.", **more}}


@dataclass
class Stripe:
    """What the other side knows, and what it was asked."""

    address: str = ""
    intents: dict[str, Json] = field(default_factory=dict)
    refunds: list[Json] = field(default_factory=list)
    kept: dict[str, Told] = field(default_factory=dict)
    asked: list[tuple[str, str, Json, str | None]] = field(default_factory=list)
    breaks: list[str] = field(default_factory=list)
    """What to do next instead of answering: `500`, `429`, `declined`, or `unknown`, as of another account's objects;
    `fault` is a 500 that is answered again whenever the key comes again, `lost` one after what was asked for was done.
    """
    refund_status: str = "succeeded"
    """How a refund stands that is asked for."""
    searchable: bool = True
    """Whether the search has what was made, or lags behind."""
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    def answer(self, method: str, path: str, params: Json, key: str | None) -> Told:
        self.asked.append((method, path, params, key))
        if self.breaks:
            if (how := self.breaks.pop(0)) == "lost":
                self.told(method, path.strip("/").split("/")[1:], params)
            told = self.broken(how)
            if how in {"fault", "lost"} and key is not None:
                self.kept[key] = told
            return told
        if key is not None and key in self.kept:
            return self.kept[key]
        told = self.told(method, path.strip("/").split("/")[1:], params)
        if key is not None:
            self.kept[key] = told
        return told

    def broken(self, how: str) -> Told:
        if how == "declined":
            return error("card_error", "card_declined", 402)
        if how == "unknown":
            return error("invalid_request_error", "resource_missing", 404)
        if how == "429":
            return error("rate_limit_error", "lock_timeout", 429)
        return error("api_error", "processing_error", 500)

    def told(self, method: str, path: list[str], params: Json) -> Told:
        match (method, path):
            case ("POST", ["payment_intents"]):
                return self.create(params)
            case ("GET", ["payment_intents", "search"]):
                return self.found(params["query"])
            case ("GET", ["refunds"]):
                return listed(r for r in self.refunds if r["payment_intent"] == params["payment_intent"])
            case ("GET", ["payment_intents", id]):
                return 200, self.intents[id]
            case ("POST", ["payment_intents", id, "capture"]):
                return self.move(id, {"requires_capture"}, "succeeded")
            case ("POST", ["payment_intents", id, "cancel"]):
                return self.move(id, {"requires_capture", "requires_action", "requires_payment_method"}, "canceled")
            case ("POST", ["refunds"]):
                return self.refund(params)
        return error("invalid_request_error", "resource_missing", 404)

    def found(self, query: str) -> Told:
        """By an attempt, as `metadata['attemptId']:'…'` asks for it."""
        attempt = query.removeprefix("metadata['attemptId']:'").removesuffix("'")
        same = (i for i in self.intents.values() if i["metadata"]["attemptId"] == attempt)
        return listed(same if self.searchable else ())

    def create(self, params: Json) -> Told:
        method = params["payment_method"]
        if method not in METHODS:
            return error("invalid_request_error", "resource_missing", 400, param="payment_method")
        id = f"pi_{next(self.ids)}"
        declined = method not in STATUS
        status = "requires_payment_method" if declined else STATUS[method]
        if status == "succeeded" and params["capture_method"] == "manual":
            status = "requires_capture"
        intent: Json = {
            "id": id,
            "object": "payment_intent",
            "amount": int(params["amount"]),
            "currency": params["currency"],
            "status": status,
            "metadata": marks(params),
            "client_secret": f"{id}_secret",
            "latest_charge": f"ch_{id}" if status in {"succeeded", "requires_capture"} else None,
            "last_payment_error": {"type": "card_error", "code": "card_declined"} if declined else None,
        }
        self.intents[id] = intent
        if declined:
            return error("card_error", "card_declined", 402, payment_intent=intent, charge=f"ch_{id}")
        return 200, intent

    def move(self, id: str, from_: set[str], to: str) -> Told:
        if self.intents[id]["status"] not in from_:
            return error("invalid_request_error", "payment_intent_unexpected_state", 400)
        self.intents[id] = self.intents[id] | {"status": to}
        return 200, self.intents[id]

    def refund(self, params: Json) -> Told:
        intent, amount = self.intents[params["payment_intent"]], int(params["amount"])
        gone = {"failed", "canceled"}
        back = sum(r["amount"] for r in self.refunds if r["payment_intent"] == intent["id"] and r["status"] not in gone)
        if intent["status"] != "succeeded" or back + amount > intent["amount"]:
            return error("invalid_request_error", "charge_already_refunded", 400)
        refund: Json = {"id": f"re_{next(self.ids)}", "object": "refund", "status": self.refund_status}
        refund |= {"amount": amount, "payment_intent": intent["id"], "metadata": marks(params)}
        self.refunds.append(refund)
        return 200, dict(refund)


def marks(params: Json) -> Json:
    """The metadata of a request."""
    return {k.removeprefix("metadata[").removesuffix("]"): v for k, v in params.items() if k.startswith("metadata[")}


def listed(objects: Iterable[Json]) -> Told:
    """A page of all of them."""
    return 200, {"object": "list", "data": [dict(o) for o in objects], "has_more": False}


@contextmanager
def stripe_server() -> Iterator[Stripe]:
    """The server's side, while it listens."""
    stripe = Stripe()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            key = self.headers.get("Idempotency-Key") if self.command == "POST" else None
            asked = urlsplit(self.path)
            status, told = stripe.answer(self.command, asked.path, dict(parse_qsl(body or asked.query)), key)
            payload = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        do_GET = do_POST = serve  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    stripe.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield stripe
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
