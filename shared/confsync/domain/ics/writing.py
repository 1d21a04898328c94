"""An event as iCalendar, for clients that know neither Google's API nor its conferences.

What is broken in an event is left out, and whatever people wrote stays within its property.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from html import escape
from typing import Any

from icalendar import Alarm, Calendar, Event, vCalAddress, vText, vUri

from confsync.domain.conferencing import Conferencing
from confsync.domain.description_block import line
from confsync.domain.ics.properties import conferences, is_link, ways
from confsync.domain.ics.recurring import recurrence
from confsync.domain.ics.resource import count, each, moment, part, text, uri, word
from confsync.domain.text import plain, shows

Resource = Mapping[str, Any]
Property = tuple[str, Any]

_ANSWERS = {
    "needsAction": "NEEDS-ACTION",
    "declined": "DECLINED",
    "tentative": "TENTATIVE",
    "accepted": "ACCEPTED",
}
_STATUS = {"confirmed", "tentative", "cancelled"}
_CLASSES = {"public", "private", "confidential"}
_MAX_MINUTES = 40_320
"""Of a reminder: four weeks. https://developers.google.com/workspace/calendar/api/v3/reference/events (reminders)"""
_ZONES_FOR, _ZONES_UNTIL = 12, 2038
"""Years for which a time zone's changes are written out; after that its last offset holds."""


def event_ics(resource: Resource, conferencing: Conferencing | None, *, time_zone: str, now: datetime) -> bytes:
    """An event resource of Google's API as a VCALENDAR with one VEVENT, in UTF-8. Takes any resource.

    `time_zone`: the calendar's, IANA. The conference comes in RFC 7986's CONFERENCE, in Google's own property, and, for
    clients that know neither, at the end of the description.
    """
    event = Event()
    for name, value in _properties(resource, conferencing, time_zone, now):
        event.add(name, value)
    for alarm in _alarms(resource):
        event.add_component(alarm)
    calendar = Calendar()
    calendar.add("prodid", "-//confsync//confsync//EN")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    start = moment(part(resource, "start"), time_zone) or now
    until = min(max(start.year + _ZONES_FOR, _ZONES_UNTIL), date.max.year)
    calendar.add_missing_timezones(date(max(start.year - 1, 1), 1, 1), date(until, 1, 1))
    written: bytes = calendar.to_ical()
    return written


def _properties(
    resource: Resource, conferencing: Conferencing | None, time_zone: str, now: datetime
) -> Iterator[Property]:
    yield "uid", word(resource, "iCalUID") or word(resource, "id") or "event"
    yield "dtstamp", now.astimezone(UTC)
    yield from _times(resource, time_zone)
    yield from recurrence(resource, time_zone)
    yield from _words(resource, conferencing)
    yield from _states(resource)
    yield from _people(resource)
    for attachment in each(resource, "attachments"):
        if is_link(link := uri(word(attachment, "fileUrl"))):
            told = {"FMTTYPE": word(attachment, "mimeType"), "FILENAME": word(attachment, "title")}
            yield "attach", vUri(link, params=_told(told))
    if conferencing is not None:
        yield from conferences(conferencing)


def _times(resource: Resource, time_zone: str) -> Iterator[Property]:
    start, end = (moment(part(resource, name), time_zone) for name in ("start", "end"))
    if start is not None:
        yield "dtstart", start
        # an end at the start, which Calendar has, is no end to iCalendar
        if end is not None and _is_later(end, start) and resource.get("endTimeUnspecified") is not True:
            yield "dtend", end
    original = moment(part(resource, "originalStartTime"), time_zone)
    if original is not None and word(resource, "recurringEventId"):
        yield "recurrence-id", original
    for name, key in (("created", "created"), ("last-modified", "updated")):
        if (at := moment({"dateTime": resource.get(key), "timeZone": "UTC"}, "UTC")) is not None:
            yield name, at


def _words(resource: Resource, conferencing: Conferencing | None) -> Iterator[Property]:
    for name in ("summary", "location"):
        if told := word(resource, name):
            yield name, told
    html = word(resource, "description")
    description, more = plain(html), []
    if conferencing is not None and not shows(description, (point.uri for point in ways(conferencing))):
        more = [text(told) for told in (conferencing.provider, *map(line, ways(conferencing)))]
    if description or more:
        yield "description", "\n".join([description, "", *more]).strip()
    if plain(html) != html.strip():  # what Outlook shows instead
        yield "x-alt-desc", vText("<br>".join([html, "", *map(escape, more)]), params={"FMTTYPE": "text/html"})


def _states(resource: Resource) -> Iterator[Property]:
    status, visibility = word(resource, "status"), word(resource, "visibility")
    if status in _STATUS:
        yield "status", status.upper()
    if visibility in _CLASSES:
        yield "class", visibility.upper()
    yield "transp", "TRANSPARENT" if word(resource, "transparency") == "transparent" else "OPAQUE"
    if (sequence := count(resource, "sequence")) is not None:
        yield "sequence", sequence


def _people(resource: Resource) -> Iterator[Property]:
    if (address := _address(part(resource, "organizer"))) is not None:
        yield "organizer", address
    for attendee in each(resource, "attendees"):
        told = {
            "CUTYPE": "RESOURCE" if attendee.get("resource") is True else "INDIVIDUAL",
            "ROLE": "OPT-PARTICIPANT" if attendee.get("optional") is True else "REQ-PARTICIPANT",
            "PARTSTAT": _ANSWERS.get(word(attendee, "responseStatus"), "NEEDS-ACTION"),
        }
        if (address := _address(attendee, told)) is not None:
            yield "attendee", address


def _address(person: Resource, told: Mapping[str, str] | None = None) -> vCalAddress | None:
    email = "".join(word(person, "email").split())
    if "@" not in email:
        return None
    return vCalAddress(f"mailto:{email}", params=_told({**(told or {}), "CN": word(person, "displayName")}))


def _alarms(resource: Resource) -> Iterator[Alarm]:
    for reminder in each(part(resource, "reminders"), "overrides"):
        minutes = count(reminder, "minutes")
        if minutes is not None and minutes <= _MAX_MINUTES:
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", word(resource, "summary") or "Reminder")
            alarm.add("trigger", timedelta(minutes=-minutes))
            yield alarm


def _is_later(end: date, start: date) -> bool:
    return type(end) is type(start) and end > start


def _told(parameters: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in parameters.items() if value}
