"""The organisation's state: its key, its points, its meetings.

The pages are those of the repository whereby/docs: its OpenAPI file, "REST API Reference", "Generating Room URLs" and
"Name prefixes".
"""

import math
import re
import secrets
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from uuid import uuid4

from playground.vendors.fields import Check, flag, missing, one_of, text, unknown, wrong
from playground.vendors.keyed import KeyedAccount, KeyedService

EXTRAS = ("hostRoomUrl", "viewerRoomUrl")
CLOSES = timedelta(hours=1)
"""So long after its end a room still works ("Generating Room URLs")."""


def _asking(*required: str) -> Check:
    return lambda value: isinstance(value, dict) and not missing(value, required)


def _time(value: object) -> datetime | None:
    """An RFC 3339 time; it is UTC if it does not say otherwise ("Generating Room URLs")."""
    form = r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?"
    if not isinstance(value, str) or re.fullmatch(form, value) is None:
        return None
    try:
        when = datetime.fromisoformat(value)
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _prefix(given: str) -> str:
    """Lower case and without white space ("Name prefixes")."""
    return "".join(given.lower().split())


FIELDS: Mapping[str, Check] = {
    "endDate": lambda value: _time(value) is not None,
    "startDate": lambda _: True,  # deprecated, "value is ignored"
    "isLocked": flag,
    "roomMode": one_of("normal", "group"),
    # the file's pattern has no hyphen, but its example and the page's own do
    "roomNamePrefix": lambda value: text(39)(value) and re.fullmatch("[a-z0-9-]*", _prefix(value)) is not None,
    "roomNamePattern": one_of("uuid", "human-short"),
    "templateType": one_of("viewerMode"),
    "recording": _asking("type", "destination", "startTrigger"),
    "liveTranscription": _asking("destination", "startTrigger"),
    "streaming": _asking("destination", "startTrigger"),
    "fields": lambda value: isinstance(value, list) and set(map(str, value)) <= set(EXTRAS),
}


@dataclass(frozen=True, kw_only=True)
class Account(KeyedAccount):
    """How the organisation behaves. `forbidden`: it may not create meetings (403).

    `points` in a minute: 1000, or 100 on the plan Build; `costs` of a call. The newest reference says only that writes
    and reads of many cost 3 and a read of one 1; what stands here is what it said before.

    Nowhere documented, so choose: `ignores_unknown`, whether a field that there is not is ignored or refused;
    `gone_after_hours`, how long after its end a meeting is still answered (rooms close after one hour, and are deleted
    "within 24"). The bodies of 400, 401, 403 and 404 are not documented either: here they look like that of 429.
    """

    api_key: str = "example-whereby-api-key"
    subdomain: str = "example"
    forbidden: bool = False
    points: int | None = 1000
    costs: Mapping[str, int] = field(default_factory=lambda: {"GET": 1, "DELETE": 2, "POST": 3})
    ignores_unknown: bool = True
    gone_after_hours: float = 1


class WherebyError(Exception):
    """An answer of `{"error"}`, and `data` if there is more to say (ThrottleError in the OpenAPI file)."""

    def __init__(self, status: int, error: str, **more: Any) -> None:
        super().__init__(error)
        self.status = status
        self.body: dict[str, Any] = {"error": error, **more}


class WherebyThrottle(WherebyError):
    """The points of this minute are spent."""

    def __init__(self, wait: timedelta, headers: Mapping[str, str]) -> None:
        data = {"msLeft": math.ceil(wait / timedelta(milliseconds=1))}
        super().__init__(429, "Rate limit active for throttle key: organization:1", data=data)
        self.headers = {**headers, "Retry-After": str(math.ceil(wait.total_seconds()))}


