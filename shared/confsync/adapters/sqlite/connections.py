"""Connections to one SQLite file that many threads and processes use at once."""

import sqlite3
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confsync.domain.errors import ServiceError, Temporary

BUSY_TIMEOUT = 10.0
"""Seconds to wait for another writer; a commit takes milliseconds."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    version INTEGER PRIMARY KEY AUTOINCREMENT, -- every write takes a new one, so none is ever used twice
    collection TEXT NOT NULL,
    key TEXT NOT NULL,
    calendar_key TEXT,
    due_at TEXT, -- fixed width, so that it sorts by time
    data TEXT NOT NULL,
    UNIQUE (collection, key)
);
CREATE INDEX IF NOT EXISTS records_of_calendar ON records (collection, calendar_key, key);
CREATE INDEX IF NOT EXISTS records_of_meeting ON records (collection, json_extract(data, '$.meeting_key'));
CREATE INDEX IF NOT EXISTS records_due ON records (collection, due_at) WHERE due_at IS NOT NULL;
"""


class Connections:
    """Idle connections, opened when there is none. One is used by one thread at a time, whichever it is."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        with self.borrow() as connection, writing(connection):
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)

    @contextmanager
    def borrow(self) -> Iterator[sqlite3.Connection]:
        """A connection for the length of the block, in which SQLite's errors become ours."""
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                if not connection.in_transaction:
                    self._idle.append(connection)
        except sqlite3.OperationalError as error:  # locked for too long, disk full, not readable
            raise Temporary(f"{self._path}: {error}", service="sqlite") from error
        except sqlite3.Error as error:
            raise ServiceError(f"{self._path}: {error}", service="sqlite") from error

    def close(self) -> None:
        """Close what is idle. The store can still be used."""
        while self._idle:
            self._idle.pop().close()

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.pop()
        except IndexError:
            return self._open()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
        _use_wal(connection)
        # FULL: what was committed outlives a power cut too. NORMAL would lose the note that a meeting is being created,
        # and with it the way to find that meeting again. https://www.sqlite.org/pragma.html#pragma_synchronous
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            # this fails at once, whatever the timeout, if another connection is about to change the mode too
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """One transaction that holds the write lock from its start, so that it never fails halfway for want of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
