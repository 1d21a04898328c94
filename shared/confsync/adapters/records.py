"""Records as plain data, and back: what every store keeps, and the rules of a commit that hold for all of them."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec
import structlog

from confsync.domain.budget import Budget
from confsync.domain.calendar import Calendar
from confsync.domain.channel import Channel
from confsync.domain.conference import Conference
from confsync.domain.connection import Connection
from confsync.domain.errors import Invalid, ServiceError, StoreConflict, Temporary
from confsync.domain.host import Host
from confsync.domain.link import Link
from confsync.domain.repeat import Repeat
from confsync.domain.sweep import Sweep
from confsync.ports import R, Record, Remove, Write

_log = structlog.get_logger(__name__)

COLLECTIONS: Mapping[type[Record], str] = {
    Budget: "budgets",
    Calendar: "calendars",
    Channel: "channels",
    Conference: "conferences",
    Connection: "connections",
    Host: "hosts",
    Link: "links",
    Repeat: "repeats",
    Sweep: "sweeps",
}
FORM = 2
"""The form of the records that this release writes. A release in which a record has another field writes the next form.
deploy/README.md, "Upgrading", says what a release may change, and how; tests hold it to that."""
NEEDED = 1
"""The oldest form whose releases may still touch what this one writes: they know nothing of fields that are new, and
keep them. Raised to `FORM` by a release whose records they would misunderstand."""
FORM_FIELD, NEEDED_FIELD = "_form", "_needed"
MAX_WRITES = 450
PAGE = 500

# https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields
_KEY = re.compile(r"(?!\.{1,2}$)(?!__.*__$)[^/\ud800-\udfff]{1,1500}")


class _Newer(str):
    """The version of a record that a newer release wrote, with the document it was read from."""

    document: Mapping[str, Any]


def document(record: Record) -> dict[str, Any]:
    """What is stored of the record: its plain data and its form, and whatever a newer release had put there besides.

    Of a field that has not changed since it was read everything stays, also inside; of one that has, what we know.
    """
    if not isinstance(record.version, _Newer):
        return {**plain(record), FORM_FIELD: FORM, NEEDED_FIELD: NEEDED}
    data, stored = plain(replace(record, version=None)), record.version.document
    before = plain(_converted(type(record), {**stored, "version": None}))
    return {**_with_utc(stored), **{name: value for name, value in data.items() if value != before.get(name)}}


def plain(record: Record) -> dict[str, Any]:
    """The record as dicts, lists, strings, numbers and aware UTC datetimes, without its version.

    Every field is there, also those that have their default. Raises `ValueError` for a time without a zone.
    """
    data: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(datetime,))
    del data["version"]
    return {name: _with_utc(value) for name, value in data.items()}


def record(kind: type[R], document: Mapping[str, Any], version: str) -> R:
    """The record that the document (times as datetimes or RFC 3339) is of, with this version.

    Fields we don't know are ignored and fields that are not there get their default, so that an older and a newer
    deployment can share a store. Raises `Invalid` if the document is no such record, `Temporary` if a newer release
    wants it left to itself: its functions are on their way.
    """
    if document.get(NEEDED_FIELD, 0) > FORM:
        told = f"a document of {COLLECTIONS[kind]} is left to a newer release: its form is {document[FORM_FIELD]}"
        raise Temporary(told, service="store")
    known: R = _converted(kind, {**document, "version": version})
    if document.get(FORM_FIELD, 0) <= FORM:
        return known
    newer = _Newer(version)
    newer.document = document
    return replace(known, version=newer)


def _converted(kind: type[Any], document: Mapping[str, Any]) -> Any:
    try:
        return msgspec.convert(_upgraded(_with_utc(document)), kind)
    except msgspec.ValidationError as error:
        raise Invalid(f"a document of {COLLECTIONS[kind]} can't be read: {error}", service="store") from error


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """Data of an older form as today's.

    A conference's reference was a flat map of ids, with `host` among them. A connection that was not being left was due
    only while something was untold.
    """
    match data:
        case {"applied": {"reference": Mapping() as flat} as applied} if "ids" not in flat:
            ids = {name: each for name, each in flat.items() if name != "host"}
            return {**data, "applied": {**applied, "reference": {"ids": ids, "host": flat.get("host", "")}}}
        case {"account_id": _, "due_at": due_at, "leaving": None} if due_at is not None and "untold" not in data:
            return {**data, "untold": True}
    return data


def readable(kind: type[R], documents: Iterable[tuple[Mapping[str, Any], str]]) -> Iterator[R]:
    """The records of (document, version) pairs.

    One that can't be read is logged and left out, so that it holds up no other.
    """
    for data, version in documents:
        try:
            yield record(kind, data, version)
        except ServiceError as error:
            _log.error("left out of what is due", reason=str(error))


def name(record: Record) -> str:
    """Where the record is kept: collection and key, for messages and for telling records apart."""
    return f"{COLLECTIONS[type(record)]}/{record.key}"


def is_key(text: str) -> bool:
    """Whether a record can have this key. Some that we are asked for come from outside: an event's conference id."""
    return _KEY.fullmatch(text) is not None


def check_commit(writes: Sequence[Write]) -> None:
    """Raises `ValueError` for a commit that no store can do, whatever it holds."""
    if len(writes) > MAX_WRITES:
        raise ValueError(f"{len(writes)} writes in one commit, at most {MAX_WRITES} are possible: split it")
    counts = Counter(name(write.record) for write in writes)
    if twice := [each for each, count in counts.items() if count > 1]:
        raise ValueError(f"written twice in one commit: {', '.join(twice)}")
    for write in writes:
        if not is_key(write.record.key):
            raise ValueError(f"{name(write.record)!r} can't be stored under this key")
        if isinstance(write, Remove) and write.record.version is None:
            raise ValueError(f"{name(write.record)} is to be removed, but was not read from the store")


def conflict(names: Sequence[str]) -> StoreConflict:
    """The error for a commit of which one of these records is not as expected."""
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return StoreConflict(f"changed since it was read: {'' if len(names) == 1 else 'one of '}{shown}")


def pages(read: Callable[[str, int], list[R]], limit: int | None) -> Iterator[R]:
    """Records page by page; `read(after, size)` gives the next ones by key. Holds no connection between pages."""

    def walk() -> Iterator[R]:
        size = PAGE if limit is None else min(PAGE, limit)
        page = read("", size)
        yield from page
        while len(page) == size:
            page = read(page[-1].key, size)
            yield from page

    return islice(walk(), limit)


def _with_utc(value: Any) -> Any:
    """The same data with every time as a plain datetime in UTC (Firestore's own subclass can't be encoded again)."""
    if value is None or isinstance(value, str | int):  # most are, and to ask for a Mapping takes longest
        return value
    if isinstance(value, Mapping):
        return {key: _with_utc(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_with_utc(each) for each in value]
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return datetime.combine(value.date(), value.timetz()).astimezone(UTC)
    return value
