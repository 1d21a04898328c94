"""Every scenario, with a fault at every call of it: nothing is lost, nothing doubled, nothing left behind."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

import pytest

from tests.simulation.cloud import Cloud
from tests.simulation.gate import Call, Crash
from tests.simulation.scenarios import SCENARIOS, Scenario


class Mode(StrEnum):
    """What goes wrong at one call."""

    BEFORE = "crash before it"
    AFTER = "crash after its work"
    LOST = "answer lost"


@dataclass
class OneFault:
    """Something goes wrong at the `number`-th call."""

    number: int
    mode: Mode | None
    count: int = 0
    hit: Call | None = None

    def before(self, call: Call) -> None:
        self.count += 1
        if self.count == self.number and self.mode is Mode.BEFORE:
            self.hit = call
            raise Crash

    def after(self, call: Call) -> None:
        if self.count == self.number and self.hit is None:
            self.hit = call
            if self.mode is Mode.AFTER:
                raise Crash
            raise call.lost()


def play(scenario: Scenario, fault: OneFault) -> Cloud:
    """Act under the fault, then let time pass until all is quiet."""
    cloud = Cloud()
    scenario.prepare(cloud)
    cloud.vendor.calls.clear()
    cloud.gate = fault
    scenario.act(cloud)
    cloud.follow()
    if scenario.insist is not None:
        scenario.insist(cloud)
        cloud.follow()
    fault.number = 0  # it comes now or never
    cloud.until_quiet()
    cloud.promises.check()
    cloud.until_collected()
    cloud.promises.check(collected=True)
    return cloud


def titles(cloud: Cloud) -> list[str]:
    return sorted(meeting.spec.title for meeting in cloud.vendor.meetings.values())


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_a_fault(name: str) -> None:
    scenario = SCENARIOS[name]
    cloud = Cloud()
    scenario.prepare(cloud)
    cloud.vendor.calls.clear()
    scenario.act(cloud)
    cloud.follow()
    assert Counter(cloud.vendor.calls) == scenario.calls
    cloud.until_quiet()
    cloud.promises.check()
    cloud.until_collected()
    cloud.promises.check(collected=True)
    assert titles(cloud) == scenario.meetings
    assert cloud.vendor.needless == scenario.needless


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_at_every_call(name: str, mode: Mode) -> None:
    number, hit = 0, True
    while hit:
        number += 1
        fault = OneFault(number, mode)
        try:
            play(SCENARIOS[name], fault)
        except AssertionError as broken:
            broken.add_note(f"scenario {name!r}, {mode}: call {number}, {fault.hit}")
            raise
        hit = fault.hit is not None
    assert number > 5, "there was nothing to disturb"
