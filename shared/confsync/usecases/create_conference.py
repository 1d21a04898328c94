"""A person chose a conference for an event: make it while they wait, and follow the event from now on."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from confsync.domain import keys
from confsync.domain.calendar import Calendar, followed
from confsync.domain.caller import Caller
from confsync.domain.conference import Conference, ConferenceSpec, ConferenceState, Desired
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
from confsync.domain.plan import SWEEP_GRACE, Ledger, drive
from confsync.domain.solution import Solution
from confsync.ports import CalendarApi, Calendars, Clock, Providers, Queue, Store
from confsync.usecases import ledgers
from confsync.usecases.reconcile_conference import ReconcileConference

log = structlog.get_logger()

PATIENCE = timedelta(seconds=25)
"""People wait, and the add-on's own limit is 30 s. https://developers.google.com/apps-script/guides/services/quotas"""

PLACEHOLDER_LENGTH = timedelta(hours=1)
CONFLICTS = 10


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
        key = keys.calendar_key(calendar_id)
        conference_id = keys.conference_id(key, request.event_id, request.solution_id)
        for _ in range(CONFLICTS):
            now = self.clock.now()
            calendar = self.store.get(Calendar, key)
            link = self.store.get(Link, keys.link_key(key, request.event_id))
            event = self._event(google, calendar_id, request.event_id)
            ledger = ledgers.load(self.store, {link.key: link} if link else {}, [conference_id])
            spec = self._spec(event, link, request, now)
            wanted_link = self._link(link, event, calendar_id, request, conference_id, spec, now)
            self._choose(ledger, wanted_link, conference_id, request, now)
            owner, tenant = request.user.email, request.user.tenant
            follow = followed(calendar, calendar_id=calendar_id, owner=owner, tenant=tenant, now=now)
            try:
                # always with the calendar's record, on which each sync's commits hang: what one of them read before us,
                # or writes between our reads, is a conflict
                self.store.commit(ledgers.writes(ledger, follow))
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

    @staticmethod
    def _spec(event: Event | None, link: Link | None, request: CreateRequest, now: datetime) -> ConferenceSpec:
        """The event as it is; before it is saved placeholders, which the first sync replaces."""
        if event is not None:
            return event.spec(host=request.user.email)
        if link is not None:
            return link.spec
        start = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        return ConferenceSpec(
            title="", start=start, end=start + PLACEHOLDER_LENGTH, time_zone="UTC", host=request.user.email
        )

    @staticmethod
    def _link(
        stored: Link | None,
        event: Event | None,
        calendar_id: str,
        request: CreateRequest,
        conference_id: str,
        spec: ConferenceSpec,
        now: datetime,
    ) -> Link:
        key = keys.calendar_key(calendar_id)
        link = stored or Link(
            key=keys.link_key(key, request.event_id),
            calendar_key=key,
            calendar_id=calendar_id,
            event_id=request.event_id,
            owner=request.user.email,
            spec=spec,
            series=event.recurring_event_id if event else None,
            created_at=now,
        )
        link = replace(link, spec=replace(spec, host=link.owner))
        if link.conference_id == conference_id:
            if event is None or event.conference_id == conference_id:
                return link
            link = link.without(conference_id)  # it was taken off the event, and is chosen once more
        return link.with_provisional(conference_id, now)

    @staticmethod
    def _choose(ledger: Ledger, link: Link, conference_id: str, request: CreateRequest, now: datetime) -> None:
        """The link has the conference, which is to be made if there is none yet."""
        ledger.put(link)
        conference = ledger.conferences.get(conference_id) or Conference(
            id=conference_id,
            solution=request.solution_id,
            tenant=request.user.tenant,
            host=request.user.email,
            desired=Desired(version=0, spec=None),
            created_at=now,
        )
        if link.key not in conference.links:
            conference = replace(conference, links=(*conference.links, link.key))
        if conference.state is ConferenceState.FAILED:
            # a person asks again: that is a reason to try again
            conference = replace(conference, state=ConferenceState.PENDING, retry_at=None, due_at=now + SWEEP_GRACE)
        ledger.put(conference)
        drive(ledger, conference_id, now)

    # --- having it made ----------------------------------------------------------------------------------------------

    def _begin_following(self, calendar_key: str) -> None:
        """The first sync opens the watch channel.

        If the queue refuses, the sweep does it: people get their meeting now.
        """
        calendar = self.store.get(Calendar, calendar_key)
        if calendar is not None and calendar.sync_token is not None:
            return
        try:
            self.queue.sync_calendar(calendar_key)
        except ConfsyncError as error:
            log.warning("first sync is left to the sweep", calendar_key=calendar_key, error=str(error))

    def _settle(self, conference_id: str, deadline: datetime) -> Conference:
        """Reconcile until the meeting can be joined. Raises the reason when it can't be, or takes too long."""
        error: ConfsyncError | None = None
        while True:
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
                    self._give_up_early(conference, error, deadline)
            if self.clock.now() >= deadline:
                raise error or Temporary(f"conference {conference_id} takes too long", service="confsync")
            self.clock.sleep(0.25)

    @staticmethod
    def _give_up_early(conference: Conference, error: ConfsyncError | None, deadline: datetime) -> None:
        """No use in waiting for what comes after the deadline, or needs a person."""
        if conference.retry_at is None:
            if error is not None:
                raise error
        elif conference.retry_at > deadline:
            raise error or Temporary(f"an earlier attempt failed: {conference.last_error}", service="confsync")
