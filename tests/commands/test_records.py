"""Resources without rules of their own: declared once, and there with all that belongs to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from commands.bus import Unauthenticated
from commands.records import record_commands
from domain.access import Admin, As, LoggedIn, Own
from domain.actor import NOBODY, Actor
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from domain.record import OWNER
from domain.resource import Field, Kind, RecordRules, Resource
from domain.resources.catalog import LISTING_AMENITY
from projections.records import record_projection
from tests.commands.house import LOFT, House, open_house, somebody

HOUSE_BOOK = Resource(
    name="houseBook",
    plural="houseBooks",
    service="propertyCatalog",
    path="/v1/housebooks",
    doc="A declaration with a field of every kind that a record can hold.",
    owner=OWNER.name,
    sees=As("listing", "listingId"),
    changes=Own(OWNER.name) | Admin(),
    record=RecordRules(creates=LoggedIn(), unique=("shelf", "place"), parent="listing"),
    fields=(
        Field("listingId", Kind.ID, required=True, filter=True, fixed=True),
        Field("shelf", Kind.STRING, required=True, filter=True),
        Field("place", Kind.INTEGER, required=True),
        Field("notes", Kind.TEXT),
        Field("weight", Kind.DECIMAL),
        Field("isOpen", Kind.BOOLEAN),
        Field("binding", Kind.ENUM, enum=("paper", "cloth")),
        Field("printedOn", Kind.DAY),
        Field("lentAt", Kind.INSTANT),
        Field("about", Kind.OBJECT),
        Field("tags", Kind.LIST, of=Kind.STRING),
        OWNER,
    ),
)
"""All that is needed for another resource."""


@pytest.fixture(scope="module")
async def house(module_database: str) -> AsyncIterator[House]:
    declared = {"commands": record_commands(HOUSE_BOOK), "projections": (record_projection(HOUSE_BOOK),)}
    async with open_house(module_database, resources=(HOUSE_BOOK,), **declared) as opened:  # type: ignore[arg-type]
        yield opened


@pytest.fixture
async def listing(house: House, host: Actor) -> str:
    return str((await house.ask("createListing", host, **LOFT))["id"])


@pytest.fixture
def name() -> str:
    """Of an amenity that no other test has."""
    return f"Pool {uuid4()}"


ADMIN = somebody("admin")


class TestAmenities:
    async def test_an_admin_makes_one_and_anyone_sees_it(self, house: House, name: str) -> None:
        made = await house.ask("createListingAmenity", ADMIN, name=name)
        assert (made["name"], made["iconUrl"], made["recordVersion"], made["_owner"]) == (name, None, 1, str(ADMIN.id))
        assert "ownerId" not in made
        assert await house.get("listingAmenity", made["id"]) == made

    async def test_no_one_else_makes_one(self, house: House, name: str) -> None:
        with pytest.raises(Unauthenticated):
            await house.ask("createListingAmenity", NOBODY, name=name)
        for other in (somebody(), somebody("moderator")):
            with pytest.raises(NotAllowed):
                await house.ask("createListingAmenity", other, name=name)

    async def test_its_icon_changes_and_its_name_does_not(self, house: House, name: str) -> None:
        made = await house.ask("createListingAmenity", ADMIN, name=name)
        changed = await house.ask("updateListingAmenity", ADMIN, listingAmenityId=made["id"], iconUrl="/pool.svg")
        assert (changed["iconUrl"], changed["name"], changed["recordVersion"]) == ("/pool.svg", name, 2)
        with pytest.raises(Invalid) as refusal:
            await house.ask("updateListingAmenity", ADMIN, listingAmenityId=made["id"], name="Pond")
        assert "name" in refusal.value.detail["fields"]
        same = await house.ask("updateListingAmenity", ADMIN, listingAmenityId=made["id"], iconUrl="/pool.svg")
        assert same["recordVersion"] == 2
        bare = await house.ask("createListingAmenity", ADMIN, name=f"{name} too")
        assert await house.ask("updateListingAmenity", ADMIN, listingAmenityId=bare["id"], iconUrl=None) == bare
        with pytest.raises(Refused) as stale:
            await house.ask("updateListingAmenity", ADMIN, listingAmenityId=made["id"], iconUrl=None, recordVersion=1)
        assert stale.value.rule == "STALE_VERSION"

    async def test_a_deleted_one_is_gone(self, house: House, name: str) -> None:
        made = await house.ask("createListingAmenity", ADMIN, name=name)
        gone = await house.ask("deleteListingAmenity", ADMIN, listingAmenityId=made["id"])
        assert (gone["isActive"], gone["recordVersion"]) == (False, 2)
        assert await house.get("listingAmenity", made["id"], ADMIN) is None
        for command in ("updateListingAmenity", "deleteListingAmenity"):
            with pytest.raises(NotThere):
                await house.ask(command, ADMIN, listingAmenityId=made["id"])

    @pytest.mark.parametrize(
        "body", [{}, {"name": ""}, {"name": None}, {"name": 5}, {"name": "a\x00"}, {"name": "a", "size": 1}]
    )
    async def test_what_cannot_be_is_refused(self, house: House, body: dict[str, Any]) -> None:
        with pytest.raises(Invalid):
            await house.ask("createListingAmenity", ADMIN, **body)


class TestLocaleTexts:
    async def text(self, house: House, by: Actor, listing: str, language: str = "fr") -> dict[str, Any]:
        body = {"listingId": listing, "languageCode": language, "localizedTitle": "Le loft"}
        text: dict[str, Any] = await house.ask(
            "createListingLocaleText", by, **body, localizedDescription="Sous les toits"
        )
        return text

    async def test_it_belongs_to_the_listings_host_whoever_writes_it(
        self, house: House, host: Actor, listing: str
    ) -> None:
        assert (await self.text(house, host, listing))["_owner"] == str(host.id)
        assert (await self.text(house, ADMIN, listing, "de"))["_owner"] == str(host.id)

    async def test_only_host_and_admins_write_it(self, house: House, host: Actor, listing: str) -> None:
        text = await self.text(house, host, listing)
        for other in (somebody(), somebody("moderator")):
            with pytest.raises(NotAllowed):
                await self.text(house, other, listing, "it")
            with pytest.raises(NotAllowed):
                await house.ask("updateListingLocaleText", other, listingLocaleTextId=text["id"], localizedTitle="x")
            with pytest.raises(NotAllowed):
                await house.ask("deleteListingLocaleText", other, listingLocaleTextId=text["id"])
        with pytest.raises(NotThere):
            await self.text(house, host, str(uuid4()))

    async def test_a_listing_has_one_text_a_language(self, house: House, host: Actor, listing: str) -> None:
        await self.text(house, host, listing)
        with pytest.raises(Refused) as refusal:
            await self.text(house, host, listing, "FR")
        assert refusal.value.rule == "ENTRY_EXISTS"
        await self.text(house, host, listing, "pt-BR")

    async def test_of_many_at_once_one_stands(self, house: House, host: Actor, listing: str) -> None:
        answers = await asyncio.gather(*(self.text(house, host, listing) for _ in range(6)), return_exceptions=True)
        assert sum(isinstance(answer, dict) for answer in answers) == 1
        assert sum(isinstance(answer, Refused) for answer in answers) == 5

    async def test_it_is_seen_as_its_listing(self, house: House, host: Actor, listing: str) -> None:
        text = await self.text(house, host, listing)
        assert await house.get("listingLocaleText", text["id"]) == text
        await house.ask("updateListing", host, listingId=listing, isPublished=False)
        for stranger in (NOBODY, somebody()):
            assert await house.get("listingLocaleText", text["id"], stranger) is None
        for command in ("updateListingLocaleText", "deleteListingLocaleText"):
            with pytest.raises(NotThere):
                await house.ask(command, somebody(), listingLocaleTextId=text["id"])
        with pytest.raises(NotThere):
            await self.text(house, somebody(), listing, "es")
        assert await house.get("listingLocaleText", text["id"], host) == text
        changed = await house.ask(
            "updateListingLocaleText", host, listingLocaleTextId=text["id"], localizedTitle="Loft"
        )
        assert (changed["localizedTitle"], changed["recordVersion"]) == ("Loft", 2)

    @pytest.mark.parametrize("fixed", ["listingId", "languageCode"])
    async def test_its_listing_and_language_are_fixed(
        self, house: House, host: Actor, listing: str, fixed: str
    ) -> None:
        text = await self.text(house, host, listing)
        with pytest.raises(Invalid) as refusal:
            await house.ask("updateListingLocaleText", host, listingLocaleTextId=text["id"], **{fixed: text[fixed]})
        assert fixed in refusal.value.detail["fields"]

    async def test_it_is_gone_with_its_listing(self, house: House, host: Actor, listing: str) -> None:
        text = await self.text(house, host, listing)
        await house.ask("deleteListing", host, listingId=listing)
        assert await house.get("listingLocaleText", text["id"], ADMIN) is None
        with pytest.raises(NotThere):
            await house.ask("updateListingLocaleText", ADMIN, listingLocaleTextId=text["id"], localizedTitle="x")


class TestAnotherDeclaration:
    async def test_it_is_there_from_end_to_end(self, house: House, host: Actor, listing: str) -> None:
        said: dict[str, Any] = {
            "listingId": listing,
            "shelf": f"A {uuid4()}",
            "place": 3,
            "notes": "long " * 5_000,
            "weight": Decimal("1.250"),
            "isOpen": False,
            "binding": "cloth",
            "printedOn": "1999-12-31",
            "lentAt": "2026-06-01T14:00:00+02:00",
            "about": {"pages": 7, "price": Decimal("12.50"), "parts": [{"name": "one"}, None]},
            "tags": ["old", "heavy"],
        }
        made = await house.ask("createHouseBook", somebody(), **said)
        assert {name: made[name] for name in said} == said | {"lentAt": "2026-06-01T12:00:00.000Z"}
        assert (made["binding_idx"], made["_owner"]) == (1, str(host.id))
        assert await house.get("houseBook", made["id"]) == made
        changed = await house.ask("updateHouseBook", host, houseBookId=made["id"], about=None, place=4)
        assert (changed["about"], changed["place"], changed["tags"]) == (None, 4, ["old", "heavy"])
        again = await house.ask("createHouseBook", somebody(), **{n: said[n] for n in ("listingId", "shelf", "place")})
        with pytest.raises(Refused):
            await house.ask("updateHouseBook", host, houseBookId=again["id"], place=4)
        await house.ask("deleteHouseBook", host, houseBookId=made["id"])
        assert await house.get("houseBook", made["id"]) is None
        await house.ask("updateHouseBook", host, houseBookId=again["id"], place=4)

    async def test_its_events_are_the_records(self, house: House, listing: str) -> None:
        body = {"listingId": listing, "shelf": f"B {uuid4()}", "place": 1}
        made = await house.ask("createHouseBook", somebody(), **body)
        (event,) = await house.log(UUID(made["id"]))
        assert (event.name, event.command_name) == ("record.created.v1", "createHouseBook")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("place", 1.5),
            ("place", 2**31),
            ("weight", "heavy"),
            ("weight", Decimal("1E-40")),
            ("isOpen", 1),
            ("binding", "leather"),
            ("printedOn", "1999-02-30"),
            ("printedOn", "1999-01-01T00:00:00Z"),
            ("lentAt", "2026-06-01"),
            ("lentAt", "2026-06-01T12:00:00"),
            ("about", []),
            ("about", {"a": "\x00"}),
            ("about", {"\x00": 1}),
            ("about", {"a": 10**400}),
            ("about", {"a": Decimal("1E-999")}),
            ("about", {"a": {"b": {"c": [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}}}),
            ("tags", ["x"] * 501),
            ("tags", [1]),
            ("listingId", "here"),
        ],
    )
    async def test_what_cannot_be_is_named(self, house: House, listing: str, field: str, value: Any) -> None:
        body = {"listingId": listing, "shelf": "C", "place": 1} | {field: value}
        with pytest.raises(Invalid) as refusal:
            await house.ask("createHouseBook", somebody(), **body)
        assert any(name.split(".")[0] == field for name in refusal.value.detail["fields"])

    async def test_a_record_of_one_kind_is_none_of_another(self, house: House, name: str) -> None:
        amenity = await house.ask("createListingAmenity", ADMIN, name=name)
        with pytest.raises(NotThere):
            await house.ask("deleteHouseBook", ADMIN, houseBookId=amenity["id"])

    @pytest.mark.parametrize(
        "broken",
        [
            replace(LISTING_AMENITY, record=None),
            replace(LISTING_AMENITY, fields=LISTING_AMENITY.fields[:-1]),
            replace(LISTING_AMENITY, fields=(*LISTING_AMENITY.fields, Field("phone", Kind.STRING, personal=True))),
            replace(LISTING_AMENITY, fields=(*LISTING_AMENITY.fields, Field("price", Kind.MONEY))),
        ],
    )
    def test_a_declaration_that_is_no_records_is_refused(self, broken: Resource) -> None:
        with pytest.raises(TypeError):
            record_commands(broken)
