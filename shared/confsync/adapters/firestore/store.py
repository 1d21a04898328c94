"""The store on Firestore: each record is a document with a field for each of its fields.

Every query needs one field's index only, which Firestore keeps by itself.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from google.api_core.datetime_helpers import DatetimeWithNanoseconds
from google.cloud import firestore
from google.cloud.firestore_v1.field_path import FieldPath

from confsync.adapters.firestore.errors import RETRY_COMMIT, RETRY_READ, TIMEOUT, ours
from confsync.adapters.records import COLLECTIONS, check_commit, is_key, name, pages, plain, readable, record
from confsync.domain.link import Link
from confsync.ports import Due, R, Record, Remove, Write

_KEY = FieldPath.document_id()
_READ: dict[str, Any] = {"retry": RETRY_READ, "timeout": TIMEOUT}


class FirestoreStore:
    """Records in this project's database. Safe for many threads and processes; not to be carried across a fork.

    Uses the emulator, without credentials, if the environment names one in `FIRESTORE_EMULATOR_HOST`.
    """

    def __init__(self, project: str, database: str = "(default)") -> None:
        self._client = firestore.Client(project=project, database=database)

    def get(self, kind: type[R], key: str) -> R | None:
        """The record, or None."""
        return self.get_many(kind, [key]).get(key)

    def get_many(self, kind: type[R], keys: Sequence[str]) -> dict[str, R]:
        """Those of the records that exist, by key."""
        documents = [self._document(kind, key) for key in keys if is_key(key)]
        if not documents:
            return {}
        with ours():
            return {each.key: each for each in _records(kind, self._client.get_all(documents, **_READ))}

    def commit(self, writes: Sequence[Write]) -> None:
        """All of the writes or none. Raises `StoreConflict` if any condition does not hold."""
        check_commit(writes)
        batch = self._client.batch()
        for write in writes:
            self._add(batch, write)
        with ours([name(write.record) for write in writes]):
            batch.commit(retry=RETRY_COMMIT, timeout=TIMEOUT)

    def links_of_calendar(self, calendar_key: str, *, limit: int | None = None) -> Iterator[Link]:
        """Links of a calendar by key."""
        of_calendar = firestore.FieldFilter("calendar_key", "==", calendar_key)
        query = self._collection(Link).where(filter=of_calendar).order_by(_KEY)

        def read(after: str, size: int) -> list[Link]:
            rest = query.start_after({_KEY: self._document(Link, after)}) if after else query
            return self._run(Link, rest.limit(size))

        return pages(read, limit)

    def due(self, kind: type[Due], now: datetime, *, limit: int) -> list[Due]:
        """Records with `due_at` <= now, the longest due first."""
        is_due = firestore.FieldFilter("due_at", "<=", now)
        query = self._collection(kind).where(filter=is_due).order_by("due_at").limit(limit)
        with ours():
            return list(readable(kind, _documents(query.stream(**_READ))))

    def close(self) -> None:
        """Close the connection to Firestore."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _collection(self, kind: type[Record]) -> Any:
        return self._client.collection(COLLECTIONS[kind])

    def _document(self, kind: type[Record], key: str) -> Any:
        return self._collection(kind).document(key)

    def _run(self, kind: type[R], query: Any) -> list[R]:
        with ours():
            return list(_records(kind, query.stream(**_READ)))

    def _add(self, batch: Any, write: Write) -> None:
        document = self._document(type(write.record), write.record.key)
        if write.record.version is None:
            batch.create(document, plain(write.record))
            return
        unchanged = self._client.write_option(last_update_time=_update_time(write.record.version))
        if isinstance(write, Remove):
            batch.delete(document, option=unchanged)
            return
        # `set` alone replaces a whole document (`update` keeps the fields it is not given), but it takes no option
        batch.set(document, plain(write.record))
        unchanged.modify_write(batch._write_pbs[-1])


def _records(kind: type[R], snapshots: Iterable[Any]) -> Iterator[R]:
    return (record(kind, data, version) for data, version in _documents(snapshots))


def _documents(snapshots: Iterable[Any]) -> Iterator[tuple[Mapping[str, Any], str]]:
    return ((each.to_dict(), each.update_time.rfc3339()) for each in snapshots if each.exists)


def _update_time(version: str) -> Any:
    return DatetimeWithNanoseconds.from_rfc3339(version).timestamp_pb()  # type: ignore[no-untyped-call]
