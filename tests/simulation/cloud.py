"""A whole world around confsync: people, Google Calendar, a vendor, a queue, a scheduler, and the functions between.

The use cases are the real ones, over the in-memory store; every call of theirs passes a gate. The clock moves only
when told, so days take milliseconds.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from confsync.domain import keys
from confsync.domain.caller import Caller
from confsync.domain.connection import Leaving
from confsync.domain.errors import (
    BadRequest,
    ConfsyncError,
    Invalid,
    NotFound,
    PermissionDenied,
    ReauthorizationRequired,
)
from confsync.domain.event import Event, EventConference
from confsync.usecases.assembly import Limits, UseCases, people_tokens
from confsync.usecases.connect_account import Connected
from confsync.usecases.create_conference import Created, CreateRequest
from confsync.usecases.receive_notification import Notification
from confsync.usecases.writing.event_writer import Request, Written
from tests.fakes.clock import FakeClock
from tests.fakes.ports import FakePorts
from tests.fakes.provider import FakeProviders
from tests.fakes.queue import FakeQueue, Task
from tests.simulation.application import Application
from tests.simulation.gate import Call, Crash, Gate, Gated, Open
from tests.simulation.google import Notice, Person, SimulatedGoogle
from tests.simulation.promises import ObservedStore, Promises, shown
from tests.simulation.vendor import SimulatedVendor

DOMAIN = "example.com"
ANN, BEN, CARA = (f"{name}@{DOMAIN}" for name in ("ann", "ben", "cara"))
TEAM, SIDE = "team@group.calendar", "side@group.calendar"
SOLUTIONS = ("zoom", "jitsi")
LEASE = timedelta(seconds=60)
TTL = timedelta(days=7)
INTERVAL = timedelta(minutes=15)
DAY = timedelta(hours=24)
A_MOMENT = timedelta(milliseconds=20)
SOON = timedelta(seconds=70)
"""As far as a follow-up is waited for: a dead worker's lease and its retries are over by then."""

RECORDED = (ReauthorizationRequired, PermissionDenied, NotFound, Invalid)
"""What the functions answer 200 to: the queue need not try again (see `web/tasks.py`)."""

T = TypeVar("T")


class Functions:
    """The deployed functions, as one process has them: every call of theirs passes the gate."""

    def __init__(self, cloud: "Cloud", gate: Gate) -> None:
        self._ports = cloud.ports(lambda name, port: Gated(name, port, gate, cloud.heard))
        self._usecases = UseCases(self._ports, cloud.limits)

    def create(self, request: CreateRequest) -> Created:
        return self._usecases.create_conference(request)

    def create_event(self, request: Request, key: str | None) -> Written:
        return self._usecases.create_event(request, key=key)

    def change_event(self, request: Request, event_id: str) -> Written:
        return self._usecases.change_event(request, event_id)

    def delete_event(self, request: Request, event_id: str) -> None:
        self._usecases.delete_event(request, event_id)

    def receive(self, notice: Notice) -> None:
        notification = Notification(channel_id=notice.channel_id, channel_token=notice.token, resource_state="exists")
        self._usecases.receive_notification(notification)

    def work(self, task: Task) -> None:
        """A task from the queue. Raises if the queue has to try again."""
        with suppress(*RECORDED):
            if task.kind == "sync":
                self._usecases.sync_calendar(task.key, renew=task.renew, notified=task.notified)
            else:
                self._usecases.reconcile_conference(task.key)

    def sweep(self) -> None:
        self._usecases.renew_channels()

    def connect(self, owner: str, code: str) -> Connected:
        return self._usecases.connect_account.complete(owner, "fake", code=code, verifier="", redirect_uri="")

    def disconnect(self, owner: str, then: Leaving, shown: str | None = None) -> None:
        with suppress(BadRequest):  # it was done by somebody else
            self._usecases.connect_account.disconnect(owner, "fake", then, shown=shown)

    def token(self, owner: str) -> str:
        return people_tokens(self._ports).token(owner, "fake")


