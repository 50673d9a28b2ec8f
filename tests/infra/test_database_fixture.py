"""The databases that tests get."""

import psycopg

from infra.postgres.conninfo import with_search_path


def test_a_test_gets_an_empty_schema_of_its_own(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("CREATE TABLE mine (n int)")
        row = connection.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'mine'").fetchall()
        schema = connection.execute("SHOW search_path").fetchone()
    assert row == [schema]


async def test_async_tests_run_on_asyncio(database: str) -> None:
    async with await psycopg.AsyncConnection.connect(database) as connection:
        assert await (await connection.execute("SELECT to_regclass('mine')")).fetchone() == (None,)


def test_a_search_path_is_added_to_what_a_url_says_already() -> None:
    url = "postgresql://me:a%40b@host:5433/db?sslmode=require&options=-c%20jit%3Doff"
    assert with_search_path(url, "tenant_a") == (
        "postgresql://me:a%40b@host:5433/db?sslmode=require&options=-c%20jit%3Doff%20-c%20search_path%3Dtenant_a"
    )
    assert with_search_path("postgresql://u@/db?host=%2Ftmp%2Fx", "s") == (
        "postgresql://u@/db?host=%2Ftmp%2Fx&options=-c%20search_path%3Ds"
    )
