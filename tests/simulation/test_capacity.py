"""What deploy/capacity.md says, counted; and that sweeps, queue and renewals keep their shape with many calendars."""

from dataclasses import fields, replace
from math import ceil

import pytest

from tests.simulation.capacity import OUTAGE, QUICK, SIX_HOURS, TABLES, UNTIL, busiest_minute, on_page, outcome, setup
from tests.simulation.cloud import ANN, BEN
from tests.simulation.operations import OCCASIONS, CountingCloud, operations, seconds
from tests.simulation.prices import cost
from tests.simulation.queueing import BACKOFF, RUN_FOR, SWEEP_EVERY, Found, Setup, Simulation


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

SMALL = setup(2_000, watched=SIX_HOURS, dispatches=4, concurrency=6, batch=600, per_second=1, quota=200)
"""As a hundred times as many calendars with a queue a hundred times as fast: seconds in place of minutes of work."""


def after_an_outage(setup: Setup) -> Found:
    return Simulation(setup, outage=OUTAGE).run(UNTIL)


def test_the_herd_after_an_outage_drains() -> None:
    found = outcome(after_an_outage(SMALL))
    assert 0 < found.drained < UNTIL - OUTAGE[1] - BACKOFF
    assert found.swept < UNTIL - OUTAGE[1]


def test_it_does_not_where_the_queue_has_nothing_to_spare() -> None:
    busy = SMALL.changes * 2 + SMALL.others + SMALL.checks
    found = outcome(after_an_outage(replace(SMALL, dispatches=1.02 * busy)))
    assert found.drained > UNTIL - OUTAGE[1] - BACKOFF


def test_three_queues_let_out_three_times_as_much() -> None:
    busy = SMALL.changes * 2 + SMALL.others + SMALL.checks
    found = outcome(after_an_outage(replace(SMALL, dispatches=1.02 * busy, queues=3)))
    assert found.drained < UNTIL - OUTAGE[1] - BACKOFF


def test_it_does_not_where_calendar_has_nothing_to_spare() -> None:
    busy = 60 * (SMALL.changes * (1 + SMALL.requests) + SMALL.others + SMALL.calendars / SIX_HOURS)
    found = after_an_outage(replace(SMALL, quota=1.3 * busy))
    assert found.refused > 0
    assert outcome(found).drained > UNTIL - OUTAGE[1] - BACKOFF


def test_what_was_handed_out_and_not_done_is_handed_out_again() -> None:
    """Tasks of meetings to compare that wait for too long leave them due."""
    slow = replace(SMALL, dispatches=0.2, concurrency=1, changes=1e-6, others=1e-6)
    handed = [some for _, some, _ in Simulation(slow).run(12 * SWEEP_EVERY).sweeps]
    assert sum(handed) > 1.5 * 12 * SWEEP_EVERY * (SMALL.checks + SMALL.calendars / SIX_HOURS + SMALL.renewals)


def test_a_sweep_has_its_time_for_all_kinds_together() -> None:
    herd = replace(SMALL, checks=500, renewals=0, batch=1_000_000, per_second=1_000, dispatches=1_000, concurrency=900)
    (_, first, _), (_, second, left) = Simulation(herd).run(SWEEP_EVERY + 1).sweeps
    assert first < second == int(SMALL.hands_out * RUN_FOR)
    assert left > 0


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
