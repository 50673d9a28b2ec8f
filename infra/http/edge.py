"""What every request goes through before a rule sees it: who it is, what it says, and how errors come back."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from commands.bus import Unauthenticated
from commands.ports import Key, Unavailable, Wanted
from domain.errors import DomainError, Invalid, NotAllowed
from infra.http.envelope import FARTHEST, Context, canonical, decode, failure, request_id_of
from infra.http.failures import TooLarge, failed
from infra.identity.callers import Credentials
from infra.log import Seldom

if TYPE_CHECKING:
    from infra.product import Product

TOKEN = "airbnb3-access-token"  # noqa: S105 - the name of a header and a cookie
JSON = "application/json"
POSITION = "X-Event-Position"
"""The header that says how far the log had come."""
REPLAYED = "Idempotent-Replayed"
"""The header of an answer that was given before."""
NONE: Mapping[str, str] = MappingProxyType({})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
FROM_ELSEWHERE = "A request that changes data and carries only a cookie must come from an allowed Origin."
Endpoint = Callable[[Request, Context], Awaitable[Response]]
Foresight = Callable[[Request, Context], Awaitable[Sequence[Wanted]]]
"""The streams that an endpoint will read whoever asks, as far as the request tells them; it raises nothing."""
log = structlog.get_logger("http")


class Ready(Response):
    """A JSON answer whose bytes are made: nothing encodes or looks at them again."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        self.status_code, self.body, self.background = status, body, None
        self.raw_headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()),
        ]


def answer(body: bytes, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    """A JSON answer that is ready."""
    return Ready(body, status, headers)


def heard(request: Request) -> dict[str, str]:
    """The request's headers by their names in small letters; the first of a name counts. Looked up many times."""
    headers: list[tuple[bytes, bytes]] = request.scope["headers"]
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(headers)}


