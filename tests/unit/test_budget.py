"""Who may call a vendor that takes so many calls per host and day, and who waits until when."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.budget import GUARD, STAGGER, Budget, staggered
from confsync.domain.solution import CallLimit, LimitWindow

DAY = date(2026, 3, 2)
MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
NEXT = MIDNIGHT + timedelta(days=1)
LIMIT = CallLimit(calls=100, account="acme")

starts = st.integers(0, 48 * 60).map(lambda minutes: MIDNIGHT + timedelta(minutes=minutes))


def at(hours: float, minutes: float = 0) -> datetime:
    return MIDNIGHT + timedelta(hours=hours, minutes=minutes)


def budget(used: int = 0, **more: int) -> Budget:
    """`more`: other days by number of the month, "d3"."""
    days = {DAY.isoformat(): used, **{f"2026-03-{int(name[1:]):02}": calls for name, calls in more.items()}}
    return Budget(key="k", provider="zoom", host="ann@example.com", expire_at=NEXT, used=days)


@pytest.mark.parametrize(
    ("used", "now", "change", "creation"),
    [
        # half of it at once
        (0, at(0, 2), None, None),
        (49, at(0, 2), None, None),
        # then one each 48 minutes
        (50, at(0, 2), at(0, 48), None),
        (50, at(0, 48), None, None),
        (51, at(1), at(1, 36), None),
        (59, at(9), None, None),
        (62, at(9), at(10, 24), None),
        (79, at(9), NEXT, None),
        # the last fifth is for creations
        (80, at(9), NEXT + GUARD, None),
        (80, at(23), NEXT + GUARD, None),
        (99, at(9), NEXT + GUARD, None),
        (100, at(9), NEXT + GUARD, NEXT + GUARD),
        (100, at(23, 59.5), NEXT + GUARD, NEXT + GUARD),
    ],
)
def test_who_waits_until_when(used: int, now: datetime, change: datetime | None, creation: datetime | None) -> None:
    assert budget(used).opens_at(LIMIT, now, creation=False) == change
    assert budget(used).opens_at(LIMIT, now, creation=True) == creation


def test_around_midnight_a_call_needs_room_in_both_days() -> None:
    assert budget(100).opens_at(LIMIT, NEXT + GUARD / 2, creation=True) == NEXT + GUARD
    assert budget(0, d3=100).opens_at(LIMIT, NEXT - GUARD / 2, creation=True) == NEXT + timedelta(days=1) + GUARD
    assert budget(0, d3=50).opens_at(LIMIT, NEXT - GUARD / 2, creation=False) == NEXT + timedelta(minutes=48)


def test_a_call_is_counted_for_every_day_that_it_may_fall_into() -> None:
    assert budget(3).spent(LIMIT, at(12)).used == {"2026-03-02": 4}
    assert budget(3).spent(LIMIT, NEXT - GUARD / 2).used == {"2026-03-02": 4, "2026-03-03": 1}
    assert budget(3, d3=1).spent(LIMIT, NEXT + GUARD / 2).used == {"2026-03-02": 4, "2026-03-03": 2}


@given(st.integers(0, 9), starts, starts)
def test_a_call_is_returned_to_the_days_for_which_it_was_counted(used: int, spent: datetime, later: datetime) -> None:
    before = budget(used)
    assert {day: n for day, n in before.spent(LIMIT, spent).returned(LIMIT, spent).used.items() if n} == {
        day: n for day, n in before.used.items() if n and day >= (spent - GUARD).date().isoformat()
    }
    assert min(budget(0).returned(LIMIT, later).used.values()) == 0


def test_days_that_are_over_are_forgotten_and_in_the_end_all() -> None:
    spent = budget(3, d1=100).spent(LIMIT, at(12))
    assert spent.used == {"2026-03-02": 4}
    assert spent.expire_at == NEXT + timedelta(days=1)


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7])
def test_a_small_limit_can_be_used_too(limit: int) -> None:
    limited = CallLimit(calls=limit, account="acme")
    assert budget(0).opens_at(limited, at(12), creation=False) is None
    assert budget(limit - 1).opens_at(limited, at(12), creation=True) is None
    assert budget(limit).opens_at(limited, at(12), creation=False) == NEXT + GUARD


calls = st.lists(
    st.tuples(st.floats(0, 5000), st.booleans(), st.floats(-1, 1)), min_size=1, max_size=150
)  # seconds since the last one, whether it creates, when in GUARD the vendor counts it


@given(starts, calls, st.integers(1, 40))
def test_the_vendor_never_counts_more_than_its_limit(
    start: datetime, calls: Sequence[tuple[float, bool, float]], limit: int
) -> None:
    now, held, counted = start, budget(), Counter[date]()
    for pause, creation, late in calls:
        now += timedelta(seconds=pause)
        if held.opens_at(CallLimit(calls=limit, account="acme"), now, creation=creation) is None:
            held = held.spent(LIMIT, now)
            # never at the very edge: GUARD itself is outside
            counted[(now + GUARD * late * 0.999).date()] += 1
    assert max(counted.values(), default=0) <= limit


@given(starts, calls)
def test_with_half_of_it_a_day_nobody_ever_waits(start: datetime, calls: Sequence[tuple[float, bool, float]]) -> None:
    now, held = start, budget()
    for pause, creation, _ in calls:
        now += timedelta(seconds=pause)
        if held.counted(LIMIT, now - GUARD) < LIMIT.calls / 2 and held.counted(LIMIT, now + GUARD) < LIMIT.calls / 2:
            assert held.opens_at(LIMIT, now, creation=creation) is None
            held = held.spent(LIMIT, now)


@given(st.lists(st.integers(0, 120), min_size=4, max_size=4), starts, st.integers(1, 120), st.booleans())
def test_whoever_waits_may_call_then_and_not_earlier(
    used: list[int], now: datetime, limit: int, creation: bool
) -> None:
    held = budget(used[0], d3=used[1], d4=used[2], d5=used[3])
    opens = held.opens_at(CallLimit(calls=limit, account="acme"), now, creation=creation)
    if opens is not None:
        assert opens > now
        assert held.opens_at(CallLimit(calls=limit, account="acme"), opens, creation=creation) is None
        for part in range(20):
            between = now + (opens - now) * part / 20
            assert held.opens_at(CallLimit(calls=limit, account="acme"), between, creation=creation) == opens


@given(st.integers(0, 120), starts, st.integers(1, 120))
def test_a_creation_never_waits_for_longer_than_a_change(used: int, now: datetime, limit: int) -> None:
    held = budget(used)
    change = held.opens_at(CallLimit(calls=limit, account="acme"), now, creation=False) or now
    assert (held.opens_at(CallLimit(calls=limit, account="acme"), now, creation=True) or now) <= change


def test_those_who_wait_for_the_same_moment_come_one_after_the_other() -> None:
    waiting = {key: staggered(key, NEXT) for key in "abcdefgh"}
    assert len(set(waiting.values())) == len(waiting)
    assert all(NEXT <= time < NEXT + STAGGER for time in waiting.values())
    another_day = {key: staggered(key, NEXT + timedelta(days=1)) for key in waiting}
    assert sorted(waiting, key=waiting.__getitem__) != sorted(waiting, key=another_day.__getitem__)


# --- over the last 24 hours -------------------------------------------------------------------------------------------

ROLLING = CallLimit(calls=10, account="acme", window=LimitWindow.ROLLING_DAY)


@given(starts, calls)
def test_in_no_24_hours_are_more_calls_than_a_rolling_limit(
    start: datetime, calls: Sequence[tuple[float, bool, float]]
) -> None:
    now, held = start, budget()
    made: list[datetime] = []
    for pause, creation, _ in calls:
        now += timedelta(seconds=pause)
        if held.opens_at(ROLLING, now, creation=creation) is None:
            held = held.spent(ROLLING, now)
            made.append(now)
            assert sum(now - each < timedelta(days=1) for each in made) <= ROLLING.calls


@given(st.integers(1, 12), starts, st.booleans())
def test_whoever_waits_for_a_rolling_limit_may_call_then(used: int, now: datetime, creation: bool) -> None:
    held = budget()
    for _ in range(used):
        held = held.spent(ROLLING, now)
    opens = held.opens_at(ROLLING, now, creation=creation)
    assert (opens is None) == (used < (10 if creation else 8))
    if opens is not None:
        assert timedelta(days=1) < opens - now <= timedelta(days=1, hours=1) + GUARD
        assert held.opens_at(ROLLING, opens, creation=creation) is None


def test_a_returned_call_of_a_rolling_limit_is_free_again() -> None:
    held = budget()
    for _ in range(10):
        held = held.spent(ROLLING, at(9))
    assert held.returned(ROLLING, at(9)).opens_at(ROLLING, at(10), creation=True) is None
