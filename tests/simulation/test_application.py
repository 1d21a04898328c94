"""An application's requests at the same time as others: two workers, stopped at every pair of calls."""

from collections.abc import Callable
from itertools import product

import pytest

from confsync.domain.keys import calendar_key
from tests.fakes.queue import Task
from tests.simulation.application import Work, copied_from
from tests.simulation.cloud import ANN, Cloud, Functions
from tests.simulation.every_call import rest
from tests.simulation.gate import BrokenPromise
from tests.simulation.workers import Worker
from tests.simulation.writing import JITSI, ZOOM, followed, stripping

Deed = Callable[[Cloud], Work]


def create(cloud: Cloud) -> Work:
    return cloud.application.create("key", ZOOM, ANN)


def add(cloud: Cloud) -> Work:
    return cloud.application.change("add", "e2", ZOOM, ANN)


def add_another(cloud: Cloud) -> Work:
    return cloud.application.change("another", "e2", JITSI, ANN)


def rename(cloud: Cloud) -> Work:
    return cloud.application.change("rename", "e1", ZOOM, ANN, summary="Retro")


def copy(cloud: Cloud) -> Work:
    return cloud.application.create("copy", copied_from("e1", ANN), ANN, title="Copy")


def delete(cloud: Cloud) -> Work:
    return cloud.application.delete("delete", "e1", ANN)


def sync(_: Cloud) -> Work:
    return lambda functions: functions.work(Task(kind="sync", key=calendar_key(ANN)))


def create_and_read(cloud: Cloud) -> Work:
    """It is made, and seen, before the other one has chosen."""
    made, read = create(cloud), sync(cloud)

    def work(functions: Functions) -> None:
        made(functions)
        read(functions)

    return work


PAIRS: dict[str, tuple[Callable[[Cloud], None], Deed, Deed]] = {
    "two with the same key": (followed, create, create),
    "two with the same key, the calendar is read": (followed, create, create_and_read),
    "two with the same key, as text": (stripping, create, create),
    "two add a conference": (followed, add, add),
    "two add another one each": (followed, add, add_another),
    "two add another one each, as text": (stripping, add, add_another),
    "one creates, the calendar is read": (followed, create, sync),
    "one adds, the calendar is read": (followed, add, sync),
    "one copies, one deletes the original": (followed, copy, delete),
    "one renames, one deletes": (followed, rename, delete),
}
STEP = 3
"""Every third stop: each call has two, before it and before its answer."""


def stops(world: Callable[[Cloud], None], deed: Deed) -> int:
    cloud = Cloud()
    world(cloud)
    worker, count = Worker(cloud, "alone", deed(cloud)), 0
    while not worker.over:
        worker.step()
        count += 1
    return count


@pytest.mark.parametrize("name", PAIRS)
def test_two_workers_at_every_pair_of_calls(name: str) -> None:
    world, one, other = PAIRS[name]
    for first, second in product(range(0, stops(world, one) + 1, STEP), range(0, stops(world, other) + 1, STEP)):
        cloud = Cloud()
        world(cloud)
        try:
            workers = Worker(cloud, "one", one(cloud)), Worker(cloud, "other", other(cloud))
            for worker, times in zip(workers, (first, second), strict=True):
                for _ in range(times):
                    if not worker.over:
                        worker.step()
            for worker in workers:
                worker.finish()
            cloud.follow()
            rest(cloud)
        except (AssertionError, BrokenPromise) as broken:
            broken.add_note(f"{name!r}: at stops {first} and {second}")
            raise
