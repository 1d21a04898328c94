"""People's own reads and writes on the fake Calendar: events as Calendar's resources.

The simulator's pure functions, written from Google's reference, say what a body may hold, what becomes of a conference
and when a series occurs. `Event` stays what the fake stores, so that the sync and people see the same.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from werkzeug.datastructures import MultiDict

from confsync.adapters.google_calendar import resources, translate
from confsync.adapters.google_calendar.conference_data import conference_data
from confsync.domain.errors import Conflict, Invalid, NotFound, PermissionDenied, PreconditionFailed, Temporary
from confsync.domain.event import Event, EventTime
from confsync.ports import CalendarAccess, ConferenceOnEvent, EventResource, ResourcePage, SendUpdates
from playground.google_api.errors import ApiError
from playground.google_calendar import body as bodies
from playground.google_calendar import conference, recurrence
from playground.google_calendar.query import ListQuery, parse
from playground.google_calendar.store import Calendar as GoogleCalendar
from playground.google_calendar.store import WritePolicy
from playground.google_calendar.times import moment

if TYPE_CHECKING:
    from tests.fakes.calendar import FakeCalendars, _Calendar

Json = dict[str, Any]

POLICIES: dict[str, WritePolicy] = {"keep": "accept", "refuse": "refuse", "strip": "strip"}
MODELLED = {"summary", "description", "location", "start", "end", "recurrence", "attendees", "conferenceData"}
"""Fields that a stored `Event` has: what stands there counts, not what was once written."""


class PeoplesFake:
    """This part of the `CalendarApi` port as one account."""

    _fake: "FakeCalendars"
    _account: str

    def read_event(self, calendar_id: str, event_id: str) -> EventResource:
        _, held = self._peoples("read_event", calendar_id, event_id)
        return _shown(_found(held, event_id))

    def list_window(
        self,
        calendar_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        text: str | None = None,
        expand: bool = True,
        deleted: bool = False,
        page_size: int = 250,
        page_token: str | None = None,
    ) -> ResourcePage:
        calendar_id, held = self._peoples("list_window", calendar_id)
        given = {
            "timeMin": since and since.isoformat(),
            "timeMax": until and until.isoformat(),
            "q": text,
            "singleEvents": str(expand).lower(),
            "showDeleted": str(deleted).lower(),
        }
        with refusals():
            query = parse(MultiDict({name: value for name, value in given.items() if value is not None}))
        found = list(_selected(held, query))
        if expand:
            found.sort(key=_start)
        begin, of = json.loads(page_token) if page_token else (0, given)
        if of != given:
            raise Temporary("400 invalid: the page token belongs to another query", status=400)
        end = begin + page_size
        token = json.dumps([end, given]) if end < len(found) else None
        return ResourcePage(events=tuple(map(_shown, found[begin:end])), time_zone=held.time_zone, page_token=token)

    def access(self, calendar_id: str) -> CalendarAccess:
        _, held = self._peoples("access", calendar_id)
        if self._account in held.viewers:
            return CalendarAccess(role="reader", time_zone=held.time_zone)
        return CalendarAccess(role="owner" if self._account == held.owner else "writer", time_zone=held.time_zone)

    def insert_event(
        self,
        calendar_id: str,
        body: Mapping[str, Any],
        *,
        conference: ConferenceOnEvent | None = None,
        send_updates: SendUpdates = "none",
    ) -> EventResource:
        calendar_id, held = self._writable("insert_event", calendar_id)
        event_id = body.get("id") or f"made{self._fake._revision + 1}"
        with refusals():
            bodies.check_id(event_id)
        if event_id in held.events:
            raise Conflict("409 duplicate: The requested identifier already exists.", status=409)
        blank = {"id": event_id, "status": "confirmed", "organizer": {"email": calendar_id, "self": True}}
        return self._write(calendar_id, held, blank, _with(body, conference), patch=False)

    def patch_event(
        self,
        calendar_id: str,
        event_id: str,
        body: Mapping[str, Any],
        *,
        conference: ConferenceOnEvent | None = None,
        etag: str | None = None,
        send_updates: SendUpdates = "none",
    ) -> EventResource:
        calendar_id, held = self._writable("patch_event", calendar_id, event_id)
        old = _matching(_found(held, event_id), etag)
        return self._write(calendar_id, held, old, _with(body, conference), patch=True)

    def delete_event(
        self, calendar_id: str, event_id: str, *, etag: str | None = None, send_updates: SendUpdates = "none"
    ) -> None:
        calendar_id, held = self._writable("delete_event", calendar_id, event_id)
        old = _matching(_found(held, event_id), etag)
        if old["status"] == "cancelled":
            raise NotFound("410 deleted: Resource has been deleted", status=410)
        store(self._fake, calendar_id, held, old | {"status": "cancelled"})

    def conference_types(self, calendar_id: str) -> tuple[str, ...]:
        return self._peoples("conference_types", calendar_id)[1].conference_types

    def adds_meet(self) -> bool:
        self._peoples("adds_meet", self._account)
        return self._account in self._fake.adding_meet

    def _peoples(self, method: str, calendar_id: str, event_id: str = "") -> "tuple[str, _Calendar]":
        real = self._account if calendar_id == "primary" else calendar_id
        return real, self._fake._ask(method, self._account, real, event_id)

    def _writable(self, method: str, calendar_id: str, event_id: str = "") -> "tuple[str, _Calendar]":
        real, held = self._peoples(method, calendar_id, event_id)
        if self._account in held.viewers:
            raise PermissionDenied("403 requiredAccessLevel: You need to have writer access", status=403)
        return real, held

    def _rules(self, calendar_id: str, held: "_Calendar") -> GoogleCalendar:
        """The calendar as the simulator's functions know it: which conferences may be written there."""
        return GoogleCalendar(
            id=calendar_id,
            owner=held.owner,
            summary=calendar_id,
            conference_types=list(held.conference_types),
            write_policy=POLICIES[self._fake.writes],
        )

    def _write(
        self, calendar_id: str, held: "_Calendar", old: Json, body: Mapping[str, Any], *, patch: bool
    ) -> EventResource:
        rules = self._rules(calendar_id, held)
        with refusals():
            new = bodies.merged(old, bodies.writable(dict(body), attachments=True))
            new = bodies.normalised(new, held.time_zone)
            present = old.get("conferenceData")
            data = conference.after(present, dict(body), rules, patch=patch, by_calendar_itself=False)
        new = {**new, "conferenceData": data} if data else _without(new, "conferenceData")
        store(self._fake, calendar_id, held, new)
        if _is_pending(new):
            held.asked.add(new["id"])
        return _shown(_found(held, new["id"]))


