"""REST gets and lists, made from the declarations of resources."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from commands.bus import Unauthenticated
from commands.wire import Id
from domain.access import may
from domain.actor import NOBODY
from domain.errors import Invalid, NotThere
from domain.resource import Resource
from infra.http.edge import Endpoint, answer
from infra.http.envelope import Context, encode, head, success
from infra.http.freshness import caught_up
from infra.http.mounting import Mount, Operation
from infra.http.openapi import Describe
from infra.http.streaming import Streamed
from projections.projection import Document
from read_api.ports import NobodyKnown
from read_api.reads import Listed

if TYPE_CHECKING:
    from infra.product import Product

_id = TypeAdapter(Id).validate_python


def mount(mount: Mount, product: Product, describe: Describe) -> None:
    """Adds the get, list and history routes of every declared resource."""
    reading = Reading(product)
    for resource in product.resources.values():
        if resource.service == "operators":
            continue
        for path, endpoint, operation, public in routes_of(resource, reading, describe):
            mount.add((path,), "GET", endpoint, services=(resource.service,), operation=operation, public=public)


def routes_of(
    resource: Resource, reading: Reading, describe: Describe
) -> Iterator[tuple[str, Endpoint, Operation, bool]]:
    """The read routes of a resource: path, endpoint, description, and whether a stranger may ask at all."""
    public = may(resource.sees, NOBODY)
    if resource.has_list:
        listed = public and (resource.lists is None or may(resource.lists, NOBODY))
        yield resource.path, reading.lists(resource), describe.list(resource), listed
    for path, name in resource.finds:
        yield path, reading.finds(resource, name), describe.find(resource, path, name), public
    if resource.has_get:
        path = get_path(resource)
        yield path, reading.gets(resource), describe.get(resource), public
        if resource.source is None:
            yield f"{path}/history", reading.histories(resource), describe.history(resource, f"{path}/history"), False


def get_path(resource: Resource) -> str:
    """Where one of them is got."""
    return resource.get_path or f"{resource.path}/{{{resource.id_name}}}"


class Reading:
    """Endpoints that read. Each waits first for what the caller wrote, or asked to see."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.reads = product.reads

    async def caught_up(self, context: Context, resource: Resource) -> None:
        """Wait for what this read must show. Raises ReadBehind, Invalid."""
        await caught_up(self.product, context, self.reads.models(resource))

    def gets(self, resource: Resource) -> Endpoint:
        """One resource, as it is or as of a time."""

        async def get(request: Request, context: Context) -> Response:
            if "asOf" in request.query_params and not context.actor.known:
                raise Unauthenticated("A state as of a time (asOf) needs a login.")
            id = id_in(request, resource.id_name)
            await self.caught_up(context, resource)
            at = as_of(request)
            if at is None:
                document = await self.reads.get(resource, id, context.actor)
            else:
                document = await self.reads.as_of(resource, id, at, context.actor)
            return one(context, resource, document)

        return get

    def finds(self, resource: Resource, field: str) -> Endpoint:
        """The newest resource with that value in a field."""

        async def find(request: Request, context: Context) -> Response:
            (value,) = request.path_params.values()
            if field.endswith("Id") and field in {f.name for f in resource.fields if f.kind == "ID"}:
                value = str(id_in(request, next(iter(request.path_params))))
            if "\x00" in value:  # which no text of a document has, nor PostgreSQL takes
                raise NotThere(resource.name)
            await self.caught_up(context, resource)
            return one(context, resource, await self.reads.find_by(resource, context.actor, **{field: value}))

        return find

    def histories(self, resource: Resource) -> Endpoint:
        """Who did what to it, when."""

        async def history(request: Request, context: Context) -> Response:
            id = id_in(request, resource.id_name)
            await self.caught_up(context, resource)
            entries = await self.reads.history(resource, id, context.actor)
            return answer(success(context, data_name="history", action="list", status=200, data=list(entries)))

        return history

    def lists(self, resource: Resource) -> Endpoint:
        """A page of them, or all of them as a stream."""

        async def list_(request: Request, context: Context) -> Response:
            parameters = [*request.query_params.multi_items(), *within(request)]
            await self.caught_up(context, resource)
            try:
                listed = await self.reads.list(resource, parameters, context.actor)
            except NobodyKnown as unknown:
                raise Unauthenticated(unknown.message) from None
            if listed.stream is not None:
                return await Streamed.of(streamed(context, resource, listed, listed.stream))
            documents = listed.documents or []
            beside = {"paging": listed.paging(), "filters": listed.filters, "uiPermissions": []}
            return answer(
                success(context, data_name=resource.plural, action="list", status=200, data=documents, beside=beside)
            )

        return list_


def one(context: Context, resource: Resource, document: Document) -> Response:
    """The answer of a get."""
    return answer(success(context, data_name=resource.documents, action="get", status=200, data=document))


async def streamed(
    context: Context, resource: Resource, listed: Listed, documents: AsyncGenerator[Document, None]
) -> AsyncGenerator[bytes, None]:
    """The envelope of a list written as its rows come; what needs their number stands behind them.

    Nothing is written before there is a row, or none: until then the answer may still be an error. Raises Unavailable.
    """
    opening = encode(head(context, resource.plural, "list", 200, 0))
    opening = opening.replace(b',"rowCount":0', b"")
    before = opening[:-1] + b"," + encode(resource.plural) + b":["
    rows = 0
    async with contextlib.aclosing(documents):
        async for document in documents:
            yield before + encode(document)
            before, rows = b",", rows + 1
    closing = {"rowCount": rows, "paging": listed.paging(rows), "filters": listed.filters, "uiPermissions": []}
    yield (b"" if rows else before) + b"]," + encode(closing)[1:]


def within(request: Request) -> Iterator[tuple[str, str]]:
    """The ids in the path of a list, as its filters. Raises Invalid for one that is none, or is asked for twice."""
    for name in request.path_params:
        if name in request.query_params:
            raise Invalid({name: "is given by the path"})
        yield name, str(id_in(request, name))


def as_of(request: Request) -> str | None:
    """The time of the past state that is asked for, if one is. Raises Invalid if it is asked for twice."""
    past = request.query_params.getlist("asOf")
    if len(past) > 1:
        raise Invalid({"asOf": "may be given once"})
    return past[0] if past else None


def id_in(request: Request, name: str) -> UUID:
    """The id in the path. Raises Invalid for one that is none."""
    try:
        return UUID(str(_id(request.path_params[name])))
    except ValidationError:
        raise Invalid({name: "is not an id (a UUID)"}) from None