class Edge:
    """Wraps endpoints: context, caller, errors."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.limit = product.settings.body_limit_bytes
        self.warned = Seldom()

    def open(
        self,
        endpoint: Endpoint,
        *,
        public: bool,
        api_auth: bool = False,
        anonymous: bool = False,
        changes: bool = True,
        foresees: Foresight | None = None,
    ) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint as the web framework calls it.

        A `public` one answers bad credentials as it answers none; any other needs a caller (401). On an `anonymous` one
        credentials are not even looked at. One that says it changes nothing is asked as a GET is, whatever its method.
        What it `foresees` is read in the question that finds the caller.
        """

        async def endpoint_of(request: Request) -> Response:
            scope, parameters = request.scope, request.query_params if request.scope["query_string"] else NONE
            context = Context(
                request_id_of(parameters.get("requestId"), secrets.token_hex(16)),
                scope["method"],
                scope["path"],
                scope["client"][0] if scope.get("client") else None,
                headers=heard(request),
            )
            try:
                if not anonymous:
                    credentials = self.credentials(request, context, public=public, api_auth=api_auth, changes=changes)
                    wanted = await foresees(request, context) if foresees and credentials.found else ()
                    await self.identify(context, credentials, wanted, public=public)
                response = await endpoint(request, context)
            except (DomainError, Unavailable) as error:
                problem = failed(error)
                if isinstance(error, Unavailable):
                    self.warn(context, error)
                response = answer(problem.body, problem.status, problem.headers)
            except asyncio.CancelledError:  # by the web server, which ends and has waited long enough
                problem = failed(Unavailable("This server is being stopped: ask again."))
                response = answer(problem.body, problem.status, problem.headers)
            except Exception:
                log.exception("unexpected", request_id=context.request_id, method=context.method, path=context.path)
                response = answer(
                    failure(
                        500,
                        "INTERNAL",
                        "Something went wrong here. It has been logged.",
                        {"requestId": context.request_id},
                    ),
                    500,
                )
            response.raw_headers.append((b"x-request-id", context.request_id.encode()))
            self.note(context, response)
            return response

        return endpoint_of

    def warn(self, context: Context, error: Unavailable) -> None:
        """A line for the first request that meets a trouble, and now and then one for those that follow."""
        requests = self.warned.times(error.matter)
        if requests:
            known = {"request_id": context.request_id, "path": context.path}
            log.warning("unavailable", **known, why=str(error), requests=requests)

    def note(self, context: Context, response: Response) -> None:
        """One line a request. Query strings stay out: a token may stand there."""
        if not logging.getLogger("http").isEnabledFor(logging.INFO):
            return  # before anything is put together that nobody reads
        log.info(
            "request",
            request_id=context.request_id,
            method=context.method,
            path=context.path,
            status=response.status_code,
            ms=context.elapsed_ms,
            user=str(context.actor.id) if context.actor.id else None,
        )

    def credentials(
        self, request: Request, context: Context, *, public: bool, api_auth: bool, changes: bool
    ) -> Credentials:
        """What the caller brings, as far as it counts. Raises NotAllowed for a change by a cookie from elsewhere."""
        credentials = credentials_of(request, context, api_auth=api_auth)
        changes = changes and request.method not in SAFE
        forged = changes and credentials.by_cookie and not self.from_here(request, context)
        if forged and not public:
            raise NotAllowed(FROM_ELSEWHERE)
        context.disowned = forged
        return Credentials() if forged else credentials  # a stranger may ask this too, so a stranger it is

    async def identify(
        self, context: Context, credentials: Credentials, wanted: Sequence[Wanted], *, public: bool
    ) -> None:
        """Who calls, as of now. Raises Unauthenticated, Unavailable."""
        callers = self.product.callers
        reads = context.method in SAFE and POSITION.lower() not in context.headers
        if public:
            context.actor, _, context.wrote = await callers.caller_if_any(credentials, position=reads)
            return
        context.actor, context.ahead, context.wrote = await callers.caller_and(credentials, wanted, position=reads)
        if not context.actor.known:
            raise Unauthenticated("This needs a login: send a valid access token or API key.")

    def from_here(self, request: Request, context: Context) -> bool:
        """Does the Origin, or else the Referer, name a place that pages may act from?"""
        source = context.headers.get("origin") or context.headers.get("referer")
        if not source:
            return False
        try:
            parts = urlsplit(source)
        except ValueError:  # brackets with no address in them
            return False
        origin = f"{parts.scheme}://{parts.netloc}"
        allowed = self.product.settings.allowed_origins or (f"{request.url.scheme}://{request.url.netloc}",)
        return origin in allowed

    async def body(self, request: Request, context: Context) -> bytes:
        """The raw body. Raises TooLarge past the limit, before reading further; Invalid if the caller hangs up in the
        middle, whom no answer reaches, and which is no fault of the server's.
        """
        declared = context.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self.limit:
            raise TooLarge(f"The body may have at most {self.limit} bytes.")
        body, more = b"", True
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise Invalid({"body": "was not sent to its end"})
            body += message.get("body", b"")
            if len(body) > self.limit:
                raise TooLarge(f"The body may have at most {self.limit} bytes.")
            more = message.get("more_body", False)
        return body

    def key(self, context: Context, body: Any) -> Key | None:
        """The idempotency key of this request, per caller. Raises Invalid for one that is no key."""
        text = context.headers.get("idempotency-key")
        if text is None:
            return None
        if not (text.isascii() and text.isprintable() and 1 <= len(text) <= 255):
            raise Invalid({"Idempotency-Key": "is 1 to 255 printable ASCII characters"})
        caller = context.actor.text or f"stranger {context.address}"
        asked = b"\n".join((context.method.encode(), context.path.encode(), canonical(body)))
        return Key(
            f"{caller} {text}", hashlib.blake2b(asked, key=self.product.fingerprint_secret, digest_size=32).digest()
        )


def credentials_of(request: Request, context: Context, *, api_auth: bool = False) -> Credentials:
    """All places of the request where credentials may stand."""
    headers = context.headers
    return Credentials(
        query=request.query_params.get("access_token") if request.scope["query_string"] else None,
        authorization=headers.get("authorization"),
        header=headers.get(TOKEN),
        cookie=request.cookies.get(TOKEN) if "cookie" in headers else None,
        api_auth=headers.get("apiauth") if api_auth else None,
    )


def parsed(raw: bytes) -> dict[str, Any]:
    """The JSON object of a body. Raises Invalid."""
    if not raw.strip():
        raise Invalid({"body": "is missing: a JSON object is expected"})
    try:
        value = decode(raw)
    except ArithmeticError:
        raise Invalid({"body": f"has a number out of range: 1e-{FARTHEST} to 1e{FARTHEST}"}) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError, ValueError):
        raise Invalid({"body": "is not well-formed JSON"}) from None
    if not isinstance(value, dict):
        raise Invalid({"body": "is not a JSON object"})
    return value
