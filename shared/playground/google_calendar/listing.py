"""Lists of events: full, incremental and of instances, page by page.

https://developers.google.com/workspace/calendar/api/guides/sync
"""

import dataclasses
import json
import threading
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from playground.google_api.errors import ApiError, invalid, not_found
from playground.google_calendar import copies, recurrence
from playground.google_calendar.access import calendar_for, shown
from playground.google_calendar.calendars import described
from playground.google_calendar.errors import full_sync_required
from playground.google_calendar.query import ListQuery
from playground.google_calendar.settings import Settings
from playground.google_calendar.store import Calendar, Record, Store, exclusive
from playground.google_calendar.times import moment, shown_in, stamp

Json = dict[str, Any]

_KEPT_SNAPSHOTS = 32
_TOMBSTONE = ("kind", "etag", "id", "status")
_INSTANCE_TOMBSTONE = (*_TOMBSTONE, "recurringEventId", "originalStartTime")


class Snapshot(msgspec.Struct, frozen=True):
    """What a list held when its first page was asked for; later pages are cut from it."""

    key: str
    calendar_id: str
    user: str
    query: ListQuery
    items: list[bytes]
    revision: int


class Listing:
    """`events.list` and `events.instances`. Pages can be asked for again until `forget_pages`."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._snapshots: OrderedDict[str, Snapshot] = OrderedDict()

    @property
    def lock(self) -> threading.RLock:
        """The store's."""
        return self._store.lock

    @exclusive
    def page(self, user: str, calendar_id: str, query: ListQuery) -> bytes:
        """One page as JSON. Raises 400 for bad tokens, 410 for expired ones."""
        calendar = calendar_for(self._store, user, calendar_id, "freeBusyReader")
        if query.page_token:
            return self._page(calendar, *self._resume(calendar, user, query))
        since = _seen_revision(calendar, user, query) if query.sync_token else 0
        items = list(self._items(calendar, user, query, since))
        return self._page(calendar, self._keep(calendar, user, query, items), 0, 0)

    @exclusive
    def instances(self, user: str, calendar_id: str, event_id: str, query: ListQuery) -> bytes:
        """One page of a recurring event's instances. Raises 404 if there is no such event."""
        calendar = calendar_for(self._store, user, calendar_id, "freeBusyReader")
        if query.page_token:
            return self._page(calendar, *self._resume(calendar, user, query))
        master = calendar.records.get(event_id)
        if master is None:
            raise not_found()
        found = self._series(calendar, master, query) if not master.cancelled else iter(())
        role = calendar.role_of(user)
        chosen = (
            msgspec.json.encode(shown(item, user, role)) for item in found if _starts_at(item, query.original_start)
        )
        return self._page(calendar, self._keep(calendar, user, query, list(chosen)), 0, 0)

    @exclusive
    def forget_pages(self) -> None:
        """Every page token is invalid from now on."""
        self._snapshots.clear()

    def _items(self, calendar: Calendar, user: str, query: ListQuery, since: int) -> Iterator[bytes]:
        deleted = query.show_deleted or query.sync_token is not None or query.updated_min is not None
        role = calendar.role_of(user)
        found = self._selected(calendar, query, since, deleted=deleted)
        if query.takes_everything and role != "freeBusyReader":
            return (self._rendered(calendar, record, query, user) for record in found)
        resources = self._read(calendar, query, found)
        if query.order_by == "startTime":
            resources = iter(sorted(resources, key=_start))
        return (msgspec.json.encode(_shaped(shown(item, user, role), query)) for item in resources)

    def _selected(self, calendar: Calendar, query: ListQuery, since: int, *, deleted: bool) -> Iterator[Record]:
        """Records that the list is made from.

        Without showDeleted, cancelled instances of a living series are listed all the same, unless singleEvents.
        """
        if query.updated_min:
            since = max(since, int(query.updated_min.timestamp() * 1e6) - 1)
        for _, record in calendar.changed_since(since):
            if (
                deleted
                or not calendar.is_cancelled(record)
                or (not query.single_events and _is_of_living_series(calendar, record))
            ):
                yield record

    def _rendered(self, calendar: Calendar, record: Record, query: ListQuery, user: str) -> bytes:
        cancelled = calendar.is_cancelled(record)
        if not (cancelled or record.guarded):
            return record.body
        resource = self._tombstone(calendar, record.resource(), query) if cancelled else record.resource()
        return msgspec.json.encode(shown(resource, user, calendar.role_of(user)))

    def _tombstone(self, calendar: Calendar, resource: Json, query: ListQuery) -> Json:
        """A deleted event shows only its id; a cancelled instance also which one it was.

        With showDeleted all is told to whoever could restore it: the organizer, and a guest who removed it.
        https://developers.google.com/workspace/calendar/api/v3/reference/events#status
        """
        removed = copies.own_answer(calendar.id, resource).get("responseStatus") == "declined"
        restorable = copies.is_organizer(calendar, resource) or removed
        if (query.show_deleted and restorable) or self._settings.detailed_tombstones:
            return {**resource, "status": "cancelled"}
        kept = _INSTANCE_TOMBSTONE if "recurringEventId" in resource else _TOMBSTONE
        return {key: resource[key] for key in kept if key in resource} | {"status": "cancelled"}

    def _read(self, calendar: Calendar, query: ListQuery, records: Iterator[Record]) -> Iterator[Json]:
        for record in records:
            resource = record.resource()
            if not query.matches(resource):
                continue
            if calendar.is_cancelled(record):
                resource = self._tombstone(calendar, resource, query)
            if "start" not in resource:
                yield resource  # nobody can tell when it was
            elif "recurrence" in resource:
                found = self._occurrences(calendar, resource, query)
                yield from found if query.single_events else [resource] if next(found, None) else []
            elif query.overlaps(resource):
                yield resource

    def _occurrences(self, calendar: Calendar, master: Json, query: ListQuery) -> Iterator[Json]:
        """Instances in the query's time window that are stored nowhere."""
        length = moment(master["end"]) - moment(master["start"])
        begin = query.time_min - length if query.time_min else None
        for at in recurrence.occurrences(master, begin, query.time_max):
            if recurrence.instance_id(master, at) not in calendar.records:
                item = recurrence.instance(master, at, calendar.time_zone)
                if query.overlaps(item):
                    yield item

    def _series(self, calendar: Calendar, master: Record, query: ListQuery) -> Iterator[Json]:
        resource = master.resource()
        if "recurrence" not in resource:
            return
        stored = [calendar.records[event_id] for event_id in calendar.exceptions_of(resource["id"])]
        for record in stored:
            if record.cancelled and query.show_deleted:
                yield self._tombstone(calendar, record.resource(), query)
            elif not record.cancelled and query.overlaps(record.resource()):
                yield record.resource()
        yield from self._occurrences(calendar, resource, query)

    def _keep(self, calendar: Calendar, user: str, query: ListQuery, items: list[bytes]) -> Snapshot:
        snapshot = Snapshot(uuid.uuid4().hex, calendar.id, user, query, items, calendar.revision)
        self._snapshots[snapshot.key] = snapshot
        while len(self._snapshots) > _KEPT_SNAPSHOTS:
            self._snapshots.popitem(last=False)
        return snapshot

    def _resume(self, calendar: Calendar, user: str, query: ListQuery) -> tuple[Snapshot, int, int]:
        """The snapshot that a page token is of, the first item and the number of the page. Raises 400."""
        key, offset, number = _opened(query.page_token or "", "page")
        snapshot = self._snapshots.get(key)
        if snapshot is None or (snapshot.calendar_id, snapshot.user) != (calendar.id, user):
            raise invalid("Invalid page token value.", location="pageToken")
        if _unpaged(snapshot.query) != _unpaged(query):
            raise invalid("The page token belongs to another query.", location="pageToken")
        return snapshot, offset, number

    def _page(self, calendar: Calendar, snapshot: Snapshot, offset: int, number: int) -> bytes:
        largest = min(snapshot.query.max_results, calendar.largest_page or snapshot.query.max_results)
        size = 0 if calendar.empty_page_before == number else largest
        end = offset + size
        page = _header(calendar, snapshot.user)
        if end < len(snapshot.items) or not size:
            page["nextPageToken"] = _closed("page", snapshot.key, end, number + 1)
        elif snapshot.query.gives_sync_token:
            seen = (calendar.id, snapshot.user, snapshot.revision, calendar.sync_epoch)
            page["nextSyncToken"] = _closed("sync", *seen, *snapshot.query.shape)
        page["items"] = [msgspec.Raw(item) for item in snapshot.items[offset:end]]
        return msgspec.json.encode(page)


