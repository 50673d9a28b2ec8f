"""Five places of one word in their titles, and who looks for them."""

from typing import Any

import pytest

from tests.e2e.talk import Json, Person
from tests.e2e.world import World, rows


@pytest.fixture(scope="module")
def word(world: World) -> str:
    return world.unique("lists")


@pytest.fixture(scope="module")
def places(world: World, host: Person, word: str) -> list[Json]:
    """Five places, from the cheapest to the dearest, one of them hidden."""
    world.morning()
    kinds = ("apartment", "house", "villa", "room", "loft")
    return [
        world.listing(
            host,
            title=f"{word} No {n}",
            address=f"{word} street {n}",
            propertyType=kind,
            pricePerNight=n * 10 + 0.5,
            currency="EUR" if n % 2 else "USD",
            isPublished=n != 5,
        )
        for n, kind in enumerate(kinds, start=1)
    ]


def numbers(found: list[Json], places: list[Json]) -> list[int]:
    """Which of the places were found, by number."""
    ids = [place["id"] for place in places]
    return [ids.index(row["id"]) + 1 for row in found]


@pytest.fixture(scope="module")
def find(places: list[Json], host: Person, word: str) -> Any:
    def found(**params: Any) -> list[int]:
        return numbers(
            rows(host, "/v1/listings", **({"title": word, "sortBy": "pricePerNight", "sortOrder": "asc"} | params)),
            places,
        )

    return found
