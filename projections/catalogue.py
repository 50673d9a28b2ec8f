"""Every projection, in one place."""

from __future__ import annotations

from projections.listings import LISTINGS
from projections.projection import Projection

PROJECTIONS: tuple[Projection, ...] = (LISTINGS,)
