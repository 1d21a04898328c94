"""The `Calendars` and `CalendarApi` ports on google-api-python-client.

httplib2 silently repeats a request whose connection was cut, even a POST, and so do our own retries. Every call here
bears it: reads and `stop` are idempotent, a repeated PATCH fails its If-Match, a repeated watch or insert fails by its
id, and a repeated delete by its own success.
"""

import hashlib
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import httplib2
import msgspec
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest

from confsync import tracing
from confsync.adapters.google_calendar import translate
from confsync.adapters.google_calendar.conference_data import conference_data
from confsync.adapters.google_calendar.errors import FAILURES, domain_error
from confsync.adapters.google_calendar.people import PeoplesCalls
from confsync.adapters.google_calendar.query import EVENT_FIELDS, EVENT_TYPES, LIST_PARAMETERS, QUERY_VERSION
from confsync.adapters.google_credentials import AccountCredentials, Purpose
from confsync.domain.errors import PermissionDenied
from confsync.domain.event import Event, EventPage
from confsync.ports import Clock, ConferenceOnEvent, Watch

T = TypeVar("T")


class _WatchAnswer(msgspec.Struct, rename="camel"):
    resource_id: str
    expiration: int


class _CalendarAnswer(msgspec.Struct):
    id: str


class _ListedCalendar(msgspec.Struct):
    id: str
    primary: bool = False


class _CalendarListAnswer(msgspec.Struct):
    items: list[_ListedCalendar] = []


class GoogleCalendars:
    """Calendar as any account. One per process: it holds the built service, and one HTTP connection pool per thread.

    `api` is the full base URL, `notifications_url` where watch channels deliver. `filter_watched_types`: have them tell
    only of the types of events that lists have, too; there were channels that told nothing then (see query.py).
    `timeout` is in seconds, per socket operation; `retries` is how often a call is repeated on 5xx, rate limits and
    transport errors, with backoff.
    """

    query_version = QUERY_VERSION

    def __init__(
        self,
        *,
        api: str,
        credentials: AccountCredentials,
        notifications_url: str,
        clock: Clock,
        filter_watched_types: bool = False,
        timeout: float = 20.0,
        retries: int = 2,
    ) -> None:
        self.notifications_url = notifications_url
        self.watch_filter: dict[str, Any] = {"eventTypes": EVENT_TYPES} if filter_watched_types else {}
        self._credentials = credentials
        self.clock = clock
        self._timeout = timeout
        self._retries = retries
        self._local = threading.local()
        # `http` here only keeps the library from looking for credentials; each call brings its own
        service = build(
            "calendar",
            "v3",
            http=httplib2.Http(),
            client_options={"api_endpoint": api.rstrip("/") + "/"},
            static_discovery=True,
        )
        self.events = service.events()
        self.calendars = service.calendars()
        self.calendar_list = service.calendarList()
        self.channels = service.channels()
        self.settings = service.settings()

    def acting_as(self, account: str) -> "GoogleCalendar":
        """Calendar as this account. Its quota is counted per account, not all on the service account.

        https://developers.google.com/workspace/calendar/api/guides/quota (quotaUser: at most 40 characters)
        """
        quota_user = hashlib.sha256(account.encode()).hexdigest()[:40]

        def http(purpose: Purpose = Purpose.CALENDAR) -> AuthorizedHttp:
            return AuthorizedHttp(self._credentials.of(account, purpose), http=self._http())

        only = None if self._credentials.impersonates else account
        return GoogleCalendar(self, http, quota_user=quota_user, only=only, settings=partial(http, Purpose.SETTINGS))

    def event_of(self, resource: Mapping[str, Any], *, time_zone: str) -> Event:
        """Calendar's resource as the sync has it. Raises `Invalid` if it can't be read."""
        return translate.event(msgspec.json.encode(resource), time_zone)

    def with_token(self, access_token: str) -> "GoogleCalendar":
        """Calendar as whoever the token is from. It can't be refreshed: 401 raises `AuthExpired` at once."""

        def http() -> AuthorizedHttp:
            return AuthorizedHttp(Credentials(token=access_token), http=self._http(), refresh_status_codes=())

        return GoogleCalendar(self, http, quota_user=None)

    def run(self, request: HttpRequest, http: Callable[[], AuthorizedHttp], read: Callable[[bytes], T]) -> T:
        """The request's answer as `read` makes it from the body. Raises the domain's errors."""
        request.postproc = lambda _response, content: read(content)
        with tracing.call(str(request.methodId)) as call:
            request.headers = {**(request.headers or {}), **call.headers}
            try:
                answer: T = request.execute(http=http(), num_retries=self._retries)
            except FAILURES as error:
                call.status = error.status_code if isinstance(error, HttpError) else None
                raise domain_error(error, str(request.methodId), self.clock.now()) from error
            call.status = 200
            return answer

    def _http(self) -> httplib2.Http:
        """This thread's connections: httplib2 is not thread-safe."""
        pool: httplib2.Http | None = getattr(self._local, "http", None)
        if pool is None:
            pool = self._local.http = httplib2.Http(timeout=self._timeout)
        return pool


