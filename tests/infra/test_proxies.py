"""Who is a trusted proxy, as the web server takes it."""

import pytest
from starlette.applications import Starlette
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from infra.proxies import LOOPBACK, as_seen


@pytest.mark.parametrize(
    ("address", "counts"),
    [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("::1", True), ("11.1.2.3", False), ("::ffff:11.1.2.3", False)],
)
def test_a_proxy_is_known_by_either_version_of_ip(address: str, *, counts: bool) -> None:
    """A socket that takes both sees an address of version 4 as one of version 6."""
    asked = ProxyHeadersMiddleware(Starlette(), as_seen(["10.0.0.0/8", *LOOPBACK]))  # type: ignore[arg-type]
    assert (address in asked.trusted_hosts) is counts


def test_anybody_is_everybody() -> None:
    assert "203.0.113.7" in ProxyHeadersMiddleware(Starlette(), as_seen(["*"])).trusted_hosts  # type: ignore[arg-type]
