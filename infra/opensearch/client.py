"""The way to an OpenSearch cluster: pooled connections, bounded waits, and its troubles in our words."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Self

import msgspec
from opensearchpy import OpenSearch
from opensearchpy.exceptions import ConnectionError as NotReached
from opensearchpy.exceptions import TransportError
from opensearchpy.serializer import JSONSerializer
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_after_delay,
    wait_random_exponential,
)

from commands.ports import Unavailable
from infra.threads import Threads

BUSY = frozenset({408, 429, 502, 503, 504})
"""Answers that another attempt may better."""
ATTEMPTS = 3
NO_DOCUMENT = 404
TOLD = {"filter_path": "items.*.status,items.*.error"}
"""Of the answer to a bulk request: the rest of it is longer than what was asked."""
NO_INDEX = "index_not_found_exception"


class Refused(Exception):
    """OpenSearch understood and will not do it.

    Args:
        status: as in HTTP.
        kind: its name for what is wrong, such as `index_not_found_exception`.
        reason: its sentence.
    """

    def __init__(self, status: int, kind: str, reason: str) -> None:
        super().__init__(f"{kind}: {reason}"[:1000])
        self.status, self.kind, self.reason = status, kind, reason


class _Json(JSONSerializer):
    """JSON as fast as it goes. What is bytes already is sent as it is."""

    def dumps(self, data: Any) -> Any:
        return data if isinstance(data, str | bytes) else msgspec.json.encode(data)

    def loads(self, s: str) -> Any:
        return msgspec.json.decode(s)


class Cluster:
    """Asks an OpenSearch cluster, in threads of its own. Close it at the end.

    Args:
        url: of one node, or of several, comma-separated; user and password stand in it.
        api_key: sent instead of a user and a password.
        ca_file: certificates to trust, for HTTPS.
        connections: at most, and as many requests at once.
        seconds: that a question, with all attempts, may take.
        bulk_seconds: that a bulk request may: a cluster short of memory or disk is slow before it is away.
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        ca_file: str | None = None,
        connections: int = 8,
        seconds: float = 10.0,
        bulk_seconds: float = 60.0,
    ) -> None:
        self._threads = Threads(connections, "opensearch")
        self._seconds, self._bulk_seconds = seconds, bulk_seconds
        logging.getLogger("opensearch").disabled = True  # it tells every answer: what matters is said where it is met
        more: dict[str, Any] = {"ca_certs": ca_file} if ca_file else {}
        if api_key:
            # As OpenSearch gives it out: the client's own way would take it for a pair of id and secret.
            more["headers"] = {"authorization": f"ApiKey {api_key}"}
        self._client = OpenSearch(
            hosts=[one.strip() for one in url.split(",")],
            pool_maxsize=connections,
            max_retries=0,  # what may be tried again is told apart below
            serializer=_Json(),
            **more,
        )

    async def close(self) -> None:
        """Disconnect. What is under way ends by itself, and nobody waits for it."""
        self._threads.end()
        self._client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Mapping[str, Any] | None = None,
        seconds: float | None = None,
        attempts: int = ATTEMPTS,
    ) -> Any:
        """Its answer. All that is sent here may be sent twice.

        Raises Unavailable, at the latest when the time is over; Refused.
        """
        within = seconds or self._seconds
        retrying = AsyncRetrying(
            stop=stop_after_attempt(attempts) | stop_after_delay(within),
            wait=wait_random_exponential(multiplier=0.05, max=1),
            retry=retry_if_exception_type(Unavailable),
            reraise=True,
        )
        try:
            async with asyncio.timeout(within):  # it may wait for a connection as long as for an answer
                return await retrying(self._once, method, path, body, {"timeout": within, **(params or {})})
        except TimeoutError:
            raise Unavailable("The search engine is busy; try again.", why=f"no answer in {within:g} s") from None

    async def bulk(self, lines: Sequence[Any]) -> list[Mapping[str, Any]]:
        """Send the lines of a bulk request; answers the status of each, and why it failed. Raises Unavailable,
        Refused.
        """
        if not lines:
            return []
        body = b"\n".join([*(one if isinstance(one, bytes) else msgspec.json.encode(one) for one in lines), b""])
        answer = await self.ask("POST", "/_bulk", body, params=TOLD, seconds=self._bulk_seconds)
        items: list[Mapping[str, Any]] = answer["items"]
        return items

    async def _once(self, method: str, path: str, body: Any, params: Mapping[str, Any]) -> Any:
        said = dict(params)
        timeout = said.pop("timeout")
        send = partial(
            self._client.transport.perform_request, method, path, params={**said, "request_timeout": timeout}, body=body
        )
        try:
            return await self._threads.do(send)
        except NotReached as away:
            raise Unavailable("The search engine is away; try again.", why=str(away)[:300]) from away
        except TransportError as error:
            raise _told(error) from error


def _told(error: TransportError) -> Exception:
    status = error.status_code if isinstance(error.status_code, int) else 0
    if status in BUSY:
        return Unavailable("The search engine is busy; try again.", why=f"{status} {error.error}"[:300])
    return refused(status, error.info)


def refused(status: int, info: Any) -> Refused:
    """What this answer says."""
    said = info.get("error") if isinstance(info, Mapping) else None
    kind = str(said.get("type")) if isinstance(said, Mapping) else "error"
    return Refused(status, kind, _reason(info) or str(info))


def _reason(info: Any) -> str:
    """Its innermost sentence."""
    error = info.get("error") if isinstance(info, Mapping) else None
    if not isinstance(error, Mapping):
        return ""
    causes = error.get("root_cause") or [error]
    shards = error.get("failed_shards") or []
    inner = shards[0].get("reason", {}) if shards else causes[0]
    deeper = inner.get("caused_by") or {}
    return ": ".join(str(said) for said in (inner.get("reason"), deeper.get("reason")) if said)
