"""Brings read models over pages of the log: what a page makes of them is committed with their position."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from commands.ports import Page
from domain.kernel import Recorded
from infra.read_models.aside import Aside
from infra.read_models.dead_letters import DeadLetters
from infra.read_models.model import Connection, Making, Model

POSITIONS = "SELECT name, position, epoch FROM read_model WHERE name = ANY(%s)"
ADVANCE = """UPDATE read_model SET position = %s, state = 'live', failed_position = NULL, failed_event = NULL,
  error = NULL, updated_at = now() WHERE name = ANY(%s) AND position = %s RETURNING name, epoch"""


class Moved(Exception):
    """A model is not as it was left here: somebody has put another table in place, or changed documents in it."""


class Pages:
    """The read models as the one who leads has them: where they stand, what is in memory, what they leave out."""

    def __init__(self, models: Mapping[str, Model]) -> None:
        self.positions: dict[str, int] = {}
        self._models = models
        self._epochs: dict[str, int] = {}
        self._makings: dict[str, Making] = {}
        self._aside: dict[str, Aside] = {}

    async def look(self, connection: Connection) -> None:
        """Where the models stand, as the database knows it; what was in memory is forgotten."""
        rows = await (await connection.execute(POSITIONS, [list(self._models)])).fetchall()
        self.positions = {name: position for name, position, _ in rows}
        self._epochs = {name: epoch for name, _, epoch in rows}
        self._makings.clear()
        found = await DeadLetters(connection).subjects(list(self._models))
        self._aside = {name: Aside(model, name, found.get(name, ())) for name, model in self._models.items()}

    async def take_in(self, connection: Connection, names: Sequence[str], start: int, page: Page) -> None:
        """Bring these models from that position over the page: all of them, or none. Raises Moved, what a model makes
        of an event that it cannot take in, and psycopg.Error.
        """
        try:
            async with connection.transaction():
                await self._advance(connection, names, start, page.position)
                there = {type(event.fact) for event in page.events}
                for name in names:
                    handles = self._models[name].handles
                    if handles is None or not there.isdisjoint(handles):
                        await self._apply(connection, name, page.events)
        except BaseException:
            for name in names:
                self._makings.pop(name, None)
                self._aside[name].changes()  # nothing was set aside
            raise
        self.positions |= dict.fromkeys(names, page.position)

    async def set_aside(
        self, connection: Connection, name: str, event: Recorded, error: Exception, *, tries: int
    ) -> None:
        """Let the model, which stands before it, pass an event that it cannot take in, and leave out its stream from
        then on. Raises Moved, TooManyAside, and the error if the model cannot do without.
        """
        aside = self._aside[name]
        aside.add(event, error, tries)
        try:
            async with connection.transaction():
                await self._advance(connection, [name], self.positions[name], event.position)
                await aside.changes()(connection)
        except BaseException:
            aside.subjects.discard(event.stream)
            raise
        self.positions[name] = event.position

    async def _advance(self, connection: Connection, names: Sequence[str], start: int, end: int) -> None:
        """First of all, as it holds the rows: nobody then swaps a table under its documents."""
        cursor = await connection.execute(ADVANCE, [end, list(names), start])
        if dict(await cursor.fetchall()) != {name: self._epochs[name] for name in names}:
            raise Moved

    async def _apply(self, connection: Connection, name: str, events: Sequence[Recorded]) -> None:
        model, aside = self._models[name], self._aside[name]
        making = self._makings.get(name)
        if making is None:
            making = self._makings[name] = model.making(model.table)
        await making.take_in(connection, aside.let_through(events))
        await making.changes().write(connection)
        await aside.changes()(connection)
