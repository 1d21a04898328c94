"""People's own accounts, with a fault at every call: tokens are never lost, nothing is orphaned, no third state."""

from collections import Counter
from collections.abc import Callable
from itertools import product

import pytest

from confsync.domain.connection import ConnectionState, Leaving
from tests.fakes.logins import LASTS
from tests.simulation.accounts import SCENARIOS, PersonalCloud, lie_idle, rest_with_accounts, saved
from tests.simulation.cloud import ANN, Functions
from tests.simulation.every_call import Fault, Mode, act, calls_of
from tests.simulation.gate import BrokenPromise
from tests.simulation.workers import Worker


@pytest.mark.parametrize("name", SCENARIOS)
def test_without_a_fault(name: str) -> None:
    scenario = SCENARIOS[name]
    cloud = act(scenario, Fault(), PersonalCloud)
    assert isinstance(cloud, PersonalCloud)
    cloud.until_quiet()
    assert Counter(cloud.vendor.calls) == scenario.calls
    assert not cloud.really_lost()
    rest_with_accounts(cloud)
    assert sorted(meeting.spec.title for meeting in cloud.vendor.meetings.values()) == scenario.meetings


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_at_every_call(name: str, mode: Mode) -> None:
    scenario = SCENARIOS[name]
    calls = calls_of(scenario, PersonalCloud)
    assert calls > 3, "there is nothing to disturb"
    for number in range(1, calls + 1):
        fault = Fault(number=number, mode=mode)
        try:
            cloud = act(scenario, fault, PersonalCloud)
            assert isinstance(cloud, PersonalCloud)
            told_to_connect = cloud.connection.state is ConnectionState.EXPIRED
            assert not told_to_connect or cloud.really_lost(), "Ann has to connect again for nothing"
            rest_with_accounts(cloud)
        except (AssertionError, BrokenPromise) as broken:
            broken.add_note(f"scenario {name!r}, {mode}: call {number}, {fault.hit}")
            raise
        assert fault.hit is not None


TOKENS = (
    "a token has to be renewed",
    "a token lies idle",
    "a token is refused",
    "disconnect with a token that has ended",
)


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("name", TOKENS)
def test_a_vendor_that_ends_everything_when_a_token_is_used_twice(name: str, mode: Mode) -> None:
    """RFC 9700, section 4.14.2. It happens only if an answer was lost, or came after its lease; and Ann is told."""
    scenario = SCENARIOS[name]

    def strict() -> PersonalCloud:
        cloud = PersonalCloud()
        cloud.logins.reuse_ends = True
        return cloud

    for number in range(1, calls_of(scenario, strict) + 1):
        fault = Fault(number=number, mode=mode)
        try:
            cloud = act(scenario, fault, strict)
            assert isinstance(cloud, PersonalCloud)
            if cloud.connection.state is ConnectionState.EXPIRED:
                assert cloud.account is None
                assert cloud.really_lost() or str(fault.hit) == "logins.renew"
                cloud.connect("ann")
            rest_with_accounts(cloud)
        except (AssertionError, BrokenPromise) as broken:
            broken.add_note(f"scenario {name!r}, {mode}: call {number}, {fault.hit}")
            raise


# --- two at once


CODE = "the code that Ann brings along"


def ask(functions: Functions) -> object:
    return functions.token(ANN)


def connect(functions: Functions) -> object:
    return functions.connect(ANN, CODE)


def leave(then: Leaving) -> Callable[[Functions], object]:
    return lambda functions: functions.disconnect(ANN, then)


PAIRS = {
    "two renew": (ask, ask),
    "one renews, one connects": (ask, connect),
    "one renews, one leaves": (ask, leave(Leaving.KEEP)),
    "one renews, one has it made anew": (ask, leave(Leaving.ANEW)),
    "two leave": (leave(Leaving.ANEW), leave(Leaving.ANEW)),
    "two decide otherwise": (leave(Leaving.KEEP), leave(Leaving.ANEW)),
    "one leaves, one connects": (leave(Leaving.ANEW), connect),
    "one leaves, the sweep runs": (leave(Leaving.ANEW), Functions.sweep),
    "one connects, the sweep runs": (connect, Functions.sweep),
    "one renews, the sweep runs": (ask, Functions.sweep),
    "two sweeps run": (Functions.sweep, Functions.sweep),
}


def world() -> PersonalCloud:
    cloud = PersonalCloud()
    saved(cloud)
    cloud.promises.release(ANN, "e1")
    cloud.clock.advance(LASTS)
    lie_idle(cloud)
    code = cloud.logins.consent("ann")
    cloud.logins._codes = {CODE: cloud.logins._codes[code]}
    return cloud


def stops(work: Callable[[Functions], object]) -> int:
    worker, count = Worker(world(), "alone", work), 0
    while not worker.over:
        worker.step()
        count += 1
    return count


@pytest.mark.parametrize("name", PAIRS)
def test_two_workers_at_every_pair_of_calls(name: str) -> None:
    one, other = PAIRS[name]
    for first, second in product(range(0, stops(one) + 1, 2), range(0, stops(other) + 1, 2)):
        cloud = world()
        try:
            workers = Worker(cloud, "one", one), Worker(cloud, "other", other)
            for worker, times in zip(workers, (first, second), strict=True):
                for _ in range(times):
                    if not worker.over:
                        worker.step()
            for worker in workers:
                worker.finish()
            cloud.follow()
            assert cloud.connection.state is not ConnectionState.EXPIRED or cloud.really_lost()
            rest_with_accounts(cloud)
        except (AssertionError, BrokenPromise) as broken:
            broken.add_note(f"{name!r}: at stops {first} and {second}")
            raise
