"""What hosts offer: listings, their calendars, their texts in other languages, and the amenities to choose from."""

from __future__ import annotations

from typing import get_args

from domain.access import Admin, As, Is, Own, Staff
from domain.listing import ApprovalType, PropertyType
from domain.record import OWNER
from domain.resource import Field, Kind, RecordRules, Resource, Tells

SERVICE = "propertyCatalog"
OF_THE_HOST = Own("hostId") | Staff()

LISTING = Resource(
    name="listing",
    plural="listings",
    service=SERVICE,
    path="/v1/listings",
    doc="A place that a host offers for short stays: what it is, what it costs, and on what terms it is let.",
    owner="hostId",
    sees=Is("isPublished", (True,)) | OF_THE_HOST,
    changes=Own("hostId") | Admin(),
    tells=Tells(title=("title",), place=("location.city",), text=("description",), languages="languagesSupported"),
    fields=(
        Field("title", Kind.STRING, "Its name.", required=True, filter=True),
        Field("amenityIds", Kind.LIST, "The amenities it has.", of=Kind.ID),
        Field("hostId", Kind.ID, "The user who offers it.", required=True, filter=True, lookup=True),
        Field("mainPhoto", Kind.STRING, "Address of the photo to show first."),
        Field("photos", Kind.LIST, "Addresses of more photos.", of=Kind.STRING),
        Field("address", Kind.STRING, "Its postal address.", required=True, filter=True),
        Field("pricePerNight", Kind.MONEY, "Of a night that nothing else prices.", required=True, filter=True),
        Field("description", Kind.TEXT, "What there is to know.", required=True),
        Field(
            "propertyType", Kind.ENUM, "What kind of place.", required=True, filter=True, enum=get_args(PropertyType)
        ),
        Field(
            "location",
            Kind.OBJECT,
            "`lat`, `lon`, `timeZone` (IANA), `city`, `countryCode`.",
            required=True,
            parts=(
                Field("lat", Kind.DECIMAL, "Degrees north.", required=True),
                Field("lon", Kind.DECIMAL, "Degrees east.", required=True),
                Field("timeZone", Kind.STRING, "Its IANA time zone.", required=True),
                Field("city", Kind.STRING, "Its city."),
                Field("countryCode", Kind.STRING, "Its country."),
            ),
        ),
        Field("maxStay", Kind.INTEGER, "The most nights of a stay; absent: 365."),
        Field("minStay", Kind.INTEGER, "The fewest nights of a stay; absent: 1."),
        Field("currency", Kind.STRING, "ISO 4217 code of all its prices.", required=True, filter=True),
        Field(
            "seasonalPricing",
            Kind.LIST,
            "Periods, in order of date, with a price or a minimum stay of their own: `from`, `to` (exclusive), "
            "`pricePerNight`, `minStay`.",
            of=Kind.OBJECT,
        ),
        Field(
            "approvalType",
            Kind.ENUM,
            "Whether payment confirms a stay (instant) or the host does (manual).",
            required=True,
            enum=get_args(ApprovalType),
        ),
        Field(
            "bookingPolicies",
            Kind.OBJECT,
            "`maxGuests`, `cleaningFee`, `weeklyDiscountPercent`, `monthlyDiscountPercent`, `checkInTime` (15:00), "
            "`checkOutTime` (11:00), `advanceNoticeDays` (0), `bookingWindowDays` (730).",
            parts=(
                Field("maxGuests", Kind.INTEGER, "The most guests of a stay."),
                Field("advanceNoticeDays", Kind.INTEGER, "The fewest days from today to check-in."),
                Field("bookingWindowDays", Kind.INTEGER, "The most days from today to check-in."),
            ),
        ),
        Field("cancellationPolicy", Kind.OBJECT, "`tier`, or `steps` of `hoursBeforeCheckIn` and `refundPercent`."),
        Field("languagesSupported", Kind.LIST, "The languages that guests are met in.", of=Kind.STRING),
        Field("houseRules", Kind.TEXT, "What guests agree to."),
        Field("isPublished", Kind.BOOLEAN, "Whether everyone sees it and it can be booked.", filter=True),
        Field("cityTaxPercent", Kind.DECIMAL, "Of the net nights, 0 to 100."),
    ),
)

LISTING_CALENDAR = Resource(
    name="listingCalendar",
    plural="listingCalendars",
    service=SERVICE,
    path="/v1/listingcalendars",
    doc="A night of a listing that is held, booked or blocked, or that the host has said something of.",
    owner="hostId",
    sees=As("listing", "listingId"),
    changes=Own("hostId") | Admin(),
    fields=(
        Field("priceOverride", Kind.MONEY, "The night's own price, before the season's and the listing's."),
        Field("date", Kind.DAY, "The night, at the listing.", required=True, filter=True),
        Field("minStay", Kind.INTEGER, "The fewest nights for an arrival on that night."),
        Field("listingId", Kind.ID, "Its listing.", required=True, filter=True, lookup=True, then="date"),
        Field("bookedBy", Kind.ID, "The reservation that holds or has booked the night.", sees=OF_THE_HOST),
        Field("iCalUrl", Kind.STRING, "Address of a calendar kept elsewhere.", sees=OF_THE_HOST),
        Field("externalCalendarIds", Kind.LIST, "Ids of calendars kept elsewhere.", of=Kind.STRING, sees=OF_THE_HOST),
        Field("isAvailable", Kind.BOOLEAN, "False if it is held, booked or blocked.", required=True),
        Field("hostId", Kind.ID, shown=False),
        Field("timeZone", Kind.STRING, shown=False),
        Field("claimedBy", Kind.ID, shown=False),
        Field("isEntered", Kind.BOOLEAN, shown=False),
        Field("isBlocked", Kind.BOOLEAN, shown=False),
    ),
)

LISTING_AMENITY = Resource(
    name="listingAmenity",
    plural="listingAmenities",
    service=SERVICE,
    path="/v1/listingamenities",
    doc="An amenity that listings can have: wifi, a pool.",
    owner=OWNER.name,
    changes=Admin(),
    record=RecordRules(creates=Admin()),
    fields=(
        Field("iconUrl", Kind.STRING, "Address of its icon."),
        Field("name", Kind.STRING, "What it is called.", required=True, filter=True, fixed=True),
        OWNER,
    ),
)

LISTING_LOCALE_TEXT = Resource(
    name="listingLocaleText",
    plural="listingLocaleTexts",
    service=SERVICE,
    path="/v1/listinglocaletexts",
    doc="The title and description of a listing in another language.",
    owner=OWNER.name,
    sees=As("listing", "listingId"),
    changes=Own(OWNER.name) | Admin(),
    record=RecordRules(creates=Own(OWNER.name) | Admin(), unique=("listingId", "languageCode"), parent="listing"),
    tells=Tells(title=("localizedTitle",), text=("localizedDescription",), languages="languageCode"),
    fields=(
        Field("localizedDescription", Kind.TEXT, "The description in that language.", required=True),
        Field("localizedTitle", Kind.STRING, "The title in that language.", required=True),
        Field("listingId", Kind.ID, "Its listing.", required=True, filter=True, fixed=True, lookup=True),
        Field("languageCode", Kind.STRING, "Such as `fr` or `pt-BR`.", required=True, filter=True, fixed=True),
        OWNER,
    ),
)
