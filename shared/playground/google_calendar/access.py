"""Who may do what on which calendar, and how much per minute.

https://developers.google.com/workspace/calendar/api/concepts/sharing,
https://developers.google.com/workspace/calendar/api/guides/quota
"""

import time
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any, get_args

from playground.google_api.errors import ApiError, not_found
from playground.google_calendar.settings import Settings
from playground.google_calendar.store import Calendar, Role, Store

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
    send_updates: str = "none"


def calendar_for(store: Store, user: str, calendar_id: str, need: Role) -> Calendar:
    """The calendar, `primary` resolved. Raises 404 without any access, 403 with too little."""
    own = store.ensure_primary(user)
    calendar = own if calendar_id == "primary" else store.calendars.get(calendar_id)
    if calendar is None or calendar.role_of(user) == "none":
        raise not_found()
    if RANK[calendar.role_of(user)] < RANK[need]:
        message = f"You need to have {need} access to this calendar."
        raise ApiError(403, "requiredAccessLevel", message, domain="calendar")
    return calendar


def busy_only(resource: Json) -> Json:
    """What a `freeBusyReader` sees of an event."""
    return {key: resource[key] for key in _BUSY_FIELDS if key in resource} | {"visibility": "private"}


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
