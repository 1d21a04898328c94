"""Somebody who uses Google Calendar in a browser: what they click, as the requests that Calendar makes of it.

Calendar asks the add-on for a conference (`playground.addon`) and stores what comes back under its own authority: no
write policy of the API binds it.
"""

import re
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import requests

from playground.addon import AddOn, AddOnFailedError, ConferenceError, Solution
from playground.google_calendar.app import UI_HEADER
from playground.google_calendar.events import new_event_id
from playground.google_calendar.recurrence import occurrences, parse_instance_id
from playground.google_calendar.times import moment

__all__ = ["AddOn", "AddOnFailedError", "ConferenceError", "Person", "Solution"]

Json = dict[str, Any]

COPIED_FIELDS = ("summary", "description", "location", "attendees", "start", "end", "recurrence", "conferenceData")
_CAPABILITIES = ("canSeeAttendees", "canAddAttendees", "canSeeConferenceData", "canSetConferenceData")
_KNOWS = {"conferenceDataVersion": "1", "supportsAttachments": "true"}
"""What Calendar's own pages say with every write."""
_TIMEOUT = 30


@dataclass(kw_only=True)
class Person:
    """A user with Calendar open. `calendar_url` is the base with `/calendar/v3`; methods raise requests.HTTPError."""

    email: str
    calendar_url: str
    token: str
    addon: AddOn | None = None
    time_zone: str = "Europe/Berlin"
    calendar_id: str = ""
    """The calendar in view; the person's own unless told otherwise."""
    _chosen: dict[str, Json] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.calendar_id = self.calendar_id or self.email

    def on_calendar(self, calendar_id: str) -> "Person":
        """The same person, looking at another calendar."""
        return replace(self, calendar_id=calendar_id)

    def begin_event(self) -> str:
        """Open a new event, not saved yet: Calendar knows its id already, the API does not."""
        return new_event_id()

    def choose_conference(self, event_id: str, solution_id: str) -> Json:
        """Select a solution in the event's window: Calendar asks the add-on and shows what it gives.

        The conference lasts only if the event is saved. Returns it in the API's form. Raises ConferenceError,
        AddOnFailedError.
        """
        if self.addon is None:
            raise LookupError("No add-on is installed.")
        common = {
            "hostApp": "CALENDAR",
            "platform": "WEB",
            "userLocale": "en",
            "timeZone": {"id": self.time_zone, "offset": self._offset()},
        }
        calendar = {
            "id": event_id,
            "calendarId": self.calendar_id,
            "organizer": {"email": self.calendar_id},
            "capabilities": dict.fromkeys(_CAPABILITIES, True),
        }
        self._chosen[event_id] = self.addon.ask(
            solution_id, email=self.email, user_token=self.token, common=common, calendar=calendar
        )
        return self._chosen[event_id]

    def save(self, event_id: str, *, summary: str, start: datetime, minutes: int = 30, **more: Any) -> Json:
        """Press Save on a new event; `more` are further fields of the resource."""
        end = start + timedelta(minutes=minutes)
        body = {"id": event_id, "summary": summary, "start": self._when(start), "end": self._when(end), **more}
        return self._insert(body | self._chosen_for(event_id))

    def add_conference(self, event_id: str, solution_id: str) -> Json:
        """Open a saved event, select a solution, save."""
        self.choose_conference(event_id, solution_id)
        return self._patch(event_id, self._chosen_for(event_id))

    def event(self, event_id: str) -> Json:
        """The event as Calendar shows it."""
        return self._call("GET", event_id)

    def rename(self, event_id: str, summary: str) -> Json:
        """Give the event another title."""
        return self._patch(event_id, {"summary": summary})

    def edit(self, event_id: str, **changes: Any) -> Json:
        """Change any fields of the event."""
        return self._patch(event_id, changes)

    def move_in_time(self, event_id: str, by: timedelta) -> Json:
        """Drag an event, a series or one instance to another time."""
        event = self.event(event_id)
        return self._patch(event_id, {name: _shifted(event[name], by) for name in ("start", "end")})

    def make_weekly(self, event_id: str, count: int | None = None) -> Json:
        """Let the event repeat each week, `count` times or for ever."""
        times = f";COUNT={count}" if count else ""
        event = self.event(event_id)
        zoned = {name: event[name] for name in ("start", "end")}
        return self._patch(event_id, {**zoned, "recurrence": [f"RRULE:FREQ=WEEKLY{times}"]})

    def instances(self, event_id: str) -> list[Json]:
        """The first 250 or fewer instances of a series, in order of time."""
        found = self._call("GET", event_id, "/instances")["items"]
        return sorted(found, key=lambda item: moment(item["start"]))

    def cancel_instance(self, instance_id: str) -> None:
        """Delete "this event" of a series."""
        self.delete(instance_id)

    def move_instance(self, instance_id: str, by: timedelta) -> Json:
        """Drag "this event" of a series."""
        return self.move_in_time(instance_id, by)

    def split_this_and_following(self, instance_id: str, **changes: Any) -> Json:
        """Change "this and following events": the series ends before, a new one with a new id goes on.

        Returns the new series; it has the old one's conference.
        """
        master_id, at = parse_instance_id(instance_id) or ("", datetime.min.replace(tzinfo=UTC))
        master, start = self.event(master_id), self.event(instance_id)["originalStartTime"]
        before, after = _split_rule(master, at)
        self._patch(master_id, {"recurrence": before})
        end = _shifted(start, moment(master["end"]) - moment(master["start"]))
        body = _copied(master) | {"start": start, "end": end, "recurrence": after}
        return self._insert({"id": f"{master_id.split('_')[0]}_R{at:%Y%m%dT%H%M%S}", **body, **changes})

    def duplicate(self, event_id: str) -> Json:
        """Choose Duplicate and save: another event with the same conference."""
        return self._insert({"id": new_event_id(), **_copied(self.event(event_id))})

    def remove_conference(self, event_id: str) -> Json:
        """Press the cross beside the conference, save."""
        return self._patch(event_id, {"conferenceData": None})

    def delete(self, event_id: str) -> None:
        """Put the event into the trash."""
        self._call("DELETE", event_id)

    def restore(self, event_id: str) -> Json:
        """Take the event out of the trash again."""
        return self._patch(event_id, {"status": "confirmed"})

    def move_to_calendar(self, event_id: str, calendar_id: str) -> Json:
        """Choose another calendar in the event's window."""
        return self._call("POST", event_id, "/move", params={"destination": calendar_id})

    def respond(self, event_id: str, response: str) -> Json:
        """Answer an invitation: accepted, declined or tentative."""
        people = self.event(event_id)["attendees"]
        answered = [{**person, "responseStatus": response} if person.get("self") else person for person in people]
        return self._patch(event_id, {"attendees": answered})

    def _offset(self) -> int:
        """Milliseconds east of UTC, now."""
        offset = datetime.now(ZoneInfo(self.time_zone)).utcoffset() or timedelta()
        return int(offset.total_seconds() * 1000)

    def _when(self, at: datetime) -> Json:
        return {"dateTime": at.isoformat(), "timeZone": self.time_zone}

    def _chosen_for(self, event_id: str) -> Json:
        chosen = self._chosen.pop(event_id, None)
        return {"conferenceData": chosen} if chosen else {}

    def _insert(self, body: Json) -> Json:
        return self._call("POST", "", body=body)

    def _patch(self, event_id: str, body: Json) -> Json:
        return self._call("PATCH", event_id, body=body)

    def _call(
        self,
        method: str,
        event_id: str,
        action: str = "",
        *,
        body: Json | None = None,
        params: dict[str, str] | None = None,
    ) -> Json:
        path = f"{self.calendar_url.rstrip('/')}/calendars/{quote(self.calendar_id)}/events"
        response = requests.request(
            method,
            f"{path}/{quote(event_id)}{action}" if event_id else path,
            json=body,
            params=_KNOWS | (params or {}) if method != "GET" else params,
            headers={"Authorization": f"Bearer {self.token}", UI_HEADER: uuid.uuid4().hex},
            timeout=_TIMEOUT,
        )
        response.raise_for_status()
        return dict(response.json()) if response.content else {}


