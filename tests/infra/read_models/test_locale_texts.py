"""The texts of listings in the languages that somebody asks for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from infra.read_models.locale_texts import LocaleTexts
from tests.commands.house import House, listed, open_house, somebody


@pytest.fixture(scope="module")
async def house(module_database: str) -> AsyncIterator[House]:
    async with open_house(module_database) as house:
        yield house


@pytest.fixture(scope="module")
async def listings(house: House) -> list[UUID]:
    """One with texts in some languages, some of them gone, and one with none."""
    host = somebody()
    full, bare = [await listed(house, host) for _ in range(2)]
    for code in ("pt_PT", "pt-BR", "fr", "de", "DE-at", "es"):
        text = {"languageCode": code, "localizedTitle": code, "localizedDescription": "x"}
        made = await house.ask("createListingLocaleText", host, listingId=full["id"], **text)
        if code == "es":
            await house.ask("deleteListingLocaleText", host, listingLocaleTextId=made["id"])
    await house.reads.documents.select("listingLocaleText", id=None)
    return [UUID(full["id"]), UUID(bare["id"]), uuid4()]


@pytest.mark.parametrize(
    ("languages", "found"),
    [
        (["pt-br"], ["pt-BR"]),
        (["pt-pt"], ["pt_PT"]),
        (["pt"], ["pt-BR"]),
        (["pt-ao"], ["pt-BR"]),
        (["de"], ["de"]),
        (["de-at"], ["DE-at"]),
        (["it", "fr", "de"], ["fr"]),
        (["de-ch", "fr"], ["de"]),
        (["fr-ca", "fr"], ["fr"]),
        (["es"], []),
        (["p"], []),
        ([], []),
    ],
)
async def test_of_each_listing_it_is_the_text_that_is_wanted_most(
    house: House, listings: list[UUID], languages: list[str], found: list[str]
) -> None:
    texts = await LocaleTexts(house.reads.asking)(listings, languages)
    assert [(text["listingId"], text["localizedTitle"]) for text in texts] == [(str(listings[0]), one) for one in found]
