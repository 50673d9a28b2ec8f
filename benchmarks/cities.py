"""Cities full of listings to search in: documents put straight into the tables of the read models.

A marketplace grows by cities: each has a hundred listings, a degree from the next, so that a guest who searches in one
finds as many in a small marketplace as in a large one.
"""

import itertools
import random
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args
from urllib.parse import urlencode
from uuid import UUID

import psycopg
from psycopg import sql

from domain.calendar_month import CalendarMonth
from domain.catalogue import RESOURCES
from domain.listing import PropertyType
from domain.resources.catalog import LISTING, LISTING_LOCALE_TEXT
from infra.postgres.migrate import migrate
from infra.read_models.catalogue import prepare
from infra.read_models.codec import to_json
from infra.read_models.documents import terms_of
from infra.read_models.side import models_of
from projections.catalogue import PROJECTIONS

A_CITY = 100
"""Listings."""
NIGHTS = 6
"""Taken at each listing, in two stays, within the days that are searched."""
DAYS = 90
WORDS = [
    "loft",
    "garden",
    "terrace",
    "river",
    "quiet",
    "bright",
    "sunny",
    "canal",
    "market",
    "bridge",
    "castle",
    "forest",
    "balcony",
    "fireplace",
    "kitchen",
    "studio",
    "harbour",
    "island",
    "mountain",
    "village",
    "vineyard",
    "cottage",
    "penthouse",
    "courtyard",
    "library",
    "cathedral",
    "museum",
    "station",
    "beach",
    "lake",
    "meadow",
    "valley",
    "orchard",
    "rooftop",
    "fountain",
    "theatre",
    "bakery",
    "gallery",
    "lighthouse",
    "windmill",
]
TEXTS = [
    "maison",
    "calme",
    "lumineuse",
    "jardin",
    "terrasse",
    "fleuve",
    "marché",
    "château",
    "forêt",
    "balcon",
    "cheminée",
    "cuisine",
    "port",
    "montagne",
    "village",
    "vignoble",
    "chaumière",
    "cour",
    "bibliothèque",
    "cathédrale",
    "musée",
    "gare",
    "plage",
    "prairie",
    "vallée",
    "verger",
    "toit",
    "fontaine",
    "théâtre",
    "phare",
]
AMENITIES = [str(UUID(int=number)) for number in range(1, 21)]
BORN = "2026-01-01T00:00:00.000Z"

Row = tuple[str, UUID, dict[str, Any], str | None]
"""A document: its table, its id, itself, and its terms."""


async def filled(conninfo: str, listings: int) -> None:
    """As many listings, with texts, ratings and taken nights, in a new database of the product."""
    await migrate(conninfo)
    await prepare(conninfo, models_of(PROJECTIONS, RESOURCES))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for number in range(0, listings, 10 * A_CITY):
            _copied(
                connection,
                itertools.chain.from_iterable(map(_listing, range(number, min(number + 10 * A_CITY, listings)))),
            )
        _copied(
            connection,
            (("doc_listing_amenity", UUID(id), _alive(UUID(id), name=f"amenity {id[-2:]}"), None) for id in AMENITIES),
        )
        connection.execute("VACUUM ANALYZE")


