"""One trace from a request through its command and events to Kafka and the documents (docs/adr/0021).

Off unless an endpoint is set; then nothing of OpenTelemetry is imported, and nothing here is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.settings import Settings
    from infra.tracing.port import Tracing


def tracing_of(settings: Settings, roles: Iterable[str]) -> Tracing | None:
    """The traces that the settings ask for; None where they name no collector. Raises SettingsError."""
    if settings.tracing_endpoint is None:
        return None
    from infra.tracing.otel import Collected  # noqa: PLC0415 - who traces nothing does not pay for it

    endpoint = settings.tracing_endpoint.get_secret_value()
    return Collected(endpoint, headers_of(settings), settings.tracing_sample, roles)


def headers_of(settings: Settings) -> Mapping[str, str]:
    """As in `authorization=Bearer x,tenant=y`. Raises SettingsError, which does not repeat it."""
    text = settings.tracing_headers.get_secret_value() if settings.tracing_headers else ""
    pairs = [pair.partition("=") for pair in text.split(",") if pair.strip()]
    if any(not name.strip() or not equals for name, equals, _ in pairs):
        raise SettingsError("INNKEEP_TRACING_HEADERS is a list of name=value, separated by commas")
    return {name.strip().lower(): value.strip() for name, _, value in pairs}
