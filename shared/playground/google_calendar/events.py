"""What the methods of the `events` collection do, lists apart.

https://developers.google.com/workspace/calendar/api/v3/reference/events
"""

import threading
import uuid
from base64 import b32hexencode
from typing import Any

from playground.google_api.errors import ApiError, invalid, not_found, required
from playground.google_calendar import attachments, conference, copies, series
from playground.google_calendar import body as bodies
from playground.google_calendar.access import Call, calendar_for, is_creator, shown
from playground.google_calendar.background import Background
from playground.google_calendar.errors import condition_not_met
from playground.google_calendar.mails import Mailbox
from playground.google_calendar.settings import Settings
from playground.google_calendar.store import Calendar, Store, exclusive
from playground.google_calendar.times import stamp

Json = dict[str, Any]

KEPT_BY_UPDATE = frozenset(
    [
        "kind",
        "id",
        "created",
        "creator",
        "organizer",
        "iCalUID",
        "recurringEventId",
        "originalStartTime",
        "htmlLink",
        "eventType",
        "sequence",
        "attachments",
        "etag",
        "updated",
    ]
)
_NO = {"responseStatus": "declined"}
_RESCHEDULING = ("start", "end", "recurrence", "status")


def new_event_id() -> str:
    """An id like Google's own: 26 characters of base32hex."""
    return b32hexencode(uuid.uuid4().bytes).decode().rstrip("=").lower()


