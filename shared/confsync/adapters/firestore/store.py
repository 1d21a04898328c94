"""The store on Firestore: each record is a document with a field for each of its fields.

Queries need the indexes of single fields, and one over shards for what is due; no others than
deploy/deployment/resources/database.py names: a test holds the two together.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any

from google.api_core.datetime_helpers import DatetimeWithNanoseconds
from google.cloud import firestore
from google.cloud.firestore_v1.field_path import FieldPath

from confsync import tracing
from confsync.adapters.firestore.due_index import DUE_AT, SHARD, SHARDED_DUE_AT, SHARDS, sharded, unsharded
from confsync.adapters.firestore.errors import CHANGED, MAYBE_DONE, ONCE, RETRY, ours
from confsync.adapters.records import COLLECTIONS, check_commit, document, is_key, name, pages, readable, record
from confsync.domain.conference import Conference
from confsync.domain.connection import Connection
from confsync.domain.errors import Temporary
from confsync.domain.link import Link
from confsync.ports import Due, R, Record, Remove, Save, Write

_KEY = FieldPath.document_id()
_COMMIT = "commit"
"""The field that names the commit which wrote the document: how one whose answer was lost is recognised. It also makes
every save a change, and so gives it a new update time, which Firestore keeps if nothing else is new.
https://cloud.google.com/firestore/docs/reference/rpc/google.firestore.v1#writeresult"""


