"""Records as plain data, and back: what every store keeps, and the rules of a commit that hold for all of them."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
from confsync.domain.errors import Invalid, StoreConflict
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
MAX_WRITES = 450
PAGE = 500

# https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields
_KEY = re.compile(r"(?!\.{1,2}$)(?!__.*__$)[^/\ud800-\udfff]{1,1500}")


def plain(record: Record) -> dict[str, Any]:
    """The record as dicts, lists, strings, numbers and aware UTC datetimes, without its version.

    Every field is there, also those that have their default. Raises `ValueError` for a time without a zone.
    """
    data: dict[str, Any] = msgspec.to_builtins(record, builtin_types=(datetime,))
    del data["version"]
    return {name: _with_utc(value) for name, value in data.items()}


def record(kind: type[R], data: Mapping[str, Any], version: str) -> R:
    """The record that the plain data (times as datetimes or RFC 3339) came from, with this version.

    Fields we don't know are ignored and fields that are not there get their default, so that an older and a newer
    deployment can share a store. Raises `Invalid` if the data is no such record.
    """
    try:
        known: R = msgspec.convert(_upgraded({**_with_utc(data), "version": version}), kind)
    except msgspec.ValidationError as error:
        raise Invalid(f"a document of {COLLECTIONS[kind]} can't be read: {error}", service="store") from error
    return known


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """Data of an older form as today's: a conference's reference was a flat map of ids, with `host` among them."""
    match data:
        case {"applied": {"reference": Mapping() as flat} as applied} if "ids" not in flat:
            ids = {name: each for name, each in flat.items() if name != "host"}
            return {**data, "applied": {**applied, "reference": {"ids": ids, "host": flat.get("host", "")}}}
    return data


def readable(kind: type[R], documents: Iterable[tuple[Mapping[str, Any], str]]) -> Iterator[R]:
    """The records of (data, version) pairs.

    One that can't be read is logged and left out, so that it holds up no other.
    """
    for data, version in documents:
        try:
            yield record(kind, data, version)
        except Invalid as error:
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
    if isinstance(value, Mapping):
        return {key: _with_utc(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_with_utc(each) for each in value]
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        return datetime.combine(value.date(), value.timetz()).astimezone(UTC)
    return value
