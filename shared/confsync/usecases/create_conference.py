"""A person chose a conference for an event: make it while they wait, and follow the event from now on."""

from dataclasses import dataclass

import structlog

from confsync.domain.caller import Caller
from confsync.domain.entry_point import ConferenceDetails
from confsync.domain.errors import AuthExpired, NotFound, PermissionDenied, ReauthorizationRequired
from confsync.domain.event import Event
from confsync.domain.plan import Choice
from confsync.domain.solution import Solution
from confsync.ports import CalendarApi, Calendars, Providers
from confsync.usecases.making.choose_conference import ChooseConference, Chosen
from confsync.usecases.making.settle_conference import SettleConference

log = structlog.get_logger()


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

    calendars: Calendars
    providers: Providers
    choose: ChooseConference
    settle: SettleConference

    def __call__(self, request: CreateRequest) -> Created:
        """The same request gives the same conference.

        Raises `NotConfigured` for an unknown solution, and service errors.
        """
        deadline = self.settle.deadline()
        solution = self.providers.solution(request.solution_id)
        chosen = self._choose(request)
        self.choose.begin_following(chosen.calendar_key)
        conference = self.settle(chosen.conference_id, deadline)
        assert conference.applied.details is not None
        log.info(
            "conference created",
            conference_id=chosen.conference_id,
            calendar_key=chosen.calendar_key,
            solution=solution.id,
        )
        return Created(conference_id=chosen.conference_id, solution=solution, details=conference.applied.details)

    def _choose(self, request: CreateRequest) -> Chosen:
        """Record what is wanted.

        The person's own token may lack the Calendar scopes; then the calendar is reached as that person by our own
        means. Never as anybody else.
        """
        own = self.calendars.acting_as(request.user.email)
        if request.user_token is None:
            return self._choose_as(own, request)
        try:
            return self._choose_as(self.calendars.with_token(request.user_token), request)
        except (AuthExpired, PermissionDenied, ReauthorizationRequired):
            return self._choose_as(own, request)

    def _choose_as(self, google: CalendarApi, request: CreateRequest) -> Chosen:
        calendar_id = google.resolve(request.calendar_id)

        def read() -> Choice:
            event = self._event(google, calendar_id, request.event_id)
            return Choice(event_id=request.event_id, solution=request.solution_id, person=request.user, event=event)

        return self.choose(calendar_id, request.event_id, request.user, read)

    @staticmethod
    def _event(google: CalendarApi, calendar_id: str, event_id: str) -> Event | None:
        """None if it has not been saved yet."""
        try:
            event = google.get_event(calendar_id, event_id)
        except NotFound:
            return None
        return None if event.cancelled else event
