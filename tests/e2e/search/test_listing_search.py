"""Guests search for listings: words, places, dates, prices, kinds; what is taken, hidden or too dear does not show."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.talk import ABSENT, Caller, Json, Person, invalid, ok
from tests.e2e.world import World

SEARCH = "/v1/search/listings"
MORE = {"weeklyDiscountPercent": 10, "cleaningFee": 30}


@pytest.fixture
def city(world: World) -> str:
    """A city that no other test has listings in: one word, so that searches find theirs alone."""
    return world.unique("city").replace("-", "")


@pytest.fixture
def place(world: World, host: Person, city: str) -> Callable[..., Json]:
    """Makes a listing in that city."""

    def made(**over: Any) -> Json:
        location = {"lat": 51.5, "lon": -0.12, "city": city, "countryCode": "GB", "timeZone": "UTC"}
        return world.listing(host, location=location | over.pop("at", {}), **over)

    return made


def found(caller: Caller, **asked: Any) -> list[Json]:
    rows: list[Json] = ok(caller.get(SEARCH, **asked))["listings"]
    return rows


def ids(caller: Caller, **asked: Any) -> list[str]:
    return [row["id"] for row in found(caller, **asked)]


def test_words_are_stemmed_forgiving_and_found_in_locale_texts(
    world: World, nobody: Caller, host: Person, city: str, place: Callable[..., Json]
) -> None:
    """A guest finds a flat by another form of a word, with a slip, and by its French text, in any words together."""
    loft = place(title="Sunny house by the canal", languagesSupported=["en"])
    text = {
        "listingId": loft["id"],
        "languageCode": "fr",
        "localizedTitle": "Maison calme",
        "localizedDescription": "x",
    }
    ok(host.post("/v1/listinglocaletexts", text), 201)
    place(title="Something else")
    for words in ("houses", "canla", "hous sunny", "maisons", "maison sunny"):
        assert ids(nobody, q=f"{city} {words}") == [loft["id"]], words
    assert ids(nobody, q=f"{city} castle") == []


def test_the_asked_language_is_shown_where_there_is_one(
    nobody: Caller, host: Person, city: str, place: Callable[..., Json]
) -> None:
    """By parameter or Accept-Language; the listing's own words stay as they are."""
    loft = place()
    text = {"listingId": loft["id"], "languageCode": "pt-BR", "localizedTitle": "Sótão", "localizedDescription": "Luz"}
    ok(host.post("/v1/listinglocaletexts", text), 201)
    shown = {"languageCode": "pt-BR", "title": "Sótão", "description": "Luz"}
    for language in ("pt", "pt-BR", "pt_BR", "pt-PT", "pt_PT"):
        assert found(nobody, q=city, language=language)[0]["localeText"] == shown, language
    asked = nobody.get(SEARCH, {"Accept-Language": "de;q=0.9, pt-BR, *;q=0.1"}, q=city)
    assert ok(asked)["listings"][0]["localeText"] == shown
    assert found(nobody, q=city, language="de")[0]["localeText"] is None


def test_a_better_match_comes_first(nobody: Caller, city: str, place: Callable[..., Json]) -> None:
    """Title over description, the word itself over a slip."""
    text = place(title="One", description="A garden behind the house")
    slip = place(title="Two", description="A gardan behind")
    title = place(title="Garden flat")
    assert ids(nobody, q=f"garden {city}") == [title["id"], text["id"], slip["id"]]


def test_a_box_and_a_distance_bound_the_place(nobody: Caller, city: str, place: Callable[..., Json]) -> None:
    """Also across the date line; the nearest first, with metres."""
    east = place(at={"lat": -17.0, "lon": 179.9})
    west = place(at={"lat": -17.0, "lon": -179.9})
    assert set(ids(nobody, q=city, bbox="-20,179,-10,-179")) == {east["id"], west["id"]}
    assert ids(nobody, q=city, bbox="-20,179,-10,180") == [east["id"]]
    near = found(nobody, q=city, near="-17,-179.9", sort="distance")
    assert [row["id"] for row in near] == [west["id"], east["id"]]
    assert near[0]["distance"] == 0
    assert 21_000 < near[1]["distance"] < 21_500
    assert ids(nobody, q=city, near="-17,-179.9", distance=20_000) == [west["id"]]


def test_a_stay_is_priced_as_its_quote(world: World, nobody: Caller, city: str, place: Callable[..., Json]) -> None:
    """Overrides, discounts, fees and tax: the total that a quote says, in the listing's currency."""
    yen = place(currency="JPY", pricePerNight=9_999, cityTaxPercent=3.33, bookingPolicies=MORE)
    dinar = place(currency="KWD", pricePerNight=10.125, bookingPolicies=MORE | {"cleaningFee": 1.115})
    dates: Json = {"checkIn": world.day(30), "checkOut": world.day(38)}
    rows = {row["id"]: row["stay"] for row in found(nobody, q=city, **dates)}
    for listing in (yen, dinar):
        quote = ok(nobody.get("/v1/quotes", listingId=listing["id"], guestCount=1, **dates))["quote"]
        stay = rows[listing["id"]]
        assert (stay["totalPrice"], stay["currency"], stay["nights"]) == (quote["totalPrice"], listing["currency"], 8)