@contextmanager
def refusals() -> Iterator[None]:
    """What the simulator refuses, as the port's errors."""
    try:
        yield
    except ApiError as error:
        raise {400: Invalid, 403: PermissionDenied}[error.status](str(error), status=error.status) from error


def store(fake: "FakeCalendars", calendar_id: str, held: "_Calendar", resource: Json) -> None:
    """Write the event as this resource has it."""
    held.more[resource["id"]] = resource
    event = translate.event(json.dumps(resource).encode(), held.time_zone)
    # the fake stores the text as people see it, with our block in it
    fake._put(calendar_id, replace(event, description=resource.get("description", "")))


def answer_requests(fake: "FakeCalendars", calendar_id: str, held: "_Calendar") -> None:
    """Meet answers whoever asked for a conference."""
    while held.asked:
        resource = resource_of(held, held.events[held.asked.pop()])
        if _is_pending(resource):
            answer = conference.answered(resource["conferenceData"], fake.meet)
            store(fake, calendar_id, held, resource | {"conferenceData": answer})


def resource_of(held: "_Calendar", event: Event) -> Json:
    """The stored event as Calendar's resource."""
    written = held.more.get(event.id, {})
    series = held.events.get(event.recurring_event_id or "")
    cancelled = event.cancelled or (series is not None and series.cancelled)
    status = "cancelled" if cancelled else {"tentative": "tentative"}.get(written.get("status", ""), "confirmed")
    data = _conference(written.get("conferenceData"), event)
    known = {person["email"]: person for person in written.get("attendees", ())}
    own = {
        "kind": "calendar#event",
        "id": event.id,
        "etag": event.etag,
        "status": status,
        "summary": event.title,
        "description": event.description,
        "location": event.location,
        "start": event.start and _time(event.start),
        "end": event.end and _time(event.end),
        "recurrence": list(event.recurrence),
        "recurringEventId": event.recurring_event_id,
        "organizer": {"email": event.organizer, "self": event.organizer_self} if event.organizer else None,
        "attendees": [known.get(email, {"email": email}) for email in event.attendees],
        "conferenceData": data,
        "hangoutLink": conference.hangout_link(data),
    }
    return _without(written, *MODELLED, "hangoutLink") | {name: value for name, value in own.items() if value}


