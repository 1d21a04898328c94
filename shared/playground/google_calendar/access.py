"""Who may do what on which calendar, and how much per minute.

https://developers.google.com/workspace/calendar/api/concepts/sharing,
https://developers.google.com/workspace/calendar/api/guides/quota
"""

import time
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any, get_args

from playground.google_api.errors import ApiError, not_found
from playground.google_calendar.mails import SendUpdates
from playground.google_calendar.settings import Settings
from playground.google_calendar.store import PRIVATE, Calendar, Role, Store

Json = dict[str, Any]
RANK: dict[str, int] = {role: rank for rank, role in enumerate(get_args(Role))}
_BUSY_FIELDS = ("kind", "id", "etag", "status", "start", "end", "iCalUID", "recurringEventId", "originalStartTime")


@dataclass(frozen=True, kw_only=True)
class Call:
    """Who asks, and what the request says besides its path and body."""

    user: str
    by_calendar_itself: bool = False
    """True for what a person does in Calendar's own web UI, which no write policy or id rule binds."""
    if_match: str | None = None
    conferences: bool = False
    attachments: bool = False
    send_updates: SendUpdates = "none"


def calendar_for(store: Store, user: str, calendar_id: str, need: Role) -> Calendar:
    """The calendar, `primary` resolved. Raises 404 without any access, 403 with too little."""
    own = store.ensure_primary(user)
    calendar = own if calendar_id == "primary" else store.calendars.get(calendar_id)
    if calendar is None or calendar.role_of(user) == "none":
        raise not_found()
    if RANK[calendar.role_of(user)] < RANK["writerWithoutPrivateAccess" if need == "writer" else need]:
        message = f"You need to have {need} access to this calendar."
        raise ApiError(403, "requiredAccessLevel", message, domain="calendar")
    return calendar


def shown(resource: Json, user: str, role: Role) -> Json:
    """What of an event that user is told: of busy times and of others' private events only when they are.

    https://developers.google.com/workspace/calendar/api/v3/reference/events (visibility, source)
    """
    if role == "freeBusyReader" or (_is_private(resource) and not _sees_private(resource, user, role)):
        return {key: resource[key] for key in _BUSY_FIELDS if key in resource} | {"visibility": "private"}
    if "source" in resource and not is_creator(resource, user):
        return {key: value for key, value in resource.items() if key != "source"}
    return resource


def is_creator(resource: Json, user: str) -> bool:
    """True for who may see and write the event's `source`."""
    return bool(resource.get("creator", {}).get("email") == user)


def _is_private(resource: Json) -> bool:
    return resource.get("visibility") in PRIVATE


def _sees_private(resource: Json, user: str, role: Role) -> bool:
    return RANK[role] >= RANK["writer"] or any(person["email"] == user for person in resource.get("attendees", ()))


class Quota:
    """Units spent per user in the last minute."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._spent: dict[str, deque[float]] = defaultdict(deque)

    def spend(self, user: str, method: str) -> None:
        """Count one request. Raises 403 or 429 when the user has spent too much."""
        if self._settings.usage_limit_exceeded and method != "GET":
            raise ApiError(403, "quotaExceeded", "Calendar usage limits exceeded.", domain="usageLimits")
        limit = self._settings.quota_units_per_minute
        if limit is None:
            return
        now, spent = time.monotonic(), self._spent[user]
        while spent and spent[0] <= now - 60:
            spent.popleft()
        units = 3 if method == "PATCH" else 1
        if len(spent) + units > limit:
            raise self._refusal()
        spent.extend([now] * units)

    def _refusal(self) -> ApiError:
        if self._settings.quota_error == "429":
            return ApiError(429, "rateLimitExceeded", "Rate Limit Exceeded", domain="usageLimits")
        text = "User Rate Limit Exceeded" if "user" in self._settings.quota_error else "Rate Limit Exceeded"
        return ApiError(403, self._settings.quota_error, text, domain="usageLimits")
