"""Every use case on fakes, and the people and services around them."""

from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import Any

from confsync.domain import keys
from confsync.domain.calendar import Calendar
from confsync.domain.caller import Caller
from confsync.domain.channel import Channel
from confsync.domain.conference import Conference
from confsync.domain.errors import Busy, ServiceError
from confsync.domain.event import Event, EventConference
from confsync.domain.link import Link
from confsync.ports import Save
from confsync.usecases.assembly import Limits, UseCases
from confsync.usecases.create_conference import Created, CreateRequest
from confsync.usecases.reconcile_conference import Outcome
from confsync.usecases.sync_calendar import SyncReport
from tests.fakes.calendar import FakeCalendars, FakeUser
from tests.fakes.clock import FakeClock
from tests.fakes.drive import FakeDrive
from tests.fakes.logins import FakeLogins, FakeSealer
from tests.fakes.ports import FakePorts
from tests.fakes.provider import FakeProvider, FakeProviders
from tests.fakes.queue import FakeQueue, Task
from tests.fakes.store import CountingStore, MemoryStore
from tests.usecases.taps import Plug, Tapped

ANN = "ann@example.com"
BEN = "ben@example.com"
TEAM = "team@group.calendar.example.com"
KEY = keys.calendar_key(ANN)
TEAM_KEY = keys.calendar_key(TEAM)
CHANNEL_KEYS = (b"k" * 32,)
LEASE = timedelta(seconds=60)
TTL = timedelta(days=7)
STEP = timedelta(minutes=15)


def caller(email: str, hosted_domain: str | None = None) -> Caller:
    return Caller(email=email, hosted_domain=hosted_domain)