class Events:
    """Reading and writing single events, with all that a write entails on other calendars."""

    def __init__(self, store: Store, settings: Settings, background: Background) -> None:
        self.mails = Mailbox(store)
        self._store = store
        self._settings = settings
        self._background = background

    @property
    def lock(self) -> threading.RLock:
        """The store's."""
        return self._store.lock

    @exclusive
    def get(self, call: Call, calendar_id: str, event_id: str) -> Json:
        """The event, a cancelled one too. Raises 404."""
        calendar = calendar_for(self._store, call.user, calendar_id, "freeBusyReader")
        return shown(self._found(calendar, event_id), call.user, calendar.role_of(call.user))

    @exclusive
    def insert(self, call: Call, calendar_id: str, body: Json) -> Json:
        """A new event. Raises 409 for an id that was ever used on this calendar."""
        calendar = calendar_for(self._store, call.user, calendar_id, "writer")
        event_id = body.get("id") or new_event_id()
        if not call.by_calendar_itself:
            bodies.check_id(event_id)
        if event_id in calendar.records or self._is_second(calendar, body):
            raise ApiError(409, "duplicate", "The requested identifier already exists.")
        new = self._blank(call, calendar, event_id, body) | self._given(call, body)
        return self._save(call, calendar, new, None, self._conference(call, calendar, None, body, patch=False))

    @exclusive
    def import_(self, call: Call, calendar_id: str, body: Json) -> Json:
        """A private copy of an event from elsewhere; the same iCalUID again updates it. Raises 400 without one."""
        calendar = calendar_for(self._store, call.user, calendar_id, "writer")
        uid = body.get("iCalUID")
        if not uid:
            raise required("Missing iCalUID.")
        old = _of_ical_uid(calendar, uid)
        blank = self._blank(call, calendar, old["id"] if old else new_event_id(), body)
        new = blank | {"organizer": body.get("organizer", blank["organizer"])} | self._given(call, body)
        data = self._conference(call, calendar, old, body, patch=False)
        return self._put(calendar, bodies.normalised(new, calendar.time_zone), data)

    @exclusive
    def write(self, call: Call, calendar_id: str, event_id: str, body: Json, *, patch: bool) -> Json:
        """Update (the body replaces the event) or patch (it is merged in). Raises 404, 412."""
        calendar = calendar_for(self._store, call.user, calendar_id, "writer")
        old = self._found(calendar, event_id)
        _check_etag(call, old)
        given = self._given(call, body)
        if not is_creator(old, call.user):
            given.pop("source", None)
        if patch:
            new = bodies.merged(old, given)
        else:
            kept = _kept_by_update(call, old)
            new = {**kept, "status": "confirmed", "reminders": {"useDefault": True}, **given}
        new.setdefault("status", "confirmed")
        return self._save(call, calendar, new, old, self._conference(call, calendar, old, body, patch=patch))

    @exclusive
    def delete(self, call: Call, calendar_id: str, event_id: str) -> None:
        """Cancel an event, a whole series or one instance. Raises 404, 410 `deleted`, 412."""
        calendar = calendar_for(self._store, call.user, calendar_id, "writer")
        old = self._found(calendar, event_id)
        _check_etag(call, old)
        if old["status"] == "cancelled":
            raise ApiError(410, "deleted", "Resource has been deleted")
        new = {**old, "status": "cancelled", "sequence": old["sequence"] + 1}
        if copies.is_organizer(calendar, old):
            self._store.write(calendar, new)
            copies.spread(self._store, calendar, new, old)
        else:
            new = self._store.write(calendar, copies.with_answer(new, calendar.id, _NO))
            self._answer_invitation(calendar, old, _NO)
        self.mails.post(call, calendar, new, old)

    @exclusive
    def move(self, call: Call, calendar_id: str, event_id: str, destination: str) -> Json:
        """Change the organizer; what stays behind is a cancelled stub that holds only the id. Raises 400, 403."""
        source = calendar_for(self._store, call.user, calendar_id, "writer")
        target = calendar_for(self._store, call.user, destination, "writer")
        old = self._found(source, event_id)
        _check_movable(source, target, old)
        moved = self._move_one(source, target, old)
        for exception_id in source.exceptions_of(event_id):
            self._move_one(source, target, source.records[exception_id].resource())
        self.mails.post(call, target, moved, old)
        return shown(moved, call.user, target.role_of(call.user))

    def _move_one(self, source: Calendar, target: Calendar, old: Json) -> Json:
        new = copies.seen_from(target.id, {**old, "organizer": {"email": target.id}})
        stored = self._store.write(target, new)
        stub = ("kind", "id", "recurringEventId", "originalStartTime")
        self._store.write(source, {key: old[key] for key in stub if key in old} | {"status": "cancelled"})
        copies.spread(self._store, target, stored, old)
        return stored

    def _found(self, calendar: Calendar, event_id: str) -> Json:
        resource = series.find(calendar, event_id)
        if resource is None:
            raise not_found()
        return resource

    def _blank(self, call: Call, calendar: Calendar, event_id: str, body: Json) -> Json:
        return {
            "kind": "calendar#event",
            "id": event_id,
            "status": "confirmed",
            "htmlLink": f"https://www.google.com/calendar/event?eid={event_id}",
            "created": stamp(self._store.next_revision()),
            "creator": {"email": call.user},
            "organizer": {"email": calendar.id},
            "iCalUID": body.get("iCalUID") or f"{event_id}@google.com",
            "sequence": 0,
            "reminders": {"useDefault": True},
            "eventType": body.get("eventType", "default"),
        }

    def _given(self, call: Call, body: Json) -> Json:
        """What of the body counts. Raises 400 for what this account does not take."""
        given = bodies.writable(body, attachments=call.attachments)
        if self._settings.foreign_attachments == "refuse":
            attachments.check_in_drive(given.get("attachments") or [])
        return given

    def _is_second(self, calendar: Calendar, body: Json) -> bool:
        """Whether a new event's `iCalUID` is taken. Raises 400 if it may not stand beside the id."""
        uid = body.get("iCalUID")
        if uid and body.get("id") and self._settings.ical_uid_beside_id == "refuse":
            raise invalid("Only one of id and iCalUID can be specified.")
        return bool(uid and self._settings.second_ical_uid == "refuse" and _of_ical_uid(calendar, uid))

    def _conference(self, call: Call, calendar: Calendar, old: Json | None, body: Json, *, patch: bool) -> Json | None:
        """The conference after this write; without conferenceDataVersion=1 it stays as it was."""
        present = old.get("conferenceData") if old else None
        if not call.conferences:
            return present
        return conference.after(present, body, calendar, patch=patch, by_calendar_itself=call.by_calendar_itself)

    def _save(self, call: Call, calendar: Calendar, new: Json, old: Json | None, data: Json | None) -> Json:
        new = bodies.normalised(new, calendar.time_zone)
        leading = copies.is_organizer(calendar, new)
        if old and not leading:
            new = _as_guest(calendar, new, old)
        new["sequence"] = _sequence(new, old)
        stored = self._put(calendar, new, data)
        if leading:
            copies.spread(self._store, calendar, stored, old)
            self._lead_exceptions(calendar, stored, old or {})
        elif old:
            self._answer_invitation(calendar, stored, copies.own_answer(calendar.id, stored))
        self.mails.post(call, calendar, stored, old)
        return shown(stored, call.user, calendar.role_of(call.user))

    def _put(self, calendar: Calendar, new: Json, data: Json | None) -> Json:
        """Store an event with its conference, whose outcome comes later if it was only requested."""
        new = {key: value for key, value in new.items() if key not in ("conferenceData", "hangoutLink")}
        link = conference.hangout_link(data)
        new |= ({"conferenceData": data} if data else {}) | ({"hangoutLink": link} if link else {})
        new = copies.seen_from(calendar.id, new)
        if self._settings.idle_writes == "ignored" and _is_same(new, calendar.resource(new["id"])):
            return new
        stored = self._store.write(calendar, new)
        request = (data or {}).get("createRequest", {})
        if request.get("status", {}).get("statusCode") == "pending":
            work = lambda: self._finish_request(calendar, stored["id"], request["requestId"])  # noqa: E731
            self._background.after(self._settings.conference_delay, work)
        return stored

    @exclusive
    def _finish_request(self, calendar: Calendar, event_id: str, request_id: str) -> None:
        old = calendar.resource(event_id) or {}
        data = old.get("conferenceData", {})
        request = data.get("createRequest", {})
        if (request.get("requestId"), request.get("status", {}).get("statusCode")) != (request_id, "pending"):
            return
        stored = self._put(calendar, old, conference.answered(data, self._settings.conference_outcome))
        copies.spread(self._store, calendar, stored, old)
        self._lead_exceptions(calendar, stored, old)

    def _lead_exceptions(self, calendar: Calendar, new: Json, old: Json) -> None:
        for exception in series.followers(calendar, new, old):
            before = calendar.resource(exception["id"])
            copies.spread(self._store, calendar, self._store.write(calendar, exception), before)

    def _answer_invitation(self, guest: Calendar, copy: Json, answer: Json) -> None:
        """A guest's answer is the one thing of a copy that reaches the organizer, and through them the others."""
        leader = self._store.calendars.get(copy["organizer"]["email"])
        leading = series.find(leader, copy["id"]) if leader else None
        if leader is None or leading is None or leading["status"] == "cancelled":
            return
        new = copies.with_answer(leading, guest.id, answer)
        if new != leading:
            copies.spread(self._store, leader, self._store.write(leader, new), leading)


