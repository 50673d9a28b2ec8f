"""Listings: offered, changed, published and deleted by their host."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.errors import Invalid, NotThere, Refused
from domain.listing import BookingPolicies, Cancellation, Listing, Location, Offer
from domain.policies import TIERS, Grace, Step
from domain.pricing import Season
from domain.stay import Nights
from tests.specs import given

HOST = UUID(int=7)
PARIS = Location(48_850_000_000, 2_350_000_000, "Europe/Paris")
LOFT = Offer(
    title="Loft",
    address="1 rue de la Paix",
    description="Under the roof",
    property_type="loft",
    location=PARIS,
    currency="EUR",
    price_per_night=9_999,
    approval_type="instant",
)
WINTER = Season(Nights(date(2026, 12, 1), date(2027, 3, 1)), price_per_night=12_050)
NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)

Decision = Callable[[Listing], object]


def created(offer: Offer = LOFT, *, published: bool = True) -> Decision:
    return lambda listing: listing.create(HOST, offer, published=published)


def changed(*, published: bool = True, **fields: Any) -> Decision:
    return lambda listing: listing.change(replace(listing.offer, **fields), published=published)


def test_whoever_creates_a_listing_is_its_host() -> None:
    listing = given(Listing).when(created()).then("listing.created.v1", host=HOST, offer=LOFT, published=True)
    assert (listing.facts, listing.exists) == ({"hostId": str(HOST), "isPublished": True}, True)


def test_a_change_records_the_offer_as_it_is_from_now_on() -> None:
    after = given(Listing).having(created()).when(changed(title="Attic")).then("listing.changed.v1", published=True)
    assert after.offer == replace(LOFT, title="Attic")


def test_an_offer_and_whether_it_is_published_change_in_one_event() -> None:
    given(Listing).having(created()).when(changed(published=False, title="Attic")).then(
        "listing.changed.v1", published=False
    )


def test_publishing_and_unpublishing_have_events_of_their_own() -> None:
    given(Listing).having(created(published=False)).when(changed()).then("listing.published.v1")
    given(Listing).having(created()).when(changed(published=False)).then("listing.unpublished.v1")
    given(Listing).having(created()).when(Listing.unpublish).then("listing.unpublished.v1")


def test_what_already_holds_records_nothing() -> None:
    given(Listing).having(created()).when(changed(title="Loft")).nothing()
    given(Listing).having(created(published=False)).when(Listing.unpublish).nothing()
    given(Listing).when(Listing.unpublish).nothing()
    given(Listing).having(created(), Listing.delete).when(Listing.delete).nothing()


def test_a_deleted_listing_is_not_there() -> None:
    gone = given(Listing).having(created()).when(Listing.delete).then("listing.deleted.v1")
    assert not gone.exists
    for look in (lambda: gone.offer, lambda: gone.facts, lambda: gone.zone, lambda: gone.rates):
        with pytest.raises(NotThere):
            look()
    with pytest.raises(NotThere):
        gone.change(LOFT, published=True)


def test_a_listing_that_was_never_made_is_not_there() -> None:
    with pytest.raises(NotThere):
        _ = Listing.at(UUID(int=1)).facts


def test_a_minimum_stay_is_not_above_the_maximum() -> None:
    given(Listing).when(created(replace(LOFT, min_stay=8, max_stay=7))).invalid("minStay")
    given(Listing).having(created(replace(LOFT, max_stay=7))).when(changed(min_stay=8)).invalid("minStay")


def test_a_cancellation_policy_is_one_that_can_be_followed() -> None:
    given(Listing).when(created(replace(LOFT, cancellation=Cancellation("strictest")))).invalid(
        "cancellationPolicy.tier"
    )
    twice = Cancellation("custom", (Step(24, 5_000), Step(24, 10_000)))
    given(Listing).when(created(replace(LOFT, cancellation=twice))).invalid("cancellationPolicy.steps")


def test_without_a_word_the_cancellation_policy_is_flexible() -> None:
    assert given(Listing).when(created()).then("listing.created.v1").policy() == TIERS["flexible"]


def test_a_policy_takes_the_grace_of_the_marketplace() -> None:
    listing = given(Listing).when(created()).then("listing.created.v1")
    assert listing.policy(Grace(hours=48)).grace == Grace(hours=48)


def test_rates_are_what_prices_are_reckoned_from() -> None:
    policies = BookingPolicies(cleaning_fee=4_500, weekly_discount_rate=750)
    offer = replace(LOFT, seasons=(WINTER,), policies=policies, city_tax_rate=550, min_stay=2)
    rates = given(Listing).when(created(offer)).then("listing.created.v1").rates
    assert (rates.currency, rates.price_per_night, rates.seasons) == ("EUR", 9_999, (WINTER,))
    assert (rates.cleaning_fee, rates.weekly_discount_rate, rates.monthly_discount_rate) == (4_500, 750, None)
    assert (rates.city_tax_rate, rates.min_stay) == (550, 2)


@pytest.mark.parametrize(
    ("fields", "sent", "left"),
    [
        ({}, (), ["pricePerNight"]),
        ({}, ("pricePerNight",), None),
        ({"seasons": (WINTER,)}, ("pricePerNight",), ["seasonalPricing"]),
        ({"seasons": (replace(WINTER, price_per_night=None, min_stay=3),)}, ("pricePerNight",), None),
        ({"policies": BookingPolicies(cleaning_fee=1)}, ("pricePerNight",), ["bookingPolicies"]),
        ({"policies": BookingPolicies(max_guests=1)}, ("pricePerNight",), None),
        ({"seasons": (WINTER,)}, ("pricePerNight", "seasonalPricing"), None),
    ],
)
def test_a_currency_changes_only_with_every_price(
    fields: dict[str, Any], sent: tuple[str, ...], left: list[str] | None
) -> None:
    listing = given(Listing).when(created(replace(LOFT, **fields))).then("listing.created.v1")
    listing.check_currency("EUR", ())
    if left is None:
        listing.check_currency("JPY", sent)
        return
    with pytest.raises(Refused, match=r"JPY|EUR") as refusal:
        listing.check_currency("JPY", sent)
    assert (refusal.value.rule, refusal.value.detail) == ("WRONG_STATE", {"prices": left})


@pytest.mark.parametrize(
    ("check_out", "left"),
    [(NOON - timedelta(days=99), True), (NOON, True), (NOON + timedelta(minutes=1), False)],
)
def test_a_listing_stays_while_someone_has_not_checked_out(check_out: datetime, left: bool) -> None:
    listing = given(Listing).when(created()).then("listing.created.v1")
    if left:
        listing.check_left([NOON - timedelta(days=100), check_out], NOON)
        return
    with pytest.raises(Refused) as refusal:
        listing.check_left([NOON - timedelta(days=100), check_out], NOON)
    assert (refusal.value.rule, refusal.value.detail) == ("LISTING_HAS_CLAIMS", {"stays": 1})


def test_an_invalid_offer_changes_nothing() -> None:
    listing = given(Listing).when(created()).then("listing.created.v1")
    with pytest.raises(Invalid):
        listing.change(replace(LOFT, min_stay=2, max_stay=1), published=True)
    assert not listing.pending_events
