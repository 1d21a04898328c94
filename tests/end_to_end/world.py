"""A running project under test: its people, what befalls it, and how to tell that it has come to rest."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import requests

from confsync.adapters.firestore import FirestoreStore
from confsync.adapters.sqlite import SqliteStore
from confsync.domain.calendar import Calendar
from confsync.domain.channel import Channel, ChannelState
from confsync.domain.conference import Conference
from confsync.domain.errors import StoreConflict
from confsync.domain.keys import calendar_key
from confsync.ports import Save, Store
from playground.cloud import PROJECT, RUNTIME, Cloud
from playground.faults import Faults
from playground.google_calendar.store import Calendar as GoogleCalendar
from playground.person import AddOnFailedError, ConferenceError, Person
from playground.project import Project, Tempo, running
from tests.end_to_end.promises import FAR_FUTURE, MANY, Json, Promises

ZONE = ZoneInfo("Europe/Berlin")
PATIENCE = 60.0
"""Seconds after which a test gives up; how long anything takes is no promise here."""
SOON = 15.0
"""What is queued for later than in so many seconds is not waited for: longer than any retry that a single fault causes,
shorter than the pauses that a provider asks for."""
NO_ANSWER = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


@dataclass(kw_only=True)
class World:
    """`store` is the one that the functions use, opened a second time."""

    project: Project
    store: Store
    promises: Promises
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def cloud(self) -> Cloud:
        return self.project.cloud

    @property
    def start(self) -> datetime:
        """When events begin: in a week, at ten in Berlin."""
        return datetime.now(ZONE).replace(hour=10, minute=0, second=0, microsecond=0) + timedelta(days=7)

    # --- people and events -------------------------------------------------------------------------------------------

    def person(self, name: str = "person") -> Person:
        """Somebody new."""
        email = f"{name}-{next(self._numbers)}@example.com"
        self.cloud.calendar.store.ensure_primary(email).time_zone = "Europe/Berlin"
        return self.project.person(email)

    def google(self, person: Person) -> GoogleCalendar:
        """The calendar that the person looks at, as the simulator holds it."""
        return self.cloud.calendar.store.calendars[person.calendar_id]

    def meet(self, person: Person, summary: str = "Planning", solution: str = "zoom", **more: Any) -> str:
        """An event with a conference, saved but not followed up yet; returns its id."""
        event_id = person.begin_event()
        person.choose_conference(event_id, solution)
        person.save(event_id, summary=summary, **{"start": self.start, **more})
        return event_id

    def meetings(self, person: Person) -> list[Json]:
        """Living meetings that Zoom holds for the person."""
        return [meeting for meeting in self.cloud.zoom.meetings() if meeting["host_email"] == person.email]

    def record(self, person: Person) -> Calendar:
        """What is stored of the calendar that the person looks at."""
        found = self.store.get(Calendar, calendar_key(person.calendar_id))
        assert found is not None
        return found

    def conference(self, person: Person, event_id: str) -> Conference:
        """What is stored of the conference that the event shows."""
        found = self.store.get(Conference, person.event(event_id)["conferenceData"]["conferenceId"])
        assert found is not None
        return found

    def seed_others(self) -> None:
        """Conferences of other vendors, on a calendar that is followed; and a meeting that somebody made by hand."""
        person = self.person("others")
        self.meet(person, "Ours")
        data = {
            "conferenceSolution": {"key": {"type": "addOn"}, "name": "Other vendor"},
            "conferenceId": "other-123",
            "entryPoints": [{"entryPointType": "video", "uri": "https://meet.example.net/123"}],
        }
        meet = {"createRequest": {"requestId": "theirs", "conferenceSolutionKey": {"type": "hangoutsMeet"}}}
        theirs = [person.begin_event() for _ in range(2)]
        for event_id, conference in zip(theirs, (data, meet), strict=True):
            person.save(event_id, summary="Theirs", start=self.start, conferenceData=conference)
        until(lambda: all(person.event(event_id)["conferenceData"].get("entryPoints") for event_id in theirs))
        self.promises.foreign_events |= {(person.calendar_id, each): person.event(each) for each in theirs}
        self.promises.foreign_meetings.append(
            self.cloud.zoom.create(person.email, {"topic": "By hand", "agenda": "not [confsync-1.1]", "type": 2})
        )

    # --- mishaps -----------------------------------------------------------------------------------------------------

    def faults(self, name: str) -> Faults:
        """What can go wrong at a simulator."""
        return self.cloud.faults(name)

    def clear_faults(self) -> None:
        """No fault is left at any simulator."""
        for name in self.cloud.servers:
            self.faults(name).clear()

    def notifications(self, kind: str, count: int = 1, seconds: float = 1.0) -> None:
        """Have Google drop, double, delay or reorder the next notifications."""
        url = f"{self.cloud.url('calendar')}/_playground/notifications/mishaps"
        requests.post(url, json={"kind": kind, "count": count, "seconds": seconds}, timeout=10).raise_for_status()

    @contextmanager
    def told_at_once(self) -> Iterator[None]:
        """Google tells of the changes made meanwhile only afterwards, so that one sync finds them all."""
        self.cloud.calendar.push.pause()
        yield
        self.cloud.calendar.push.resume()

    # --- rest --------------------------------------------------------------------------------------------------------

    def rest(self) -> None:
        """Return when no notification is under way and no task runs or is due soon."""
        channels = self.cloud.calendar.push.channels
        until(lambda: not any(channel.waiting or channel.busy for channel in list(channels.values())))
        self.cloud.tasks.wait_idle(PATIENCE, within=SOON)

    def hold(self, *people: Person) -> None:
        """Assert that every promise holds for the calendars that these people look at, as soon as there is rest."""
        self.rest()
        broken = self.promises.broken({person.calendar_id for person in people})
        assert not broken, "\n".join(broken)

    def hold_in_the_end(self, calendar_ids: set[str]) -> None:
        """Assert that every promise holds, at the latest when the sweep has looked often enough at all there is."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self.rest()
            broken = self.promises.broken(calendar_ids)
            if not broken or time.monotonic() > deadline:
                break
            self.time_passes()
            self.project.sweep()
        assert not broken, "\n".join(broken)

    def time_passes(self, *, pauses: bool = False) -> None:
        """Make due now whatever is due at any time: the sweep finds at once what it would find within hours.

        Channels that serve well are left alone. `pauses` ends those that a provider asked for, too.
        """
        now = datetime.now(UTC)
        due: list[Calendar | Conference | Channel] = [
            *self.store.due(Calendar, FAR_FUTURE, limit=MANY),
            *self.store.due(Conference, FAR_FUTURE, limit=MANY),
            *(c for c in self.store.due(Channel, FAR_FUTURE, limit=MANY) if c.state is ChannelState.REGISTERING),
        ]
        for record in due:
            changes: dict[str, Any] = {"due_at": now}
            if pauses and isinstance(record, Conference):
                changes["pauses"] = {}
            self._save(replace(record, **changes))

    def sweep(self) -> None:
        """A sweep later, when all is due that ever was."""
        self.time_passes()
        self.project.sweep()

    def renew(self, channel: Channel) -> None:
        """A sweep at the time when this channel is due for renewal."""
        self._save(replace(channel, due_at=datetime.now(UTC)))
        self.project.sweep()

    def call(self, name: str, body: Json) -> requests.Response:
        """Call a function as Cloud Tasks does; returns its answer, whatever it is."""
        url = self.project.functions[name].url
        token = self.cloud.issuer.mint(RUNTIME, url)
        return requests.post(url, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE)

    def _save(self, record: Calendar | Conference | Channel) -> None:
        try:
            self.store.commit([Save(record=record)])
        except StoreConflict:
            return  # somebody is at it right now