@dataclass(kw_only=True)
class Waiting:
    """A task in the queue, and when it is tried next."""

    task: Task
    at: datetime
    attempts: int = 0


class Cloud:
    """Ann and Ben share a team calendar; Ann has one more, Cara is only ever a guest.

    `gate` is what calls pass when functions are run here, one after the other, to their ends.
    """

    def __init__(
        self,
        *,
        page_size: int = 50,
        window: timedelta | None = None,
        vendor: Callable[[FakeClock], SimulatedVendor] = SimulatedVendor,
        **limits: Any,
    ) -> None:
        self.limits = Limits(lease=LEASE, channel_ttl=TTL, full_sync_window=window, batch=500, **limits)
        self.window = window
        self.clock = FakeClock()
        self.google = SimulatedGoogle(self.clock, page_size=page_size)
        self.vendor = vendor(self.clock)
        self.vendors = FakeProviders(self.vendor, *SOLUTIONS, hosts=self.vendor.hosts)
        self.queue = FakeQueue()
        self.store = ObservedStore()
        self.promises = Promises(self)
        self.store.observer = self.promises.committed
        self.google.stopping = self.promises.stopped
        self.keys = (b"k" * 32,)
        self.gate: Gate = Open()
        self.waiting: list[Waiting] = []
        self.crashes = 0
        self.on_trouble: list[Callable[[], object]] = []
        """What somebody does as soon as a function died or failed."""
        self.people = {
            ANN: Person(self.google, ANN, ANN),
            BEN: Person(self.google, BEN, BEN),
            CARA: Person(self.google, CARA, CARA),
        }
        for calendar_id in (TEAM, SIDE):
            self.google.add_calendar(calendar_id, ANN)
        self.google.share(TEAM, BEN)
        self.application = Application(self, ANN)
        self.ann, self.ben = self.people[ANN], self.people[BEN]
        self.team, self.side = Person(self.google, ANN, TEAM), Person(self.google, ANN, SIDE)
        self.ben_on_team = Person(self.google, BEN, TEAM)

    def ports(self, gated: Callable[[str, Any], Any]) -> FakePorts:
        """What one process has, each port behind its gate."""
        return FakePorts(
            clock=gated("clock", self.clock),
            store=gated("store", self.store),
            calendars=gated("google", self.google),
            providers=gated("vendor", self.vendors),
            queue=gated("queue", self.queue),
            channel_keys=self.keys,
        )

    def heard(self, call: Call, answer: Any) -> None:
        """An answer came back to its caller."""
        if str(call) == "vendor.create":
            self.vendor.answered.add(answer.reference.ids["id"])
        self.clock.advance(A_MOMENT)

    # --- people ------------------------------------------------------------------------------------------------------

    def choose(self, person: Person, event_id: str, solution: str = "zoom") -> Created | None:
        """They pick a solution in the event's dialog; None if they got an error."""
        request = self.request(person, event_id, solution)
        created = self.run(lambda functions: functions.create(request))
        self.promises.chosen[self.conference_id(person.calendar_id, event_id, solution)] = self.clock.now()
        return created

    @staticmethod
    def request(person: Person, event_id: str, solution: str) -> CreateRequest:
        return CreateRequest(
            solution_id=solution,
            calendar_id=person.calendar_id,
            event_id=event_id,
            user=Caller(email=person.account, hosted_domain=DOMAIN),
        )

    def save(self, person: Person, event_id: str, created: Created, **fields: Any) -> None:
        """They save the event with what they chose."""
        shown = EventConference(
            id=created.conference_id,
            solution_type="addOn",
            solution_name=created.solution.name,
            uris=created.details.uris,
        )
        put = person.update if person.has(event_id) else person.insert
        put(event_id, conference=shown, **fields)
        if self.vendor.keeps_links:
            self.promises.promise(person.calendar_id, event_id, created.details.video_uri)
        self.promises.chosen[created.conference_id] = self.clock.now()

    def with_conference(self, person: Person, event_id: str, solution: str = "zoom", **fields: Any) -> None:
        """They make an event with a conference, and everything comes to rest."""
        created = self.choose(person, event_id, solution)
        assert created is not None
        self.save(person, event_id, created, **fields)
        self.follow()

    # --- services ----------------------------------------------------------------------------------------------------

    def run(self, work: Callable[[Functions], T]) -> T | None:
        """One invocation of a function, to its end or its death; None if it failed."""
        try:
            return work(Functions(self, self.gate))
        except Crash:
            self.crashes += 1
        except ConfsyncError:
            pass
        while self.on_trouble:
            self.on_trouble.pop()()
        return None

    def deliver(self, waiting: Waiting) -> bool:
        """One attempt at a task; whether the queue is done with it."""
        done: list[bool] = []
        self.run(lambda functions: done.append(functions.work(waiting.task) is None))
        return bool(done)

    def collect_tasks(self) -> None:
        """What functions handed to the queue waits there."""
        for task in self.queue.take():
            self.waiting.append(Waiting(task=task, at=task.at or self.clock.now()))

    def put_back(self, waiting: Waiting) -> None:
        """The queue tries again later, with backoff."""
        attempts = waiting.attempts + 1
        pause = timedelta(seconds=min(2**attempts, 60))
        self.waiting.append(Waiting(task=waiting.task, at=self.clock.now() + pause, attempts=attempts))

    def follow(self) -> None:
        """Notifications arrive, the queue delivers, and what follows from it, as long as something is due soon."""
        for _ in range(500):
            self._receive_all()
            self.collect_tasks()
            waiting = min(self.waiting, key=lambda w: w.at, default=None)
            if waiting is None or waiting.at > self.clock.now() + SOON:
                return
            self.waiting.remove(waiting)
            self.clock.advance(max(waiting.at - self.clock.now(), timedelta(0)))
            if not self.deliver(waiting):
                self.put_back(waiting)
        raise AssertionError("it never comes to rest")

    def _receive_all(self) -> None:
        while self.google.notices:
            notice = self.google.notices.pop(0)
            if self.run(lambda functions: functions.receive(notice) is None) is None:  # noqa: B023 - run at once
                self.run(lambda functions: functions.receive(notice))  # noqa: B023 - Google tries again

    def sweep(self) -> None:
        self.run(Functions.sweep)
        self.follow()

    def until_quiet(self) -> None:
        """Two hours pass, with the sweep every quarter of an hour."""
        for _ in range(8):
            self.sweep()
            self.clock.advance(INTERVAL)

    def until_settled(self, days: int = 10) -> None:
        """So much time that what waits for a new day's budget, or for a calendar to come back, is done."""
        for _ in range(days * DAY // INTERVAL):
            if self.promises.at_rest():
                return
            self.clock.advance(INTERVAL)
            self.sweep()

    def until_collected(self) -> None:
        """So much time that nothing which nobody saved may be left."""
        self.clock.advance(DAY)
        self.until_quiet()

    # --- what is stored ----------------------------------------------------------------------------------------------

    def conference_id(self, calendar_id: str, event_id: str, solution: str = "zoom") -> str:
        return keys.conference_id(keys.calendar_key(calendar_id), event_id, solution)

    def shows(self, calendar_id: str, event_id: str) -> str | None:
        """The id of the conference that is on the event."""
        return next((each.conference_id for each in self.google.events(calendar_id) if each.id == event_id), None)

    def has(self, calendar_id: str, event_id: str) -> bool:
        """Whether the event is there, and not in the trash."""
        return any(each.id == event_id and not each.cancelled for each in self.google.events(calendar_id))

    def addresses(self, calendar_id: str, event_id: str) -> frozenset[str]:
        """Where people who look at the event would join."""
        return next((shown(each) for each in self.google.events(calendar_id) if each.id == event_id), frozenset())

    def events(self) -> list[tuple[str, Event]]:
        """Every event of every calendar, with the calendar's id."""
        return [(id, event) for id in self.google.calendar_ids() for event in self.google.events(id)]
