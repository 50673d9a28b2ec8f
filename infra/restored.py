"""After the database was restored from an older copy: what outsiders were told stays apart from what comes."""

from __future__ import annotations

from typing import NamedTuple

from infra.kafka.relay import KNOWN
from infra.kafka.wire import Wire
from infra.opensearch.side import SearchSide
from infra.postgres.connected import connected
from infra.read_models.model import Connection

END = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM log_position"
GO_ON = "SELECT setval('log_position', greatest(1, %s))"
MARK = "SELECT command::text FROM event WHERE position = %s"


class Restored(NamedTuple):
    """What was found and done."""

    end: int
    """Of the log, as it was restored."""
    told: dict[str, int]
    """How far outsiders are, by their names."""
    lost: int
    """Positions after the log's end that outsiders were told of, and that are not used again."""
    retold: tuple[int, int] | None = None
    """The first and the last position at which Kafka was told of another event than the log has by now."""


async def go_on(conninfo: str, wire: Wire | None, lanes: str, search: SearchSide | None) -> Restored:
    """Let the next event be recorded past all that others were told, and the relay tell what it has not told.

    The topic of the `lanes` is emptied where it has more than the log: projectors would take that in.
    Nothing else of Innkeep may be at work. Twice does no harm. Raises KafkaAway, Unavailable.
    """
    told: dict[str, int] = {}
    if wire is not None:
        told["Kafka"] = await wire.told()
    if search is not None:
        named = await search.versions.named()
        reached = await search.versions.progress([*named.values()])
        told["OpenSearch"] = max((one.position for one in reached.values()), default=0)
    async with connected(conninfo) as connection:
        ((end,),) = await (await connection.execute(END)).fetchall()
        furthest = max(end, *told.values(), 0)
        await connection.execute(GO_ON, [furthest])
        retold = None
        if wire is not None and await _strange(connection, told["Kafka"], end, wire.mark):
            ((known,),) = await (await connection.execute(f"{KNOWN} WHERE name = %s", [wire.name])).fetchall()
            if told["Kafka"] <= end:  # the log has grown past it since
                retold = (known + 1, told["Kafka"])
            await wire.put_back(known, await _mark(connection, known) or "")
            await wire.forget(lanes)
    return Restored(end, told, furthest - end, retold)


async def _strange(connection: Connection, told: int, end: int, mark: str) -> bool:
    """Was Kafka told of something that this log does not have?"""
    return told > end or bool(mark and mark != await _mark(connection, told))


async def _mark(connection: Connection, position: int) -> str | None:
    row = await (await connection.execute(MARK, [position])).fetchone()
    return row[0] if row else None
