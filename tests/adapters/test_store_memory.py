"""The store fake keeps the contract, and the counting one counts."""

import pytest

from confsync.domain.calendar import Calendar
from confsync.domain.errors import StoreConflict
from confsync.domain.link import Link
from confsync.ports import Save, Store
from tests.contracts.store import CALENDAR, CHANNEL, LINK, NOW, StoreContract
from tests.fakes.store import CountingStore, MemoryStore


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


def test_counts_documents() -> None:
    store = CountingStore(MemoryStore())
    store.commit([Save(record=CALENDAR), Save(record=CHANNEL), Save(record=LINK)])
    with pytest.raises(StoreConflict):
        store.commit([Save(record=CALENDAR)])
    assert (store.reads, store.writes, store.commits) == (0, 3, 1)
    assert store.get(Calendar, "missing") is None
    assert list(store.get_many(Link, ["link", "missing"])) == ["link"]
    assert store.due(Calendar, NOW, limit=5) == []
    assert [each.key for each in store.links_of_calendar("calendar")] == ["link"]
    assert list(store.links_of_calendar("unknown")) == []
    assert store.reads == 1 + 2 + 2 + 1 + 1  # what is due is looked for in two indexes
    store.reset()
    assert (store.reads, store.writes, store.commits) == (0, 0, 0)