@contextmanager
def running_world(
    directory: Path, tempo: Tempo, emulator: str | None = None, *, through: str | None = None, scaled: bool = False
) -> Iterator[World]:
    """A project with other people's conferences on one calendar, on the Firestore emulator or (None) on SQLite.

    Its functions reach the emulator `through` another address, the test always directly.
    """
    database = f"run-{uuid4().hex[:20]}"
    with (
        pytest.MonkeyPatch.context() as patch,
        running(directory, tempo=tempo, firestore=through or emulator, database=database, scaled=scaled) as project,
    ):
        if emulator:
            patch.setenv("FIRESTORE_EMULATOR_HOST", emulator)
        firestore = partial(FirestoreStore, PROJECT, database, sharded=scaled)
        store = firestore() if emulator else SqliteStore(str(directory / "confsync.sqlite"))
        world = World(project=project, store=store, promises=Promises(cloud=project.cloud, store=store))
        world.seed_others()
        yield world
        store.close()


def until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Return as soon as the condition is true. Raises AssertionError if it takes too long."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "this never came to be"
        time.sleep(0.02)


def in_the_end(act: Callable[[], object]) -> None:
    """Do what needs the add-on as often as it takes, as a person does who sees an error."""

    def done() -> bool:
        try:
            act()
        except (AddOnFailedError, ConferenceError, *NO_ANSWER):
            return False
        return True

    until(done)
