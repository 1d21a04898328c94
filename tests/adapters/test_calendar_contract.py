"""The Calendar contract, on the fake and on the real adapter against the simulator."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import requests

from confsync.adapters.google_calendar import GoogleCalendars
from confsync.adapters.google_credentials import AccountCredentials, ApplicationDefault, Delegation
from confsync.adapters.system import SystemClock
from confsync.domain.errors import PermissionDenied
from confsync.domain.event import Event
from playground.google_calendar import CalendarService, create_app
from playground.person import Person
from playground.server import Server, serve
from tests.adapters.conftest import RUNTIME, GoogleCloud
from tests.contracts.calendar import ANN, BOB, START, CalendarContract
from tests.fakes.calendar import FakeCalendars

FIELDS = {"title": "summary"}


class FakeWorld:
    def __init__(self) -> None:
        self.calendars = FakeCalendars(page_size=3)
        self.user = self.calendars.user
        self.add_calendar = self.calendars.add_calendar
        self.share = self.calendars.share
        self.grant = self.calendars.grant
        self.revoke = self.calendars.revoked.add
        self.expire_sync_tokens = self.calendars.expire_sync_tokens
        self.make_unwatchable = self.calendars.make_unwatchable
        self.let_see = self.calendars.let_see
        self.add_meet = self.calendars.adding_meet.add

    def set_meet(self, outcome: Any) -> None:
        self.calendars.meet = outcome

    def set_conference_types(self, calendar_id: str, types: list[str]) -> None:
        self.calendars._of(calendar_id).conference_types = tuple(types)

    def set_writes(self, what: Any) -> None:
        self.calendars.writes = what

    def live_channels(self) -> set[str]:
        return {channel.id for channel in self.calendars.channels.values() if not channel.stopped}


class TestFakeCalendars(CalendarContract):
    @pytest.fixture
    def world(self) -> FakeWorld:
        return FakeWorld()


@dataclass
class SimulatedUser:
    person: Person
    calendars: GoogleCalendars

    def insert(self, *, title: str, start: Any, end: Any = None, **more: Any) -> Event:
        body = {"title": title, "start": start, "end": end or start + timedelta(minutes=30), **more}
        made = self.person._insert(_resource(body))
        return self.calendars.acting_as(self.person.email).get_event(self.person.email, made["id"])

    def update(self, event_id: str, **changes: Any) -> object:
        return self.person.edit(event_id, **_resource(changes))

    def delete(self, event_id: str) -> object:
        return self.person.delete(event_id)

    def restore(self, event_id: str) -> object:
        return self.person.restore(event_id)

    def move(self, event_id: str, destination: str) -> object:
        return self.person.move_to_calendar(event_id, destination)


def _resource(fields: dict[str, Any]) -> dict[str, Any]:
    return {FIELDS.get(name, name): _json(name, value) for name, value in fields.items()}


def _json(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return {"dateTime": value.isoformat(), "timeZone": "UTC"}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    if name == "attendees":
        return [{"email": email} for email in value]
    return value


class SimulatedWorld:
    def __init__(self, cloud: GoogleCloud, credentials: AccountCredentials | None = None) -> None:
        self.cloud = cloud
        self.server: Server = serve(create_app(CalendarService(cloud.accounts)), name="calendar")
        self.calendars = GoogleCalendars(
            api=f"{self.server.url}/calendar/v3/",
            credentials=credentials
            or Delegation(service_account=RUNTIME, token_url=f"{cloud.oauth.url}/token", iam_api=cloud.iam.url),
            notifications_url="https://example.com/notifications",
            clock=SystemClock(),
            retries=0,
        )

    def user(self, account: str) -> SimulatedUser:
        person = Person(email=account, calendar_url=f"{self.server.url}/calendar/v3", token=self.grant(account))
        return SimulatedUser(person, self.calendars)

    def add_calendar(self, calendar_id: str, owner: str) -> None:
        self.control("POST", "calendars", {"id": calendar_id, "owner": owner})

    def share(self, calendar_id: str, account: str) -> None:
        self.control("PATCH", f"calendars/{calendar_id}", {"acl": {account: "writer"}})

    def grant(self, account: str) -> str:
        return self.cloud.accounts.issue(account)

    def revoke(self, account: str) -> None:
        self.cloud.tokens.set_account(account, "revoked")

    def expire_sync_tokens(self, calendar_id: str) -> None:
        self.control("POST", f"calendars/{calendar_id}/expire-sync-tokens")

    def make_unwatchable(self, calendar_id: str) -> None:
        self.control("PATCH", f"calendars/{calendar_id}", {"watchable": False})

    def let_see(self, calendar_id: str, account: str) -> None:
        self.control("PATCH", f"calendars/{calendar_id}", {"acl": {account: "reader"}})

    def set_meet(self, outcome: str) -> None:
        self.control("PATCH", "settings", {"conference_outcome": outcome})

    def set_conference_types(self, calendar_id: str, types: list[str]) -> None:
        self.control("PATCH", f"calendars/{calendar_id}", {"conference_types": types})

    def add_meet(self, account: str) -> None:
        self.control("PATCH", f"calendars/{account}", {"auto_add_hangouts": True})

    def set_writes(self, what: str) -> None:
        self.control("PATCH", f"calendars/{ANN}", {"write_policy": what})

    def live_channels(self) -> set[str]:
        return {channel["id"] for channel in self.control("GET", "channels")["channels"] if channel["live"]}

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.server.url}/_playground/{path}", json=body, timeout=5)
        answer.raise_for_status()
        return answer.json() if answer.content else None


class TestGoogleCalendars(CalendarContract):
    @pytest.fixture
    def world(self, cloud: GoogleCloud) -> Iterator[SimulatedWorld]:
        world = SimulatedWorld(cloud)
        world.control("PATCH", f"calendars/{ANN}", {"empty_page_before": 0})
        yield world
        world.server.stop()
        cloud.tokens.set_account(ANN, "active")  # the cloud is everybody's


def test_a_shared_service_account_serves_people_on_their_own_calendar_only(cloud: GoogleCloud) -> None:
    world = SimulatedWorld(cloud, ApplicationDefault())
    for owner, title in ((ANN, "Planning"), (BOB, "Salaries")):
        world.control("PATCH", f"calendars/{owner}", {"acl": {RUNTIME: "writer"}})
        world.user(owner).insert(title=title, start=START)
    ann = world.calendars.acting_as(ANN)
    assert ann.resolve("primary") == ANN
    assert ann.resolve(ANN) == ANN
    with pytest.raises(PermissionDenied, match="own calendar only"):
        ann.resolve(BOB)
    assert ann.list_calendars() == [ANN], "though the service account has both"
    own = world.calendars.with_token(world.grant(ANN))
    assert own.resolve("primary") == ANN, "with their own token Google decides"
    world.server.stop()
