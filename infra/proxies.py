"""Proxies in front of Innkeep, whose word counts on whom they forward and how: `X-Forwarded-For`, `-Proto`."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

ANYBODY = "*"
LOOPBACK = ("127.0.0.1", "::1")


def addresses(value: object) -> object:
    """The addresses and networks that a comma-separated text names. Raises ValueError on what is neither."""
    if not isinstance(value, str):
        return value
    named = tuple(name for part in value.split(",") if (name := part.strip()))
    for name in named:
        if name == ANYBODY:
            continue
        try:
            ipaddress.ip_network(name)
        except ValueError:
            raise ValueError(f"{name} is no address or network, such as 10.0.0.7 or 10.0.0.0/8") from None
    return (ANYBODY,) if ANYBODY in named else named


Proxies = Annotated[tuple[str, ...], NoDecode, BeforeValidator(addresses)]


def as_seen(proxies: Sequence[str]) -> list[str]:
    """These, and as a socket that takes both versions of IP sees those of version 4."""
    networks = [ipaddress.ip_network(name) for name in proxies if name != ANYBODY]
    mapped = [f"::ffff:{net.network_address}/{96 + net.prefixlen}" for net in networks if net.version == 4]
    return [*proxies, *mapped]