def test_the_price_of_the_whole_stay_filters_and_sorts(
    world: World, nobody: Caller, city: str, place: Callable[..., Json]
) -> None:
    """With dates the whole stay counts, without dates a night; and only listings of the asked currency are compared."""
    cheap, dear = place(pricePerNight=50, bookingPolicies={"cleaningFee": 200}), place(pricePerNight=60)
    other = place(pricePerNight=55, currency="USD")
    dates = {"checkIn": world.day(30), "checkOut": world.day(32)}
    in_euro = {"q": city, "currency": "EUR"}
    assert ids(nobody, **in_euro, sort="price") == [cheap["id"], dear["id"]]
    assert ids(nobody, **in_euro, sort="price", **dates) == [dear["id"], cheap["id"]]
    assert ids(nobody, **in_euro, sort="-price", **dates) == [cheap["id"], dear["id"]]
    assert ids(nobody, **in_euro, maxPrice=136.80, **dates) == [dear["id"]]
    assert ids(nobody, **in_euro, maxPrice=136.79, **dates) == []
    assert ids(nobody, **in_euro, minPrice=51) == [dear["id"]]
    assert other["id"] in ids(nobody, q=city)


def test_what_a_stay_asks_for_is_kept(world: World, nobody: Caller, city: str, place: Callable[..., Json]) -> None:
    """Minimum and maximum stay, guests, notice and window, by the listing's own date."""
    policies = {"maxGuests": 2, "advanceNoticeDays": 10, "bookingWindowDays": 40}
    strict = place(minStay=3, maxStay=5, bookingPolicies=policies)
    easy = place()

    def stays(ahead: int, nights: int, guests: int = 1) -> set[str]:
        dates = {"checkIn": world.day(ahead), "checkOut": world.day(ahead + nights)}
        return set(ids(nobody, q=city, guests=guests, **dates))

    both = {strict["id"], easy["id"]}
    assert stays(10, 3, 2) == stays(40, 5) == both
    for asked in ((9, 3), (41, 3), (20, 2), (20, 6), (20, 3, 3)):
        assert stays(*asked) == {easy["id"]}, asked
    assert stays(-1, 3) == set()
    assert stays(0, 3) == {easy["id"]}


def test_a_night_that_is_held_is_gone_at_once_and_back_when_it_is_free(
    world: World, nobody: Caller, guest: Person, city: str, place: Callable[..., Json]
) -> None:
    """As soon as the booking is answered; after a cancellation, or a hold that ran out, the listing shows again."""
    loft = place()
    dates = {"checkIn": world.day(30), "checkOut": world.day(33)}
    for _ in range(3):
        stay = world.confirmed(guest, loft, 31, 1)
        assert ids(nobody, q=city, **dates) == []
        assert ids(guest, q=city, **dates) == []
        assert ids(nobody, q=city, checkIn=world.day(32), checkOut=world.day(33)) == [loft["id"]]
        world.cancel(guest, stay)
        assert ids(nobody, q=city, **dates) == [loft["id"]]
    world.book(guest, loft, 32, 1)
    assert ids(nobody, q=city, **dates) == []
    world.advance("PT16M")
    assert ids(nobody, q=city, **dates) == [loft["id"]]


def test_only_published_listings_show_whoever_asks(
    nobody: Caller, host: Person, root: Person, city: str, place: Callable[..., Json]
) -> None:
    """Neither drafts nor what is deleted, not even to their host or to staff."""
    draft, shown, gone = place(isPublished=False), place(), place()
    ok(host.delete(f"/v1/listings/{gone['id']}"))
    for caller in (nobody, host, root):
        answer = ok(caller.get(SEARCH, q=city))
        assert [row["id"] for row in answer["listings"]] == [shown["id"]]
        assert answer["paging"]["totalRowCount"] == 1
        assert answer["facets"]["propertyType"] == [{"value": "loft", "count": 1}]
    assert draft["id"] != shown["id"]


def test_kinds_amenities_and_ratings_filter_and_are_counted(
    world: World, nobody: Caller, root: Person, guest: Person, city: str, host: Person, place: Callable[..., Json]
) -> None:
    """Types any of, amenities all of; facets tell how many of each, with names; ratings in bands."""
    names = [world.unique("amenity") for _ in range(2)]
    wifi, pool = [ok(root.post("/v1/listingamenities", {"name": name}), 201)["listingAmenity"]["id"] for name in names]
    loft = place(amenityIds=[wifi, pool], languagesSupported=["en", "fr"])
    villa = place(propertyType="villa", amenityIds=[wifi], approvalType="manual")
    place(propertyType="room")
    assert set(ids(nobody, q=city, propertyType=["loft", "villa"])) == {loft["id"], villa["id"]}
    assert ids(nobody, q=city, amenityIds=[wifi, pool]) == [loft["id"]]
    assert ids(nobody, q=city, approvalType="manual") == [villa["id"]]
    assert ids(nobody, q=city, languages=["fr", "de"]) == [loft["id"]]
    facets = ok(nobody.get(SEARCH, q=city, pageRowCount=1))["facets"]
    assert facets["propertyType"] == [{"value": name, "count": 1} for name in ("loft", "room", "villa")]
    assert facets["amenities"] == [
        {"value": wifi, "name": names[0], "count": 2},
        {"value": pool, "name": names[1], "count": 1},
    ]
    assert facets["currency"] == [{"value": "EUR", "count": 3}]
    assert facets["city"] == [{"value": city, "count": 3}]
    assert facets["rating"] == [{"atLeast": 4.5, "count": 0}, {"atLeast": 4, "count": 0}, {"atLeast": 3, "count": 0}]


