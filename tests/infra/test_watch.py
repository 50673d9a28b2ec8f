"""A transaction that holds the readers of the log back is noticed, wherever it is, and named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import psycopg
import pytest
from structlog.testing import capture_logs

from infra.health import state_of
from infra.postgres.line import Line
from infra.postgres.watch import Watch, look_on
from infra.postgres.writers import Writer


class Time:
    """Seconds, as a test has them pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Open:
    """What is open: as a test says."""

    def __init__(self, *writers: Writer) -> None:
        self.writers: Sequence[Writer] = writers

    async def __call__(self) -> Sequence[Writer]:
        return self.writers


REPORTS = Writer("812", 4711, "reports", "idle in transaction", "books", "clerk", 0.0)


async def test_a_writer_of_another_application_is_named_in_log_and_health_and_a_reader_is_not(database: str) -> None:
    line = Line(database, "watching")
    watch = Watch(look_on(line, 0.0), 0.0)
    with (
        psycopg.connect(database, application_name="a report") as writer,
        psycopg.connect(database, application_name="a reader") as reader,
    ):
        reader.execute("SELECT count(*) FROM pg_class")
        writer.execute("CREATE TABLE theirs ()")
        with capture_logs() as lines:
            await watch.look()
        (told,) = [entry for entry in lines if entry.get("pid") == writer.info.backend_pid]
        assert told["log_level"] == "warning"
        assert (told["application_name"], told["state"]) == ("a report", "idle in transaction")
        state = await state_of({"watermark": watch.health})
        assert state.well
        assert "a report" in state.warnings["watermark"]
        ours = {writer.info.backend_pid, reader.info.backend_pid}
        (held,) = [one for one in state.parts["watermark"]["heldBackBy"] if one["pid"] in ours]
        assert held["application"] == "a report"
        assert str(writer.info.backend_pid) in held["advice"]
        pid = writer.info.backend_pid
        writer.rollback()
        await watch.look()
        assert pid not in [one.pid for one in watch.holding]
        reader.rollback()
    await line.close()


async def test_it_is_told_of_again_only_when_it_is_twice_as_old() -> None:
    time = Time()
    watch = Watch(Open(REPORTS), 5.0, clock=time)
    told = []
    for second in range(100):
        time.now = 100.0 + second
        with capture_logs() as lines:
            await watch.look()
        if any(entry["log_level"] == "warning" for entry in lines):
            told.append(second)
    assert told == [5, 10, 20, 40, 80]


async def test_one_whose_age_is_hidden_counts_from_when_it_was_first_seen() -> None:
    time = Time()
    watch = Watch(Open(replace(REPORTS, state=None)), 5.0, clock=time)
    await watch.look()
    assert (await watch.health()) == {"heldBackBy": []}
    time.now += 6
    await watch.look()
    (held,) = (await watch.health())["heldBackBy"]
    assert (held["seconds"], held["state"]) == (6.0, None)


async def test_a_change_of_state_makes_it_no_other_transaction() -> None:
    time, found = Time(), Open(REPORTS)
    watch = Watch(found, 5.0, clock=time)
    await watch.look()
    time.now += 6
    found.writers = [replace(REPORTS, state="active")]
    await watch.look()
    assert [writer.seconds for writer in watch.holding] == [6.0]


async def test_a_prepared_transaction_is_named_with_the_way_to_end_it() -> None:
    watch = Watch(Open(Writer("9", None, "left-behind", "prepared", "books", "clerk", 70.0)), 5.0)
    with capture_logs() as lines:
        await watch.look()
    assert "the prepared transaction left-behind of role clerk in database books" in lines[0]["told"]
    assert "ROLLBACK PREPARED 'left-behind'" in lines[0]["advice"]


@pytest.mark.parametrize("ends", ["it ended", "another is the oldest"])
async def test_once_it_has_ended_health_says_nothing_of_it(ends: str) -> None:
    found = Open(replace(REPORTS, seconds=10.0))
    watch = Watch(found, 5.0)
    await watch.look()
    assert (await watch.health())["warning"]
    found.writers = [] if ends == "it ended" else [replace(REPORTS, transaction="900")]
    with capture_logs() as lines:
        await watch.look()
    assert (await watch.health()) == {"heldBackBy": []}
    assert lines[0]["log_level"] == "info"
