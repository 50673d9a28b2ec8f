"""Messages as their callers meet them: who writes, reads, corrects, flags and hides them."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from domain.actor import SYSTEM, Actor
from domain.errors import Invalid, NotAllowed, NotThere, Refused
from tests.commands.marketplace import Marketplace
from tests.commands.talking import ADMIN, GUEST, HOST, MODERATOR, OTHER, change, say, seen, talk, thread_of


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

    async def test_another_reason_is_a_change_of_the_message(self, market: Marketplace) -> None:
        """Like any other: its version tells of it, and who did not see it is told so."""
        message = await say(market, await talk(market))
        flagged = await change(market, message, HOST, isFlagged=True, flagReason="Spam")
        same = await change(market, message, HOST, isFlagged=True, flagReason="Spam")
        other = await change(market, message, HOST, flagReason="Rude")
        assert (same["recordVersion"], other["recordVersion"]) == (
            flagged["recordVersion"],
            flagged["recordVersion"] + 1,
        )
        assert (other["isFlagged"], other["flagReason"]) == (True, "Rude")
        with pytest.raises(Refused, match="changed meanwhile"):
            await change(market, message, HOST, flagReason="Odd", recordVersion=flagged["recordVersion"])

    async def test_all_that_one_request_changes_is_one_change(self, market: Marketplace) -> None:
        message = await say(market, await talk(market))
        said = {"content": "•••", "isFlagged": True, "flagReason": "Rude", "isModerated": True}
        changed = await change(market, message, ADMIN, **said, recordVersion=1)
        assert {name: changed[name] for name in said} == said
        assert (changed["flaggedBy"], changed["recordVersion"]) == (str(ADMIN.id), 2)
        read = await change(market, message, HOST, isRead=True, recordVersion=2)
        assert (read["content"], read["recordVersion"]) == ("•••", 3)
        back = await change(market, message, ADMIN, isFlagged=False, isModerated=False, recordVersion=3)
        assert (back["isFlagged"], back["flagReason"], back["isModerated"]) == (False, None, False)
        assert (back["isRead"], back["recordVersion"]) == (True, 4)
        assert await market.get("message", message["id"], ADMIN) == back

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