class World:
    """Ann's calendar, a provider with the solutions "zoom" and "jitsi", and confsync between them."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.domain: str | None = None
        """The Workspace domain of everybody; None: their accounts are their own."""
        self.calendars = FakeCalendars(self.clock)
        self.ann = self.calendars.user(ANN)
        self.provider = FakeProvider(self.clock)
        self.providers = FakeProviders(self.provider, "zoom", "jitsi")
        self.queue = FakeQueue()
        self.store = MemoryStore()
        self.counting = CountingStore(self.store)
        self.plug = Plug()
        self.sealer = FakeSealer()
        self.logins = FakeLogins(self.clock)
        self.drive: FakeDrive | None = FakeDrive()
        self.waiting: list[Task] = []
        self.build()

    def build(self, **limits: Any) -> None:
        """The use cases over the ports as they are, with these limits."""
        store, queue, calendars, providers = (
            Tapped(port, self.plug) for port in (self.counting, self.queue, self.calendars, self.providers)
        )
        self.ports = FakePorts(
            clock=self.clock,
            store=store,
            calendars=calendars,
            providers=providers,
            queue=queue,
            sealer=self.sealer,
            logins=self.logins,
            drive=self.drive,
        )
        self.usecases = usecases = UseCases(
            self.ports, Limits(**{"lease": LEASE, "channel_ttl": TTL, "batch": 500, **limits})
        )
        self.publish = usecases.publish_conference
        self.collecting = usecases.give_up_links
        self.reconciling = usecases.reconcile_conference
        self.channels = usecases.channels
        self.creating = usecases.create_conference
        self.syncing = usecases.sync_calendar
        self.sweep = usecases.renew_channels
        self.create_event, self.change_event = usecases.create_event, usecases.change_event
        self.reading = usecases.read_events

    @cached_property
    def team(self) -> FakeUser:
        """Ann on another calendar of hers, which is there from now on."""
        return self.calendars.add_calendar(TEAM, ANN)

    # --- people ------------------------------------------------------------------------------------------------------

    def create(self, event_id: str = "event1", solution: str = "zoom", user: str = ANN, **more: Any) -> Created:
        """Somebody chooses a solution in the event's dialog."""
        request = CreateRequest(
            **{
                "solution_id": solution,
                "calendar_id": "primary",
                "event_id": event_id,
                "user": caller(user, self.domain),
                **more,
            }
        )
        return self.creating(request)

    def save(self, created: Created, event_id: str = "event1", **fields: Any) -> Event:
        """Ann saves the event with the conference that she chose."""
        shown = shown_on_event(created)
        if event_id in {each.id for each in self.events()}:
            return self.ann.update(event_id, conference=shown, **fields)
        return self.ann.insert(id=event_id, conference=shown, **fields)

    def saved(self, event_id: str = "event1", **fields: Any) -> Created:
        """An event that was saved with its conference, and everything at rest."""
        created = self.create(event_id)
        self.save(created, event_id, **fields)
        self.deliver()
        self.sync()
        self.deliver()
        return created

    def events(self) -> tuple[Event, ...]:
        return self.calendars.acting_as(ANN).list_events(ANN).events

    # --- services ----------------------------------------------------------------------------------------------------

    def sync(self, key: str = KEY, *, renew: bool = False) -> SyncReport:
        """Raises what went wrong, though it was recorded, so that no test takes a failed sync for a good one."""
        report = self.syncing(key, renew=renew)
        if report.error is not None:
            raise report.error
        return report

    def collect(self, conference_id: str) -> bool:
        conference = self.conference(conference_id)
        return self.collecting(conference, self.store.get_many(Link, conference.links))

    def reconcile(self, conference_id: str) -> Outcome:
        return self.reconciling(conference_id)

    def deliver(self) -> None:
        """The queue delivers what is due, and what follows from it; what fails waits for another time."""
        failed: list[Task] = []
        for _ in range(20):
            self.waiting += self.queue.take()
            due = [task for task in self.waiting if task.at is None or task.at <= self.clock.now()]
            self.waiting = [task for task in self.waiting if task not in due]
            for task in dict.fromkeys(due):
                failed += [] if self._delivered(task) else [task]
            if not due:
                break
        self.waiting += failed

    def _delivered(self, task: Task) -> bool:
        """Whether the queue is done with it. A failure that was recorded has a task of its own."""
        try:
            if task.kind == "sync":
                self.syncing(task.key, renew=task.renew, notified=task.notified)
            else:
                self.reconcile(task.key)
        except (Busy, ServiceError):
            return False
        return True

    def settle(self, *, steps: int = 8) -> None:
        """Two hours pass: the scheduler calls the sweep, the queue delivers."""
        for _ in range(steps):
            self.sweep()
            self.deliver()
            self.clock.advance(STEP)

    # --- what is stored ----------------------------------------------------------------------------------------------

    @property
    def calendar(self) -> Calendar:
        found = self.store.get(Calendar, KEY)
        assert found is not None
        return found

    def change_calendar(self, **changes: Any) -> None:
        self.put(replace(self.calendar, **changes))

    def change_link(self, event_id: str = "event1", **changes: Any) -> None:
        link = self.link(event_id)
        assert link is not None
        self.put(replace(link, **changes))

    def conference(self, conference_id: str) -> Conference:
        found = self.store.get(Conference, conference_id)
        assert found is not None
        return found

    def link(self, event_id: str = "event1", calendar_id: str = ANN) -> Link | None:
        return self.store.get(Link, keys.link_key(keys.calendar_key(calendar_id), event_id))

    def channels_in_use(self) -> list[Channel]:
        """Those that are not retired: each is due at some time."""
        return self.store.due(Channel, self.clock.now() + timedelta(days=999), limit=99)

    def channel(self, channel_id: str | None) -> Channel:
        found = self.store.get(Channel, channel_id or "")
        assert found is not None
        return found

    def put(self, *records: Any) -> None:
        self.store.commit([Save(record=record) for record in records])


def shown_on_event(created: Created) -> EventConference:
    """What Calendar stores on the event when the add-on's answer is saved."""
    return EventConference(
        id=created.conference_id,
        solution_type="addOn",
        solution_name=created.solution.name,
        uris=created.details.uris,
    )
