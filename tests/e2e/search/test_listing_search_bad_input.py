"""What a search for listings does not understand is refused, and named."""

import pytest

from tests.e2e.search.test_listing_search import SEARCH
from tests.e2e.talk import Caller, Json, invalid


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"q": "!?"}, "q"),
        ({"q": "x " * 17 + "y" * 300}, "q"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "50,0,40,1"}, "bbox"),
        ({"bbox": "0,0,91,1"}, "bbox"),
        ({"near": "north"}, "near"),
        ({"distance": 5}, "near"),
        ({"near": "1,1", "distance": -1}, "distance"),
        ({"near": "1,1", "distance": "NaN"}, "distance"),
        ({"checkIn": "2031-05-01"}, "checkOut"),
        ({"checkIn": "2031-05-01", "checkOut": "2031-05-01"}, "checkOut"),
        ({"checkIn": "2031-02-30", "checkOut": "2031-05-01"}, "checkIn"),
        ({"checkIn": "2031-05-01", "checkOut": "2039-05-01"}, "checkOut"),
        ({"guests": 0}, "guests"),
        ({"minPrice": 5}, "currency"),
        ({"minPrice": 5, "maxPrice": 4, "currency": "EUR"}, "maxPrice"),
        ({"minPrice": 5.001, "currency": "EUR"}, "minPrice"),
        ({"minPrice": "1e9", "currency": "EUR"}, "minPrice"),
        ({"currency": "eur"}, "currency"),
        ({"propertyType": "castle"}, "propertyType"),
        ({"propertyType": ["loft"] * 51}, "propertyType"),
        ({"amenityIds": "wifi"}, "amenityIds"),
        ({"minRating": 6}, "minRating"),
        ({"approvalType": "never"}, "approvalType"),
        ({"languages": "\x00"}, "languages"),
        ({"sort": "colour"}, "sort"),
        ({"sort": "relevance"}, "sort"),
        ({"sort": "distance"}, "sort"),
        ({"language": "!"}, "language"),
        ({"pageNumber": 0}, "pageNumber"),
        ({"pageRowCount": 101}, "pageRowCount"),
        ({"guests": ["1", "2"]}, "guests"),
        ({"cursor": "made-up"}, "cursor"),
        ({"cursor": "é"}, "cursor"),
    ],
)
def test_what_does_not_fit_is_named(nobody: Caller, asked: Json, named: str) -> None:
    invalid(nobody.get(SEARCH, **asked), named)
