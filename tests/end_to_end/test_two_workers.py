"""Two sync workers on one calendar: leases and conditional commits, on the store that decides them."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest
import requests

from playground.project import Tempo
from tests.end_to_end.row import Row
from tests.end_to_end.world import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(150)]

TEMPO = Tempo(coalesce=0.2, provider_deadline=1, lease=3)


def test_two_workers_on_a_delta_of_one_page(row: Row) -> None:
    """Without a lease, the commit decides: the slow worker's is refused, it reads again, and nothing is done twice."""
    row.world.faults("zoom").forget_requests()
    slow = _held(row, row.changes, "By the first who gets there")
    fast = row.world.call("sync_calendar", {"calendar_key": row.world.record(row.person).key})
    assert fast.status_code == 200
    assert fast.json()["events"] == 2
    assert slow.result().status_code == 200
    assert slow.result().json()["events"] == 0, "the other one had read it"
    row.holds()
    assert len(row.world.faults("zoom").requests(method="PATCH")) == 1


def test_two_workers_on_a_delta_of_many_pages(row: Row) -> None:
    """The first holds the lease: the second is told to come again, and there is nothing left for it."""
    row.world.google(row.person).largest_page = 1
    slow = _held(row, row.second_page, "By the first")
    second = row.world.call("sync_calendar", {"calendar_key": row.world.record(row.person).key})
    assert second.status_code == 503
    assert slow.result().status_code == 200
    row.holds()


def test_a_worker_that_outlives_its_lease_changes_nothing(row: Row) -> None:
    """The second takes over when the lease is over; what the first still wants to commit is refused."""
    row.world.google(row.person).largest_page = 1
    slow = _held(row, row.second_page, "By the second", seconds=TEMPO.lease + 5)
    body = {"calendar_key": row.world.record(row.person).key}
    until(lambda: row.world.call("sync_calendar", body).status_code == 200)
    assert not slow.done(), "the lease was taken over while the first still held it"
    after = row.world.record(row.person)
    assert slow.result().status_code == 503
    assert row.world.record(row.person).sync_token == after.sync_token
    row.holds()


def _held(row: Row, at: str, title: str, *, seconds: float = 2) -> Future[requests.Response]:
    """A sync of two changes, of which no notification comes, while Google lets it wait for that page."""
    row.fault(path=at, latency=seconds)
    row.world.notifications("drop", count=2)
    row.person.save(row.person.begin_event(), summary="Without a conference", start=row.world.start)
    row.person.rename(row.event, title)
    body = {"calendar_key": row.world.record(row.person).key}
    slow = ThreadPoolExecutor(1).submit(row.world.call, "sync_calendar", body)
    until(row.happened)
    return slow