def test_a_rating_shows_filters_and_sorts(world: World, nobody: Caller, guest: Person, host: Person, city: str) -> None:
    """The average of published reviews; listings without one stand last."""
    at = {"lat": 1, "lon": 1, "city": city, "timeZone": "UTC"}
    stay = world.completed(guest, host, location=at)
    plain = world.listing(host, location=at)
    for kind, reviewee in (("listing", stay["listingId"]), ("host", host.id)):
        body = {"reservationId": stay["id"], "revieweeType": kind, "revieweeId": reviewee, "rating": 4}
        ok(guest.post("/v1/reviews", body | {"reviewText": "Fine."}), 201)
    body = {"reservationId": stay["id"], "revieweeType": "guest", "revieweeId": guest.id, "rating": 5}
    ok(host.post("/v1/reviews", body | {"reviewText": "Fine."}), 201)
    rows = found(nobody, q=city, sort="rating")
    assert [(row["id"], row["rating"], row["reviewCount"]) for row in rows] == [
        (stay["listingId"], 4, 1),
        (plain["id"], None, 0),
    ]
    assert ids(nobody, q=city, minRating=4) == [stay["listingId"]]
    assert ids(nobody, q=city, minRating=4.1) == []
    assert ok(nobody.get(SEARCH, q=city))["facets"]["rating"][1] == {"atLeast": 4, "count": 1}


def test_pages_cover_everything_once_though_listings_change_meanwhile(
    nobody: Caller, host: Person, city: str, place: Callable[..., Json]
) -> None:
    """Behind a cursor nothing is shown twice or left out when others come, go and change in between."""
    there = [place(pricePerNight=10 + number) for number in range(7)]
    asked: Json = {"q": city, "sort": "price", "pageRowCount": 2}
    page = ok(nobody.get(SEARCH, **asked))
    seen = [row["id"] for row in page["listings"]]
    while page["paging"]["next"]:
        place(pricePerNight=1)
        ok(host.patch(f"/v1/listings/{seen[-1]}", {"title": "Changed"}))
        page = ok(nobody.get(SEARCH, **asked, cursor=page["paging"]["next"]))
        seen += [row["id"] for row in page["listings"]]
    assert seen == [listing["id"] for listing in there]


@pytest.mark.parametrize("sort", ["relevance", "price", "-price", "rating", "distance", "newest"])
def test_every_order_pages_as_a_whole(
    world: World, nobody: Caller, city: str, place: Callable[..., Json], sort: str
) -> None:
    """Pages by number and by cursor together are the whole list, in each order."""
    for number in range(5):
        place(pricePerNight=10 + number % 2, at={"lat": 1 + number % 2})
    asked: Json = {"q": city, "sort": sort, "near": "1,1", "checkIn": world.day(30), "checkOut": world.day(31)}
    whole = ids(nobody, **asked)
    assert len(set(whole)) == 5
    assert [id for page in (1, 2, 3) for id in ids(nobody, **asked, pageNumber=page, pageRowCount=2)] == whole
    page = ok(nobody.get(SEARCH, **asked, pageRowCount=2))
    seen = [row["id"] for row in page["listings"]]
    while page["paging"]["next"]:
        page = ok(nobody.get(SEARCH, **asked, pageRowCount=2, cursor=page["paging"]["next"]))
        seen += [row["id"] for row in page["listings"]]
    assert seen == whole


def test_a_cursor_is_good_for_its_own_search_alone(nobody: Caller, city: str, place: Callable[..., Json]) -> None:
    for _ in range(2):
        place()
    further = ok(nobody.get(SEARCH, q=city, pageRowCount=1))["paging"]["next"]
    assert len(ids(nobody, q=city, cursor=further)) == 1
    invalid(nobody.get(SEARCH, q=city, sort="price", cursor=further), "cursor")
    invalid(nobody.get(SEARCH, q=city, cursor=further, pageNumber=2), "pageNumber")


def test_it_stands_under_its_service_too_and_finds_nothing_plainly(nobody: Caller) -> None:
    answer = ok(nobody.get("/propertycatalog-api" + SEARCH, amenityIds=ABSENT))
    assert answer["listings"] == []
    assert answer["paging"] == {
        "pageNumber": 1, "pageRowCount": 25, "totalRowCount": 0, "pageCount": 0, "next": None,
    }  # fmt: skip
    assert answer["facets"]["amenities"] == []
