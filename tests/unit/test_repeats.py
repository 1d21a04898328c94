"""Requests that may be repeated: which event each one makes."""

from datetime import timedelta
from typing import Any

import pytest

from confsync.domain.errors import Conflict
from confsync.domain.keys import repeat_key
from confsync.domain.repeat import KEEP, Repeat
from confsync.usecases.writing.repeats import Claim, Repeats
from tests.fakes.clock import FakeClock
from tests.fakes.store import MemoryStore

APP, CALENDAR = "app@project.iam.gserviceaccount.com", "calendar-key"
ASKED = [{"summary": "Planning", "start": {"date": "2027-03-01"}}, "none"]
SAME = [{"start": {"date": "2027-03-01"}, "summary": "Planning"}, "none"]
"""JSON has no order."""


class Requests:
    """Callers; `used`: ids of events that are there."""

    def __init__(self) -> None:
        self.clock, self.store, self.used = FakeClock(), MemoryStore(), set[str]()
        self.repeats = Repeats(store=self.store, clock=self.clock)

    def __call__(
        self,
        key: str | None = None,
        *,
        own: str | None = None,
        asked: Any = ASKED,
        caller: str = APP,
        at: str = CALENDAR,
    ) -> Claim:
        return self.repeats.claim(caller, at, key=key, own_id=own, asked=asked, exists=self.used.__contains__)


@pytest.fixture
def send() -> Requests:
    return Requests()


@pytest.mark.parametrize("named", [{"key": "k"}, {"own": "abcde"}, {"key": "k", "own": "abcde"}])
def test_the_same_sendis_known(send: Requests, named: Any) -> None:
    first = send(**named)
    assert first.repeated is False
    for asked in (ASKED, SAME):
        assert send(**named, asked=asked) == Claim(event_id=first.event_id, repeated=True)
    with pytest.raises(Conflict, match="came with another request before"):
        send(**named, asked=[{"summary": "Other"}, "none"])
    with pytest.raises(Conflict):
        send(**named, asked=[ASKED[0], "all"])


@pytest.mark.parametrize(
    "other", [{"key": "l"}, {"key": "k", "caller": "ben@example.com"}, {"key": "k", "at": "another"}, {"key": None}]
)
def test_another_one_makes_another_event(send: Requests, other: Any) -> None:
    first = send("k")
    again = send(**other)
    assert (again.repeated, again.event_id == first.event_id) == (False, False)


def test_without_a_name_each_is_new(send: Requests) -> None:
    assert send().event_id != send().event_id


def test_an_event_gets_the_id_that_the_caller_gives_it(send: Requests) -> None:
    assert [send(own="abcde").event_id, send("k", own="abcdf").event_id] == ["abcde", "abcdf"]
    made = send("l").event_id
    assert set(made) <= set("0123456789abcdefghijklmnopqrstuv"), "as Calendar takes them"
    assert 5 <= len(made) <= 1024


def test_the_id_of_somebody_elses_event_is_a_conflict(send: Requests) -> None:
    send(own="abcde")
    send.used |= {"abcde", "taken"}
    assert send(own="abcde").repeated, "it is this request's own"
    with pytest.raises(Conflict, match="another event's"):
        send(own="taken")


def test_a_key_is_known_for_a_week(send: Requests) -> None:
    send("k")
    kept = send.store.get(Repeat, repeat_key(APP, CALENDAR, "key k"))
    assert kept is not None
    assert kept.expire_at == send.clock.now() + KEEP == send.clock.now() + timedelta(days=7)
