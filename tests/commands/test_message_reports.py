"""Reports of messages: by whom, who sees them, and how staff settle them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from domain.errors import Invalid, NotAllowed, NotThere, Refused
from tests.commands.marketplace import Marketplace
from tests.commands.talking import ADMIN, GUEST, HOST, MODERATOR, OTHER, say, talk


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
        assert settled["recordVersion"] == report["recordVersion"] + 1
        added = await market.ask("updateMessageReport", ADMIN, messageReportId=report["id"], resolutionNotes="All well")
        assert (added["adminId"], added["resolutionNotes"]) == (str(MODERATOR.id), "All well")
        again = {"messageReportId": report["id"], "moderationStatus": "reviewed", "resolutionNotes": "All well"}
        assert await market.ask("updateMessageReport", MODERATOR, **again) == added
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
