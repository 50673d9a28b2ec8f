"""Which clock goes where."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.zones import known_zone
from infra.zone_finder import ZoneFinder, nautical_zone

latitudes = st.decimals(-90, 90, places=6)
longitudes = st.decimals(-180, 180, places=6)


@pytest.mark.parametrize(
    ("lat", "lon", "zone"),
    [
        ("48.85", "2.35", "Europe/Paris"),
        ("-13.83", "-171.76", "Pacific/Apia"),
        ("-14.27", "-170.70", "Pacific/Pago_Pago"),
        ("1.87", "-157.40", "Pacific/Kiritimati"),
        ("27.7", "85.3", "Asia/Kathmandu"),
        ("0", "-160", "Etc/GMT+11"),
    ],
)
def test_a_place_has_the_zone_of_its_land_or_sea(lat: str, lon: str, zone: str) -> None:
    assert ZoneFinder().zone_at(Decimal(lat), Decimal(lon)) == zone


@given(latitudes, longitudes)
def test_every_place_has_a_zone(lat: Decimal, lon: Decimal) -> None:
    assert known_zone(ZoneFinder().zone_at(lat, lon))


@pytest.mark.parametrize(
    ("lon", "zone"),
    [("0", "Etc/GMT"), ("7.5", "Etc/GMT-1"), ("-7.6", "Etc/GMT+1"), ("180", "Etc/GMT-12"), ("-180", "Etc/GMT+12")],
)
def test_ships_go_by_their_longitude(lon: str, zone: str) -> None:
    assert nautical_zone(Decimal(lon)) == zone


@given(longitudes)
def test_every_nautical_zone_is_known(lon: Decimal) -> None:
    assert known_zone(nautical_zone(lon))
