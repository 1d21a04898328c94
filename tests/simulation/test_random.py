"""Everything at once and in any order: people, functions stopped at every call, faults, crashes, time."""

import os
from datetime import UTC, datetime, timedelta, tzinfo
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from confsync.domain.errors import (
    PermissionDenied,
    PreconditionFailed,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    StoreConflict,
    Temporary,
)
from confsync.usecases.create_conference import Created
from tests.simulation.application import BY_HAND, MEET, copied_from, made_with
from tests.simulation.cloud import ANN, BEN, CARA, DAY, LEASE, SIDE, SOLUTIONS, TEAM, Cloud, Functions, Waiting
from tests.simulation.gate import Call, Crash
from tests.simulation.google import FOREIGN, Person
from tests.simulation.scenarios import HALF_HOUR, START, WEEK, WEEKLY
from tests.simulation.vendor import PER_DAY, REFUSED
from tests.simulation.workers import Worker

RUNS = int(os.environ.get("RUNS", "600"))
SEED = int(os.environ.get("SEED", "0"))
SHARDS = 4
STEPS = 60
WORKERS = 3
PAUSES = [timedelta(seconds=s) for s in (0.5, 2, 6, 30, 70, 300)]
LONG = [timedelta(minutes=20), timedelta(hours=5), timedelta(days=1), timedelta(days=4), timedelta(days=9)]
PLACES = ["here", "ann", "team", "side", "ben", "ben_on_team"]
PEOPLE = ["ann", "ben", "team", "ben_on_team"]
CALENDARS = [ANN, BEN, TEAM, SIDE]
ZONES = [UTC, ZoneInfo("Europe/Berlin")]
TITLES = ["Standup", "Retro", "Planning", "", REFUSED]
RULES = [(), WEEKLY, ("RRULE:FREQ=DAILY;COUNT=3",), ("RRULE:FREQ=MONTHLY",)]
any_index = st.integers(0, 11)


