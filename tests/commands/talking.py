"""People who talk about a listing, and what each of them sees of it."""

from __future__ import annotations

from typing import Any

from domain.actor import Actor
from tests.commands.marketplace import Marketplace, somebody

HOST, GUEST, OTHER = somebody(), somebody(), somebody()
ADMIN, MODERATOR = somebody("admin"), somebody("moderator")


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