class GoogleCalendar(PeoplesCalls):
    """The `CalendarApi` port as one account: what the sync needs, beside people's own reads and writes."""

    def resolve(self, calendar_id: str) -> str:
        """The calendar's real id. Raises `NotFound`, `PermissionDenied`.

        Where one service account acts for everybody, Google can't tell whose calendar somebody may use; then it is
        their own.
        """
        if self._only is not None:
            if calendar_id not in {"primary", self._only}:
                raise PermissionDenied(
                    f"{self._only} can be served here for their own calendar only: others need the person's own token, "
                    'or google.credentials = "delegation"',
                    service="google-calendar",
                )
            calendar_id = self._only
        request = self._google.calendars.get(calendarId=calendar_id, fields="id", **self._standard)
        return self._run(request, lambda content: msgspec.json.decode(content, type=_CalendarAnswer).id)

    def list_calendars(self) -> list[str]:
        """Ids of the calendars that the account may write to (250 at most), its own first. Raises `PermissionDenied`.

        Where one service account acts for everybody, that is their own.
        https://developers.google.com/workspace/calendar/api/v3/reference/calendarList/list
        """
        if self._only is not None:
            return [self._only]
        request = self._google.calendar_list.list(
            minAccessRole="writer", showHidden=True, maxResults=250, fields="items(id,primary)", **self._standard
        )
        return self._run(request, _calendar_ids)

    def get_event(self, calendar_id: str, event_id: str) -> Event:
        """The event, cancelled or not. Raises `NotFound`, `Invalid` if it can't be read."""
        content = self._run(self._get(calendar_id, event_id), bytes)
        zone = self._time_zone(calendar_id) if translate.needs_time_zone(content) else "UTC"
        return translate.event(content, zone)

    def list_events(
        self,
        calendar_id: str,
        *,
        sync_token: str | None = None,
        page_token: str | None = None,
        since: datetime | None = None,
    ) -> EventPage:
        """One page of changes since the token, or of all events without one. Raises `SyncTokenExpired`, `NotFound`."""
        request = self._google.events.list(
            calendarId=calendar_id,
            syncToken=sync_token,
            pageToken=page_token,
            timeMin=since.isoformat() if since and not sync_token else None,
            **LIST_PARAMETERS,
            **self._standard,
        )
        return self._run(request, translate.page)

    def write_conference(self, calendar_id: str, event: Event, conference: ConferenceOnEvent) -> Event:
        """Put the conference on the event; returns the event read back. Raises `PreconditionFailed`, `Invalid`."""
        return self._patch(calendar_id, event, {"conferenceData": conference_data(conference)})

    def write_text(self, calendar_id: str, event: Event, *, location: str | None, description: str | None) -> Event:
        """Set location and description, clear native conference data; returns the event. Raises `PreconditionFailed`.

        https://developers.google.com/workspace/calendar/api/guides/create-events#conferencing
        """
        cleared = {"conferenceData": None} if event.conference is not None else {}
        words = {"location": location, "description": description}
        return self._patch(calendar_id, event, {k: v for k, v in words.items() if v is not None} | cleared)

    def watch(self, calendar_id: str, channel_id: str, *, token: str, ttl: timedelta) -> Watch:
        """Open a watch channel. Raises `Unwatchable`, `Conflict` if the channel id is taken, `NotFound`.

        https://developers.google.com/workspace/calendar/api/v3/reference/events/watch
        """
        body: Any = {
            "id": channel_id,
            "type": "web_hook",
            "address": self._google.notifications_url,
            "token": token,
            "params": {"ttl": str(int(ttl.total_seconds()))},
        }
        request = self._google.events.watch(
            calendarId=calendar_id, body=body, **self._google.watch_filter, **self._standard
        )
        return self._run(request, _watch)

    def stop(self, channel_id: str, resource_id: str) -> None:
        """Close a watch channel. Raises `NotFound` if there is none (any more)."""
        request = self._google.channels.stop(body={"id": channel_id, "resourceId": resource_id}, **self._standard)
        self._run(request, bytes)

    def _patch(self, calendar_id: str, event: Event, body: Any) -> Event:
        request: Any = self._google.events.patch(
            calendarId=calendar_id,
            eventId=event.id,
            body=body,
            conferenceDataVersion=1,
            sendUpdates="none",
            fields="id",
            **self._standard,
        )
        request.headers["If-Match"] = event.etag
        self._run(request, bytes)
        # PATCH may echo what Calendar then drops: only what can be read is written
        content = self._run(self._get(calendar_id, event.id), bytes)
        return translate.event(content, event.start.time_zone if event.start else "UTC")

    def _get(self, calendar_id: str, event_id: str) -> HttpRequest:
        return self._google.events.get(calendarId=calendar_id, eventId=event_id, fields=EVENT_FIELDS, **self._standard)

    def _time_zone(self, calendar_id: str) -> str:
        # events.list tells it too, and needs no further scope
        request = self._google.events.list(calendarId=calendar_id, maxResults=1, fields="timeZone", **self._standard)
        return self._run(request, translate.time_zone)


def _calendar_ids(content: bytes) -> list[str]:
    items = msgspec.json.decode(content, type=_CalendarListAnswer).items
    return [item.id for item in sorted(items, key=lambda item: not item.primary)]


def _watch(content: bytes) -> Watch:
    # Calendar writes the milliseconds as a string
    answer = msgspec.json.decode(content, type=_WatchAnswer, strict=False)
    return Watch(resource_id=answer.resource_id, expiration=datetime.fromtimestamp(answer.expiration / 1000, UTC))
