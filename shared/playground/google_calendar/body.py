"""What of a client's event body is taken over, and the checks that Calendar does on it.

https://developers.google.com/workspace/calendar/api/v3/reference/events
"""

import re
from typing import Any

from playground.google_api.errors import ApiError, invalid, required
from playground.google_calendar import attachments, recurrence
from playground.google_calendar.times import moment, normal

Json = dict[str, Any]

DEFAULTS: Json = {
    "visibility": "default",
    "transparency": "opaque",
    "guestsCanModify": False,
    "guestsCanInviteOthers": True,
    "guestsCanSeeOtherGuests": True,
    "anyoneCanAddSelf": False,
    "endTimeUnspecified": False,
}
"""Values that Calendar does not say: it leaves the field out."""
WRITABLE = frozenset(DEFAULTS) | frozenset(
    [
        "summary",
        "description",
        "location",
        "colorId",
        "start",
        "end",
        "recurrence",
        "status",
        "sequence",
        "attendees",
        "extendedProperties",
        "gadget",
        "reminders",
        "source",
        "focusTimeProperties",
        "outOfOfficeProperties",
        "workingLocationProperties",
        "birthdayProperties",
    ]
)
SHARED_BY_ORGANIZER = ("guestsCanModify", "guestsCanInviteOthers", "guestsCanSeeOtherGuests", "anyoneCanAddSelf")
CHOICES = {
    "status": ("confirmed", "tentative", "cancelled"),
    "visibility": ("default", "public", "private", "confidential"),
    "transparency": ("opaque", "transparent"),
}
_EVENT_ID = re.compile(r"[a-v0-9]{5,1024}")
_KEY_LIMIT, _VALUE_LIMIT, _PROPERTIES, _PROPERTY_BYTES = 44, 1024, 300, 32 * 1024


def check_id(event_id: str) -> None:
    """Raise 400 unless the id is base32hex, 5 to 1024 characters."""
    if not _EVENT_ID.fullmatch(event_id):
        # Google's words end after the first sentence
        raise invalid("Invalid resource id value. An id is 5 to 1024 of the characters a-v and 0-9.")


MAX_DESCRIPTION = 8192
"""Characters; in which units Google counts them is nowhere written."""


def writable(body: Json, *, attachments: bool) -> Json:
    """The part of a body that a client may set; the rest is ignored, as Calendar does. Raises 400 for too long text."""
    if len(body.get("description") or "") > MAX_DESCRIPTION:
        raise invalid("The description is too long.")
    return {key: value for key, value in body.items() if key in WRITABLE or (attachments and key == "attachments")}


def merged(base: Json, patch: Json) -> Json:
    """Patch semantics: objects merge, null removes, arrays are replaced.

    https://developers.google.com/workspace/calendar/api/guides/performance#patch
    """
    result = dict(base)
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict):
            inner = result.get(key)
            result[key] = merged(inner if isinstance(inner, dict) else {}, value)
        else:
            result[key] = value
    return result


def normalised(resource: Json, show_in: str) -> Json:
    """The event in stored form: checked, times in the calendar's zone, defaults left out. Raises 400."""
    resource = {key: value for key, value in resource.items() if value is not None and value != DEFAULTS.get(key)}
    for name, values in CHOICES.items():
        if resource.get(name, values[0]) not in values:
            raise invalid(f"Invalid value for: {name}")
    for empty in [key for key in ("recurrence", "attendees", "attachments") if not resource.get(key, True)]:
        del resource[empty]
    _normalise_times(resource, show_in)
    if "attendees" in resource:
        resource["attendees"] = [_attendee(person) for person in resource["attendees"]]
    if "extendedProperties" in resource:
        resource["extendedProperties"] = _properties(resource["extendedProperties"])
    if "attachments" in resource:
        resource["attachments"] = attachments.stored(resource["attachments"])
    _check_reminders(resource.get("reminders", {}))
    return resource


def _normalise_times(resource: Json, show_in: str) -> None:
    for name in ("start", "end"):
        if not resource.get(name):
            raise required(f"Missing {name} time.")
    if resource.get("recurrence") and "dateTime" in resource["start"] and not resource["start"].get("timeZone"):
        raise required("Missing time zone definition for start time.")
    start, end = normal(resource["start"], "start", show_in), normal(resource["end"], "end", show_in)
    if ("date" in start) != ("date" in end):
        raise invalid("Invalid start time.")
    if moment(end) < moment(start) or ("date" in start and start == end):
        raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
    resource["start"], resource["end"] = start, end
    if resource.get("recurrence"):
        recurrence.check(resource)


def _check_reminders(reminders: Json) -> None:
    """Overrides need `useDefault: false` beside them: https://github.com/openclaw/gogcli/pull/1016"""
    overrides = reminders.get("overrides") or []
    if overrides and reminders.get("useDefault", True):
        reason = "cannotUseDefaultRemindersAndSpecifyOverride"
        text = "Cannot specify both default reminders and overrides at the same time."
        raise ApiError(400, reason, text, domain="calendar")
    if len(overrides) > 5 or not all(map(_is_good_reminder, overrides)):
        raise invalid("Invalid reminders.")


def _is_good_reminder(override: Json) -> bool:
    minutes = override.get("minutes")
    return override.get("method") in ("email", "popup") and isinstance(minutes, int) and 0 <= minutes <= 40_320


def _attendee(person: Json) -> Json:
    if "@" not in person.get("email", ""):
        raise invalid("Invalid attendee email.")
    return {"responseStatus": "needsAction"} | person | {"email": person["email"].lower()}


def _properties(given: Json) -> Json:
    """Long keys are dropped and long values cut silently; too many or too much of them are refused.

    https://developers.google.com/workspace/calendar/api/guides/extended-properties
    """
    kept = {
        which: {key: str(value)[:_VALUE_LIMIT] for key, value in given[which].items() if len(key) <= _KEY_LIMIT}
        for which in ("private", "shared")
        if given.get(which)
    }
    pairs = [pair for properties in kept.values() for pair in properties.items()]
    if len(pairs) > _PROPERTIES or sum(len(key) + len(value) for key, value in pairs) > _PROPERTY_BYTES:
        raise invalid("Too many extended properties.")
    return kept
