"""A person chose a conference for an event: make it while they wait, and follow the event from now on."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from confsync.domain import keys
from confsync.domain.calendar import Calendar, followed
from confsync.domain.caller import Caller
from confsync.domain.conference import Conference
from confsync.domain.entry_point import ConferenceDetails
from confsync.domain.errors import (
    AuthExpired,
    Busy,
    ConfsyncError,
    NotFound,
    PermissionDenied,
    ReauthorizationRequired,
    StoreConflict,
    Temporary,
)
from confsync.domain.event import Event
from confsync.domain.link import Link
from confsync.domain.plan import Choice, choose
from confsync.domain.solution import Solution
from confsync.ports import CalendarApi, Calendars, Clock, Providers, Queue, Store
from confsync.usecases.reconcile_conference import ReconcileConference
from confsync.usecases.records import ledgers
from confsync.usecases.records.change import CONFLICTS
from confsync.usecases.records.tasks import queued

log = structlog.get_logger()

PATIENCE = timedelta(seconds=25)
"""People wait, and the add-on's own limit is 30 s. https://developers.google.com/apps-script/guides/services/quotas"""

MOMENT = timedelta(seconds=0.25)


@dataclass(frozen=True, kw_only=True)
class CreateRequest:
    """Which solution was chosen for which event, by whom.

    `user_token` is the person's own access token, if there is one.
    """

    solution_id: str
    calendar_id: str
    event_id: str
    user: Caller
    user_token: str | None = None


@dataclass(frozen=True, kw_only=True)
class Created:
    """The conference, ready to be joined."""

    conference_id: str
    solution: Solution
    details: ConferenceDetails


@dataclass(frozen=True, kw_only=True)
class CreateConference:
    """Record what is wanted, have it made, begin to follow the calendar."""

    store: Store
    calendars: Calendars
    providers: Providers
    queue: Queue
    clock: Clock
    reconcile: ReconcileConference
    provider_deadline: timedelta

    def __call__(self, request: CreateRequest) -> Created:
        """The same request gives the same conference.

        Raises `NotConfigured` for an unknown solution, and service errors.
        """
        # what is begun before this is over in time
        deadline = self.clock.now() + PATIENCE - self.provider_deadline
        solution = self.providers.solution(request.solution_id)
        conference_id, calendar_key = self._want(request)
        self._begin_following(calendar_key)
        conference = self._settle(conference_id, deadline)
        assert conference.applied.details is not None
        log.info("conference created", conference_id=conference_id, calendar_key=calendar_key, solution=solution.id)
        return Created(conference_id=conference_id, solution=solution, details=conference.applied.details)

    # --- what is asked for -------------------------------------------------------------------------------------------

    def _want(self, request: CreateRequest) -> tuple[str, str]:
        """Record what is wanted; returns the keys of conference and calendar.

        The person's own token may lack the Calendar scopes; then the calendar is reached as that person by our own
        means. Never as anybody else.
        """
        own = self.calendars.acting_as(request.user.email)
        if request.user_token is None:
            return self._want_as(own, request)
        try:
            return self._want_as(self.calendars.with_token(request.user_token), request)
        except (AuthExpired, PermissionDenied, ReauthorizationRequired):
            return self._want_as(own, request)

    def _want_as(self, google: CalendarApi, request: CreateRequest) -> tuple[str, str]:
        """Record calendar, link and desired state in one commit; whoever asks again or at the same time finds them.

        The event is read after our records of it: what a sync writes of a newer state of it is a conflict then.
        """
        calendar_id = google.resolve(request.calendar_id)
        key, person = keys.calendar_key(calendar_id), request.user
        for _ in range(CONFLICTS):
            now = self.clock.now()
            stored = self.store.get(Calendar, key)
            calendar = followed(stored, calendar_id=calendar_id, owner=person.email, tenant=person.tenant, now=now)
            link = self.store.get(Link, keys.link_key(key, request.event_id))
            event = self._event(google, calendar_id, request.event_id)
            choice = Choice(event_id=request.event_id, solution=request.solution_id, person=person, event=event)
            conference_id = choice.conference_id(calendar)
            ledger = ledgers.load(self.store, {link.key: link} if link else {}, [conference_id])
            choose(ledger, calendar, choice, now)
            try:
                # always with the calendar's record, on which each sync's commits hang: what one of them read before us,
                # or writes between our reads, is a conflict
                self.store.commit(ledgers.writes(ledger, calendar))
            except StoreConflict:
                continue
            return conference_id, key
        raise Temporary(f"event {request.event_id} is being changed by others", service="confsync")

    @staticmethod
    def _event(google: CalendarApi, calendar_id: str, event_id: str) -> Event | None:
        """None if it has not been saved yet."""
        try:
            event = google.get_event(calendar_id, event_id)
        except NotFound:
            return None
        return None if event.cancelled else event

    # --- having it made ----------------------------------------------------------------------------------------------

    def _begin_following(self, calendar_key: str) -> None:
        """The first sync opens the watch channel. Whether the queue takes it or not, people get their meeting now."""
        calendar = self.store.get(Calendar, calendar_key)
        if calendar is not None and calendar.sync_token is not None:
            return
        queued(self.queue.sync_calendar, calendar_key)

    def _settle(self, conference_id: str, deadline: datetime) -> Conference:
        """Reconcile until the meeting can be joined. Raises the reason when it can't be, or takes too long."""
        error: ConfsyncError | None = None
        while True:
            pause = MOMENT
            try:
                outcome = self.reconcile(conference_id)
            except Busy as busy:
                error = error or Temporary(str(busy), service="confsync")
            else:
                conference = outcome.conference
                if conference is not None and conference.applied.details is not None and conference.wanted:
                    return conference
                error = outcome.error or error
                if conference is not None:
                    pause = self._pause(conference, error, deadline)
            if self.clock.now() >= deadline:
                raise error or Temporary(f"conference {conference_id} takes too long", service="confsync")
            self.clock.sleep(pause / timedelta(seconds=1))

    def _pause(self, conference: Conference, error: ConfsyncError | None, deadline: datetime) -> timedelta:
        """How long until it is worth another try. Raises the reason if that is too long, or never."""
        now, retry_at = self.clock.now(), conference.retry_at
        if retry_at is None or retry_at <= now:
            if error is not None:
                raise error
            return MOMENT
        if retry_at > deadline:
            raise error or Temporary(f"an earlier attempt failed: {conference.last_error}", service="confsync")
        return retry_at - now
