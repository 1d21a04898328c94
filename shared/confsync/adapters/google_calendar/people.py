"""People's own reads and writes of events, and what Calendar itself offers them: apart from the sync, whose query is
fixed.

https://developers.google.com/workspace/calendar/api/v3/reference/events
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from confsync.adapters.google_calendar import resources
from confsync.adapters.google_calendar.conference_data import conference_data
from confsync.domain.errors import Conflict, PermissionDenied
from confsync.ports import CalendarAccess, ConferenceOnEvent, EventResource, ResourcePage, SendUpdates

if TYPE_CHECKING:
    from google_auth_httplib2 import AuthorizedHttp
    from googleapiclient.http import HttpRequest

    from confsync.adapters.google_calendar.calendars import GoogleCalendars

T = TypeVar("T")

_WHOLE: Mapping[str, Any] = {"conferenceDataVersion": 1, "supportsAttachments": True}
"""Without these Calendar ignores the conference and the attachments in a body."""


class _ConferenceProperties(msgspec.Struct, frozen=True, rename="camel"):
    allowed_conference_solution_types: tuple[str, ...] = ()


class _Calendar(msgspec.Struct, rename="camel"):
    conference_properties: _ConferenceProperties = _ConferenceProperties()


class _Access(msgspec.Struct, rename="camel"):
    access_role: str
    time_zone: str = "UTC"


class _Setting(msgspec.Struct):
    value: str


class PeoplesCalls:
    """This part of the `CalendarApi` port as one account.

    `only`: the account to whose own calendar it is limited. `settings`: how its settings are read, if not as all else.
    """

    def __init__(
        self,
        google: GoogleCalendars,
        http: Callable[[], AuthorizedHttp],
        *,
        quota_user: str | None,
        only: str | None = None,
        settings: Callable[[], AuthorizedHttp] | None = None,
    ) -> None:
        self._google = google
        self._http = http
        self._settings_http = settings or http
        self._only = only
        self._standard: dict[str, Any] = {"quotaUser": quota_user, "prettyPrint": False}

    def read_event(self, calendar_id: str, event_id: str) -> EventResource:
        """The event with all its fields, cancelled or not. Raises `NotFound`."""
        request = self._google.events.get(calendarId=calendar_id, eventId=event_id, **self._standard)
        return self._run(request, resources.resource)

    def list_window(
        self,
        calendar_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        text: str | None = None,
        expand: bool = True,
        deleted: bool = False,
        page_size: int = 250,
        page_token: str | None = None,
    ) -> ResourcePage:
        """A page of the events that touch the time. Raises `NotFound`, `Invalid` if the time is empty.

        https://developers.google.com/workspace/calendar/api/v3/reference/events/list
        """
        order: dict[str, Any] = {"singleEvents": True, "orderBy": "startTime"} if expand else {}
        request = self._google.events.list(
            calendarId=calendar_id,
            timeMin=since.isoformat() if since else None,
            timeMax=until.isoformat() if until else None,
            q=text,
            showDeleted=deleted,
            maxResults=page_size,
            pageToken=page_token,
            **order,
            **self._standard,
        )
        return self._run(request, resources.page)

    def access(self, calendar_id: str) -> CalendarAccess:
        """What the account may do there. Raises `NotFound`.

        events.list tells it of every calendar, calendarList.get only of those that people have in their list.
        https://developers.google.com/workspace/calendar/api/v3/reference/events/list#accessRole
        """
        request = self._google.events.list(
            calendarId=calendar_id, maxResults=1, fields="accessRole,timeZone", **self._standard
        )
        told = self._run(request, lambda content: msgspec.json.decode(content, type=_Access))
        return CalendarAccess(role=told.access_role, time_zone=told.time_zone)

    def insert_event(
        self,
        calendar_id: str,
        body: Mapping[str, Any],
        *,
        conference: ConferenceOnEvent | None = None,
        send_updates: SendUpdates = "none",
    ) -> EventResource:
        """A new event. Raises `Conflict` if its own id was ever used, `Invalid`, `PermissionDenied`.

        The id must be known before: the request may be sent twice (see calendars.py), and would make two events.
        """
        # not both ids: https://developers.google.com/workspace/calendar/api/v3/reference/events#id
        fresh = None if body.keys() & {"id", "iCalUID"} else self._google.clock.new_id()
        given: Any = {**({"id": fresh} if fresh else {}), **body, **_shown(conference)}
        request = self._google.events.insert(
            calendarId=calendar_id, body=given, sendUpdates=send_updates, **_WHOLE, **self._standard
        )
        try:
            return self._run(request, resources.resource)
        except Conflict:
            if fresh is None:
                raise
            return self.read_event(calendar_id, fresh)  # nobody else can have that id: it was sent twice

    def patch_event(
        self,
        calendar_id: str,
        event_id: str,
        body: Mapping[str, Any],
        *,
        conference: ConferenceOnEvent | None = None,
        etag: str | None = None,
        send_updates: SendUpdates = "none",
    ) -> EventResource:
        """Change the fields in the body. Raises `PreconditionFailed`, `NotFound`, `Invalid`, `PermissionDenied`."""
        given: Any = {**body, **_shown(conference)}
        request = self._google.events.patch(
            calendarId=calendar_id,
            eventId=event_id,
            body=given,
            sendUpdates=send_updates,
            **_WHOLE,
            **self._standard,
        )
        return self._run(_if_match(request, etag), resources.resource)

    def delete_event(
        self, calendar_id: str, event_id: str, *, etag: str | None = None, send_updates: SendUpdates = "none"
    ) -> None:
        """Put the event into the trash. Raises `NotFound` if it is not there (404) or deleted (410)."""
        request = self._google.events.delete(
            calendarId=calendar_id, eventId=event_id, sendUpdates=send_updates, **self._standard
        )
        self._run(_if_match(request, etag), bytes)

    def conference_types(self, calendar_id: str) -> tuple[str, ...]:
        """Types of conferences that Calendar can make there. Raises `NotFound`.

        https://developers.google.com/workspace/calendar/api/v3/reference/calendars
        """
        request = self._google.calendars.get(calendarId=calendar_id, fields="conferenceProperties", **self._standard)
        answer = self._run(request, lambda content: msgspec.json.decode(content, type=_Calendar))
        return answer.conference_properties.allowed_conference_solution_types

    def adds_meet(self) -> bool:
        """Whether Calendar's own dialogs add a Meet to this account's new events. Raises `PermissionDenied`.

        https://developers.google.com/workspace/calendar/api/v3/reference/settings (autoAddHangouts)
        """
        if self._only is not None:
            raise PermissionDenied(
                "where one service account acts for everybody, Google does not tell people's settings",
                service="google-calendar",
            )
        request = self._google.settings.get(setting="autoAddHangouts", **self._standard)
        read = msgspec.json.Decoder(_Setting).decode
        return self._google.run(request, self._settings_http, read).value == "true"

    def _run(self, request: HttpRequest, read: Callable[[bytes], T]) -> T:
        return self._google.run(request, self._http, read)


def _shown(conference: ConferenceOnEvent | None) -> dict[str, Any]:
    return {"conferenceData": conference_data(conference)} if conference is not None else {}


def _if_match(request: Any, etag: str | None) -> HttpRequest:
    if etag is not None:
        request.headers["If-Match"] = etag.replace("\\", r"\\")  # httplib2 takes a header for a template of `re`
    return cast("HttpRequest", request)
