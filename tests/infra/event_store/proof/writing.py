"""A process that writes until it is killed, and notes on the way what it asked for and what it was told."""

from __future__ import annotations

import asyncio
import os
from itertools import count
from uuid import UUID

from infra.event_store import Codec, PostgresEventStore
from tests.contracts.parcel import Parcel
from tests.infra.event_store.proof.diary import Diary, save

CLIENTS = 16


class Noted(dict[UUID, int]):
    """Each entry is handed to the system before anything else happens, so a kill takes none."""

    def __init__(self, kind: str, file: int) -> None:
        super().__init__()
        self._kind, self._file = kind, file

    def __setitem__(self, command: UUID, number: int) -> None:
        os.write(self._file, f"{self._kind} {command} {number}\n".encode())


def write(conninfo: str, notes: str) -> None:
    """Never returns."""
    file = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    asyncio.run(_write(conninfo, Diary(Noted("asked", file), Noted("told", file))))


async def _write(conninfo: str, diary: Diary) -> None:
    numbers = count()
    async with PostgresEventStore(conninfo, Codec([Parcel])) as store:

        async def client() -> None:
            for number in numbers:
                await save(store, diary, number)

        await asyncio.gather(*(client() for _ in range(CLIENTS)))


def read(notes: str) -> Diary:
    """The diary of whoever wrote there. The last line may be torn."""
    diary = Diary()
    with open(notes, encoding="ascii") as lines:  # noqa: PTH123 - as bytes were written
        for line in lines:
            if line.endswith("\n"):
                kind, command, number = line.split()
                (diary.asked if kind == "asked" else diary.told)[UUID(command)] = int(number)
    return diary
