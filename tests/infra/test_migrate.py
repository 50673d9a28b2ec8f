"""Migrations are applied once, in order, by however many processes, each schema for itself."""

from __future__ import annotations

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import psycopg
import pytest

from infra.postgres.migrate import FOLDER, DatabaseTooNew, MigrationError, migrate
from tests.conftest import fresh_schema


def _migrate_in_another_process(conninfo: str) -> list[str]:
    return asyncio.run(migrate(conninfo))


def folder_with(folder: Path, **files: str) -> Path:
    """A folder of migrations."""
    for name, text in files.items():
        (folder / f"{name.removeprefix('m')}.sql").write_text(text)
    return folder


async def test_all_are_applied_once_and_in_order(database: str) -> None:
    applied = await migrate(database)
    assert applied == sorted(file.stem for file in FOLDER.glob("*.sql"))
    assert applied[0] == "0001_event_store"
    assert await migrate(database) == []


def test_four_processes_at_once_are_fine(database: str) -> None:
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as processes:
        applied = list(processes.map(_migrate_in_another_process, [database] * 4))
    assert sorted(map(bool, applied)) == [False] * 3 + [True]


async def test_each_schema_is_migrated_for_itself(postgres: str) -> None:
    with fresh_schema(postgres) as one, fresh_schema(postgres) as other:
        assert all(await asyncio.gather(migrate(one), migrate(other)))


async def test_only_what_is_missing_is_applied(database: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, m0001_one="CREATE TABLE one ()", m0003_three="CREATE TABLE three ()")
    assert await migrate(database, folder) == ["0001_one", "0003_three"]
    folder_with(tmp_path, m0002_two="CREATE TABLE two ()")
    assert await migrate(database, folder) == ["0002_two"]


async def test_a_migration_that_fails_leaves_nothing_of_itself_or_of_those_before(
    database: str, tmp_path: Path
) -> None:
    folder = folder_with(tmp_path, m0001_one="CREATE TABLE one ()", m0002_two="CREATE TABLE one ()")
    with pytest.raises(psycopg.errors.DuplicateTable):
        await migrate(database, folder)
    folder_with(tmp_path, m0002_two="CREATE TABLE two ()")
    assert await migrate(database, folder) == ["0001_one", "0002_two"]


async def test_a_newer_database_is_refused(database: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path, m0001_one="CREATE TABLE one ()", m0002_two="CREATE TABLE two ()")
    await migrate(database, folder)
    (folder / "0002_two.sql").unlink()
    with pytest.raises(DatabaseTooNew, match=r"newer Innkeep \(0002_two\)"):
        await migrate(database, folder)


@pytest.mark.parametrize("names", [("m1_one",), ("m0001_one", "m0001_other"), ("m0001-one",)])
async def test_misnamed_files_are_refused(database: str, tmp_path: Path, names: tuple[str, ...]) -> None:
    folder = folder_with(tmp_path, **dict.fromkeys(names, "CREATE TABLE one ()"))
    with pytest.raises(MigrationError):
        await migrate(database, folder)


async def test_a_schema_that_does_not_exist_is_an_error_that_says_so(postgres: str) -> None:
    with fresh_schema(postgres) as gone:
        pass
    with pytest.raises(MigrationError, match="no schema"):
        await migrate(gone)
