"""A world with an application that writes events through the API."""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from confsync.domain.access import Right, Rule, reach
from confsync.domain.caller import Caller
from confsync.domain.conferencing import Conferencing
from confsync.domain.entry_point import ConferenceDetails
from confsync.domain.event import EventConference
from confsync.usecases.writing.event_writer import Request, Written
from tests.usecases.world import ANN, World

APP = "app@project.iam.gserviceaccount.com"
TIMES = {"start": {"dateTime": "2026-03-03T09:00:00Z"}, "end": {"dateTime": "2026-03-03T09:30:00Z"}}
ZOOM: dict[str, Any] = {"autocreate": {"solution": "zoom"}}
JITSI: dict[str, Any] = {"autocreate": {"solution": "jitsi"}}
MEET: dict[str, Any] = {"provider": "Google Meet", "autocreate": {}}
BY_HAND: dict[str, Any] = {
    "provider": "Rooms",
    "details": {"url": "https://rooms.example.com/r1", "meeting_code": "123", "phone": ["+49 30 901820"], "pin": "42"},
}
EVERYTHING = Rule(callers=(APP,), calendars=("*",), right=Right.WRITE, account=ANN)
PUT = timedelta(minutes=1, seconds=1)
"""By then the engine looks whether a conference was put on its event."""


class WritingWorld(World):
    """`rules`: who may do what."""

    rules: tuple[Rule, ...] = (EVERYTHING,)

    def request(self, body: Mapping[str, Any], conferencing: Any = ..., calendar_id: str = ANN) -> Request:
        given = {} if conferencing is ... else {"conferencing": conferencing}
        find = partial(reach, self.rules, Caller(email=APP, hosted_domain=None))
        return Request(caller=APP, find=find, calendar_id=calendar_id, body={**body, **given})

    def post(self, conferencing: Any = ..., key: str | None = None, calendar_id: str = ANN, **fields: Any) -> Written:
        request = self.request({**TIMES, "summary": "Standup", **fields}, conferencing, calendar_id)
        return self.create_event(request, key=key)

    def patch(self, event_id: str, conferencing: Any = ..., **more: Any) -> Written:
        names = ("if_match", "replace_attachments")
        options = {name: more.pop(name) for name in names if name in more}
        return self.change_event(self.request(more, conferencing), event_id, **options)

    def conferencing(self, event_id: str) -> Conferencing | None:
        """As the API reads it."""
        return self.reading.one(self.request({}).find, ANN, event_id).conferencing

    def url(self, event_id: str) -> str | None:
        """Where people join."""
        found = self.conferencing(event_id)
        return found.details.url if found else None

    def rest(self) -> None:
        """What is due is done."""
        self.deliver()
        self.sweep()
        self.deliver()

    def later(self, by: timedelta = PUT) -> None:
        self.clock.advance(by)
        self.rest()


def foreign(id: str = "abc-defg-hij", details: ConferenceDetails | None = None) -> EventConference:
    """A Meet that somebody chose in Calendar."""
    uris = details.uris if details else frozenset({f"https://meet.google.com/{id}"})
    return EventConference(id=id, solution_type="hangoutsMeet", solution_name="Google Meet", uris=uris)
