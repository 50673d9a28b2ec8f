"""After the database was restored from an older copy: what outsiders were told stays apart from what comes."""

from __future__ import annotations

from typing import NamedTuple

from infra.kafka.relay import KNOWN
from infra.kafka.wire import Wire
from infra.opensearch.side import SearchSide
from infra.postgres.connected import connected

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
        if wire is not None and told["Kafka"] > end:
            ((known,),) = await (await connection.execute(f"{KNOWN} WHERE name = %s", [wire.name])).fetchall()
            mark = await (await connection.execute(MARK, [known])).fetchone()
            await wire.put_back(known, mark[0] if mark else "")
            await wire.forget(lanes)
    return Restored(end, told, furthest - end)
