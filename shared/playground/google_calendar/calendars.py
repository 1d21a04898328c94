"""Calendars, the user's calendar list and settings as resources.

https://developers.google.com/workspace/calendar/api/v3/reference/calendars, /calendarList, /settings
"""

from typing import Any

from playground.google_api.errors import invalid, not_found
from playground.google_calendar.access import RANK
from playground.google_calendar.store import Calendar, Store

Json = dict[str, Any]


def calendar(held: Calendar) -> Json:
    """`calendar#calendar`."""
    return {
        "kind": "calendar#calendar",
        "etag": f'"c{held.sync_epoch}"',
        "id": held.id,
        "summary": held.summary,
        **described(held),
        **({"dataOwner": held.owner} if held.id != held.owner else {}),
        "timeZone": held.time_zone,
        "conferenceProperties": {"allowedConferenceSolutionTypes": held.conference_types},
    }


def described(held: Calendar) -> Json:
    """The `description`, if there is one."""
    return {"description": held.description} if held.description else {}


def entry(held: Calendar, user: str) -> Json:
    """`calendar#calendarListEntry`, as that user sees the calendar."""
    return calendar(held) | {
        "kind": "calendar#calendarListEntry",
        "accessRole": held.role_of(user),
        "defaultReminders": [{"method": "popup", "minutes": 10}],
        **({"primary": True} if held.id == user else {}),
    }


def entries(store: Store, user: str, min_access_role: str) -> Json:
    """`calendar#calendarList`: all where the user has that role or a higher one. Raises 400 for an unknown role."""
    if min_access_role not in RANK or min_access_role == "none":
        raise invalid(f"Invalid value '{min_access_role}' for minAccessRole")
    with store.lock:
        seen = [held for held in store.calendars.values() if RANK[held.role_of(user)] >= RANK[min_access_role]]
    items = [entry(held, user) for held in sorted(seen, key=lambda held: (held.id != user, held.id))]
    etag = f'"l{sum(held.sync_epoch for held in seen)}"'
    return {"kind": "calendar#calendarList", "etag": etag, "items": items}


def setting(primary: Calendar, name: str) -> Json:
    """`calendar#setting`. Raises 404 for one that does not exist."""
    found = next((item for item in settings(primary)["items"] if item["id"] == name), None)
    if found is None:
        raise not_found()
    return dict(found)


def settings(primary: Calendar) -> Json:
    """`calendar#settings`."""
    values = {
        "autoAddHangouts": str(primary.auto_add_hangouts).lower(),
        "format24HourTime": "true",
        "locale": "en",
        "timezone": primary.time_zone,
    }
    items = [{"kind": "calendar#setting", "etag": '"0"', "id": key, "value": value} for key, value in values.items()]
    return {"kind": "calendar#settings", "etag": '"0"', "items": items}
