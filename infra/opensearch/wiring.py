"""Search on OpenSearch as the settings ask for it."""

from __future__ import annotations

from infra.opensearch.client import Cluster
from infra.opensearch.side import SearchSide
from infra.opensearch.versions import Shape
from infra.read_models.side import ReadSide, WholeLog
from infra.settings import Settings
from projections.catalogue import PROJECTIONS
from read_api.search.declared import Index
from read_api.search.listing_index import LISTINGS


def plain_indexes(side: ReadSide) -> tuple[Index, ...]:
    """One index for each resource with a list, over its documents as they are; that of listings as guests search it."""
    return tuple(
        LISTINGS if name == LISTINGS.name else Index(name, resource)
        for name, resource in side.resources.items()
        if resource.has_list
    )


def opensearch_of(settings: Settings, conninfo: str, log: WholeLog, side: ReadSide) -> SearchSide | None:
    """The search side that the settings ask for; None where they name no OpenSearch."""
    if settings.opensearch_url is None:
        return None
    cluster = Cluster(settings.opensearch_url.get_secret_value(), ca_file=settings.opensearch_ca_file)
    shape = Shape(settings.opensearch_shards, settings.opensearch_replicas, settings.opensearch_refresh_seconds)
    return SearchSide(
        conninfo,
        log,
        side,
        PROJECTIONS,
        plain_indexes(side),
        cluster=cluster,
        prefix=settings.opensearch_prefix,
        shape=shape,
    )
