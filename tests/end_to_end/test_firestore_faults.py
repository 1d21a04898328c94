"""People work while Firestore refuses, loses answers to what it did, breaks off in the midst of one, and stays away.

When it is well again, every promise holds.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random

import pytest

from playground.firestore_proxy import FirestoreProxy, firestore_proxy
from playground.project import Tempo
from tests.end_to_end.busy import Busy
from tests.end_to_end.world import World, running_world, until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

STORES = ["firestore"]
TEMPO = Tempo(coalesce=0.3, provider_deadline=1, lease=3)

SEED = int(os.environ.get("CONFSYNC_SEED", "1"))
"""Decides what people do and which calls fail. Threads and processes make each run another one all the same."""
PEOPLE, CHANGES = 3, 20
METHODS = ("Commit", "BatchGetDocuments", "RunQuery")
STATUSES = ("ABORTED", "UNAVAILABLE", "DEADLINE_EXCEEDED")


@pytest.fixture(scope="module")
def proxy(firestore_host: str) -> Iterator[FirestoreProxy]:
    with firestore_proxy(firestore_host, seed=SEED) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def world(
    request: pytest.FixtureRequest,
    proxy: FirestoreProxy,
    firestore_host: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """Its functions reach Firestore through the proxy, the oracle past it."""
    assert request.param == "firestore"
    with running_world(tmp_path_factory.mktemp("project"), TEMPO, firestore_host, through=proxy.host) as made:
        yield made


def test_people_work_on_a_firestore_that_fails(world: World, proxy: FirestoreProxy) -> None:
    told: list[str] = []
    persons = [world.person("busy") for _ in range(PEOPLE)]
    people = [
        Busy(world=world, views=[person], random=Random(SEED + number), told=told.append)
        for number, person in enumerate(persons)
    ]
    fail_at_random(proxy)
    with ThreadPoolExecutor() as pool:
        work = [pool.submit(change, someone) for someone in people]
        while not all(each.done() for each in work) or not every_fault_hit(proxy):
            world.project.sweep()
    print(*told, sep="\n")
    for each in work:
        each.result()
    stay_away(world, proxy, people)
    world.hold_in_the_end({person.calendar_id for person in persons})


def change(someone: Busy) -> None:
    for _ in range(CHANGES):
        someone.change()


def fail_at_random(proxy: FirestoreProxy) -> None:
    """About a fifth of all calls, before the work or after it, in the midst of a longer answer too."""
    for method in METHODS:
        for status in STATUSES:
            proxy.faults.add(method=method, status=status, times=None, chance=0.04)
            proxy.faults.add(method=method, status=status, times=None, chance=0.04, after=True, messages=1)


def every_fault_hit(proxy: FirestoreProxy) -> bool:
    seen = {(call.method, call.status) for call in proxy.faults.calls()}
    return seen >= {(method, status) for method in METHODS for status in STATUSES}


def stay_away(world: World, proxy: FirestoreProxy, people: list[Busy]) -> None:
    """Firestore is gone for longer than any call waits for it, while people go on."""
    proxy.faults.clear()
    proxy.faults.add(status="UNAVAILABLE", times=None)
    sync = world.project.functions["sync_calendar"].url

    def failures() -> int:
        return sum(stats["by_url"].get(sync, {}).get("503", 0) for stats in world.cloud.tasks.stats().values())

    before = failures()
    for someone in people:
        someone.views[0].save(someone.views[0].begin_event(), summary="Without a conference", start=world.start)
        for view, event_id in someone.events[:1]:
            view.rename(event_id, "Renamed meanwhile")
        for view, event_id in someone.events[1:2]:
            view.delete(event_id)
    until(lambda: failures() > before)
    proxy.faults.clear()
