"""A wire to the database that can be cut, held, or lose an answer."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Wire:
    """Passes on what a client and the server say, until it is told not to.

    `conninfo` leads through it. `lose_answers_to` names what, once asked, is answered by a cut.
    """

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._database = database
        self._server: asyncio.AbstractServer | None = None
        self._talks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._losing: bytes | None = None
        self.lost = 0
        self.conninfo = make_conninfo(database, host=str(folder), port=5432)

    async def mend(self) -> None:
        """Take connections, again."""
        self._server = await asyncio.start_unix_server(self._talk, self._folder / ".s.PGSQL.5432")

    async def cut(self) -> None:
        """End all connections and take no more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        while self._talks:  # one that has just been taken can be hung up only once it is put through
            self.hang_up()
            await asyncio.wait(self._talks, timeout=0.05)
        (self._folder / ".s.PGSQL.5432").unlink(missing_ok=True)

    def hang_up(self) -> None:
        """End all connections; new ones are taken."""
        for writer in self._writers:
            writer.transport.abort()

    def hold(self) -> None:
        """Say nothing more in either direction, without hanging up."""
        self._flowing.clear()

    def flow(self) -> None:
        """Pass things on again."""
        self._flowing.set()

    def lose_answer_to(self, asked: bytes) -> None:
        """The next time somebody asks this, the server does it, and the answer is lost with the connection."""
        self._losing = asked

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        this = asyncio.current_task()
        assert this is not None
        self._talks.add(this)
        target = conninfo_to_dict(self._database)
        there = f"{target['host']}/.s.PGSQL.{target.get('port') or 5432}"
        server_reader, server_writer = await asyncio.open_unix_connection(there)
        pair = {writer, server_writer}
        self._writers |= pair
        doomed = asyncio.Event()
        try:
            with contextlib.suppress(OSError):
                up = asyncio.create_task(self._pass_on(reader, server_writer, doomed, asking=True))
                down = asyncio.create_task(self._pass_on(server_reader, writer, doomed, asking=False))
                await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
                for one in pair:
                    one.transport.abort()
                await asyncio.gather(up, down, return_exceptions=True)
        finally:
            self._writers -= pair
            self._talks.discard(this)

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, doomed: asyncio.Event, *, asking: bool
    ) -> None:
        while data := await source.read(65536):
            await self._flowing.wait()
            if asking and self._losing is not None and self._losing in data:
                self._losing = None
                doomed.set()
            elif doomed.is_set() and not asking:
                self.lost += 1
                return
            target.write(data)
            await target.drain()


@contextlib.asynccontextmanager
async def wire_to(database: str) -> AsyncIterator[Wire]:
    """A wire that is whole to begin with. Its folder has a short name, as sockets ask for."""
    with tempfile.TemporaryDirectory(prefix="wire") as folder:
        wire = Wire(Path(folder), database)
        await wire.mend()
        try:
            yield wire
        finally:
            wire.flow()
            await wire.cut()