def searches(listings: int, chance: int) -> Iterator[list[tuple[str, str]]]:
    """What guests ask: two words, in a box around a city, for some nights, for two, the cheapest first."""
    dice = random.Random(chance)
    while True:
        south, west = _place(dice.randrange(max(1, listings // A_CITY)))
        first = _today() + timedelta(days=dice.randrange(2, DAYS - 7))
        yield [
            ("q", dice.choice(WORDS)),
            ("bbox", f"{south - 0.3:.2f},{west - 0.3:.2f},{south + 0.3:.2f},{west + 0.3:.2f}"),
            ("checkIn", first.isoformat()),
            ("checkOut", (first + timedelta(days=dice.randrange(2, 8))).isoformat()),
            ("guests", "2"),
            ("sort", "price"),
        ]


def path(search: list[tuple[str, str]]) -> str:
    """Where it is asked over HTTP."""
    return f"/v1/search/listings?{urlencode(search)}"


def _place(city: int) -> tuple[float, float]:
    return -80.0 + city % 160, -170.0 + 2 * (city // 160)


def _today() -> date:
    return datetime.now(UTC).date()


def _alive(id: UUID, **fields: Any) -> dict[str, Any]:
    return {"id": str(id), **fields, "isActive": True, "recordVersion": 1, "createdAt": BORN, "updatedAt": BORN}


def _listing(number: int) -> Iterator[Row]:
    """A listing of that number, always the same, and what belongs to it."""
    dice = random.Random(number)
    id = UUID(int=dice.getrandbits(128), version=4)
    south, west = _place(number // A_CITY)
    season = _today() + timedelta(days=dice.randrange(DAYS))
    document = _alive(
        id,
        title=" ".join(dice.sample(WORDS, 3)).capitalize(),
        description=" ".join(dice.choices(WORDS, k=25)),
        address=f"{number} Rue des Martyrs",
        amenityIds=dice.sample(AMENITIES, 6),
        hostId=str(UUID(int=dice.getrandbits(128), version=4)),
        pricePerNight=dice.randrange(40, 400),
        propertyType=dice.choice(get_args(PropertyType)),
        location={
            "lat": round(south + dice.uniform(-0.2, 0.2), 6),
            "lon": round(west + dice.uniform(-0.2, 0.2), 6),
            "city": f"City {number // A_CITY}",
            "timeZone": "Europe/Paris",
        },
        currency="EUR",
        minStay=dice.choice([None, 1, 2]),
        maxStay=None,
        seasonalPricing=dice.choice(
            [None, None, [{"from": str(season), "to": str(season + timedelta(days=30)), "pricePerNight": 150}]]
        ),
        approvalType="instant",
        bookingPolicies={"maxGuests": dice.randrange(1, 7), "cleaningFee": 45, "weeklyDiscountPercent": 7.5},
        cancellationPolicy={"tier": "moderate"},
        languagesSupported=["en"],
        isPublished=True,
        cityTaxPercent=5.5,
    )
    yield "doc_listing", id, document, terms_of(LISTING.tells, document) if LISTING.tells else None
    if number % 2:
        text = UUID(int=dice.getrandbits(128), version=4)
        titled = {
            "localizedTitle": " ".join(dice.sample(TEXTS, 3)),
            "localizedDescription": " ".join(dice.choices(TEXTS, k=25)),
        }
        told = _alive(text, **titled, listingId=str(id), languageCode="fr", _owner=document["hostId"])
        tells = LISTING_LOCALE_TEXT.tells
        yield "doc_listing_locale_text", text, told, terms_of(tells, told) if tells else None
    if number % 5:
        average = UUID(int=dice.getrandbits(128), version=4)
        rated = {"revieweeId": str(id), "revieweeType": "listing", "visibilityStatus": "public", "reviewIds": []}
        figures = {"averageRating": dice.randrange(20, 51) / 10, "reviewCount": dice.randrange(1, 90)}
        yield "doc_review_aggregate", average, _alive(average, **rated, **figures), None
    for _ in range(2):
        first = _today() + timedelta(days=dice.randrange(DAYS))
        for night in (first + timedelta(days=ahead) for ahead in range(NIGHTS // 2)):
            key = CalendarMonth.night_id(id, night)
            yield "doc_listing_calendar", key, _alive(key, date=str(night), listingId=str(id), isAvailable=False), None


def _copied(connection: psycopg.Connection[Any], rows: Iterable[Row]) -> None:
    by_table: dict[str, dict[UUID, tuple[Any, ...]]] = {}
    for table, id, document, terms in rows:
        by_table.setdefault(table, {})[id] = (id, to_json(document), 0, *([] if terms is None else [terms]))
    with connection.cursor() as cursor:
        for table, made in by_table.items():
            told = ["terms"] if len(next(iter(made.values()))) > 3 else []
            columns = sql.SQL(", ").join(map(sql.Identifier, ("id", "body", "position", *told)))
            with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)) as copy:
                for row in made.values():
                    copy.write_row(row)
