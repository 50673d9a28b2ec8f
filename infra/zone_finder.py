"""Which clock goes where: time zones by their borders on the map."""

from __future__ import annotations

from decimal import Decimal
from math import floor

from tzfpy import get_tz

from domain.zones import known_zone


class ZoneFinder:
    """Looks the zone up in the borders that come with the library; where these leave a gap, by longitude."""

    def zone_at(self, lat: Decimal, lon: Decimal) -> str:
        """The IANA zone of a place, given in degrees; every place has one."""
        found = get_tz(float(lon), float(lat))
        return found if found and known_zone(found) else nautical_zone(lon)


def nautical_zone(lon: Decimal) -> str:
    """The zone that ships keep there: one hour for each 15 degrees. Its name counts westward."""
    hours = floor((lon + Decimal("7.5")) / 15)
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"
