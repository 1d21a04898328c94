"""Every scenario, with a fault at every call of it: nothing is lost, nothing doubled, nothing left behind."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest

from tests.simulation.cloud import Cloud
from tests.simulation.every_call import Fault, Mode, act, calls_of, rest
from tests.simulation.gate import BrokenPromise
from tests.simulation.table import SCENARIOS


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_a_fault(name: str) -> None:
    scenario = SCENARIOS[name]
    cloud = act(scenario, Fault())
    assert Counter(cloud.vendor.calls) == scenario.calls
    rest(cloud)
    assert sorted(meeting.spec.title for meeting in cloud.vendor.meetings.values()) == scenario.meetings
    assert cloud.vendor.needless == scenario.needless


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_same_where_watched_calendars_are_looked_at_rarely(name: str) -> None:
    """Only later: within two hours, as everything has to be by then."""
    scenario = SCENARIOS[name]
    rest(act(scenario, Fault(), partial(Cloud, watched_interval=timedelta(hours=1))))


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_at_every_call(name: str, mode: Mode) -> None:
    scenario = SCENARIOS[name]
    calls = calls_of(scenario)
    assert calls > 3, "there is nothing to disturb"
    for number in range(1, calls + 1):
        fault = Fault(number=number, mode=mode)
        try:
            cloud = act(scenario, fault)
            rest(cloud)
            assert cloud.vendor.needless <= scenario.needless + 1, "updates that changed nothing"
        except (AssertionError, BrokenPromise) as broken:
            broken.add_note(f"scenario {name!r}, {mode}: call {number}, {fault.hit}")
            raise
        assert fault.hit is not None
