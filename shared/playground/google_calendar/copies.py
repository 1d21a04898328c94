"""One event on several calendars: the organizer's copy leads, attendees' copies follow.

https://developers.google.com/workspace/calendar/api/concepts/sharing#shared_and_private_event_properties
"""

from typing import Any

from playground.google_calendar import series
from playground.google_calendar.store import Calendar, Store
from playground.google_calendar.times import shown_in

Json = dict[str, Any]

OWN_FIELDS = ("reminders", "colorId", "transparency", "attachments")
"""What each copy has for itself; private extended properties too."""
_VERSION_FIELDS = ("etag", "updated")
_ANSWER = ("responseStatus", "comment", "additionalGuests")


def seen_from(calendar_id: str, resource: Json) -> Json:
    """The event with every `self` as it is on that calendar."""
    result = dict(resource)
    for name in ("creator", "organizer"):
        if name in result:
            result[name] = _with_self(result[name], calendar_id)
    if "attendees" in result:
        organizer = result.get("organizer", {}).get("email")
        result["attendees"] = [_attendee(person, calendar_id, organizer) for person in result["attendees"]]
    return result


def _with_self(person: Json, calendar_id: str) -> Json:
    person = {key: value for key, value in person.items() if key != "self"}
    return person | ({"self": True} if person.get("email") == calendar_id else {})


def _attendee(person: Json, calendar_id: str, organizer: str | None) -> Json:
    person = {key: value for key, value in person.items() if key != "organizer"}
    return _with_self(person | ({"organizer": True} if person["email"] == organizer else {}), calendar_id)


def is_organizer(calendar: Calendar, resource: Json) -> bool:
    """True if this calendar holds the leading copy."""
    return bool(resource.get("organizer", {}).get("email") == calendar.id)


def own_answer(email: str, resource: Json) -> Json:
    """What that guest says to the invitation."""
    own: Json = next((person for person in resource.get("attendees", ()) if person["email"] == email), {})
    return {key: own[key] for key in _ANSWER if key in own}


def with_answer(resource: Json, email: str, answer: Json) -> Json:
    """The event with that guest's answer."""
    if "attendees" not in resource:
        return resource
    people = [person | answer if person["email"] == email else person for person in resource["attendees"]]
    return {**resource, "attendees": people}


def spread(store: Store, calendar: Calendar, new: Json, old: Json | None) -> None:
    """Bring attendees' copies in line with the organizer's, just written over `old`."""
    invited = set() if new["status"] == "cancelled" else _guests(new)
    for email in sorted(invited | _guests(new) | _guests(old or {})):
        guest = store.calendars.get(email)
        if guest is None or guest is calendar:
            continue
        mine = series.find(guest, new["id"])
        if email in invited:
            _update(store, guest, new, mine)
        elif mine and mine["status"] != "cancelled":
            store.write(guest, {**mine, "status": "cancelled"})


def _guests(resource: Json) -> set[str]:
    return {person["email"] for person in resource.get("attendees", ())}


def _update(store: Store, guest: Calendar, leading: Json, mine: Json | None) -> None:
    if mine and mine["status"] == "cancelled" and own_answer(guest.id, leading).get("responseStatus") == "declined":
        return  # they removed it from their calendar
    copy = _copy(guest, leading, mine or {})
    if _content(copy) != _content(mine or {}):
        store.write(guest, copy)


def _copy(guest: Calendar, leading: Json, mine: Json) -> Json:
    copy = {key: value for key, value in leading.items() if key not in OWN_FIELDS}
    copy |= {key: mine[key] for key in OWN_FIELDS if key in mine}
    copy.setdefault("reminders", {"useDefault": True})
    properties = {
        "private": mine.get("extendedProperties", {}).get("private"),
        "shared": leading.get("extendedProperties", {}).get("shared"),
    }
    copy["extendedProperties"] = {which: pairs for which, pairs in properties.items() if pairs}
    if not copy["extendedProperties"]:
        del copy["extendedProperties"]
    return seen_from(guest.id, shown_in(copy, guest.time_zone))


def _content(resource: Json) -> Json:
    return {key: value for key, value in resource.items() if key not in _VERSION_FIELDS}
