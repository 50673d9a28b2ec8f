"""Whoever writes, reads, hides, closes and flags, in whatever order: what is counted is what is seen, and logged."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.actor import Actor
from domain.errors import DomainError
from tests.commands.marketplace import Marketplace, open_marketplace, somebody

HOST, GUEST, OTHER, ADMIN = somebody(), somebody(), somebody(), somebody("admin")
T = TypeVar("T")

callers = st.sampled_from([GUEST, HOST, GUEST, HOST, OTHER, ADMIN])
which = st.integers(0, 9)
"""Which message: the number is taken modulo how many there are."""


@dataclass
class Said:
    """A message as it ought to be."""

    id: str
    sender: Actor
    content: str
    read: bool = False
    flagged_by: Actor | None = None
    hidden: bool = False
    changes: int = 1


@dataclass
class Talk:
    """One marketplace for all examples."""

    market: Marketplace
    runner: asyncio.Runner


class Conversation(RuleBasedStateMachine):
    """One conversation, what everybody tries in it, and what ought to come of that."""

    talk: ClassVar[Talk]

    def __init__(self) -> None:
        super().__init__()
        self.open = True
        self.said: list[Said] = []

    def run(self, asked: Coroutine[Any, Any, T]) -> T:
        return self.talk.runner.run(asked)

    def ask(self, command: str, by: Actor, **body: Any) -> Any | None:
        """The answer; None for a refusal."""
        with suppress(DomainError):
            return self.run(self.talk.market.ask(command, by, **body))
        return None

    def change(self, one: Said, by: Actor, *, allowed: bool, changes: bool, **body: Any) -> None:
        """Whether it was granted is as it ought to be, and a version tells of it exactly if it changed anything."""
        answer = self.ask("updateMessage", by, messageId=one.id, **body)
        assert (answer is not None) == allowed
        one.changes += allowed and changes
        assert answer is None or answer["recordVersion"] == one.changes

    @initialize()
    def begin(self) -> None:
        listing = self.run(self.talk.market.listing(HOST))
        self.thread: str = self.run(self.talk.market.ask("createMessageThread", GUEST, listingId=listing["id"]))["id"]

    @rule(by=callers, content=st.sampled_from(["Hello", "Is there a lift?", " "]))
    def say(self, by: Actor, content: str) -> None:
        answer = self.ask("createMessage", by, threadId=self.thread, content=content)
        assert (answer is not None) == (self.open and by in (GUEST, HOST) and bool(content.strip()))
        if answer is not None:
            self.said.append(Said(answer["id"], by, content))

    @precondition(lambda self: self.said)
    @rule(n=which, by=callers, content=st.sampled_from(["Hello", "Hullo"]))
    def edit(self, n: int, by: Actor, content: str) -> None:
        one = self.said[n % len(self.said)]
        same = content == one.content
        allowed = not one.hidden and (by in (one.sender, ADMIN) or (same and by is not OTHER))
        self.change(one, by, allowed=allowed, changes=not same, content=content)
        one.content = content if allowed else one.content

    @precondition(lambda self: self.said)
    @rule(n=which, by=callers)
    def read(self, n: int, by: Actor) -> None:
        one = self.said[n % len(self.said)]
        party = by in (GUEST, HOST)
        allowed = not one.hidden and by is not OTHER and (one.read or (party and by is not one.sender))
        self.change(one, by, allowed=allowed, changes=not one.read, isRead=True)
        one.read |= allowed

    @precondition(lambda self: self.said)
    @rule(n=which, by=callers, flagged=st.booleans())
    def flag(self, n: int, by: Actor, flagged: bool) -> None:
        one = self.said[n % len(self.said)]
        held = flagged == (one.flagged_by is not None)
        may = by is not one.sender if flagged else by in (one.flagged_by, ADMIN)
        allowed = not one.hidden and by is not OTHER and (held or may)
        self.change(one, by, allowed=allowed, changes=not held, isFlagged=flagged)
        if allowed and not held:
            one.flagged_by = by if flagged else None

    @precondition(lambda self: self.said)
    @rule(n=which, by=callers)
    def hide(self, n: int, by: Actor) -> None:
        one = self.said[n % len(self.said)]
        allowed = not one.hidden and by in (one.sender, ADMIN)
        assert (self.ask("deleteMessage", by, messageId=one.id) is not None) == allowed
        one.hidden |= allowed

    @rule(by=callers, wanted=st.booleans())
    def close_or_open(self, by: Actor, wanted: bool) -> None:
        answer = self.ask("updateMessageThread", by, messageThreadId=self.thread, isOpen=wanted)
        assert (answer is not None) == (by is not OTHER)
        self.open = wanted if answer is not None else self.open

    @invariant()
    def what_is_counted_is_what_is_seen(self) -> None:
        thread, listed = self.run(self.seen())
        seen = [one for one in self.said if not one.hidden]
        assert [message["id"] for message in listed] == [one.id for one in seen]
        assert (thread["messageCount"], thread["isOpen"]) == (len(seen), self.open)
        for message, one in zip(listed, seen, strict=True):
            flagger = one.flagged_by and str(one.flagged_by.id)
            assert (message["content"], message["isRead"]) == (one.content, one.read)
            assert (message["isFlagged"], message["flaggedBy"]) == (flagger is not None, flagger)

    async def seen(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The conversation and its messages, with all in them that is recorded."""
        market = self.talk.market
        thread = await market.get("messageThread", self.thread, HOST)
        assert thread is not None
        await market.product.services.documents.select("message", threadId=self.thread)
        asked = [("threadId", self.thread), ("pageRowCount", "1000")]
        listed = await market.product.reads.list(market.product.resources["message"], asked, HOST)
        return thread, listed.documents or []

    def teardown(self) -> None:
        """The log has of each message what the conversation has of it, and no word in the conversation's stream."""
        if not self.said:
            return
        events = self.run(self.talk.market.log(UUID(self.thread)))
        sent = [str(e.fact.message) for e in events if e.name == "message_thread.message_sent.v1"]  # type: ignore[attr-defined]
        hidden = {str(e.fact.message) for e in events if e.name == "message_thread.message_hidden.v1"}  # type: ignore[attr-defined]
        assert sent == [one.id for one in self.said]
        assert hidden == {one.id for one in self.said if one.hidden}
        assert not [e for e in events if "Hello" in repr(e.fact)]


@pytest.fixture
def talk(module_database: str) -> Iterator[Talk]:
    with asyncio.Runner() as runner:
        opened = open_marketplace(module_database)
        yield Talk(runner.run(opened.__aenter__()), runner)
        runner.run(opened.__aexit__(None, None, None))


def test_what_is_counted_is_what_is_seen(talk: Talk) -> None:
    Conversation.talk = talk
    run_state_machine_as_test(
        Conversation,
        settings=settings(
            max_examples=8,
            stateful_step_count=25,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
