"""`GET /v1/quotes`: a question about a price, decided as a reservation would be, and recorded nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from commands.quotes import GetQuote, quote
from domain.errors import Invalid
from domain.resources.bookings import QUOTE
from infra.http.edge import answer
from infra.http.envelope import Context, success
from infra.http.failures import invalid
from infra.http.freshness import caught_up
from infra.http.mounting import Mount
from infra.http.openapi import Describe

if TYPE_CHECKING:
    from infra.product import Product

PASSED_OVER = frozenset({"requestId", "access_token"})


def mount(mount: Mount, product: Product, describe: Describe) -> None:
    """Adds it."""

    async def get(request: Request, context: Context) -> Response:
        message = asked(request)
        await caught_up(product, context, product.reads.models(product.resources["listing"]))
        told = await product.bus.look(
            quote, message, context.actor, at=product.clock.now(), real_now=product.clock.real_now()
        )
        return answer(success(context, data_name=QUOTE.name, action="get", status=200, data=told.extra[QUOTE.name]))

    mount.add((QUOTE.path,), "GET", get, services=(QUOTE.service,), operation=describe.quote(QUOTE))


def asked(request: Request) -> GetQuote:
    """The question in the query. Raises Invalid."""
    fields: dict[str, Any] = {}
    for name, value in request.query_params.multi_items():
        if name in fields:
            raise Invalid({name[:100]: "may be given once"})
        if name not in PASSED_OVER:
            fields[name] = value
    try:
        return GetQuote.model_validate(fields, by_alias=True, by_name=False)
    except ValidationError as error:
        raise invalid(error) from None