class Everyday(RuleBasedStateMachine):
    """Ann, Ben and Cara use their calendars; confsync follows.

    Rules pick things by number, so that a failing story can be kept as a test whatever else changes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cloud = Cloud(page_size=2)
        self.workers: list[Worker] = []
        self.events: list[tuple[Person, str]] = []
        self.chosen: list[tuple[Person, str, Created, datetime]] = []
        self.made = 0
        self.disturbed = 0
        """Crashes, errors and lost answers: after each, one needless update may follow."""
        ann = self.cloud.ann
        ann.insert("meet", title="Meet", conference=FOREIGN)
        self.cloud.vendor.add_foreign("foreign", ann.event("meet").spec(host=ANN))
        self.events.append((ann, "meet"))

    @initialize(per_day=st.sampled_from([PER_DAY, PER_DAY, 6]), window=st.sampled_from([None, None, 2 * DAY]))
    def configure(self, per_day: int, window: timedelta | None) -> None:
        self.cloud.vendor.limit_days(per_day)
        self.cloud.window = window

    # --- people ------------------------------------------------------------------------------------------------------

    def _new_id(self) -> str:
        self.made += 1
        return f"e{self.made}"

    def _pick(self, index: int) -> tuple[Person, str]:
        return self.events[index % len(self.events)]

    @rule(
        who=st.sampled_from(PEOPLE),
        solution=st.sampled_from(SOLUTIONS),
        exists=st.booleans(),
    )
    def choose_for_new_event(self, who: str, solution: str, exists: bool) -> None:
        person = getattr(self.cloud, who)
        event_id = self._new_id()
        if exists:
            person.insert(event_id, title="New")
            self.events.append((person, event_id))
        self._choose(person, event_id, solution)

    @rule(index=any_index, solution=st.sampled_from(SOLUTIONS), as_ben=st.booleans())
    def choose(self, index: int, solution: str, as_ben: bool) -> None:
        person, event_id = self._pick(index)
        if person.has(event_id):
            if as_ben and person.calendar_id == TEAM:
                person = self.cloud.ben_on_team
            self._choose(person, event_id, solution)

    def _choose(self, person: Person, event_id: str, solution: str) -> None:
        request = self.cloud.request(person, event_id, solution)

        def work(functions: Functions) -> None:
            created = functions.create(request)
            self.chosen.append((person, event_id, created, self.cloud.clock.now()))

        def done(_: bool) -> None:
            conference_id = self.cloud.conference_id(person.calendar_id, event_id, solution)
            self.cloud.promises.chosen[conference_id] = self.cloud.clock.now()

        done(False)
        self._start(f"create {event_id}", work, done)

    @precondition(lambda self: self.chosen)
    @rule(index=any_index, title=st.sampled_from(TITLES), guests=st.sampled_from([(), (CARA,), (BEN, CARA)]))
    def save(self, index: int, title: str, guests: tuple[str, ...]) -> None:
        """What was chosen is saved with the event."""
        person, event_id, created, since = self.chosen.pop(index % len(self.chosen))
        known = any(event.id == event_id for event in self.cloud.google.events(person.calendar_id))
        if known and not (person.has(event_id) and person.event(event_id).organizer_self):
            return
        self.cloud.save(person, event_id, created, title=title, **({} if known else {"attendees": guests}))
        gone = created.details.entry_points[0].meeting_code in self.cloud.vendor.lost
        if gone or self.cloud.clock.now() - since > DAY - timedelta(hours=1):
            self.cloud.promises.release(person.calendar_id, event_id)  # it may have been given up by then
        if not known:
            self.events.append((person, event_id))

    @rule(index=any_index, title=st.sampled_from(TITLES))
    def rename(self, index: int, title: str) -> None:
        person, event_id = self._pick(index)
        if person.has(event_id):
            person.update(event_id, title=title)

    @rule(index=any_index, hours=st.integers(0, 3), zone=st.sampled_from(ZONES), all_day=st.booleans())
    def move_in_time(self, index: int, hours: int, zone: tzinfo, all_day: bool) -> None:
        person, event_id = self._pick(index)
        if person.has(event_id) and all_day:
            person.update(event_id, start=START.date(), end=(START + DAY).date())
        elif person.has(event_id):
            start = (START + timedelta(hours=hours)).astimezone(zone)
            person.update(event_id, start=start, end=start + HALF_HOUR)

    @rule(index=any_index, recurrence=st.sampled_from(RULES))
    def change_rule(self, index: int, recurrence: tuple[str, ...]) -> None:
        person, event_id = self._pick(index)
        if self._is_master(person, event_id):
            person.update(event_id, recurrence=recurrence)

    @rule(index=any_index, week=st.integers(1, 3), cancel=st.booleans())
    def change_instance(self, index: int, week: int, cancel: bool) -> None:
        person, event_id = self._pick(index)
        if person.has(event_id) and person.event(event_id).recurrence:
            at = START + week * WEEK
            instance = person.change_instance(event_id, at, title="Only this", cancelled=cancel)
            if cancel:
                self.cloud.promises.release(person.calendar_id, instance)

    @rule(index=any_index, week=st.sampled_from([1, 2, 5]), solution=st.sampled_from(SOLUTIONS))
    def choose_for_instance(self, index: int, week: int, solution: str) -> None:
        """One time of a series has a conference of its own, once it is saved with it."""
        person, event_id = self._pick(index)
        if person.has(event_id) and person.event(event_id).recurrence:
            instance = person.change_instance(event_id, START + week * WEEK)
            if not person.has(instance):
                return
            if (person, instance) not in self.events:
                self.events.append((person, instance))
            self._choose(person, instance, solution)

    def _is_master(self, person: Person, event_id: str) -> bool:
        return person.has(event_id) and person.event(event_id).recurring_event_id is None

    @rule(index=any_index, new_first=st.booleans())
    def split(self, index: int, new_first: bool) -> None:
        person, event_id = self._pick(index)
        if person.has(event_id) and person.event(event_id).recurrence == WEEKLY:
            self._share(person, event_id, new := self._new_id())
            before = self.cloud.google.exceptions(person.calendar_id, event_id)
            person.split(event_id, new, START + 4 * WEEK, new_first=new_first, title="Later half")
            for exception in before:
                if not person.has(exception.id):
                    self._rename(person, exception.id, person, exception.id.replace(event_id, new, 1))

    def _rename(self, person: Person, event_id: str, to: Person, new: str) -> None:
        """The event has another place now."""
        links = self.cloud.promises.links
        if (uri := links.pop((person.calendar_id, event_id), None)) is not None:
            links[to.calendar_id, new] = uri
        self.events = [(to, new) if each == (person, event_id) else each for each in self.events]

    @rule(index=any_index, to=st.sampled_from(PLACES))
    def copy(self, index: int, to: str) -> None:
        """Within its calendar, or to another one; there the copy may be read only after the original is gone."""
        person, event_id = self._pick(index)
        if not person.has(event_id):
            return
        place = self._place(person, to)
        if place is person:
            self._share(person, event_id, new := self._new_id())
            person.copy(event_id, new)
        elif place is not None:
            person.copy(event_id, new := self._new_id(), to=place.calendar_id)
            self.events.append((place, new))

    def _place(self, person: Person, to: str) -> Person | None:
        """The calendar as they use it, if they do."""
        if to == "here":
            return person
        place: Person = getattr(self.cloud, to)
        return place if place.account == person.account and place.calendar_id != person.calendar_id else None

    def _share(self, person: Person, event_id: str, new: str) -> None:
        links = self.cloud.promises.links
        if (uri := links.get((person.calendar_id, event_id))) is not None:
            links[person.calendar_id, new] = uri
        self.events.append((person, new))

    @rule(index=any_index)
    def delete(self, index: int) -> None:
        person, event_id = self._pick(index)
        if person.has(event_id):
            for each in [event_id, *(e.id for e in self.cloud.google.exceptions(person.calendar_id, event_id))]:
                self.cloud.promises.release(person.calendar_id, each)
            person.delete(event_id)

    @rule(index=any_index, exceptions=st.booleans())
    def restore(self, index: int, exceptions: bool) -> None:
        person, event_id = self._pick(index)
        series = person.event(event_id).recurring_event_id
        if not person.has(event_id) and (series is None or person.has(series)):
            person.restore(event_id, exceptions=exceptions)

    @rule(index=any_index)
    def decline(self, index: int) -> None:
        """A guest deletes the event from a calendar of their own."""
        _, event_id = self._pick(index)
        if self.cloud.ben.has(event_id) and not self.cloud.ben.event(event_id).organizer_self:
            self.cloud.ben.delete(event_id)

    @rule(index=any_index)
    def hand_over(self, index: int) -> None:
        """Ben is the organizer from now on."""
        person, event_id = self._pick(index)
        if person is not self.cloud.ann or not self._is_master(person, event_id):
            return
        exceptions = [each.id for each in self.cloud.google.exceptions(ANN, event_id)]
        person.hand_over(event_id, BEN)
        for each in [event_id, *exceptions]:
            self._rename(person, each, self.cloud.ben, each)
            self.cloud.promises.handed_over.add((ANN, each))

    @rule(index=any_index, meet=st.booleans())
    def remove_conference(self, index: int, meet: bool) -> None:
        person, event_id = self._pick(index)
        if person.has(event_id):
            self.cloud.promises.release(person.calendar_id, event_id)
            person.update(event_id, conference=FOREIGN if meet else None, description="", location="")

    @rule(index=any_index, to=st.sampled_from(PLACES[1:]))
    def move_to_calendar(self, index: int, to: str) -> None:
        person, event_id = self._pick(index)
        place = self._place(person, to)
        if place is None or not self._is_master(person, event_id):
            return
        moved = [event_id, *(each.id for each in self.cloud.google.exceptions(person.calendar_id, event_id))]
        person.move(event_id, place.calendar_id)
        for each in moved:
            self._rename(person, each, place, each)

    # --- an application -----------------------------------------------------------------------------------------------

    @rule(number=st.integers(0, 2), solution=st.sampled_from(SOLUTIONS), who=st.sampled_from(["ann", "team"]))
    def application_creates(self, number: int, solution: str, who: str) -> None:
        """With a key that it may have used before."""
        person, key = getattr(self.cloud, who), f"{solution} {number}"
        event_id = self.cloud.application.event_id(key, person.calendar_id)

        def done(_: bool) -> None:
            if person.has(event_id) and (person, event_id) not in self.events:
                self.events.append((person, event_id))

        work = self.cloud.application.create(key, made_with(solution), person.calendar_id)
        self._start(f"application creates {event_id[:8]}", work, done)

    @rule(index=any_index, wanted=st.sampled_from([made_with("zoom"), made_with("jitsi"), None, MEET, BY_HAND]))
    def application_changes(self, index: int, wanted: dict[str, object] | None) -> None:
        person, event_id = self._pick(index)
        if person.account == ANN and person.has(event_id) and person.event(event_id).organizer_self:
            work = self.cloud.application.change(event_id, event_id, wanted, person.calendar_id)
            self._start(f"application changes {event_id[:8]}", work)

    @rule(index=any_index, number=st.integers(0, 2))
    def application_copies(self, index: int, number: int) -> None:
        """The conference of an event, for a new one."""
        person, event_id = self._pick(index)
        if person.account != ANN or not person.has(event_id):
            return
        key = f"copy {number} of {event_id}"
        new = self.cloud.application.event_id(key, ANN)

        def done(_: bool) -> None:
            if self.cloud.ann.has(new) and (self.cloud.ann, new) not in self.events:
                self.events.append((self.cloud.ann, new))

        work = self.cloud.application.create(key, copied_from(event_id, person.calendar_id), ANN)
        self._start(f"application copies {event_id[:8]}", work, done)

    @rule(index=any_index)
    def application_deletes(self, index: int) -> None:
        person, event_id = self._pick(index)
        if person.account == ANN and person.has(event_id):
            for each in self.cloud.google.exceptions(person.calendar_id, event_id):
                self.cloud.promises.release(person.calendar_id, each.id)
            work = self.cloud.application.delete(event_id, event_id, person.calendar_id)
            self._start(f"application deletes {event_id[:8]}", work)

    # --- functions ---------------------------------------------------------------------------------------------------

    def _start(self, name: str, work: object, done: object = lambda _: None) -> None:
        self.workers = [worker for worker in self.workers if not worker.over]
        while len(self.workers) >= WORKERS:
            self._run(self.workers.pop(0))
        self.workers.append(Worker(self.cloud, name, work, done))  # type: ignore[arg-type]

    def _run(self, worker: Worker) -> None:
        for _ in range(3000):
            if worker.over:
                return
            worker.step()
        raise AssertionError(f"{worker} never ends")

    @property
    def running(self) -> list[Worker]:
        return [worker for worker in self.workers if not worker.over]

    @precondition(lambda self: self.cloud.google.notices)
    @rule(index=any_index, times=st.sampled_from([1, 1, 1, 0, 2]))
    def notify(self, index: int, times: int) -> None:
        """A notification arrives: late, out of order, lost or doubled."""
        notices = self.cloud.google.notices
        notice = notices.pop(index % len(notices))
        for _ in range(times):
            self._start("notification", partial(_receive, notice=notice))

    @rule(index=any_index, twice=st.booleans())
    def deliver(self, index: int, twice: bool) -> None:
        """The queue delivers a task that is due."""
        self.cloud.collect_tasks()
        due = [waiting for waiting in self.cloud.waiting if waiting.at <= self.cloud.clock.now()]
        if not due:
            return
        waiting = due[index % len(due)]
        self.cloud.waiting.remove(waiting)
        self._deliver(waiting)
        if twice:
            self._start(f"{waiting.task.kind} again", partial(_work, waiting=waiting))

    def _deliver(self, waiting: Waiting) -> None:
        def done(answered: bool) -> None:
            if not answered:
                self.cloud.put_back(waiting)

        self._start(f"{waiting.task.kind} {waiting.task.key[:16]}", partial(_work, waiting=waiting), done)

    @rule()
    def sweep(self) -> None:
        self._start("sweep", Functions.sweep)

    @precondition(lambda self: self.running)
    @rule(index=any_index, steps=st.integers(1, 25))
    def step(self, index: int, steps: int) -> None:
        worker = self.running[index % len(self.running)]
        for _ in range(steps):
            if not worker.over:
                worker.step()
        note(str(worker))

    @precondition(lambda self: self.running)
    @rule(index=any_index)
    def finish(self, index: int) -> None:
        self._run(self.running[index % len(self.running)])

    @precondition(lambda self: self.running)
    @rule(index=any_index)
    def crash(self, index: int) -> None:
        worker = self.running[index % len(self.running)]
        note(f"crash of {worker}")
        self.disturbed += 1
        worker.step(Crash())

    @precondition(lambda self: self.running)
    @rule(index=any_index, fault=st.integers(0, 5))
    def fail(self, index: int, fault: int) -> None:
        """A call of a worker fails, or its answer is lost."""
        worker = self.running[index % len(self.running)]
        assert worker.waits is not None
        call, done = worker.waits
        note(f"fault {fault} at {worker}")
        self.disturbed += 1
        if call.port == "clock":
            return
        worker.step(call.lost() if done else self._refusal(call, fault))

    def _refusal(self, call: Call, fault: int) -> ServiceError | StoreConflict:
        now = self.cloud.clock.now()
        if call.port == "store":
            return StoreConflict("somebody else wrote") if call.method == "commit" and fault % 2 else Temporary("503")
        if call.port == "queue":
            return Temporary("503", service="queue")
        if fault == 0 and call.method in {"write_conference", "write_text"}:
            return PreconditionFailed("412", service="google")
        return {
            1: RateLimited("429", retry_at=now + timedelta(minutes=10)),
            2: RateLimited("403 rateLimitExceeded"),
            3: PermissionDenied("403") if call.port == "vendor" else Temporary("500"),
            4: ReauthorizationRequired("invalid_grant") if call.port == "vendor" else Temporary("500"),
        }.get(fault, Temporary("500"))

    # --- the rest of the world ---------------------------------------------------------------------------------------

    @rule(calendar_id=st.sampled_from([ANN, TEAM, BEN]))
    def expire_sync_tokens(self, calendar_id: str) -> None:
        self.cloud.google.expire_sync_tokens(calendar_id)

    @rule(calendar_id=st.sampled_from([ANN, TEAM]))
    def expire_channels(self, calendar_id: str) -> None:
        self.cloud.google.expire_channels(calendar_id)

    @rule(account=st.sampled_from([ANN, BEN]))
    def revoke(self, account: str) -> None:
        self.cloud.google.revoked.add(account)

    @rule()
    def grant(self) -> None:
        self.cloud.google.revoked.clear()

    @rule(calendar_id=st.sampled_from(CALENDARS))
    def hide(self, calendar_id: str) -> None:
        """Calendar answers 404 for it, to everybody."""
        self.cloud.google.hide(calendar_id)

    @rule()
    def unshare(self) -> None:
        """Ann may not see the team's calendar any more; Ben may."""
        self.cloud.google.unshare(TEAM, ANN)

    @rule()
    def show_all(self) -> None:
        self._show_all()

    def _show_all(self) -> None:
        self.cloud.google.show_all()
        self.cloud.google.share(TEAM, ANN)

    @rule(calendar_id=st.sampled_from(CALENDARS), watchable=st.booleans())
    def change_kind(self, calendar_id: str, watchable: bool) -> None:
        self.cloud.google.make_unwatchable(calendar_id, watchable=watchable)

    @rule(writes=st.sampled_from(["keep", "strip", "refuse"]))
    def change_writes(self, writes: str) -> None:
        """Whether Google takes conferences from us."""
        self.cloud.google.writes = writes  # type: ignore[assignment]

    @rule(index=any_index, readable=st.booleans())
    def garble(self, index: int, readable: bool) -> None:
        """An event can't be read, or can be read again."""
        person, event_id = self._pick(index)
        if readable:
            self.cloud.google.make_readable(person.calendar_id, event_id)
        else:
            self.cloud.google.make_unreadable(person.calendar_id, event_id)

    @rule()
    def kill_pages(self) -> None:
        self.cloud.google.kill_pages()

    @rule(index=any_index)
    def lose_meeting(self, index: int) -> None:
        """Somebody deletes a meeting at the vendor."""
        meetings = [meeting for meeting in self.cloud.vendor.meetings.values() if meeting.id != "foreign"]
        if meetings:
            meeting = meetings[index % len(meetings)]
            self.cloud.vendor.lose(meeting.id)
            links = self.cloud.promises.links
            for place in [place for place, uri in links.items() if uri in meeting.conference.details.uris]:
                self.cloud.promises.release(*place)

    @rule(closed=st.booleans())
    def close_vendor(self, closed: bool) -> None:
        self.cloud.vendor.closed = closed

    @rule(refuses=st.booleans())
    def close_queue(self, refuses: bool) -> None:
        self.cloud.queue.error = Temporary("503", service="queue") if refuses else None

    @rule()
    def hold_tasks(self) -> None:
        """The queue is an hour late."""
        self.cloud.collect_tasks()
        for waiting in self.cloud.waiting:
            waiting.at += timedelta(hours=1)

    @rule(by=st.sampled_from(PAUSES))
    def wait(self, by: timedelta) -> None:
        """Calls to the vendor end within their deadline; anything else may stand still."""
        for worker in self.running:
            if worker.in_flight:
                worker.step()
        if by > LEASE / 2:
            self.disturbed += len(self.running)  # others take over from who stands still
        self.cloud.clock.advance(by)

    @rule(by=st.sampled_from(LONG))
    def wait_long(self, by: timedelta) -> None:
        """No function runs for longer than its time-out."""
        for worker in self.running:
            self._run(worker)
        self._show_all()  # after a month it would count as deleted
        self.cloud.clock.advance(by)

    def teardown(self) -> None:
        """The faults end. What was under way goes on, what is due is done, and every promise holds."""
        self._mend()
        for worker in self.running:
            self._run(worker)
        self.cloud.until_quiet()
        self.cloud.until_quiet()  # what was refused is tried hourly, and what follows from it an hour later
        self.cloud.until_settled()
        self.cloud.promises.check()
        self.cloud.until_collected()
        self.cloud.promises.check(collected=True)
        assert self.cloud.vendor.needless <= self.disturbed, "updates that changed nothing"

    def _mend(self) -> None:
        """People and services put right what only they can."""
        cloud = self.cloud
        cloud.google.revoked.clear()
        self._show_all()
        cloud.vendor.closed, cloud.queue.error = False, None
        for calendar_id, event in cloud.events():
            cloud.google.make_readable(calendar_id, event.id)
            if event.title == REFUSED and not event.cancelled and event.organizer_self:
                Person(cloud.google, calendar_id, calendar_id).update(event.id, title="Mended")


def _receive(functions: Functions, notice: object) -> None:
    functions.receive(notice)  # type: ignore[arg-type]


def _work(functions: Functions, waiting: Waiting) -> None:
    functions.work(waiting.task)


@pytest.mark.timeout(24 * 3600)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_everyday(shard: int) -> None:
    """RUNS stories of STEPS steps, in shards. The same SEED tells the same stories."""
    machine = seed(SEED * SHARDS + shard)(type("Everyday", (Everyday,), {}))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(1, RUNS // SHARDS),
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate, Phase.shrink],
        ),
    )
