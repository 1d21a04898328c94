"""A recurring event and those of its instances that differ from it (exceptions)."""

from collections.abc import Iterator
from typing import Any

from playground.google_calendar.recurrence import instance, instance_id, occurs, parse_instance_id
from playground.google_calendar.store import Calendar
from playground.google_calendar.times import moment

Json = dict[str, Any]

INHERITED = [
    "summary",
    "description",
    "location",
    "attendees",
    "conferenceData",
    "hangoutLink",
    "colorId",
    "visibility",
    "transparency",
    "reminders",
    "extendedProperties",
    "guestsCanModify",
    "guestsCanInviteOthers",
    "guestsCanSeeOtherGuests",
    "organizer",
]


def find(calendar: Calendar, event_id: str) -> Json | None:
    """The event, also if it is an instance that is stored nowhere, also if it is cancelled."""
    record = calendar.records.get(event_id)
    if record:
        resource = record.resource()
        return {**resource, "status": "cancelled"} if calendar.is_cancelled(record) else resource
    parsed = parse_instance_id(event_id)
    master = calendar.resource(parsed[0]) if parsed else None
    if not parsed or not master or "recurrence" not in master or instance_id(master, parsed[1]) != event_id:
        return None
    at = parsed[1] if "date" in master["start"] else parsed[1].astimezone(moment(master["start"]).tzinfo)
    return instance(master, at, calendar.time_zone) if occurs(master, at) else None


def followers(calendar: Calendar, new: Json, old: Json) -> Iterator[Json]:
    """Exceptions as they must become after their master changed from `old` to `new`.

    What an exception does not have of its own follows the master; an exception whose original start is no longer
    an occurrence is cancelled.
    """
    if "recurrence" not in old or new["status"] == "cancelled":
        return
    changed = [name for name in INHERITED if new.get(name) != old.get(name)]
    for event_id in calendar.exceptions_of(new["id"]):
        exception = calendar.records[event_id].resource()
        if exception["status"] == "cancelled":
            continue
        if "recurrence" not in new or not occurs(new, moment(exception["originalStartTime"])):
            yield {**exception, "status": "cancelled"}
            continue
        inherited = {name: new.get(name) for name in changed if exception.get(name) == old.get(name)}
        if inherited:
            yield {key: value for key, value in (exception | inherited).items() if value is not None}
