"""What deploy/capacity.md says, counted; and that sweeps, queue and renewals keep their shape with many calendars."""

from dataclasses import fields, replace
from math import ceil

import pytest

from tests.simulation.capacity import OUTAGE, QUICK, SIX_HOURS, TABLES, UNTIL, busiest_minute, on_page, outcome, setup
from tests.simulation.cloud import ANN, BEN
from tests.simulation.operations import OCCASIONS, CountingCloud, operations, seconds
from tests.simulation.prices import cost
from tests.simulation.queueing import BACKOFF, SWEEP_EVERY, Setup, Simulation


@pytest.mark.parametrize("name", QUICK)
def test_the_page_says_what_is_counted(name: str) -> None:
    """`python -m tests.simulation.capacity --write` renews it."""
    assert on_page(name) == TABLES[name]()


@pytest.mark.parametrize("name", OCCASIONS)
def test_prices_are_of_what_is_counted(name: str) -> None:
    found, priced = operations(name), cost.EFFORTS[name]
    for each in {field.name for field in fields(priced)} - {"seconds"}:
        assert getattr(priced, each) == getattr(found, each), each
    assert priced.seconds == pytest.approx(ceil(10 * seconds(found)) / 10)
    assert cost.EFFORTS.keys() == OCCASIONS.keys()


def test_no_record_is_written_for_several_people() -> None:
    """But the sweep's own, once a run: so no document becomes hot, however many calendars there are."""
    cloud = CountingCloud()
    written = {}
    for person in (cloud.ann, cloud.ben):
        cloud.clear()
        cloud.with_conference(person, "e1", title="Standup")
        person.update("e1", title="Retro")
        cloud.follow()
        cloud.sweep()
        person.delete("e1")
        cloud.follow()
        written[person.account] = set(cloud.written)
    assert written[ANN] & written[BEN] == {"sweeps/last"}


# --- many calendars --------------------------------------------------------------------------------------------------

SMALL = setup(2_000, watched=SIX_HOURS, dispatches=3, concurrency=4, batch=200, per_second=0.5)
"""As a hundred times as many calendars with a queue a hundred times as fast: seconds in place of minutes of work."""


def after_an_outage(setup: Setup) -> Simulation:
    simulation = Simulation(setup, outage=OUTAGE)
    simulation.run(UNTIL)
    return simulation


def test_the_herd_after_an_outage_drains() -> None:
    found = outcome(after_an_outage(SMALL).found)
    assert 0 < found.drained < UNTIL - OUTAGE[1] - BACKOFF
    assert found.swept < UNTIL - OUTAGE[1]


def test_it_does_not_where_the_queue_has_nothing_to_spare() -> None:
    busy = SMALL.changes * 2 + SMALL.others
    found = outcome(after_an_outage(replace(SMALL, dispatches=1.02 * busy)).found)
    assert found.drained > UNTIL - OUTAGE[1] - BACKOFF


def test_pushes_do_not_wait_behind_what_a_sweep_found() -> None:
    """Without a pace all that is due waits in the queue at once, and every push behind it."""
    paced, at_once = (
        outcome(Simulation(replace(SMALL, per_second=pace, watched=SWEEP_EVERY, batch=2_000)).run(OUTAGE[0])).wait
        for pace in (2, 1_000)
    )
    assert at_once > 10 * paced


def test_what_no_push_told_of_is_found_by_the_next_look() -> None:
    found = Simulation(replace(SMALL, lost=1.0)).run(2 * SIX_HOURS)
    assert max(found.untold) < 1.25 * SIX_HOURS + SWEEP_EVERY + 60
    assert found.told == []


def test_renewals_of_channels_that_were_opened_together_spread() -> None:
    assert busiest_minute(100_000) < 1.5
