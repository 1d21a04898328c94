"""The store on SQLite: each record is a row that holds it as JSON, with the columns that queries need beside it."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from confsync.adapters.records import COLLECTIONS, check_commit, conflict, document, name, pages, readable, record
from confsync.adapters.sqlite.connections import Connections, writing
from confsync.domain.conference import Conference
from confsync.domain.connection import Connection
from confsync.domain.link import Link
from confsync.ports import Due, R, Record, Save, Write

_GET = "SELECT data, version FROM records WHERE collection = ? AND key IN (SELECT value FROM json_each(?))"
_OF_CALENDAR = (
    "SELECT data, version FROM records WHERE collection = ? AND calendar_key = ? AND key > ? ORDER BY key LIMIT ?"
)
_OF_MEETING = (
    "SELECT data, version FROM records WHERE collection = ? AND json_extract(data, '$.meeting_key') = ? LIMIT 1"
)
_OF_HOST = (
    "SELECT data, version FROM records WHERE collection = ? AND json_extract(data, '$.host') = ? AND key > ?"
    " ORDER BY key LIMIT ?"
)
_OF_OWNER = "SELECT data, version FROM records WHERE collection = ? AND json_extract(data, '$.owner') = ? ORDER BY key"
_ALL = "SELECT data, version FROM records WHERE collection = ? AND key > ?{} ORDER BY key LIMIT ?"
_DUE = "SELECT data, version FROM records WHERE collection = ? AND due_at <= ? ORDER BY due_at LIMIT ?"
_INSERT = (
    "INSERT INTO records (collection, key, calendar_key, due_at, data) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_DELETE = "DELETE FROM records WHERE collection = ? AND key = ? AND version = ?"


class SqliteStore:
    """Records in the SQLite file at this path, which is made if it isn't there. Safe for many threads and processes.

    A commit has reached the disk when it returns. The file must be on a local disk: WAL needs shared memory
    (https://www.sqlite.org/wal.html).
    """

    def __init__(self, path: Path | str) -> None:
        self._connections = Connections(Path(path))

    def get(self, kind: type[R], key: str) -> R | None:
        """The record, or None."""
        return self.get_many(kind, [key]).get(key)

    def get_many(self, kind: type[R], keys: Sequence[str]) -> dict[str, R]:
        """Those of the records that exist, by key."""
        return {each.key: each for each in self._read(kind, _GET, json.dumps(list(keys)))}

    def commit(self, writes: Sequence[Write]) -> None:
        """All of the writes or none. Raises `StoreConflict` if any condition does not hold."""
        check_commit(writes)
        with self._connections.borrow() as connection, writing(connection):
            for write in writes:
                if not _done(connection, write):
                    raise conflict([name(write.record)])

    def links_of_calendar(self, calendar_key: str, *, limit: int | None = None) -> Iterator[Link]:
        """Links of a calendar by key."""
        return pages(lambda after, size: self._read(Link, _OF_CALENDAR, calendar_key, after, size), limit)

    def conference_of_meeting(self, meeting_key: str) -> Conference | None:
        """The conference whose meeting at a vendor has this key."""
        return next(iter(self._read(Conference, _OF_MEETING, meeting_key)), None)

    def conferences_of_host(self, host: str) -> Iterator[Conference]:
        """Conferences that were made for this account, by key."""
        return pages(lambda after, size: self._read(Conference, _OF_HOST, host, after, size), None)

    def connections_of(self, owner: str) -> list[Connection]:
        """The accounts that this one has connected, or had."""
        return self._read(Connection, _OF_OWNER, owner.lower())

    def find(self, kind: type[R], **having: str | None) -> Iterator[R]:
        """Records with these values in these fields, or all, by key."""
        conditions = "".join(f" AND json_extract(data, '$.{field}') IS ?" for field in having)
        query = _ALL.format(conditions)
        return pages(lambda after, size: self._read(kind, query, after, *having.values(), size), None)

    def due(self, kind: type[Due], now: datetime, *, limit: int) -> list[Due]:
        """Records with `due_at` <= now, the longest due first."""
        return list(readable(kind, self._documents(kind, _DUE, _sortable(now), limit)))

    def close(self) -> None:
        """Close the idle connections. The store can still be used."""
        self._connections.close()

    def _read(self, kind: type[R], query: str, *values: str | int | None) -> list[R]:
        return [record(kind, data, version) for data, version in self._documents(kind, query, *values)]

    def _documents(self, kind: type[R], query: str, *values: str | int | None) -> list[tuple[Any, str]]:
        with self._connections.borrow() as connection:
            rows = connection.execute(query, (COLLECTIONS[kind], *values)).fetchall()
        return [(msgspec.json.decode(data), str(version)) for data, version in rows]


def _done(connection: sqlite3.Connection, write: Write) -> bool:
    """Do the write, as far as its condition holds. What is saved goes into a new row: that gives it its new version."""
    row = write.record
    collection = COLLECTIONS[type(row)]
    if row.version is not None and not connection.execute(_DELETE, (collection, row.key, row.version)).rowcount:
        return False
    return not isinstance(write, Save) or bool(connection.execute(_INSERT, (collection, *_columns(row))).rowcount)


def _columns(row: Record) -> tuple[str, str | None, str | None, str]:
    due_at = getattr(row, "due_at", None)
    return (
        row.key,
        getattr(row, "calendar_key", None),
        due_at and _sortable(due_at),
        msgspec.json.encode(document(row)).decode(),
    )


def _sortable(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")
