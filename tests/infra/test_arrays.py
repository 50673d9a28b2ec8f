"""Columns reach the database as the values that they were made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from infra.postgres.arrays import BigInts, Byteas, Column, Instants, Ints, Jsons, Texts, Uuids, teach

KINDS: dict[type[Column], tuple[str, st.SearchStrategy[Any]]] = {
    Uuids: ("uuid", st.uuids()),
    Ints: ("int", st.integers(-(2**31), 2**31 - 1)),
    BigInts: ("bigint", st.integers(-(2**63), 2**63 - 1)),
    Texts: ("text", st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
    Byteas: ("bytea", st.binary()),
    Instants: ("timestamptz", st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))),  # noqa: DTZ001
}


COLUMNS = st.sampled_from([*KINDS]).flatmap(
    lambda kind: st.tuples(st.just(kind), st.lists(st.none() | KINDS[kind][1], max_size=20))
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(column=COLUMNS)
async def test_every_value_arrives(database: str, column: tuple[type[Column], list[Any]]) -> None:
    """Nulls and no values at all, too; as psycopg's own arrays do."""
    kind, sent = column
    name = KINDS[kind][0]
    async with await AsyncConnection.connect(database) as connection:
        teach(connection)
        await connection.execute("SET timezone TO 'UTC'")
        query = f"SELECT %b, %b::{name}[], pg_typeof(%b) = '{name}[]'::regtype".encode()
        cursor = await connection.execute(query, [kind(sent), sent, kind(sent)], binary=True)
        assert await cursor.fetchone() == (sent, sent, True)


async def test_json_arrives(database: str) -> None:
    async with await AsyncConnection.connect(database) as connection:
        teach(connection)
        cursor = await connection.execute("SELECT %b", [Jsons([b'{"a":1.50}', None])], binary=True)
        assert await cursor.fetchone() == ([{"a": 1.5}, None],)


async def test_a_nul_is_refused(database: str) -> None:
    async with await AsyncConnection.connect(database) as connection:
        teach(connection)
        with pytest.raises(psycopg.DataError):
            await connection.execute("SELECT %b", [Texts(["a\0b"])])
