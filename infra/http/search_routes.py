"""`GET /v1/search/listings`: listing search as guests know it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from domain.resources.catalog import LISTING
from infra.http.edge import answer
from infra.http.envelope import Context, success
from infra.http.freshness import caught_up
from infra.http.mounting import Mount
from infra.http.openapi import Describe
from infra.http.search_schemas import LISTING_SEARCH, parameters

if TYPE_CHECKING:
    from infra.product import Product

PATH = "/v1/search/listings"
MOST_LANGUAGES = 10


def mount(mount: Mount, product: Product, describe: Describe) -> None:
    """Adds it."""

    async def search(request: Request, context: Context) -> Response:
        await caught_up(product, context, product.listings.wait_until)
        found = await product.listings.search(
            request.query_params.multi_items(), accepted(context.headers.get("accept-language", ""))
        )
        beside = {"paging": found.paging, "filters": [], "facets": found.facets, "uiPermissions": []}
        return answer(
            success(context, data_name=LISTING.plural, action="search", status=200, data=found.listings, beside=beside)
        )

    operation = describe.plain(
        "searchListings",
        "Search listings",
        LISTING.service,
        parameters=tuple(parameters()),
        schema=describe.named("ListingSearch", LISTING_SEARCH),
    )
    mount.add((PATH,), "GET", search, services=(LISTING.service,), operation=operation)


def accepted(header: str) -> list[str]:
    """The languages of an `Accept-Language`, the most wanted first; what cannot be read is passed over."""
    found = []
    for part in header[:1_000].split(",")[:MOST_LANGUAGES]:
        match = re.fullmatch(r"\s*([A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*", part)
        if match is not None:
            weight = float(match[2] or 1)
            found += [(weight, match[1])] if weight else []
    return [language for _, language in sorted(found, key=lambda pair: -pair[0])]