def _conference(written: Json | None, event: Event) -> Json | None:
    """The whole conference that was written if it is what the event shows now, else what is known of that."""
    shown = event.conference
    if written and _read_conference(written) == shown:
        return written
    if shown is None:
        return None
    return {
        "conferenceId": shown.id,
        "conferenceSolution": {"key": {"type": shown.solution_type}, "name": shown.solution_name},
        "entryPoints": [{"entryPointType": _kind(uri), "uri": uri} for uri in sorted(shown.uris)],
    }


def _read_conference(data: Json) -> Any:
    event = {"id": "any", "status": "cancelled", "conferenceData": data}
    return translate.event(json.dumps(event).encode(), "UTC").conference


def _kind(uri: str) -> str:
    return {"tel": "phone", "sip": "sip"}.get(uri.partition(":")[0], "video")


def _time(time: EventTime) -> Json:
    if time.all_day:
        return {"date": time.at.astimezone(ZoneInfo(time.time_zone)).date().isoformat()}
    return {"dateTime": time.at.isoformat(), "timeZone": time.time_zone}


def _found(held: "_Calendar", event_id: str) -> Json:
    """The event, also if it is an instance that is stored nowhere. Raises `NotFound`."""
    if event_id in held.events:
        return resource_of(held, held.events[event_id])
    parsed = recurrence.parse_instance_id(event_id)
    if parsed and parsed[0] in held.events:
        master = resource_of(held, held.events[parsed[0]])
        if "recurrence" in master and recurrence.occurs(master, parsed[1]):
            return recurrence.instance(master, parsed[1], held.time_zone)
    raise NotFound(f"404 notFound: event {event_id}", status=404)


def _selected(held: "_Calendar", query: ListQuery) -> Iterator[Json]:
    for event in list(held.events.values()):
        resource = resource_of(held, event)
        series = held.events.get(event.recurring_event_id or "")
        living = not query.single_events and series is not None and not series.cancelled
        if not query.matches(resource) or not (resource["status"] != "cancelled" or query.show_deleted or living):
            continue
        if "start" not in resource:
            yield resource
        elif "recurrence" in resource:
            found = _instances(held, resource, query)
            yield from found if query.single_events else [resource] if next(found, None) else []
        elif query.overlaps(resource):
            yield resource


def _instances(held: "_Calendar", master: Json, query: ListQuery) -> Iterator[Json]:
    """Those in the time of the query that are stored nowhere."""
    length = moment(master["end"]) - moment(master["start"])
    for at in recurrence.occurrences(master, query.time_min and query.time_min - length, query.time_max):
        if recurrence.instance_id(master, at) not in held.events:
            item = recurrence.instance(master, at, held.time_zone)
            if query.overlaps(item):
                yield item


def _start(resource: Json) -> datetime:
    return moment(resource["start"]) if "start" in resource else datetime.min.replace(tzinfo=UTC)


def _matching(resource: Json, etag: str | None) -> Json:
    if etag is not None and etag != resource["etag"]:
        raise PreconditionFailed("412 conditionNotMet: Precondition Failed", status=412)
    return resource


def _is_pending(resource: Json) -> bool:
    request = resource.get("conferenceData", {}).get("createRequest", {})
    return bool(request.get("status", {}).get("statusCode") == "pending")


def _without(resource: Json, *names: str) -> Json:
    return {name: value for name, value in resource.items() if name not in names}


def _with(body: Mapping[str, Any], conference: ConferenceOnEvent | None) -> Mapping[str, Any]:
    return {**body, "conferenceData": conference_data(conference)} if conference is not None else body


def _shown(resource: Json) -> EventResource:
    return resources.resource(json.dumps(resource).encode())
