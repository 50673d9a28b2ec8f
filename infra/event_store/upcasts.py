"""Names of events that are read but no longer written, and how each becomes its successor.

An event whose fields change gets a new name (`.v2`); the old name stands here for ever, as the log does:

    "stay.requested.v1": ("stay.requested.v2", with_nights),

where `with_nights` takes the old state as plain JSON values and answers the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from infra.event_store.codec import Upcast

UPCASTS: Mapping[str, tuple[str, Upcast]] = MappingProxyType({})