class WherebyService(KeyedService[Account]):
    """The organisation's state. Every method is atomic. `clock` tells the time."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__(Account, clock)

    def _clear(self) -> None:
        self._meetings: dict[str, dict[str, Any]] = {}
        self._window: datetime | None = None
        self._spent = 0

    def meetings(self) -> list[dict[str, Any]]:
        """Every meeting that is not deleted, in full, oldest first."""
        with self._lock:
            return deepcopy(self._living())

    def join(self, **how: str) -> str:
        """With `url`: "host", "viewer", "in", "knocking" or "gone"."""
        with self._lock:
            url, now = how["url"], self.clock()
            for meeting in self._meetings.values():
                ways = {meeting["hostRoomUrl"]: "host", meeting["viewerRoomUrl"]: "viewer", meeting["roomUrl"]: "in"}
                if url in ways and now - CLOSES < _ends(meeting):
                    return "knocking" if meeting["isLocked"] and ways[url] != "host" else ways[url]
            return "gone"

    # --- the API ---

    def admit(self, authorization: str, method: str) -> dict[str, str]:
        """Let a call in, or not: key, then points. The headers that every answer has then."""
        with self._lock:
            if authorization not in {f"Bearer {key}" for key in self.tokens()}:
                raise WherebyError(401, "Access token is missing or invalid")
            now, points = self.clock(), self.account.points
            if points is None:
                return {}
            if self._window is None or now >= self._window:
                self._window, self._spent = now + timedelta(minutes=1), 0
            left, cost = points - self._spent, self.account.costs.get(method, 3)
            headers = {
                "X-RateLimit-Limit": str(points),
                "X-RateLimit-Reset": format_datetime(self._window, usegmt=True),
            }
            if cost > left:
                raise WherebyThrottle(self._window - now, {**headers, "X-RateLimit-Remaining": str(max(left, 0))})
            self._spent += cost
            return {**headers, "X-RateLimit-Remaining": str(left - cost)}

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        with self._lock:
            if self.account.forbidden:
                raise WherebyError(403, "Not allowed to perform action")
            bad = [*missing(body, ("endDate",)), *wrong(body, FIELDS)]
            if bad := bad + ([] if self.account.ignores_unknown else unknown(body, FIELDS)):
                raise WherebyError(400, f"Invalid value for {', '.join(bad)}")
            end, now = _time(body["endDate"]), self.clock()
            if end is None or end < now:
                raise WherebyError(400, "endDate must not be in the past")
            viewers = "templateType" in body
            short = body.get("roomNamePattern") == "human-short"
            tail = "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(6)) if short else uuid4()
            name = f"/{_prefix(body.get('roomNamePrefix', ''))}{tail}"
            url = f"https://{self.account.subdomain}.whereby.com{name}"
            keys = {extra: secrets.token_urlsafe(48) for extra in EXTRAS}
            meeting: dict[str, Any] = {
                "meetingId": str(10_000_000 + secrets.randbelow(90_000_000)),
                "startDate": _utc(now),
                "endDate": _utc(end),
                "roomName": name,
                "roomUrl": url,
                **{extra: f"{url}?roomKey={key}" for extra, key in keys.items()},
                "isLocked": viewers or body.get("isLocked", False),
                "roomMode": "group" if viewers else body.get("roomMode", "normal"),
            }
            self._meetings[meeting["meetingId"]] = meeting
            self._hidden |= {meeting["hostRoomUrl"], keys["hostRoomUrl"]}
            return _shown(meeting, EXTRAS if viewers else body.get("fields", ()))

    def get(self, meeting_id: str, extras: tuple[str, ...]) -> dict[str, Any]:
        with self._lock:
            meeting = self._meetings.get(meeting_id)
            if meeting is None or self._gone(meeting):
                raise WherebyError(404, "The requested resource doesn't exist")
            return _shown(meeting, extras)

    def page(self, *, limit: int, cursor: str, starts: str, extras: tuple[str, ...]) -> dict[str, Any]:
        """A page, oldest first; `starts` is of the room's name, as in "Name prefixes"."""
        with self._lock:
            if not 1 <= limit <= 100:
                raise WherebyError(400, "Invalid value for limit")
            found = [meeting for meeting in self._living() if meeting["roomName"].startswith(starts)]
            places = {meeting["meetingId"]: place for place, meeting in enumerate(found)}
            if cursor and cursor not in places:
                raise WherebyError(400, "Invalid value for cursor")
            start = places[cursor] if cursor else 0
            more = found[start + limit]["meetingId"] if start + limit < len(found) else None
            return {"results": [_shown(each, extras) for each in found[start : start + limit]], "cursor": more}

    def delete(self, meeting_id: str) -> None:
        """The same whether or not there is such a meeting (OpenAPI file). Who is in the room has to leave."""
        with self._lock:
            self._meetings.pop(meeting_id, None)

    def _gone(self, meeting: Mapping[str, Any]) -> bool:
        return self.clock() - timedelta(hours=self.account.gone_after_hours) >= _ends(meeting)

    def _living(self) -> list[dict[str, Any]]:
        return [meeting for meeting in self._meetings.values() if not self._gone(meeting)]


def _utc(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ends(meeting: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(meeting["endDate"])


def _shown(meeting: Mapping[str, Any], extras: tuple[str, ...] | list[str]) -> dict[str, Any]:
    """A meeting as it is answered: neither its lock nor its mode, and its keys only to who asks."""
    names = ("meetingId", "startDate", "endDate", "roomName", "roomUrl", *extras)
    return {name: meeting[name] for name in names}
