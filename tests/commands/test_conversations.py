"""Conversations: who opens one, about what, and what was in it before."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from domain.actor import Actor
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from tests.commands.marketplace import Marketplace
from tests.commands.talking import ADMIN, GUEST, HOST, OTHER, say, talk, thread_of


class TestOpening:
    """A guest asks the host of a listing that they see, the parties of a stay talk about it: once at a time."""

    async def test_a_guest_asks_the_host_of_a_listing(self, market: Marketplace) -> None:
        thread = await talk(market)
        assert (thread["guestId"], thread["hostId"]) == (str(GUEST.id), str(HOST.id))
        assert (thread["isOpen"], thread["messageCount"], thread["lastMessageAt"]) == (True, 0, None)
        assert (thread["reservationId"], thread["_owner"]) == (None, str(GUEST.id))

    @pytest.mark.parametrize("by", [GUEST, HOST])
    async def test_either_party_of_a_stay_begins_and_the_stay_says_where_and_who(
        self, market: Marketplace, by: Actor
    ) -> None:
        stay = await market.book(GUEST, await market.listing(HOST))
        thread = await market.ask("createMessageThread", by, reservationId=stay["id"])
        same = ("listingId", "guestId", "hostId")
        assert [thread[name] for name in same] == [stay[name] for name in same]
        assert thread["reservationId"] == stay["id"]

    async def test_who_talks_is_not_the_callers_to_say(self, market: Marketplace) -> None:
        listing = await market.listing(HOST)
        for wrong in ({"hostId": str(uuid4())}, {"guestId": str(OTHER.id)}):
            with pytest.raises(Refused) as refused:
                await market.ask("createMessageThread", GUEST, listingId=listing["id"], **wrong)
            assert refused.value.rule == "SERVER_OWNED"
        right = {"hostId": str(HOST.id), "guestId": str(GUEST.id), "isOpen": True, "messageCount": 0}
        assert await market.ask("createMessageThread", GUEST, listingId=listing["id"], **right)

    async def test_not_with_oneself_not_about_nothing_and_not_about_what_is_not_offered(
        self, market: Marketplace
    ) -> None:
        hidden = await market.listing(HOST, isPublished=False)
        with pytest.raises(NotThere):
            await market.ask("createMessageThread", GUEST, listingId=hidden["id"])
        with pytest.raises(Refused, match="your own"):
            await market.ask("createMessageThread", HOST, listingId=hidden["id"])
        with pytest.raises(Refused) as refused:
            await market.ask("createMessageThread", ADMIN, listingId=hidden["id"])
        assert refused.value.rule == "LISTING_NOT_PUBLISHED"
        with pytest.raises(Invalid):
            await market.ask("createMessageThread", GUEST)

    async def test_strangers_do_not_learn_of_a_stay_and_staff_do_not_talk_in_it(self, market: Marketplace) -> None:
        stay = await market.book(GUEST, await market.listing(HOST))
        with pytest.raises(NotThere):
            await market.ask("createMessageThread", OTHER, reservationId=stay["id"])
        with pytest.raises(NotAllowed):
            await market.ask("createMessageThread", ADMIN, reservationId=stay["id"])

    async def test_one_at_a_time_about_the_same(self, market: Marketplace) -> None:
        first = await talk(market)
        about = {"listingId": first["listingId"]}
        with pytest.raises(Refused) as refused:
            await market.ask("createMessageThread", GUEST, **about)
        assert (refused.value.rule, refused.value.detail) == ("ENTRY_EXISTS", {"messageThreadId": first["id"]})
        assert (await market.ask("createMessageThread", OTHER, **about))["guestId"] == str(OTHER.id)
        await market.ask("updateMessageThread", HOST, messageThreadId=first["id"], isOpen=False)
        second = await market.ask("createMessageThread", GUEST, **about)
        with pytest.raises(Refused) as again:
            await market.ask("updateMessageThread", HOST, messageThreadId=first["id"], isOpen=True)
        assert again.value.detail == {"messageThreadId": second["id"]}
        await market.ask("deleteMessageThread", GUEST, messageThreadId=second["id"])
        assert (await market.ask("updateMessageThread", HOST, messageThreadId=first["id"], isOpen=True))["isOpen"]

    async def test_of_many_who_begin_at_once_one_does(self, market: Marketplace) -> None:
        listing = await market.listing(HOST)
        asked = [market.ask("createMessageThread", GUEST, listingId=listing["id"]) for _ in range(8)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        begun = [answer for answer in answers if isinstance(answer, dict)]
        assert len(begun) == 1
        refused = [answer for answer in answers if isinstance(answer, Refused)]
        assert [answer.detail for answer in refused] == [{"messageThreadId": begun[0]["id"]}] * 7

    async def test_what_it_is_about_stays(self, market: Marketplace) -> None:
        thread = await talk(market)
        same = {"listingId": thread["listingId"], "reservationId": None, "messageCount": 99}
        unchanged = await market.ask("updateMessageThread", GUEST, messageThreadId=thread["id"], **same)
        assert unchanged["recordVersion"] == thread["recordVersion"]
        with pytest.raises(Refused) as refused:
            await market.ask("updateMessageThread", GUEST, messageThreadId=thread["id"], listingId=str(uuid4()))
        assert refused.value.rule == "SERVER_OWNED"


async def test_a_conversation_as_it_was(market: Marketplace) -> None:
    """Its past counts what was there then."""
    thread = await talk(market)
    await say(market, thread)
    before = market.now
    await market.pass_time(timedelta(hours=1))
    await say(market, thread, HOST)
    await thread_of(market, thread)
    resource = market.product.resources["messageThread"]
    then = await market.product.reads.as_of(resource, UUID(thread["id"]), before.isoformat(), HOST)
    assert then["messageCount"] == 1
