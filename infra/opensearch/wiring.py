"""Search on OpenSearch as the settings ask for it."""

from __future__ import annotations

from infra.opensearch.client import Cluster
from infra.opensearch.side import SearchSide
from infra.opensearch.versions import Shape
from infra.read_models.side import ReadSide, WholeLog
from infra.settings import Settings
from projections.catalogue import PROJECTIONS
from read_api.search.catalogue import INDEXES, SAVED_FILTERS


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
        (*INDEXES, SAVED_FILTERS),
        cluster=cluster,
        prefix=settings.opensearch_prefix,
        shape=shape,
    )
