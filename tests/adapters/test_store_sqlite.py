"""SQLite keeps the store's contract, also when many processes open one file at once."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from confsync.adapters.sqlite import SqliteStore, connections
from confsync.domain.calendar import Calendar
from confsync.domain.errors import ServiceError, StoreConflict, Temporary
from confsync.ports import Save, Store
from tests.contracts.processes import PATIENCE, SPAWN, received, started
from tests.contracts.store import CALENDAR, NOW, SharedStoreContract, stored


class TestSqliteStore(SharedStoreContract):
    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        return tmp_path / "confsync.db"

    @pytest.fixture
    def store(self, path: Path) -> Iterator[SqliteStore]:
        """Whatever a test does, the file is sound afterwards. https://www.sqlite.org/pragma.html#pragma_integrity_check"""
        store = SqliteStore(path)
        yield store
        store.close()
        with closing(sqlite3.connect(path)) as after:
            assert after.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    @pytest.fixture
    def open_store(self, path: Path) -> Callable[[], Store]:
        return partial(SqliteStore, path)

    def test_is_there_when_opened_again(self, store: SqliteStore, open_store: Callable[[], Store]) -> None:
        calendar = stored(store, CALENDAR)
        store.close()
        assert open_store().get(Calendar, CALENDAR.key) == calendar
        assert store.get(Calendar, CALENDAR.key) == calendar

    def test_opened_by_many_at_once(self, tmp_path: Path) -> None:
        processes, files = 4, 100
        barrier = SPAWN.Barrier(processes)
        with started(*[(_open_each, barrier, tmp_path, files) for _ in range(processes)]) as pipes:
            assert [received(pipe) for pipe, _ in pipes] == ["opened"] * processes
        for n in range(files):
            assert SqliteStore(tmp_path / f"{n}.db").get(Calendar, CALENDAR.key) is not None

    def test_a_writer_that_never_ends(self, store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connections, "BUSY_TIMEOUT", 0.05)
        impatient = SqliteStore(path)
        calendar = stored(store, CALENDAR)
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Temporary, match="locked"):
            impatient.commit([Save(record=calendar)])
        assert impatient.get(Calendar, CALENDAR.key) == calendar
        other.execute("ROLLBACK")
        impatient.commit([Save(record=calendar)])
        other.close()

    def test_a_document_that_is_no_record_holds_up_no_other(self, store: SqliteStore, path: Path) -> None:
        store.commit([Save(record=replace(CALENDAR, key="odd", due_at=NOW - timedelta(days=9)))])
        with sqlite3.connect(path) as other:
            other.execute("""UPDATE records SET data = '{"key": "odd"}' WHERE key = 'odd'""")
        other.close()
        store.commit([Save(record=replace(CALENDAR, due_at=NOW))])
        assert [each.key for each in store.due(Calendar, NOW, limit=9)] == [CALENDAR.key]

    def test_a_file_that_somebody_else_holds(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connections, "BUSY_TIMEOUT", 0.05)
        other = sqlite3.connect(tmp_path / "new.db", isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(Temporary, match="locked"):
            SqliteStore(tmp_path / "new.db")
        other.close()
        assert SqliteStore(tmp_path / "new.db").get(Calendar, CALENDAR.key) is None

    def test_a_file_that_is_no_database(self, tmp_path: Path) -> None:
        path = tmp_path / "notes.txt"
        path.write_text("not a database, but long enough to be looked at as if it were one" * 20)
        with pytest.raises(ServiceError, match="not a database"):
            SqliteStore(path)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(Temporary, match="unable to open"):
            SqliteStore(tmp_path / "missing" / "confsync.db")


def _open_each(pipe: Connection, barrier: Barrier, folder: Path, files: int) -> None:
    for n in range(files):
        barrier.wait(PATIENCE)
        store = SqliteStore(folder / f"{n}.db")
        try:
            store.commit([Save(record=CALENDAR)])
        except StoreConflict:
            continue
    pipe.send("opened")
