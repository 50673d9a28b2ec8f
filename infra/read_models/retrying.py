"""Dead letters taken in after all, or given up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.kernel import Recorded
from infra.postgres.connected import connected
from infra.postgres.trouble import TROUBLE
from infra.read_models.aside import told
from infra.read_models.dead_letters import DeadLetters
from infra.read_models.model import Model

# Holds the projector off until this transaction ends, and lets it forget what it has in memory.
HOLD = "UPDATE read_model SET epoch = epoch + 1 WHERE name = %s"


class History(Protocol):
    """What happened to a stream."""

    async def history(self, streams: Iterable[UUID], until: datetime | None = None) -> Sequence[Recorded]:
        """All of it, in order."""
        ...


class NoSuchLetter(Exception):
    """Nothing of that stream is set aside for the model."""


class StillFails(Exception):
    """What was set aside cannot be taken in yet: it stays set aside, with this reason."""


async def retry(conninfo: str, log: History, model: Model, stream: UUID) -> int:
    """Take in what is set aside of a stream, in order and in one transaction; answers how many events.

    What documents have from other streams meanwhile, they keep. Raises NoSuchLetter, StillFails, UnknownEvent,
    psycopg.OperationalError.
    """
    async with connected(conninfo) as connection:
        letters = DeadLetters(connection)
        try:
            async with connection.transaction():
                await connection.execute(HOLD, [model.name])
                aside = {event.position for event in await letters.events(model.name, stream)}
                if not aside:
                    raise NoSuchLetter(f"nothing of {stream} is set aside for {model.name}")
                events = [event for event in await log.history([stream]) if event.position in aside]
                making = model.making(model.table)
                await making.take_in(connection, events)
                await making.changes().write(connection)
                return await letters.remove(model.name, stream)
        except (NoSuchLetter, *TROUBLE):
            raise
        except Exception as error:
            await letters.failed_again(model.name, stream, told(error))
            raise StillFails(f"{model.name} still cannot take in {stream}: {told(error)}") from error


async def drop(conninfo: str, model: str, stream: UUID) -> int:
    """Give up what is set aside of a stream; answers how many events. What is recorded of it from now on is taken in
    again, onto a document that lacks them. Raises NoSuchLetter, psycopg.OperationalError.
    """
    async with connected(conninfo) as connection, connection.transaction():
        await connection.execute(HOLD, [model])
        if dropped := await DeadLetters(connection).remove(model, stream):
            return dropped
    raise NoSuchLetter(f"nothing of {stream} is set aside for {model}")
