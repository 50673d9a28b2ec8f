"""Conversations as their callers meet them: who opens one, writes, reads, flags and reports, and what is counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.actor import SYSTEM, Actor
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from tests.commands.marketplace import Marketplace, open_marketplace, somebody

HOST, GUEST, OTHER = somebody(), somebody(), somebody()
ADMIN, MODERATOR = somebody("admin"), somebody("moderator")


@pytest.fixture(scope="module")
async def market(module_database: str) -> AsyncIterator[Marketplace]:
    async with open_marketplace(module_database) as market:
        yield market


async def talk(market: Marketplace, **over: Any) -> Any:
    """A conversation about a new listing."""
    listing = await market.listing(HOST)
    return await market.ask("createMessageThread", GUEST, **({"listingId": listing["id"]} | over))


async def say(market: Marketplace, thread: Any, by: Actor = GUEST, content: str = "Hello", **more: Any) -> Any:
    return await market.ask("createMessage", by, threadId=thread["id"], content=content, **more)


async def change(market: Marketplace, message: Any, by: Actor, **changes: Any) -> Any:
    return await market.ask("updateMessage", by, messageId=message["id"], **changes)


async def seen(market: Marketplace, thread: Any, by: Actor) -> list[str]:
    """What the messages of a conversation say, as a list shows them."""
    await market.product.services.documents.select("message", threadId=thread["id"])
    asked = [("threadId", thread["id"])]
    listed = await market.product.reads.list(market.product.resources["message"], asked, by)
    assert listed.documents is not None
    assert listed.total == len(listed.documents)
    return [message["content"] for message in listed.documents]


async def thread_of(market: Marketplace, thread: Any, by: Actor = GUEST) -> dict[str, Any]:
    found = await market.get("messageThread", thread["id"], by)
    assert found is not None
    return found


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


class TestWriting:
    """By the two parties, while it is open, to somebody who is there."""

    async def test_a_message_counts_at_once_and_is_the_last(self, market: Marketplace) -> None:
        thread = await talk(market)
        message = await say(market, thread)
        assert (message["senderId"], message["messageType"], message["messageType_idx"]) == (str(GUEST.id), "text", 0)
        assert (message["isRead"], message["isFlagged"], message["isModerated"]) == (False, False, False)
        after = await thread_of(market, thread)
        assert (after["messageCount"], after["lastMessageAt"]) == (1, message["sentAt"])

    async def test_a_list_tells_them_in_the_order_in_which_they_were_sent(self, market: Marketplace) -> None:
        thread = await talk(market)
        for number in range(5):
            await say(market, thread, (GUEST, HOST)[number % 2], f"{number}")
        for by in (GUEST, HOST, MODERATOR):
            assert await seen(market, thread, by) == ["0", "1", "2", "3", "4"]

    async def test_nobody_writes_under_anothers_name(self, market: Marketplace) -> None:
        thread = await talk(market)
        assert (await say(market, thread, senderId=str(HOST.id), isRead=True))["senderId"] == str(GUEST.id)

    async def test_others_do_not_write(self, market: Marketplace) -> None:
        thread = await talk(market)
        with pytest.raises(NotThere):
            await say(market, thread, OTHER)
        with pytest.raises(NotThere):
            await seen(market, thread, OTHER)
        for by in (ADMIN, MODERATOR):
            with pytest.raises(NotAllowed):
                await say(market, thread, by)

    async def test_the_products_own_words_are_the_products(self, market: Marketplace) -> None:
        thread = await talk(market)
        with pytest.raises(NotAllowed):
            await say(market, thread, messageType="system")
        told = await say(market, thread, SYSTEM, "The stay is over.", messageType="system")
        assert (told["senderId"], told["messageType"]) == (None, "system")
        assert (await change(market, told, HOST, isRead=True))["isRead"]
        with pytest.raises(NotAllowed):
            await change(market, told, GUEST, content="It is not.")

    async def test_a_medium_has_an_address(self, market: Marketplace) -> None:
        thread = await talk(market)
        url = "https://innkeep.example/door.jpg"
        sent = {"threadId": thread["id"], "messageType": "media"}
        assert (await market.ask("createMessage", HOST, **sent, mediaUrl=url))["mediaUrl"] == url
        for wrong in ({}, {"mediaUrl": "javascript:alert(1)"}, {"mediaUrl": url, "messageType": "text"}):
            with pytest.raises(Invalid):
                await market.ask("createMessage", HOST, **(sent | wrong))

    @pytest.mark.parametrize("content", ["", " \n\t", "x" * 10_001, "nul\x00"])
    async def test_a_text_says_something_and_not_too_much(self, market: Marketplace, content: str) -> None:
        with pytest.raises(Invalid):
            await say(market, await talk(market), content=content)

    async def test_not_in_a_closed_conversation(self, market: Marketplace) -> None:
        thread = await talk(market)
        await market.ask("updateMessageThread", GUEST, messageThreadId=thread["id"], isOpen=False)
        with pytest.raises(Refused) as refused:
            await say(market, thread)
        assert refused.value.rule == "WRONG_STATE"
        assert await seen(market, thread, HOST) == []

    @pytest.mark.parametrize("leave", ["archiveProfile", "deleteUser"])
    async def test_not_to_who_has_left(self, market: Marketplace, leave: str) -> None:
        email, password = f"{uuid4().hex}@innkeep.example", "correct horse"
        made = await market.ask("createUser", ADMIN, email=email, password=password, fullname="Ada")
        guest = Actor(UUID(made["id"]), "user", uuid4())
        listing = await market.listing(HOST)
        thread = await market.ask("createMessageThread", guest, listingId=listing["id"])
        stay = await market.book(guest, listing)
        await market.ask("updateReservation", guest, reservationId=stay["id"], bookingStatus="cancelled")
        await market.ask(leave, guest if leave == "archiveProfile" else ADMIN, userId=made["id"])
        with pytest.raises(Refused) as refused:
            await say(market, thread, HOST)
        assert refused.value.rule == "USER_GONE"
        with pytest.raises(Refused) as refused:
            await market.ask("createMessageThread", HOST, reservationId=stay["id"])
        assert refused.value.rule == "USER_GONE"


class TestChanging:
    """Words by the sender, reading by the reader, flags by who did not write it, hiding by sender or admin."""

    async def test_the_sender_and_an_admin_correct_it(self, market: Marketplace) -> None:
        message = await say(market, await talk(market))
        assert (await change(market, message, GUEST, content="Hullo"))["content"] == "Hullo"
        assert (await change(market, message, ADMIN, content="•••"))["content"] == "•••"
        for by in (HOST, MODERATOR):
            with pytest.raises(NotAllowed):
                await change(market, message, by, content="Mine")
        with pytest.raises(NotThere):
            await change(market, message, OTHER, content="Mine")

    async def test_only_its_reader_has_read_it(self, market: Marketplace) -> None:
        message = await say(market, await talk(market))
        for by in (GUEST, ADMIN):
            with pytest.raises(NotAllowed):
                await change(market, message, by, isRead=True)
        assert (await change(market, message, HOST, isRead=True))["isRead"]
        with pytest.raises(Refused):
            await change(market, message, HOST, isRead=False)

    async def test_a_flag_says_why_and_is_taken_back_by_who_raised_it(self, market: Marketplace) -> None:
        message = await say(market, await talk(market))
        flagged = await change(market, message, HOST, isFlagged=True, flagReason="Spam", flaggedBy=str(GUEST.id))
        told = ("isFlagged", "flaggedBy", "flagReason")
        assert [flagged[name] for name in told] == [True, str(HOST.id), "Spam"]
        assert flagged["recordVersion"] == message["recordVersion"] + 1
        corrected = await change(market, message, GUEST, content="No spam")
        assert corrected["flagReason"] == "Spam"
        with pytest.raises(NotAllowed):
            await change(market, message, GUEST, isFlagged=False)
        with pytest.raises(Refused):
            await change(market, message, MODERATOR, isFlagged=True, flagReason="Rude")
        assert [(await change(market, message, HOST, isFlagged=False))[name] for name in told] == [False, None, None]
        again = await change(market, message, MODERATOR, isFlagged=True, flagReason="Rude")
        assert [again[name] for name in told] == [True, str(MODERATOR.id), "Rude"]
        assert (await change(market, message, MODERATOR, flagReason=None))["flagReason"] is None
        assert await market.get("message", message["id"], GUEST) == await change(market, message, GUEST)

    async def test_a_reason_without_a_flag_is_malformed(self, market: Marketplace) -> None:
        message = await say(market, await talk(market))
        with pytest.raises(Invalid):
            await change(market, message, HOST, flagReason="Spam")

    async def test_why_it_was_flagged_stands_in_no_stream_but_the_flaggers(self, market: Marketplace) -> None:
        message = await say(market, await talk(market))
        await change(market, message, HOST, isFlagged=True, flagReason="Told by the host alone")
        for event in await market.log(UUID(message["id"])):
            assert "Told by the host alone" not in repr(event.fact)

    async def test_a_hidden_message_is_gone_for_both_and_its_history_is_the_staffs(self, market: Marketplace) -> None:
        thread = await talk(market)
        kept, message = await say(market, thread), await say(market, thread, HOST, "Oops")
        with pytest.raises(NotAllowed):
            await market.ask("deleteMessage", GUEST, messageId=message["id"])
        hidden = await market.ask("deleteMessage", HOST, messageId=message["id"])
        assert not hidden["isActive"]
        for by in (GUEST, HOST):
            assert await market.get("message", message["id"], by) is None
            assert await seen(market, thread, by) == [kept["content"]]
        assert (await thread_of(market, thread))["messageCount"] == 1
        message_ = market.product.resources["message"]
        past = await market.product.reads.history(message_, UUID(message["id"]), MODERATOR)
        assert [entry["event"] for entry in past] == ["message.sent", "message.hidden"]
        with pytest.raises(NotThere):
            await market.product.reads.history(message_, UUID(message["id"]), HOST)
        for command in ("deleteMessage", "updateMessage"):
            with pytest.raises(NotThere):
                await market.ask(command, HOST, messageId=message["id"])

    async def test_an_archived_conversation_takes_its_messages_along(self, market: Marketplace) -> None:
        thread = await talk(market)
        message = await say(market, thread)
        gone = await market.ask("deleteMessageThread", HOST, messageThreadId=thread["id"])
        assert (gone["isActive"], gone["isOpen"]) == (False, False)
        for by in (GUEST, HOST):
            assert await market.get("messageThread", thread["id"], by) is None
            assert await market.get("message", message["id"], by) is None
            with pytest.raises(NotThere):
                await say(market, thread, by)
        assert await market.get("message", message["id"], MODERATOR) is not None

    async def test_a_stale_change_is_refused(self, market: Marketplace) -> None:
        message = await say(market, await talk(market))
        await change(market, message, GUEST, content="Hullo", recordVersion=1)
        with pytest.raises(Refused) as refused:
            await change(market, message, GUEST, content="Hi", recordVersion=1)
        assert refused.value.rule == "STALE_VERSION"


class TestReports:
    """By who did not write it, one at a time; seen by both sides and staff; settled by staff."""

    async def reported(self, market: Marketplace) -> tuple[Any, Any]:
        message = await say(market, await talk(market))
        report = await market.ask("createMessageReport", HOST, messageId=message["id"], reportReason="Rude")
        return message, report

    async def test_the_reporter_the_one_reported_and_staff_see_it(self, market: Marketplace) -> None:
        message, report = await self.reported(market)
        assert (report["reportedBy"], report["messageId"]) == (str(HOST.id), message["id"])
        assert (report["moderationStatus"], report["adminId"], report["resolutionNotes"]) == ("pending", None, None)
        for by in (HOST, GUEST, MODERATOR):
            assert await market.get("messageReport", report["id"], by) == report
        assert await market.get("messageReport", report["id"], OTHER) is None

    async def test_nobody_reports_themselves_or_what_they_do_not_see(self, market: Marketplace) -> None:
        message = await say(market, await talk(market))
        for by, refusal in ((GUEST, NotAllowed), (OTHER, NotThere)):
            with pytest.raises(refusal):
                await market.ask("createMessageReport", by, messageId=message["id"], reportReason="Rude")

    async def test_one_open_report_each(self, market: Marketplace) -> None:
        message, report = await self.reported(market)
        again = {"messageId": message["id"], "reportReason": "Rude"}
        with pytest.raises(Refused) as refused:
            await market.ask("createMessageReport", HOST, **again)
        assert refused.value.rule == "ENTRY_EXISTS"
        assert await market.ask("createMessageReport", MODERATOR, **again)
        closes = {"messageReportId": report["id"], "moderationStatus": "closed"}
        await market.ask("updateMessageReport", MODERATOR, **closes)
        assert (await market.ask("createMessageReport", HOST, **again))["id"] != report["id"]

    async def test_staff_settle_it_and_their_notes_are_theirs(self, market: Marketplace) -> None:
        _, report = await self.reported(market)
        settle = {"messageReportId": report["id"], "moderationStatus": "reviewed", "resolutionNotes": "We have spoken"}
        settled = await market.ask("updateMessageReport", MODERATOR, **settle)
        assert (settled["adminId"], settled["resolutionNotes"]) == (str(MODERATOR.id), "We have spoken")
        added = await market.ask("updateMessageReport", ADMIN, messageReportId=report["id"], resolutionNotes="All well")
        assert (added["adminId"], added["resolutionNotes"]) == (str(MODERATOR.id), "All well")
        assert "We have spoken" not in repr(await market.log(UUID(report["id"])))
        cleared = await market.ask("updateMessageReport", ADMIN, messageReportId=report["id"], resolutionNotes=None)
        assert cleared["resolutionNotes"] is None
        for by in (HOST, GUEST):
            with pytest.raises(NotAllowed):
                await market.ask("updateMessageReport", by, messageReportId=report["id"], moderationStatus="closed")

    async def test_it_is_handed_to_staff_alone(self, market: Marketplace) -> None:
        _, report = await self.reported(market)
        with pytest.raises(Invalid):
            await market.ask("updateMessageReport", ADMIN, messageReportId=report["id"], adminId=str(OTHER.id))

    async def test_what_is_hidden_later_stays_reported(self, market: Marketplace) -> None:
        message, report = await self.reported(market)
        await market.ask("deleteMessage", GUEST, messageId=message["id"])
        assert await market.get("messageReport", report["id"], HOST) == report


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
