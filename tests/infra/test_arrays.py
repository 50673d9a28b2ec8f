"""Columns reach the database as the values that they were made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import AsyncConnection

from infra.postgres.arrays import Byteas, Column, Instants, Ints, Texts, Uuids, teach

KINDS: dict[type[Column], tuple[str, st.SearchStrategy[Any]]] = {
    Uuids: ("uuid", st.uuids()),
    Ints: ("int", st.integers(-(2**31), 2**31 - 1)),
    Texts: ("text", st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
    Byteas: ("bytea", st.binary()),
    Instants: ("timestamptz", st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))),  # noqa: DTZ001
}


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(data=st.data())
async def test_every_value_arrives(database: str, kind: type[Column], data: st.DataObject) -> None:
    """Nulls and no values at all, too; as psycopg's own arrays do."""
    name, values = KINDS[kind]
    sent = data.draw(st.lists(st.none() | values))
    async with await AsyncConnection.connect(database) as connection:
        teach(connection)
        await connection.execute("SET timezone TO 'UTC'")
        query = f"SELECT %b, %b::{name}[], pg_typeof(%b) = '{name}[]'::regtype".encode()
        cursor = await connection.execute(query, [kind(sent), sent, kind(sent)], binary=True)
        assert await cursor.fetchone() == (sent, sent, True)


async def test_a_nul_is_refused(database: str) -> None:
    async with await AsyncConnection.connect(database) as connection:
        teach(connection)
        with pytest.raises(psycopg.DataError):
            await connection.execute("SELECT %b", [Texts(["a\0b"])])
