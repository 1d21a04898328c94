"""Events of people's calendars, with how each one's meeting is joined."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from confsync.domain import keys
from confsync.domain.access import PRIMARY, Reach, Right
from confsync.domain.conference import Conference
from confsync.domain.conference_data import RequestStatus
from confsync.domain.conferencing import Conferencing, JoinDetails, Source, Status
from confsync.domain.connection import Connection, ConnectionState
from confsync.domain.detection import OwnService, detect
from confsync.domain.errors import BadRequest, NotConfigured, PermissionDenied, ServiceError, Temporary
from confsync.domain.keys import connection_key, link_key
from confsync.domain.link import Link
from confsync.domain.solution import Capabilities, Solution
from confsync.ports import CalendarApi, Calendars, Clock, EventResource, Providers, ResourcePage, Store
from confsync.usecases.writing.wishes import Find

MOMENT = 0.5
"""Seconds between two looks at a Meet that is being made."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which events are listed (see `CalendarApi.list_window`)."""

    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    expand: bool = False
    deleted: bool = False
    page_size: int = 250
    page_token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Shown:
    """An event, and how its meeting is joined (None: it has none)."""

    event: EventResource
    conferencing: Conferencing | None
    calendar_id: str


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page of events."""

    events: tuple[Shown, ...]
    time_zone: str
    page_token: str | None


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A solution, and whether it can be used. `capabilities`: None if its vendor can't be asked now."""

    solution: Solution
    capabilities: Capabilities | None
    connected: bool | None
    """Whether the account's own one is connected; None where the solution is the organisation's."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What a calendar's events can have."""

    role: str
    types: tuple[str, ...]
    adds_meet: bool | None
    """Whether Calendar's own dialogs add a Meet; None: Google does not tell."""
    offers: tuple[Offer, ...]
    account: str


@dataclass(frozen=True, kw_only=True)
class ReadEvents:
    """Each raises `Forbidden`, `NotFound`, and other service errors."""

    store: Store
    calendars: Calendars
    providers: Providers
    clock: Clock
    own: tuple[OwnService, ...] = ()

    def one(self, find: Find, calendar_id: str, event_id: str, *, wait: float = 0) -> Shown:
        """The event, cancelled or not. `wait`: so many seconds at most, for a Meet that is being made."""
        reach, google = self._open(find, calendar_id)
        event = google.read_event(reach.calendar_id, event_id)
        return self.shown(self.waited(google, reach.calendar_id, event, wait), reach.calendar_id)

    def page(self, find: Find, calendar_id: str, window: Window) -> Page:
        """Events, page by page. Raises `Invalid` for an empty window, `BadRequest` for a page token that is stale."""
        reach, google = self._open(find, calendar_id)
        found = self._listed(google, reach.calendar_id, window)
        shown = tuple(
            Shown(event=each, conferencing=detect(each.resource, self.own).conferencing, calendar_id=reach.calendar_id)
            for each in found.events
        )
        return Page(events=shown, time_zone=found.time_zone, page_token=found.page_token)

    @staticmethod
    def _listed(google: CalendarApi, calendar_id: str, window: Window) -> ResourcePage:
        try:
            return google.list_window(
                calendar_id,
                since=window.since,
                until=window.until,
                text=window.text,
                expand=window.expand,
                deleted=window.deleted,
                page_size=window.page_size,
                page_token=window.page_token,
            )
        except Temporary as error:
            if window.page_token is None or error.status != 400:
                raise
            raise BadRequest("it is no good (any more): begin the list anew", field="pageToken") from error

    def options(self, find: Find, calendar_id: str) -> Options:
        """What can be asked for there, and whether the account could use it."""
        reach, google = self._open(find, calendar_id)
        access = google.access(reach.calendar_id)
        types = google.conference_types(reach.calendar_id)
        try:
            adds_meet = google.adds_meet()
        except PermissionDenied:
            adds_meet = None
        account = reach.account.email
        offers = tuple(self._offer(each, account) for each in self.providers.offered())
        return Options(role=access.role, types=types, adds_meet=adds_meet, offers=offers, account=account)

    # --- what writes need too ----------------------------------------------------------------------------------------

    def shown(self, event: EventResource, calendar_id: str) -> Shown:
        """The event with its conferencing; with what is on its way there, if it shows none."""
        found = detect(event.resource, self.own).conferencing
        if found is None and not event.cancelled:
            found = self._on_its_way(calendar_id, event.id)
        return Shown(event=event, conferencing=found, calendar_id=calendar_id)

    def wait_for(self, find: Find, calendar_id: str, event: EventResource, seconds: float) -> EventResource:
        """The event, once its Meet is made, or the time is up."""
        if not _pending(event) or seconds <= 0:
            return event
        reach, google = self._open(find, calendar_id)
        return self.waited(google, reach.calendar_id, event, seconds)

    def waited(self, google: CalendarApi, calendar_id: str, event: EventResource, seconds: float) -> EventResource:
        """As `wait_for`. https://developers.google.com/workspace/calendar/api/guides/create-events#conferencing"""
        until = self.clock.now() + timedelta(seconds=seconds)
        while _pending(event) and self.clock.now() < until:
            self.clock.sleep(MOMENT)
            event = google.read_event(calendar_id, event.id)
        return event

    # --- below -------------------------------------------------------------------------------------------------------

    def _open(self, find: Find, calendar_id: str) -> tuple[Reach, CalendarApi]:
        reach = find(calendar_id, Right.READ)
        google = self.calendars.acting_as(reach.account.email)
        if reach.calendar_id == PRIMARY:
            reach = replace(reach, calendar_id=google.resolve(PRIMARY))
        return reach, google

    def _on_its_way(self, calendar_id: str, event_id: str) -> Conferencing | None:
        """What was asked for here, and is put on the event as soon as it can be."""
        link = self.store.get(Link, link_key(keys.calendar_key(calendar_id), event_id))
        pending = [each for each in link.provisional if each.put_at is not None] if link else []
        conference = self.store.get(Conference, pending[-1].conference_id) if pending else None
        if conference is None or not conference.wanted:
            return None
        try:
            name = self.providers.solution(conference.solution).name
        except NotConfigured:
            name = conference.solution
        nothing = JoinDetails()
        return Conferencing(provider=name, details=nothing, source=Source.CONFERENCE_DATA, status=Status.PENDING)

    def _offer(self, solution: Solution, account: str) -> Offer:
        try:
            capabilities = self.providers.provider(solution.id).capabilities
        except (NotConfigured, ServiceError):
            capabilities = None
        return Offer(solution=solution, capabilities=capabilities, connected=self._connected(solution, account))

    def _connected(self, solution: Solution, account: str) -> bool | None:
        if not solution.personal:
            return None
        found = self.store.get(Connection, connection_key(account, solution.provider))
        return found is not None and found.state is ConnectionState.ACTIVE


def _pending(event: EventResource) -> bool:
    request = event.conference.request if event.conference else None
    return request is not None and request.status is RequestStatus.PENDING
