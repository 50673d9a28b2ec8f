"""Search on OpenSearch as the settings ask for it."""

from __future__ import annotations

from infra.opensearch.client import Cluster
from infra.opensearch.side import SearchSide
from infra.opensearch.versions import Shape
from infra.read_models.side import ReadSide, WholeLog
from infra.settings import Settings, SettingsError
from projections.catalogue import PROJECTIONS
from read_api.search.catalogue import INDEXES, SAVED_FILTERS


def cluster_of(settings: Settings) -> Cluster | None:
    """The way to the OpenSearch of the settings; None where they name none. Raises SettingsError."""
    for problem in settings.opensearch_problems():
        raise SettingsError(problem)
    url, key = settings.opensearch_url, settings.opensearch_api_key
    if url is None:
        return None
    return Cluster(
        url.get_secret_value(),
        api_key=key.get_secret_value() if key is not None else None,
        ca_file=settings.opensearch_ca_file,
    )


def opensearch_of(settings: Settings, conninfo: str, log: WholeLog, side: ReadSide) -> SearchSide | None:
    """The search side that the settings ask for; None where they name no OpenSearch. Raises SettingsError."""
    cluster = cluster_of(settings)
    if cluster is None:
        return None
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
