"""Calendars and their events in memory: each event is one JSON document, each write a new revision.

A revision is a time stamp in microseconds that never repeats. It is an event's etag and its `updated`, and a sync
token is nothing but the revision up to which a client has seen. Documents stay encoded, so that 100,000 events are
small and a list is a join of what is there.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeVar

import msgspec

from playground.google_calendar.times import stamp

Json = dict[str, Any]
Role = Literal["none", "freeBusyReader", "reader", "writerWithoutPrivateAccess", "writer", "owner"]
WritePolicy = Literal["accept", "refuse", "strip"]
UnsignedMeet = Literal["refuse", "drop"]
EchoedMeet = Literal["accept", "refuse"]
BesidePoints = Literal["points", "request", "refuse"]
PRIVATE = ("private", "confidential")
"""Values of `visibility` with which only guests and writers are told more than the time."""

_decoder = msgspec.json.Decoder(dict[str, Any])


class Record(msgspec.Struct, frozen=True, gc=False):
    """One event as stored: the document, and what must be known without reading it."""

    revision: int
    body: bytes
    cancelled: bool
    guarded: bool
    """True if not everybody who can read the calendar is shown all of it."""
    master_id: str | None

    def resource(self) -> Json:
        """The event as a new dictionary."""
        return _decoder.decode(self.body)


@dataclass(kw_only=True)
class Calendar:
    """A primary calendar (its id is its owner's address) or a secondary one."""

    id: str
    owner: str
    summary: str
    description: str = ""
    time_zone: str = "UTC"
    acl: dict[str, Role] = field(default_factory=dict)
    watchable: bool = True
    auto_add_hangouts: bool = False
    conference_types: list[str] = field(default_factory=lambda: ["hangoutsMeet"])
    write_policy: WritePolicy = "accept"
    """What becomes of third-party conferences that API clients of this account write."""
    unsigned_meet: UnsignedMeet = "refuse"
    """What becomes of a Meet that is written without the signature that it was read with, or with a wrong one. The
    reference says only that the server makes it, and the guide that a copy is "the entire conferenceData"."""
    echoed_meet: EchoedMeet = "accept"
    """Whether an event's own Meet may be sent back to it. Somebody's updates with it got 400:
    https://github.com/taylorwilsdon/google_workspace_mcp/pull/801"""
    request_beside_points: BesidePoints = "points"
    """What counts of a new createRequest beside entry points. The reference says that either one is needed."""
    sync_epoch: int = 0
    """Sync tokens of an earlier epoch have expired."""
    empty_page_before: int | None = None
    """Every list has an empty page, with a next one, in front of its page of this number (from 0)."""
    largest_page: int | None = None
    """Pages hold no more events than this, whatever was asked for: Calendar promises no page to be full."""
    records: dict[str, Record] = field(default_factory=dict)
    revision: int = 0
    _log: list[tuple[int, str]] = field(default_factory=list)
    _exceptions: dict[str, set[str]] = field(default_factory=dict)

    def role_of(self, user: str) -> Role:
        """What `user` may do here."""
        return "owner" if user == self.owner else self.acl.get(user, "none")

    def resource(self, event_id: str) -> Json | None:
        """The stored event, cancelled or not, as a new dictionary."""
        record = self.records.get(event_id)
        return record.resource() if record else None

    def exceptions_of(self, master_id: str) -> list[str]:
        """Ids of the stored instances of a recurring event."""
        return sorted(self._exceptions.get(master_id, ()))

    def is_cancelled(self, record: Record) -> bool:
        """True also for an instance whose whole series is deleted."""
        master = self.records.get(record.master_id) if record.master_id else None
        return record.cancelled or bool(master and master.cancelled)

    def changed_since(self, revision: int) -> Iterator[tuple[str, Record]]:
        """Ids and events whose last change came after `revision`, oldest change first."""
        start = bisect_right(self._log, (revision, "\U0010ffff"))
        for at, event_id in self._log[start:]:
            record = self.records.get(event_id)
            if record and record.revision == at:
                yield event_id, record

    def put(self, event_id: str, record: Record) -> None:
        """Store a new version of an event."""
        self.records[event_id] = record
        self.revision = record.revision
        self._log.append((record.revision, event_id))
        if record.master_id:
            self._exceptions.setdefault(record.master_id, set()).add(event_id)
        if len(self._log) > 2 * len(self.records) + 1000:
            self._log = [entry for entry in self._log if self.records[entry[1]].revision == entry[0]]


class Held(Protocol):
    """Something whose methods take turns."""

    @property
    def lock(self) -> threading.RLock:
        """Held while a method runs."""
        ...


H = TypeVar("H", bound=Held)
P = ParamSpec("P")
R = TypeVar("R")


def exclusive(method: Callable[Concatenate[H, P], R]) -> Callable[Concatenate[H, P], R]:
    """Make a method run alone among all that share its object's lock."""

    @wraps(method)
    def run(self: H, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self.lock:
            return method(self, *args, **kwargs)

    return run


class Store:
    """All calendars. Every write of an event goes through `write`, and is told to `on_change`."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.calendars: dict[str, Calendar] = {}
        self.on_change: Callable[[Calendar, Json], None] = lambda _calendar, _resource: None
        self._revision = 0

    def next_revision(self) -> int:
        """Now in microseconds, or one more than the last."""
        self._revision = max(time.time_ns() // 1000, self._revision + 1)
        return self._revision

    @exclusive
    def ensure_primary(self, email: str) -> Calendar:
        """The account's own calendar, made if it has none yet."""
        if email not in self.calendars:
            self.calendars[email] = Calendar(id=email, owner=email, summary=email)
        return self.calendars[email]

    def write(self, calendar: Calendar, resource: Json) -> Json:
        """Store the event under a new etag, and notify. Returns it as stored."""
        revision = self.next_revision()
        resource = {**resource, "etag": f'"{revision}"', "updated": stamp(revision)}
        calendar.put(resource["id"], _record(revision, resource))
        self.on_change(calendar, resource)
        return resource

    def write_silently(self, calendar: Calendar, resources: Iterator[Json]) -> int:
        """Store many events at once without notifying anybody (seeding). Returns how many."""
        count = 0
        for resource in resources:
            revision = self.next_revision()
            stamped = {**resource, "etag": f'"{revision}"', "updated": stamp(revision)}
            calendar.put(stamped["id"], _record(revision, stamped))
            count += 1
        return count


def _record(revision: int, resource: Json) -> Record:
    return Record(
        revision=revision,
        body=msgspec.json.encode(resource),
        cancelled=resource["status"] == "cancelled",
        guarded="source" in resource or resource.get("visibility") in PRIVATE,
        master_id=resource.get("recurringEventId"),
    )
