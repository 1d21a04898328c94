"""One scenario, with something going wrong at one call of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial

from tests.simulation.cloud import LEASE, Cloud
from tests.simulation.gate import Call, Crash, Open
from tests.simulation.google import FOREIGN
from tests.simulation.scenarios import Scenario

STANDSTILL = LEASE + timedelta(seconds=10)


class Mode(StrEnum):
    """What goes wrong at the call."""

    BEFORE = "crash before it"
    AFTER = "crash after its work"
    LOST = "answer lost"
    EDIT = "it stands still after it; somebody edits or restores the event, and others follow"
    DELETE = "it stands still after it; somebody deletes the event, and others follow"


@dataclass(kw_only=True)
class Fault:
    """The gate of a world in which something goes wrong at the `number`-th call; 0: nothing does.

    `count` is the number of calls so far, `hit` the call that it came to.
    """

    number: int = 0
    mode: Mode = Mode.BEFORE
    count: int = 0
    hit: Call | None = None
    tell: Callable[[int, Call], object] = lambda number, call: None
    """Is told of each call, before it."""
    meanwhile: Callable[[], object] = lambda: None
    """What happens while the process stands still."""

    def before(self, call: Call) -> None:
        self.count += 1
        self.tell(self.count, call)
        if self.count == self.number and self.mode is Mode.BEFORE:
            self.hit = call
            raise Crash

    def after(self, call: Call) -> None:
        if self.count == self.number and self.hit is None:
            self.hit = call
            if self.mode is Mode.AFTER:
                raise Crash
            if self.mode is Mode.LOST:
                raise call.lost()
            self.meanwhile()


def act(scenario: Scenario, fault: Fault, world: Callable[[], Cloud] = Cloud) -> Cloud:
    """The deed and what follows from it, under the fault; if it hits, a person may insist."""
    cloud = world()
    scenario.prepare(cloud)
    cloud.vendor.calls.clear()
    cloud.gate = fault
    fault.meanwhile = partial(_meanwhile, cloud, edit=fault.mode is Mode.EDIT)
    scenario.act(cloud)
    cloud.follow()
    if scenario.insist is not None:
        scenario.insist(cloud)
        cloud.follow()
    fault.number = 0  # it came, or it never will
    return cloud


def _meanwhile(cloud: Cloud, *, edit: bool) -> None:
    """The process stands still for longer than any lease. A person acts, and all other processes do their work."""
    fault, cloud.gate = cloud.gate, Open()
    cloud.clock.advance(STANDSTILL)
    for person in (cloud.ann, cloud.team):
        for event in cloud.google.events(person.calendar_id):
            if event.recurring_event_id is not None or event.start is None or event.conference is FOREIGN:
                continue
            if edit and event.cancelled:
                person.restore(event.id)
            elif edit:
                person.update(event.id, title="Meanwhile")
            elif not event.cancelled:
                cloud.promises.release(person.calendar_id, event.id)
                person.delete(event.id)
    cloud.sweep()
    cloud.gate = fault


def rest(cloud: Cloud) -> None:
    """Time passes until all is quiet. Raises `AssertionError` for a promise that is broken."""
    cloud.until_quiet()
    cloud.promises.check()
    cloud.application.check()
    cloud.until_collected()
    cloud.promises.check(collected=True)


def calls_of(scenario: Scenario, world: Callable[[], Cloud] = Cloud) -> int:
    """How many calls leave the functions when nothing goes wrong: a fault is put at each."""
    fault = Fault()
    act(scenario, fault, world)
    return fault.count