class FirestoreStore:
    """Records in this project's database. Safe for many threads and processes; not to be carried across a fork.

    Uses the emulator, without credentials, if the environment names one in `FIRESTORE_EMULATOR_HOST`. Raises
    `PermissionDenied` if there are no credentials. `sharded`: what it saves goes into the index over shards.
    """

    def __init__(self, project: str, database: str = "(default)", *, sharded: bool = False) -> None:
        self._sharded = sharded
        with ours():  # where there are no credentials
            self._client = firestore.Client(project=project, database=database)

    def get(self, kind: type[R], key: str) -> R | None:
        """The record, or None."""
        return self.get_many(kind, [key]).get(key)

    def get_many(self, kind: type[R], keys: Sequence[str]) -> dict[str, R]:
        """Those of the records that exist, by key."""
        documents = [self._document(kind, key) for key in keys if is_key(key)]
        found = _read(lambda: self._client.get_all(documents, **ONCE)) if documents else []
        return {each.key: each for each in _records(kind, found)}

    def commit(self, writes: Sequence[Write]) -> None:
        """All of the writes or none. Raises `StoreConflict` if any condition does not hold."""
        check_commit(writes)
        if not writes:
            return
        commit_id = token_hex(8)
        batch = self._client.batch()
        for write in writes:
            self._add(batch, write, commit_id)
        failures: list[Exception] = []
        with tracing.call("firestore: commit"), ours([name(write.record) for write in writes]):
            try:
                RETRY(lambda: batch.commit(**ONCE), on_error=failures.append)()
            except CHANGED:
                if failures and self._is_done(writes, commit_id):
                    return
                if any(isinstance(each, MAYBE_DONE) for each in failures):
                    raise Temporary("Firestore: a commit may have been done", service="firestore") from None
                raise

    def links_of_calendar(self, calendar_key: str, *, limit: int | None = None) -> Iterator[Link]:
        """Links of a calendar by key."""
        return self._those(Link, limit, calendar_key=calendar_key)

    def conferences_of_host(self, host: str) -> Iterator[Conference]:
        """Conferences that were made for this account, by key."""
        return self._those(Conference, None, host=host)

    def connections_of(self, owner: str) -> list[Connection]:
        """The accounts that this one has connected, or had."""
        return list(self._those(Connection, None, owner=owner.lower()))

    def find(self, kind: type[R], **having: str | None) -> Iterator[R]:
        """Records with these values in these fields, or all, by key.

        Firestore joins the indexes of single fields for equalities:
        https://firebase.google.com/docs/firestore/query-data/index-overview#taking_advantage_of_index_merging
        """
        return self._those(kind, None, **having)

    def conference_of_meeting(self, meeting_key: str) -> Conference | None:
        """The conference whose meeting at a vendor has this key."""
        of_meeting = firestore.FieldFilter("meeting_key", "==", meeting_key)
        query = self._collection(Conference).where(filter=of_meeting).limit(1)
        return next(_records(Conference, _read(lambda: query.stream(**ONCE))), None)

    def due(self, kind: type[Due], now: datetime, *, limit: int) -> list[Due]:
        """Records with `due_at` <= now, the longest due first. Shards are merged by Firestore itself."""
        records: Any = self._collection(kind)
        in_shards: Any = records.where(filter=firestore.FieldFilter(SHARD, "in", list(range(SHARDS))))
        found = [*_due(records, DUE_AT, now, limit), *_due(in_shards, SHARDED_DUE_AT, now, limit)]
        # one that somebody saves between the two queries may be in both
        due = {each.key: each for each in readable(kind, found)}
        return sorted(due.values(), key=lambda each: each.due_at or now)[:limit]

    def close(self) -> None:
        """Close the connection to Firestore."""
        self._client.close()  # type: ignore[no-untyped-call]

    def _those(self, kind: type[R], limit: int | None, **having: str | None) -> Iterator[R]:
        """Records with these values, by key, page by page."""
        query = self._collection(kind)
        for field, value in having.items():
            query = query.where(filter=firestore.FieldFilter(field, "==", value))
        ordered = query.order_by(_KEY)

        def read(after: str, size: int) -> list[R]:
            rest = ordered.start_after({_KEY: self._document(kind, after)}) if after else ordered
            return list(_records(kind, _read(lambda: rest.limit(size).stream(**ONCE))))

        return pages(read, limit)

    def _collection(self, kind: type[Record]) -> Any:
        return self._client.collection(COLLECTIONS[kind])

    def _document(self, kind: type[Record], key: str) -> Any:
        return self._collection(kind).document(key)

    def _is_done(self, writes: Sequence[Write], commit_id: str) -> bool:
        """Whether an earlier attempt of this commit was carried out: then what it changed is still its own."""
        saved = [self._document(type(each.record), each.record.key) for each in writes if isinstance(each, Save)]
        found = _read(lambda: self._client.get_all(saved, field_paths=[_COMMIT], **ONCE)) if saved else []
        return any(data.get(_COMMIT) == commit_id for data, _ in found)

    def _stored(self, row: Record) -> dict[str, Any]:
        return sharded(document(row), row.key) if self._sharded else document(row)

    def _add(self, batch: Any, write: Write, commit_id: str) -> None:
        place = self._document(type(write.record), write.record.key)
        data = self._stored(write.record) | {_COMMIT: commit_id}
        if write.record.version is None:
            batch.create(place, data)
            return
        unchanged = self._client.write_option(last_update_time=_update_time(write.record.version))
        if isinstance(write, Remove):
            batch.delete(place, option=unchanged)
            return
        # `set` alone replaces a whole document (`update` keeps the fields it is not given), but it takes no option
        batch.set(place, data)
        unchanged.modify_write(batch._write_pbs[-1])


def _due(records: Any, field: str, now: datetime, limit: int) -> list[tuple[Mapping[str, Any], str]]:
    query = records.where(filter=firestore.FieldFilter(field, "<=", now)).order_by(field).limit(limit)
    return _read(lambda: query.stream(**ONCE))


def _read(snapshots: Callable[[], Iterable[Any]]) -> list[tuple[Mapping[str, Any], str]]:
    """Data and version of each document that exists. A read that breaks off is begun anew."""

    def whole() -> list[tuple[Mapping[str, Any], str]]:
        return [(unsharded(each.to_dict()), each.update_time.rfc3339()) for each in snapshots() if each.exists]

    with tracing.call("firestore: read"), ours():
        return RETRY(whole)()


def _records(kind: type[R], documents: Iterable[tuple[Mapping[str, Any], str]]) -> Iterator[R]:
    return (record(kind, data, version) for data, version in documents)


def _update_time(version: str) -> Any:
    return DatetimeWithNanoseconds.from_rfc3339(version).timestamp_pb()  # type: ignore[no-untyped-call]
