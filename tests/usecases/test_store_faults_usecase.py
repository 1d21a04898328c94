"""The store fails, before or after it did the work, at each call: nothing is lost, doubled, or stuck.

That it fails after its work is a lost answer of `tests/simulation/`: that is done here only for what it lacks.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from confsync.domain.errors import ConfsyncError, Temporary
from tests.simulation.gate import CALLS
from tests.usecases.test_crashes_usecase import ONLY_HERE, SCENARIOS, Scenario, check
from tests.usecases.world import LEASE, World


class FailingStore:
    """Another store. One call of those to come ends with `Temporary`, `after` its work was done or instead of it."""

    def __init__(self, store: Any, *, after: bool) -> None:
        self._store = store
        self._after = after
        self.until = 0
        """Calls until the one that fails; 0: none does."""

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._store, name)
        return self._failing(value) if name in CALLS["store"] else value

    def _failing(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.until -= 1
            if self.until == 0 and not self._after:
                raise Temporary("no answer", service="store")
            result = method(*args, **kwargs)
            if self.until == 0:
                raise Temporary("no answer", service="store")
            return result

        return call


def run(scenario: Scenario, fails: int, *, after: bool) -> bool:
    """Play it while the store's call of that number fails; whether it came to that."""
    world = World()
    scenario.prepare(world)
    store = FailingStore(world.counting, after=after)
    world.counting = store
    world.build()
    store.until = fails
    with suppress(ConfsyncError):
        scenario.act(world)
    failed, store.until = store.until <= 0, 0
    world.clock.advance(LEASE)  # as after a crash, what was held is free by then
    scenario.insist(world)
    world.settle()
    check(world, scenario)
    return failed


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_sweep_goes_on(after: bool) -> None:
    world = World()
    world.saved()
    world.create("event2")
    world.clock.advance(timedelta(days=3, hours=12))
    store = FailingStore(world.counting, after=after)
    world.counting = store
    world.build()
    store.until = 2  # the calendar is to be put off
    report = world.sweep()
    assert store.until < 0
    assert (report.failed, report.calendars_queued) == (1, 0)
    assert (report.channels_renewed, report.conferences_queued) == (1, 1)


@pytest.mark.parametrize(
    ("name", "after"),
    [*((name, False) for name in SCENARIOS), *((name, True) for name in ONLY_HERE)],
    ids=lambda each: each if isinstance(each, str) else ("before", "after")[each],
)
def test_a_failure_of_any_call(name: str, after: bool) -> None:
    fails = 1
    while run(SCENARIOS[name], fails, after=after):
        fails += 1
    assert fails > 3, "there was nothing to fail"