def _of_ical_uid(calendar: Calendar, uid: str) -> Json | None:
    """The event, not one of its instances, that has it on this calendar."""
    known = (record.resource() for _, record in calendar.changed_since(0) if record.master_id is None)
    return next((event for event in known if event.get("iCalUID") == uid), None)


def _is_same(new: Json, old: Json | None) -> bool:
    return old is not None and old == new | {name: old[name] for name in ("etag", "updated")}


def _kept_by_update(call: Call, old: Json) -> Json:
    """What a body that replaces the event leaves as it is; attachments, if the client does not know of them."""
    known = {"attachments"} if call.attachments else set()
    own = set() if is_creator(old, call.user) else {"source"}
    return {key: value for key, value in old.items() if key in (KEPT_BY_UPDATE | own) - known}


def _check_etag(call: Call, resource: Json) -> None:
    if call.if_match not in (None, "*", resource["etag"]):
        raise condition_not_met()


def _check_movable(source: Calendar, target: Calendar, old: Json) -> None:
    if "recurringEventId" in old:
        text = "Cannot change the organizer of an instance."
        raise ApiError(400, "cannotChangeOrganizerOfInstance", text, domain="calendar")
    if old["status"] == "cancelled" or source is target:
        raise invalid("The event cannot be moved to that calendar.")
    if not copies.is_organizer(source, old) or old["eventType"] != "default":
        text = "The organizer of this event cannot be changed."
        raise ApiError(403, "cannotChangeOrganizer", text, domain="calendar")


def _as_guest(calendar: Calendar, new: Json, old: Json) -> Json:
    """A guest's write: their own answer counts, other guests' do not. Raises 403 for what only organizers may set."""
    shared = [(event.get("extendedProperties") or {}).get("shared") for event in (new, old)]
    if shared[0] != shared[1] or any(new.get(name) != old.get(name) for name in bodies.SHARED_BY_ORGANIZER):
        text = "Shared properties can only be changed by the organizer of the event."
        raise ApiError(403, "forbiddenForNonOrganizer", text, domain="calendar")
    answered = copies.with_answer(old, calendar.id, copies.own_answer(calendar.id, new))
    return new | ({"attendees": answered["attendees"]} if "attendees" in answered else {})


def _sequence(new: Json, old: Json | None) -> int:
    if old is None:
        return int(new["sequence"])
    if new["sequence"] < old["sequence"]:
        raise invalid("Invalid sequence value. The specified sequence number is below the current sequence number.")
    rescheduled = any(new.get(name) != old.get(name) for name in _RESCHEDULING)
    return int(max(new["sequence"], old["sequence"] + rescheduled))
