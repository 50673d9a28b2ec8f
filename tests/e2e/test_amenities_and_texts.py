"""The small records about listings: amenities and locale texts."""

from typing import Any

import pytest

from tests.e2e.talk import ABSENT, Json, Person, invalid, ok, refused
from tests.e2e.world import World, rows, wire


def test_amenities_are_made_by_admins_and_seen_by_anyone(
    world: World, admin: Person, host: Person, moderator: Person
) -> None:
    name = world.unique("wifi")
    for caller, status in ((world.nobody, 401), (host, 403), (moderator, 403)):
        refused(caller.post("/v1/listingamenities", {"name": name}), status)
    made = ok(admin.post("/v1/listingamenities", {"name": name, "iconUrl": "https://x.example/wifi.svg"}), 201)[
        "listingAmenity"
    ]
    path = f"/v1/listingamenities/{made['id']}"
    assert ok(world.nobody.get(path))["listingAmenity"] == made
    assert [row["id"] for row in rows(world.nobody, "/v1/listingamenities", name=name)] == [made["id"]]
    refused(host.patch(path, {"iconUrl": "x"}), 403, "FORBIDDEN")
    changed = ok(admin.patch(path, {"iconUrl": None}))["listingAmenity"]
    assert (changed["iconUrl"], changed["recordVersion"]) == (None, 2)
    refused(host.delete(path), 403, "FORBIDDEN")
    ok(admin.delete(path))
    refused(world.nobody.get(path), 404, "NOT_FOUND")
    assert rows(world.nobody, "/v1/listingamenities", name=name) == []
    invalid(admin.post("/v1/listingamenities", {}), "name")


def test_amenities_may_share_a_name(world: World, admin: Person) -> None:
    """No rule forbids it."""
    name = world.unique("sauna")
    for _ in range(2):
        ok(admin.post("/v1/listingamenities", {"name": name}), 201)


def test_a_listing_may_have_amenities(world: World, admin: Person, host: Person) -> None:
    made = ok(admin.post("/v1/listingamenities", {"name": world.unique("pool")}), 201)["listingAmenity"]
    assert world.listing(host, amenityIds=[made["id"]])["amenityIds"] == [made["id"]]


def text_for(listing: Json, **over: Any) -> Json:
    return {
        "listingId": listing["id"],
        "languageCode": "fr",
        "localizedTitle": "Le loft",
        "localizedDescription": "Calme.",
    } | over


def test_locale_texts_are_the_hosts_and_seen_as_the_listing(
    world: World, host: Person, stranger: Person, admin: Person, moderator: Person
) -> None:
    place, hidden = world.listing(host), world.listing(host, isPublished=False)
    refused(world.nobody.post("/v1/listinglocaletexts", text_for(place)), 401)
    refused(stranger.post("/v1/listinglocaletexts", text_for(place)), 403, "FORBIDDEN")
    refused(stranger.post("/v1/listinglocaletexts", text_for(hidden)), 404, "NOT_FOUND")
    refused(host.post("/v1/listinglocaletexts", text_for(place, listingId=ABSENT)), 404, "NOT_FOUND")
    shown = ok(host.post("/v1/listinglocaletexts", text_for(place)), 201)["listingLocaleText"]
    sealed = ok(host.post("/v1/listinglocaletexts", text_for(hidden)), 201)["listingLocaleText"]
    assert shown["_owner"] == host.id
    ok(world.nobody.get(f"/v1/listinglocaletexts/{shown['id']}"))
    for caller in (world.nobody, stranger):
        refused(caller.get(f"/v1/listinglocaletexts/{sealed['id']}"), 404, "NOT_FOUND")
        assert ok(caller.get("/v1/listinglocaletexts", listingId=hidden["id"]))["paging"]["totalRowCount"] == 0
        refused(stranger.patch(f"/v1/listinglocaletexts/{sealed['id']}", {"localizedTitle": "x"}), 404, "NOT_FOUND")
    for caller in (host, moderator, admin):
        ok(caller.get(f"/v1/listinglocaletexts/{sealed['id']}"))
    path = f"/v1/listinglocaletexts/{shown['id']}"
    refused(stranger.patch(path, {"localizedTitle": "x"}), 403, "FORBIDDEN")
    assert ok(host.patch(path, {"localizedTitle": "Loft"}))["listingLocaleText"]["localizedTitle"] == "Loft"
    ok(admin.patch(path, {"localizedDescription": "Très calme."}))
    refused(stranger.delete(path), 403, "FORBIDDEN")
    ok(host.patch(f"/v1/listings/{place['id']}", {"isPublished": False}))
    refused(world.nobody.get(path), 404, "NOT_FOUND")
    ok(host.delete(path))
    refused(host.get(path), 404, "NOT_FOUND")


def test_locale_texts_filter_by_listing_and_language(world: World, host: Person) -> None:
    place = world.listing(host)
    for code in ("fr", "de"):
        ok(host.post("/v1/listinglocaletexts", text_for(place, languageCode=code)), 201)
    found = rows(world.nobody, "/v1/listinglocaletexts", listingId=place["id"], languageCode="de")
    assert [row["languageCode"] for row in found] == ["de"]


@pytest.mark.parametrize("field", ["localizedTitle", "localizedDescription", "languageCode", "listingId"])
def test_what_a_locale_text_needs_is_named(world: World, host: Person, field: str) -> None:
    place = world.listing(host)
    body = text_for(place)
    del body[field]
    invalid(host.post("/v1/listinglocaletexts", body), field)


def test_what_stood_under_a_deleted_listing_is_gone_and_staff_still_read_its_past(
    world: World, host: Person, moderator: Person
) -> None:
    listing = world.listing(host)
    text = ok(host.post("/v1/listinglocaletexts", text_for(listing)), 201)["listingLocaleText"]
    night = {"listingId": listing["id"], "date": world.day(9), "isAvailable": False}
    entry = ok(host.post("/v1/listingcalendars", night), 201)["listingCalendar"]
    then = wire(world.now())
    world.advance("PT1S")
    ok(host.delete(f"/v1/listings/{listing['id']}"))
    for path, name, made in (
        (f"/v1/listinglocaletexts/{text['id']}", "listingLocaleText", text),
        (f"/v1/listingcalendars/{entry['id']}", "listingCalendar", entry),
    ):
        for caller in (host, moderator, world.root):
            refused(caller.get(path), 404, "NOT_FOUND")
        assert len(ok(moderator.get(f"{path}/history"))["history"]) == 1
        assert ok(moderator.get(path, asOf=then))[name] == made
        refused(moderator.get(path, asOf=wire(world.now())), 404, "NOT_FOUND")
        refused(host.get(f"{path}/history"), 404, "NOT_FOUND")
        refused(host.get(path, asOf=then), 404, "NOT_FOUND")
