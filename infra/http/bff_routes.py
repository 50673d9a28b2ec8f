"""The dashboards' service: any index listed, counted, described and got, and the views that are lists of themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from commands.bus import Unauthenticated
from domain.access import may
from domain.actor import NOBODY
from domain.errors import Invalid
from infra.http.bff_schemas import Described
from infra.http.edge import Endpoint, answer, parsed
from infra.http.envelope import Context, encode, head, success
from infra.http.freshness import caught_up
from infra.http.mounting import Mount, Operation
from infra.http.openapi import Describe
from infra.http.read_routes import id_in
from read_api.ports import NobodyKnown
from read_api.search.catalogue import INDEXES, LISTED
from read_api.search.declared import Index
from read_api.search.indexes import Indexes

if TYPE_CHECKING:
    from infra.product import Product

SERVICE = "bff"
FILTERS = frozenset({"filters"})


def mount(mount: Mount, product: Product, describe: Describe) -> None:
    """Adds its routes, under its prefix only."""
    asking, described = Searching(product, mount), Described(describe)

    def add(path: str, method: str, endpoint: Endpoint, operation: Operation, *, public: bool = True) -> None:
        # Conditions are sent by POST, and are questions all the same.
        stands: dict[str, Any] = {"services": (SERVICE,), "prefixed": True, "changes": False, "public": public}
        mount.add((path,), method, endpoint, operation=operation, **stands)

    public = {index.name for index in INDEXES if may(index.resource.sees, NOBODY)}
    for name in sorted(LISTED):
        add(f"/{name}", "GET", asking.page(name), described.page(f"/{name}", name), public=name in public)
    at = "/{indexName}"
    add(f"{at}/list", "GET", asking.page(), described.page(f"{at}/list", "index"))
    add(f"{at}/list", "POST", asking.page(), described.page(f"{at}/list", "indexBy", body=True))
    add(f"{at}/count", "GET", asking.count, described.count(f"{at}/count", "index"))
    add(f"{at}/count", "POST", asking.count, described.count(f"{at}/count", "indexBy", body=True))
    add(f"{at}/schema", "GET", asking.schema, described.schema(f"{at}/schema"))
    add(f"{at}/filters", "GET", asking.saved, described.saved(f"{at}/filters"), public=False)
    for name in sorted(LISTED):  # after what a view has in common with all indexes: an id would be anything
        one = f"/{name}/{{id}}"
        add(one, "GET", asking.get(name), described.get(one, name), public=name in public)
    add(f"{at}/{{id}}", "GET", asking.get(), described.get(f"{at}/{{id}}", "index"))


class Searching:
    """Endpoints that search. Each waits first for what the caller wrote, or asked to see."""

    def __init__(self, product: Product, mount: Mount) -> None:
        self._product = product
        self._dashboards = product.dashboards
        self._indexes = Indexes()
        self._edge = mount.edge

    def page(self, name: str | None = None) -> Endpoint:
        """A page of what is found."""

        async def page(request: Request, context: Context) -> Response:
            index = await self._index(request, context, name)
            filters = await self._filters(request, context)
            found = await self._dashboards.page(index, request.query_params.multi_items(), filters, context.actor)
            return answer(encode(head(context, index.name, "list", 200, len(found["items"])) | found))

        return page

    async def count(self, request: Request, context: Context) -> Response:
        """How many are found."""
        index = await self._index(request, context)
        filters = await self._filters(request, context)
        total = await self._dashboards.count(index, request.query_params.multi_items(), filters, context.actor)
        return answer(success(context, data_name="count", action="count", status=200, data=total))

    async def schema(self, request: Request, context: Context) -> Response:
        """What can be asked."""
        index = await self._index(request, context)
        found = self._dashboards.schema(index, context.actor)
        return answer(success(context, data_name="schema", action="get", status=200, data=found))

    async def saved(self, request: Request, context: Context) -> Response:
        """The caller's kept filters."""
        index = await self._index(request, context)
        beside = await self._dashboards.saved(index, request.query_params.multi_items(), context.actor)
        rows = beside.pop("savedFilters")
        return answer(success(context, data_name="savedFilters", action="list", status=200, data=rows, beside=beside))

    def get(self, name: str | None = None) -> Endpoint:
        """One document."""

        async def get(request: Request, context: Context) -> Response:
            index = await self._index(request, context, name)
            found = await self._dashboards.get(index, id_in(request, "id"), context.actor)
            return answer(success(context, data_name="item", action="get", status=200, data=found))

        return get

    async def _index(self, request: Request, context: Context, name: str | None = None) -> Index:
        """The index that is asked, caught up. Raises NotThere, NotAllowed, Unauthenticated, ReadBehind, Invalid."""
        try:
            index = self._indexes.named(name or request.path_params["indexName"], context.actor)
        except NobodyKnown as unknown:
            raise Unauthenticated(unknown.message) from None
        await caught_up(self._product, context, self._dashboards.caught_up(index))
        return index

    async def _filters(self, request: Request, context: Context) -> Any:
        """The conditions in the body. Raises Invalid, TooLarge."""
        if request.method != "POST":
            return None
        raw = await self._edge.body(request, context)
        if not raw.strip():
            return None
        body = parsed(raw)
        unknown = next((name for name in body if name not in FILTERS), None)
        if unknown is not None:
            raise Invalid({unknown[:100]: "is not a field of this request; it takes filters"})
        return body.get("filters")
