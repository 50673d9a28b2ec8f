"""The operators' reads, bare as their reference shows them, on all three paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from domain.access import holds
from domain.errors import NotAllowed
from domain.resources.operators import OPERATOR, PATHS
from infra.http.edge import answer
from infra.http.envelope import Context, encode
from infra.http.freshness import caught_up
from infra.http.mounting import Mount
from infra.http.openapi import AS_OF, Describe
from infra.http.read_routes import Reading, as_of, id_in
from infra.read_models.feed import feed_table
from projections.operators import OPERATOR_FEED
from read_api.operators import bare as bare_operator

if TYPE_CHECKING:
    from infra.product import Product

SERVICE = "operators"


def mount(mount: Mount, product: Product, describe: Describe) -> None:
    """Adds the list, the feed and the get; the feed first, since an id could stand at its place."""
    reading = OperatorReading(product)
    for below, serve, name, summary in (
        ("", reading.list, "listOperators", "List operators"),
        (
            "/synchronization",
            reading.synchronization,
            "synchronizeOperators",
            "What happened to operators, from startId on",
        ),
        ("/{operatorId}", reading.get, "getOperator", "Get an operator"),
    ):
        for path in PATHS:
            operation = describe.plain(name, summary, SERVICE, parameters=PARAMETERS.get(name, ()), path=path + below)
            mount.add(
                (path + below,), "GET", serve, services=(SERVICE,), operation=operation, public=False, api_auth=True
            )


def mount_history(mount: Mount, product: Product, describe: Describe) -> None:
    """Adds the history of an operator, in the product's own envelope."""
    histories = Reading(product).histories(OPERATOR)
    for path in PATHS:
        at = f"{path}/{{operatorId}}/history"
        operation = describe.history(OPERATOR, at)
        mount.add((at,), "GET", histories, services=(SERVICE,), operation=operation, public=False, api_auth=True)


class OperatorReading:
    """Endpoints that read operators."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.reads = product.operators

    async def admit(self, context: Context, *models: str) -> None:
        """Admins and API keys; then wait for what they wrote. Raises NotAllowed, ReadBehind."""
        if not holds(OPERATOR.sees, context.actor, {}):
            raise NotAllowed("Operators are for admins and API keys.")
        await caught_up(self.product, context, models)

    async def list(self, request: Request, context: Context) -> Response:
        """A page of operators."""
        await self.admit(context, OPERATOR.documents)
        return bare(await self.reads.page(request.query_params.multi_items(), context.actor))

    async def get(self, request: Request, context: Context) -> Response:
        """One operator, as it is or as of a time."""
        id = id_in(request, "operatorId")
        await self.admit(context, OPERATOR.documents)
        at = as_of(request)
        if at is None:
            return bare(await self.reads.one(id, context.actor))
        return bare(bare_operator(await self.product.reads.as_of(OPERATOR, id, at, context.actor)))

    async def synchronization(self, request: Request, context: Context) -> Response:
        """The feed."""
        await self.admit(context, feed_table(OPERATOR_FEED.name))
        return bare(await self.reads.synchronization(request.query_params.multi_items()))


def bare(body: dict[str, Any]) -> Response:
    """An answer without the envelope."""
    return answer(encode(body))


def _query(name: str, schema: dict[str, Any], doc: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": doc}


WHOLE = {"type": "integer", "minimum": 1}
PARAMETERS = {
    "getOperator": (AS_OF,),
    "listOperators": (
        _query("pageNumber", WHOLE, "From 1."),
        _query("pageSize", WHOLE | {"maximum": 1000}, "Rows a page, by default 100."),
    ),
    "synchronizeOperators": (
        _query("startId", WHOLE, "The first entry to tell of; by default 1."),
        _query("numberOfEvents", WHOLE | {"maximum": 10_000}, "Entries that the answer covers, by default 1000."),
        _query("eventTypes", {"type": "array", "items": {"enum": ["CREATE", "UPDATE", "DELETE"]}}, "Only these."),
        _query("contexts", {"type": "array", "items": {"enum": ["INTEGRATIONS"]}}, "Of the reference."),
        _query("wait", {"type": "number", "minimum": 0, "maximum": 30}, "Seconds to wait for something to tell."),
    ),
}