def _copied(event: Json) -> Json:
    return {name: event[name] for name in COPIED_FIELDS if name in event}


def _shifted(when: Json, by: timedelta) -> Json:
    if "date" in when:
        return {"date": (moment(when) + by).date().isoformat()}
    return {"dateTime": (moment(when) + by).isoformat(), "timeZone": when["timeZone"]}


def _split_rule(master: Json, at: datetime) -> tuple[list[str], list[str]]:
    """The recurrence before `at`, and the one from there on; a COUNT is shared out between the two."""
    all_day = "date" in master["start"]
    until = f"{at - timedelta(days=1):%Y%m%d}" if all_day else f"{at - timedelta(seconds=1):%Y%m%dT%H%M%SZ}"
    before, after = [], []
    for line in master["recurrence"]:
        if not line.startswith("RRULE"):
            before.append(line)
            after.append(line)
            continue
        earlier = sum(1 for _ in occurrences({**master, "recurrence": [line]}, end=at))
        before.append(re.sub(r";(COUNT|UNTIL)=[^;]+", "", line) + f";UNTIL={until}")
        after.append(_with_less_count(line, earlier))
    return before, after


def _with_less_count(rule: str, less: int) -> str:
    return re.sub(r"COUNT=(\d+)", lambda found: f"COUNT={int(found[1]) - less}", rule)
