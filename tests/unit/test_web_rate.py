"""How much each caller may send."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confsync.domain.errors import Invalid, RateLimited
from confsync.web import rate
from confsync.web.endpoint import Answer, Call, answer, serve
from confsync.web.problems import from_error
from confsync.web.rate import RateLimit
from tests.fakes.clock import FakeClock
from tests.openapi import CONTRACT, errors_of
from tests.unit.http import request

ANN, BOB = "ann@example.com", "bob@example.com"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def headers_of(limit: RateLimit, caller: str = ANN) -> dict[str, Any]:
    """What a caller is told with an answer."""

    def one() -> Answer:
        limit.take(caller)
        return rate.with_limits(answer({}))

    return dict(copy_context().run(one)[2])


def refusals(limit: RateLimit, callers: Iterable[str]) -> list[datetime | None]:
    """When they may come back, of those who were refused."""
    found = []
    for caller in callers:
        try:
            copy_context().run(limit.take, caller)
        except RateLimited as error:
            found.append(error.retry_at)
    return found


def test_a_caller_is_told_what_is_left(clock: FakeClock) -> None:
    limit = RateLimit(quota=3, now=clock.now)
    first = headers_of(limit)
    clock.advance(timedelta(seconds=17.5))
    second = headers_of(limit)
    assert [first["RateLimit"], second["RateLimit"]] == ['"default";r=2;t=60', '"default";r=1;t=43']
    assert {first["RateLimit-Policy"], second["RateLimit-Policy"]} == {'"default";q=3;w=60'}
    for name in ("RateLimit", "RateLimit-Policy"):
        assert errors_of(CONTRACT["components"]["headers"][name]["schema"], first[name]) == []


def test_one_too_many_is_refused_until_the_window_ends(clock: FakeClock) -> None:
    limit = RateLimit(quota=2, now=clock.now)
    ends = clock.now() + MINUTE
    assert refusals(limit, [ANN] * 2) == []
    clock.advance(timedelta(seconds=59))
    assert refusals(limit, [ANN] * 2) == [ends, ends]
    clock.advance(timedelta(seconds=1))
    assert refusals(limit, [ANN] * 2) == []


def test_callers_do_not_take_from_each_other(clock: FakeClock) -> None:
    limit = RateLimit(quota=1, now=clock.now)
    assert refusals(limit, [ANN, BOB]) == []
    assert len(refusals(limit, [ANN, BOB])) == 2


def test_a_clock_that_is_set_back_locks_nobody_out(clock: FakeClock) -> None:
    limit = RateLimit(quota=1, now=clock.now)
    refusals(limit, [ANN])
    clock.advance(-timedelta(hours=1))
    assert refusals(limit, [ANN]) == []


def test_callers_are_forgotten_when_their_window_is_over(clock: FakeClock) -> None:
    limit = RateLimit(quota=1, now=clock.now)
    refusals(limit, map(str, range(100)))
    clock.advance(MINUTE)
    refusals(limit, [ANN])
    assert len(limit._windows) == 1


def test_no_crowd_fills_the_memory(clock: FakeClock) -> None:
    limit = RateLimit(quota=1, now=clock.now, most_callers=10)
    refusals(limit, map(str, range(1000)))
    assert len(limit._windows) <= 11
    assert len(refusals(limit, ["999"])) == 1, "who came last is still known"


def test_threads_take_no_more_than_there_is(clock: FakeClock) -> None:
    limit = RateLimit(quota=500, now=clock.now)
    with ThreadPoolExecutor(8) as threads:
        refused = threads.map(lambda _: len(refusals(limit, [ANN] * 100)), range(8))
    assert sum(refused) == 300


@given(steps=st.lists(st.tuples(st.sampled_from([ANN, BOB]), st.integers(0, 40)), max_size=60), quota=st.integers(1, 5))
def test_in_no_window_is_more_than_the_quota(steps: list[tuple[str, int]], quota: int) -> None:
    clock = FakeClock()
    limit = RateLimit(quota=quota, now=clock.now)
    begun: dict[str, datetime] = {}
    taken: dict[str, int] = {}
    for caller, seconds in steps:
        clock.advance(timedelta(seconds=seconds))
        if caller not in begun or clock.now() >= begun[caller] + MINUTE:
            begun[caller], taken[caller] = clock.now(), 0
        refused = refusals(limit, [caller])
        assert refused == ([begun[caller] + MINUTE] if taken[caller] == quota else [])
        taken[caller] += not refused


# --- with every answer -----------------------------------------------------------------------------------------------


def test_errors_have_the_headers_too_and_the_next_request_has_its_own(clock: FakeClock) -> None:
    limit = RateLimit(quota=1, now=clock.now)

    def handle(call: Call) -> Answer:
        if call.body == b"{}":
            limit.take(ANN)
            raise Invalid("it can't be done")
        return rate.with_limits(answer({}))

    def ask(body: str = "{}") -> Answer:
        return serve(
            lambda: handle, request(body), refused=lambda *told: rate.with_limits(from_error(*told, now=clock.now))
        )

    _, status, headers = ask()
    assert (status, headers["RateLimit"]) == (422, '"default";r=0;t=60')
    _, status, headers = ask()
    assert (status, headers["RateLimit"], headers["Retry-After"]) == (429, '"default";r=0;t=60', "60")
    assert "RateLimit" not in ask("[]")[2]
