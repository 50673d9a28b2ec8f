"""Averages of reviews, as arithmetic."""

from decimal import Decimal

import pytest

from projections.reviews import _average


@pytest.mark.parametrize(
    ("total", "count", "rating"),
    [(33, 8, "4.12"), (35, 8, "4.38"), (13, 3, "4.33"), (14, 3, "4.67"), (5, 1, "5.00"), (1, 1, "1.00")],
)
def test_an_average_has_two_decimals_half_even(total: int, count: int, rating: str) -> None:
    assert _average(count, total)["averageRating"] == Decimal(rating)


def test_of_nothing_there_is_no_average() -> None:
    assert _average(0, 0) == {"reviewCount": 0, "ratingSum": 0, "averageRating": None, "visibilityStatus": "hidden"}
