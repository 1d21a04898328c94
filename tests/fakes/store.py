"""The store in memory, and one that counts what is asked of another."""

import threading
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count
from typing import Any

from confsync.adapters.records import check_commit, conflict, document, name, pages, record
from confsync.domain.conference import Conference
from confsync.domain.connection import Connection
from confsync.domain.link import Link
from confsync.ports import Due, R, Record, Save, Store, Write


class MemoryStore:
    """Records in a dict, each as it comes back from plain data: what can't be stored for real can't be stored here.

    Safe for many threads.
    """

    def __init__(self) -> None:
        self._rows: dict[type[Record], dict[str, Any]] = {}
        self._versions = count(1)
        self._lock = threading.Lock()

    def get(self, kind: type[R], key: str) -> R | None:
        return self.get_many(kind, [key]).get(key)

    def get_many(self, kind: type[R], keys: Sequence[str]) -> dict[str, R]:
        with self._lock:
            return {key: row for key in keys if (row := self._rows.get(kind, {}).get(key))}

    def commit(self, writes: Sequence[Write]) -> None:
        check_commit(writes)
        with self._lock:
            for write in writes:
                if self._version(write.record) != write.record.version:
                    raise conflict([name(write.record)])
            for write in writes:
                self._do(write)

    def links_of_calendar(self, calendar_key: str, *, limit: int | None = None) -> Iterator[Link]:
        def read(after: str, size: int) -> list[Link]:
            links = (each for each in self._records(Link) if each.calendar_key == calendar_key and each.key > after)
            return sorted(links, key=lambda link: link.key)[:size]

        return pages(read, limit)

    def conference_of_meeting(self, meeting_key: str) -> Conference | None:
        return next((each for each in self._records(Conference) if each.meeting_key == meeting_key), None)

    def conferences_of_host(self, host: str) -> Iterator[Conference]:
        return iter(
            sorted((each for each in self._records(Conference) if each.host == host), key=lambda each: each.key)
        )

    def connections_of(self, owner: str) -> list[Connection]:
        return [each for each in self._records(Connection) if each.owner == owner.lower()]

    def find(self, kind: type[R], **having: str | None) -> Iterator[R]:
        def read(after: str, size: int) -> list[R]:
            rest = (each for each in self._records(kind) if each.key > after)
            those = (each for each in rest if all(getattr(each, name) == value for name, value in having.items()))
            return sorted(those, key=lambda each: each.key)[:size]

        return pages(read, None)

    def due(self, kind: type[Due], now: datetime, *, limit: int) -> list[Due]:
        waiting = [(each.due_at, each.key, each) for each in self._records(kind) if each.due_at is not None]
        return [each for due_at, _, each in sorted(waiting, key=lambda item: item[:2]) if due_at <= now][:limit]

    def _records(self, kind: type[R]) -> list[R]:
        with self._lock:
            return list(self._rows.get(kind, {}).values())

    def _version(self, row: Record) -> str | None:
        stored = self._rows.get(type(row), {}).get(row.key)
        return stored.version if stored else None

    def _do(self, write: Write) -> None:
        rows = self._rows.setdefault(type(write.record), {})
        if isinstance(write, Save):
            rows[write.record.key] = record(type(write.record), document(write.record), str(next(self._versions)))
        else:
            del rows[write.record.key]


class CountingStore:
    """Another store, with the reads and writes that Firestore would bill: by document, and one for an empty query.

    https://cloud.google.com/firestore/pricing. Not exact if several threads use it at once.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reset()

    def reset(self) -> None:
        """Start counting anew."""
        self.reads = self.writes = self.commits = 0

    def get(self, kind: type[R], key: str) -> R | None:
        self.reads += 1
        return self._store.get(kind, key)

    def get_many(self, kind: type[R], keys: Sequence[str]) -> dict[str, R]:
        self.reads += len(set(keys))
        return self._store.get_many(kind, keys)

    def commit(self, writes: Sequence[Write]) -> None:
        self._store.commit(writes)
        self.commits += 1
        self.writes += len(writes)

    def links_of_calendar(self, calendar_key: str, *, limit: int | None = None) -> Iterator[Link]:
        empty = 1
        for link in self._store.links_of_calendar(calendar_key, limit=limit):
            empty = 0
            self.reads += 1
            yield link
        self.reads += empty

    def conference_of_meeting(self, meeting_key: str) -> Conference | None:
        self.reads += 1
        return self._store.conference_of_meeting(meeting_key)

    def conferences_of_host(self, host: str) -> Iterator[Conference]:
        return iter(self._counted(list(self._store.conferences_of_host(host))))

    def connections_of(self, owner: str) -> list[Connection]:
        return self._counted(self._store.connections_of(owner))

    def find(self, kind: type[R], **having: str | None) -> Iterator[R]:
        return iter(self._counted(list(self._store.find(kind, **having))))

    def due(self, kind: type[Due], now: datetime, *, limit: int) -> list[Due]:
        self.reads += 1  # one of the two indexes has nothing, as a rule
        return self._counted(self._store.due(kind, now, limit=limit))

    def _counted(self, found: list[R]) -> list[R]:
        self.reads += max(1, len(found))
        return found
