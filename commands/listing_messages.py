"""What hosts may send about a listing."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field, StrictInt

from commands.wire import UNSET, Day, Flag, Id, LongText, Message, NonEmpty, Number, RecordVersion, Text
from domain.listing import ApprovalType, PropertyType

MOST_DAYS = 3_650
"""Ten years: no stay lasts longer, and none is booked further ahead."""
MOST_GUESTS = 10_000
MOST_ITEMS = 500

DayCount = Annotated[StrictInt, Field(ge=0, le=MOST_DAYS)]
NightCount = Annotated[StrictInt, Field(ge=1, le=MOST_DAYS)]
Many = Field(max_length=MOST_ITEMS)


class LocationPart(Message):
    """Where a listing is."""

    lat: Annotated[Number, Field(ge=-90, le=90)]
    lon: Annotated[Number, Field(ge=-180, le=180)]
    city: Text | None = None
    country_code: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    time_zone: NonEmpty | None = None


class BookingPoliciesPart(Message):
    """What a host asks of bookings."""

    max_guests: Annotated[StrictInt, Field(ge=1, le=MOST_GUESTS)] | None = None
    cleaning_fee: Number | None = None
    weekly_discount_percent: Number | None = None
    monthly_discount_percent: Number | None = None
    check_in_time: Text | None = None
    check_out_time: Text | None = None
    advance_notice_days: DayCount | None = None
    booking_window_days: DayCount | None = None


class SeasonPart(Message):
    """A period of its own price or minimum stay."""

    from_: Day = Field(alias="from")
    to: Day
    price_per_night: Number | None = None
    min_stay: NightCount | None = None


class StepPart(Message):
    """A step of a custom cancellation policy."""

    hours_before_check_in: StrictInt
    refund_percent: Number


class CancellationPart(Message):
    """A published tier, or steps."""

    tier: Text | None = None
    steps: list[StepPart] | None = None


class CreateListing(Message):
    """A new listing; its host is who asks."""

    IGNORED: ClassVar[frozenset[str]] = frozenset({"hostId"})

    title: NonEmpty
    amenity_ids: Annotated[list[Id], Many] | None = None
    main_photo: Text | None = None
    photos: Annotated[list[Text], Many] | None = None
    address: NonEmpty
    price_per_night: Number
    description: LongText
    property_type: PropertyType
    location: LocationPart
    max_stay: NightCount | None = None
    min_stay: NightCount | None = None
    currency: Text
    seasonal_pricing: Annotated[list[SeasonPart], Many] | None = None
    approval_type: ApprovalType
    booking_policies: BookingPoliciesPart | None = None
    cancellation_policy: CancellationPart | None = None
    languages_supported: Annotated[list[Text], Many] | None = None
    house_rules: LongText | None = None
    is_published: Flag = False
    city_tax_percent: Number | None = None


class UpdateListing(Message):
    """What is to change of a listing; its location, policies and lists are replaced whole."""

    listing_id: Id
    title: NonEmpty = UNSET
    amenity_ids: Annotated[list[Id], Many] | None = UNSET
    main_photo: Text | None = UNSET
    photos: Annotated[list[Text], Many] | None = UNSET
    address: NonEmpty = UNSET
    price_per_night: Number = UNSET
    description: LongText = UNSET
    property_type: PropertyType = UNSET
    location: LocationPart = UNSET
    max_stay: NightCount | None = UNSET
    min_stay: NightCount | None = UNSET
    currency: Text = UNSET
    seasonal_pricing: Annotated[list[SeasonPart], Many] | None = UNSET
    approval_type: ApprovalType = UNSET
    booking_policies: BookingPoliciesPart | None = UNSET
    cancellation_policy: CancellationPart | None = UNSET
    languages_supported: Annotated[list[Text], Many] | None = UNSET
    house_rules: LongText | None = UNSET
    is_published: Flag = UNSET
    city_tax_percent: Number | None = UNSET
    record_version: RecordVersion | None = None


class DeleteListing(Message):
    """A listing that is to go."""

    listing_id: Id
    record_version: RecordVersion | None = None