def _is_of_living_series(calendar: Calendar, record: Record) -> bool:
    master = calendar.records.get(record.master_id) if record.master_id else None
    return master is not None and not master.cancelled


def _start(resource: Json) -> datetime:
    """For sorting; a tombstone may have no time at all."""
    when = resource.get("start") or resource.get("originalStartTime")
    return moment(when) if when else datetime.min.replace(tzinfo=UTC)


def _seen_revision(calendar: Calendar, user: str, query: ListQuery) -> int:
    """How far the client has seen. Raises 400 for a token of another query, 410 for an expired or another's."""
    calendar_id, owner, revision, epoch, *shape = _opened(query.sync_token or "", "sync")
    if (calendar_id, owner, epoch) != (calendar.id, user, calendar.sync_epoch):
        raise full_sync_required()
    if tuple(shape) != query.shape:
        raise invalid("Sync token is used with other parameters than it was made for.", location="syncToken")
    return int(revision)


def _header(calendar: Calendar, user: str) -> Json:
    return {
        "kind": "calendar#events",
        "etag": f'"p{calendar.revision}"',
        "summary": calendar.summary,
        **described(calendar),
        "updated": stamp(calendar.revision),
        "timeZone": calendar.time_zone,
        "accessRole": calendar.role_of(user),
        "defaultReminders": [{"method": "popup", "minutes": 10}],
    }


def _shaped(resource: Json, query: ListQuery) -> Json:
    """The event in the form that timeZone and maxAttendees ask for."""
    if query.time_zone:
        resource = shown_in(resource, query.time_zone)
    people = resource.get("attendees", ())
    if query.max_attendees and len(people) > query.max_attendees:
        own = [person for person in people if person.get("self")]
        resource = {**resource, "attendees": own, "attendeesOmitted": True}
    return resource


def _starts_at(resource: Json, original_start: str | None) -> bool:
    if original_start is None:
        return True
    when = resource["originalStartTime"]
    if "date" in when:
        return bool(when["date"] == original_start)
    return moment(when) == moment({"dateTime": original_start})


def _unpaged(query: ListQuery) -> ListQuery:
    return dataclasses.replace(query, page_token=None, max_results=0)


def _closed(*parts: Any) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


def _opened(token: str, kind: str) -> Any:
    """The parts of a token. Raises 400 for one that Calendar never gave out."""
    try:
        found, *parts = json.loads(urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError):
        found, parts = None, []
    if found != kind:
        raise ApiError(400, "invalid", f"Invalid {kind} token value.", location=f"{kind}Token")
    return parts
