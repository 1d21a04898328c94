"""Firestore keeps the store's contract, on the real emulator; and its errors become ours."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from google.api_core import exceptions as google
from google.auth.exceptions import RefreshError
from google.cloud import firestore

from confsync.adapters.firestore import FirestoreStore
from confsync.adapters.firestore.errors import CHANGED, RETRY, ours
from confsync.adapters.records import MAX_WRITES
from confsync.domain.calendar import Calendar
from confsync.domain.errors import Invalid, NotConfigured, PermissionDenied, ServiceError, StoreConflict, Temporary
from confsync.domain.link import Link
from confsync.ports import Remove, Save, Store
from playground.firestore_proxy import FirestoreProxy, firestore_proxy
from tests.contracts.store import CALENDAR, CONFERENCE, LINK, NOW, SharedStoreContract, count_up, read, stored
from tests.emulator import firestore_host, firestore_project

__all__ = ["firestore_host", "firestore_project"]


@pytest.mark.emulator
@pytest.mark.xdist_group("firestore")
class TestFirestoreStore(SharedStoreContract):
    @pytest.fixture
    def store(self, firestore_project: str) -> Iterator[FirestoreStore]:
        store = FirestoreStore(firestore_project)
        yield store
        store.close()

    @pytest.fixture
    def open_store(self, firestore_project: str) -> Callable[[], Store]:
        return partial(FirestoreStore, firestore_project)

    @pytest.fixture
    def client(self, firestore_project: str) -> firestore.Client:
        return firestore.Client(project=firestore_project)

    def test_a_large_commit_is_seen_whole_or_not_at_all(self, store: Store) -> None:
        """Once it is done: to who reads meanwhile the emulator now and then shows one half of it, with either read.

        Firestore itself commits at one instant: https://firebase.google.com/docs/firestore/manage-data/transactions
        """
        keys = [f"{n:03}" for n in range(MAX_WRITES)]
        for published in ("0", "1"):
            before = store.get_many(Link, keys)
            links = [replace(before.get(key, LINK), key=key, published=published) for key in keys]
            store.commit([Save(record=each) for each in links])
            assert [each.published for each in store.get_many(Link, keys).values()] == [published] * len(keys)
            assert [each.published for each in store.links_of_calendar("calendar")] == [published] * len(keys)

    def test_a_document_has_our_fields_with_firestore_types(self, store: Store, client: firestore.Client) -> None:
        store.commit([Save(record=CALENDAR)])
        document = client.document("calendars/calendar").get().to_dict()
        assert document["created_at"] == CALENDAR.created_at
        assert document["lease"] == {"holder": "", "epoch": 0, "until": None}
        assert "version" not in document

    def test_fields_of_another_deployment_are_ignored_and_go(self, store: Store, client: firestore.Client) -> None:
        calendar = stored(store, CALENDAR)
        document = client.document("calendars/calendar")
        document.update({"newer": 1, "lease.newer": {"a": 1}, "failures": firestore.DELETE_FIELD})
        found = read(store, CALENDAR)
        assert replace(found, version=calendar.version) == calendar
        store.commit([Save(record=replace(found, failures=2))])
        assert document.get().to_dict()["lease"] == {"holder": "", "epoch": 0, "until": None}
        assert "newer" not in document.get().to_dict()

    def test_map_entries_that_are_gone_go(self, store: Store, client: firestore.Client) -> None:
        first = replace(CONFERENCE, applied=replace(CONFERENCE.applied, reference={"a.b": "1", "`c`": "2"}))
        found = stored(store, first)
        store.commit([Save(record=replace(found, applied=replace(found.applied, reference={"a.b": "3"})))])
        document = client.document("conferences/conference").get().to_dict()
        assert document["applied"]["reference"] == {"a.b": "3"}

    def test_a_document_that_is_no_record(self, store: Store, client: firestore.Client) -> None:
        client.document("calendars/calendar").set({"key": "calendar", "created_at": "yesterday"})
        with pytest.raises(Invalid, match="calendars"):
            store.get(Calendar, "calendar")

    def test_a_document_that_is_no_record_holds_up_no_other(self, store: Store, client: firestore.Client) -> None:
        client.document("calendars/odd").set({"key": "odd", "due_at": NOW - timedelta(days=9)})
        store.commit([Save(record=replace(CALENDAR, due_at=NOW))])
        assert [each.key for each in store.due(Calendar, NOW, limit=9)] == [CALENDAR.key]

    def test_another_database_holds_other_data(self, store: Store, firestore_project: str) -> None:
        other = FirestoreStore(firestore_project, "other")
        other.commit([Save(record=CALENDAR)])
        assert store.get(Calendar, CALENDAR.key) is None
        assert other.get(Calendar, CALENDAR.key) is not None


@pytest.mark.emulator
@pytest.mark.xdist_group("firestore")
class TestShardedFirestoreStore(SharedStoreContract):
    """The same contract where what is due is looked for over shards."""

    @pytest.fixture
    def store(self, firestore_project: str) -> Iterator[FirestoreStore]:
        store = FirestoreStore(firestore_project, sharded=True)
        yield store
        store.close()

    @pytest.fixture
    def open_store(self, firestore_project: str) -> Callable[[], Store]:
        return partial(FirestoreStore, firestore_project, sharded=True)


NO_ANSWER = ("CANCELLED", "UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "UNKNOWN")


@pytest.mark.emulator
@pytest.mark.xdist_group("firestore")
class TestFaultyFirestore:
    """The store behind a Firestore that answers with errors, before or after it did the work."""

    @pytest.fixture
    def proxy(self, firestore_host: str) -> Iterator[FirestoreProxy]:
        with firestore_proxy(firestore_host) as proxy:
            yield proxy

    @pytest.fixture
    def store(
        self, proxy: FirestoreProxy, firestore_project: str, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[FirestoreStore]:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", proxy.host)
        store = FirestoreStore(firestore_project)
        yield store
        store.close()

    @pytest.fixture
    def rival(self, firestore_host: str, firestore_project: str) -> Iterator[FirestoreStore]:
        """The same data, without the faults."""
        store = FirestoreStore(firestore_project)
        yield store
        store.close()

    @pytest.mark.parametrize("status", ["ABORTED", "RESOURCE_EXHAUSTED", *NO_ANSWER])
    @pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
    def test_a_commit_is_done_once(self, store: Store, proxy: FirestoreProxy, status: str, after: bool) -> None:
        proxy.faults.add(method="Commit", status=status, after=after)
        link = stored(store, LINK)
        proxy.faults.add(method="Commit", status=status, after=after)
        store.commit([Save(record=replace(link, published="1")), Save(record=CALENDAR)])
        assert (read(store, LINK).published, read(store, CALENDAR).key) == ("1", CALENDAR.key)
        proxy.faults.add(method="Commit", status=status, after=after)
        store.commit([Remove(record=read(store, LINK)), Save(record=replace(read(store, CALENDAR), failures=1))])
        assert (store.get(Link, LINK.key), read(store, CALENDAR).failures) == (None, 1)

    def test_a_cut_connection(self, store: Store, proxy: FirestoreProxy) -> None:
        calendar = stored(store, CALENDAR)
        proxy.cut()
        store.commit([Save(record=replace(calendar, failures=1))])
        proxy.cut()
        assert read(store, CALENDAR).failures == 1

    @pytest.mark.parametrize("status", ["ABORTED", "RESOURCE_EXHAUSTED"])
    def test_what_was_not_done_and_is_changed_by_others(
        self, store: Store, rival: Store, proxy: FirestoreProxy, status: str
    ) -> None:
        calendar = stored(store, CALENDAR)
        rival.commit([Save(record=replace(calendar, failures=1))])
        proxy.faults.add(method="Commit", status=status)
        with pytest.raises(StoreConflict):
            store.commit([Save(record=replace(calendar, failures=2))])
        assert read(store, CALENDAR).failures == 1

    @pytest.mark.parametrize("status", NO_ANSWER)
    def test_the_same_change_by_others_is_not_ours(
        self, store: Store, rival: Store, proxy: FirestoreProxy, status: str
    ) -> None:
        calendar = stored(store, CALENDAR)
        change = [Save(record=replace(calendar, failures=1))]
        rival.commit(change)
        proxy.faults.add(method="Commit", status=status)
        with pytest.raises(Temporary, match="may have been done"):
            store.commit(change)

    def test_a_removal_that_nothing_tells_of(self, store: Store, proxy: FirestoreProxy) -> None:
        link = stored(store, LINK)
        proxy.faults.add(method="Commit", status="UNAVAILABLE", after=True)
        with pytest.raises(Temporary, match="may have been done"):
            store.commit([Remove(record=link)])

    @pytest.mark.parametrize("status", ["ABORTED", *NO_ANSWER])
    @pytest.mark.parametrize("messages", [0, 2])
    def test_a_read_that_breaks_off_is_begun_anew(
        self, store: Store, proxy: FirestoreProxy, monkeypatch: pytest.MonkeyPatch, status: str, messages: int
    ) -> None:
        monkeypatch.setattr("confsync.adapters.records.PAGE", 3)
        keys = [f"{n}" for n in range(8)]
        due = [replace(CALENDAR, key=key, due_at=NOW + timedelta(seconds=n)) for n, key in enumerate(keys)]
        store.commit([Save(record=each) for each in (*due, *(replace(LINK, key=key) for key in keys))])
        later = NOW + timedelta(hours=1)
        for method in ("BatchGetDocuments", "RunQuery", "RunQuery", "RunQuery"):
            proxy.faults.add(method=method, status=status, after=True, messages=messages)
        assert sorted(store.get_many(Link, keys)) == keys
        assert [each.key for each in store.due(Calendar, later, limit=4)] == keys[:4]
        assert [each.key for each in store.links_of_calendar("calendar")] == keys
        assert proxy.faults.left() == []

    def test_no_increment_is_lost_or_doubled(self, store: Store, proxy: FirestoreProxy) -> None:
        """The sum is that of the increments whose store said that they were done, and of none that it did not."""
        store.commit([Save(record=CONFERENCE)])
        for status in ("ABORTED", *NO_ANSWER):
            for after in (False, True):
                proxy.faults.add(method="Commit", status=status, after=after, times=None, chance=0.06)
        threads, increments = 3, 8
        with ThreadPoolExecutor(threads) as pool:
            unclear = sum(pool.map(lambda _: count_up(store, increments), range(threads)))
        proxy.faults.clear()
        done = threads * increments
        assert done <= read(store, CONFERENCE).attempts <= done + unclear

    def test_firestore_stays_away(self, store: Store, proxy: FirestoreProxy, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("confsync.adapters.firestore.store.RETRY", RETRY.with_timeout(0.2))
        proxy.faults.add(times=None, status="UNAVAILABLE")
        for call in (
            lambda: store.commit([Save(record=CALENDAR)]),
            lambda: store.get(Calendar, CALENDAR.key),
            lambda: store.due(Calendar, NOW, limit=1),
            lambda: list(store.links_of_calendar(CALENDAR.key)),
        ):
            with pytest.raises(Temporary):
                call()


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:9")
    monkeypatch.setattr("confsync.adapters.firestore.store.RETRY", RETRY.with_timeout(0.2))
    with pytest.raises(Temporary):
        FirestoreStore("project").commit([Save(record=CALENDAR)])


@pytest.mark.parametrize("error", CHANGED)
def test_conditions_that_do_not_hold(error: type[google.GoogleAPICallError]) -> None:
    with pytest.raises(StoreConflict, match="links/a"), ours(["links/a"]):
        raise error("no")
    with pytest.raises(StoreConflict, match="links/4 and 2 more"), ours([f"links/{n}" for n in range(7)]):
        raise google.RetryError("gave up", cause=error("no"))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (google.NotFound("no database"), NotConfigured),
        (google.PermissionDenied("no role"), PermissionDenied),
        (google.Unauthenticated("no token"), PermissionDenied),
        (RefreshError("no key"), PermissionDenied),
        (google.InvalidArgument("too large"), Invalid),
        (google.FailedPrecondition("no index"), Invalid),
        (google.ServiceUnavailable("try again"), Temporary),
        (google.DeadlineExceeded("slow"), Temporary),
        (google.InternalServerError("oops"), Temporary),
        (google.ResourceExhausted("quota"), Temporary),
        (google.Aborted("contention"), Temporary),
        (google.RetryError("gave up", cause=google.ServiceUnavailable("try again")), Temporary),
        (google.RetryError("gave up", cause=None), Temporary),
        (google.Cancelled("connection cut"), Temporary),
        (google.MethodNotAllowed("never"), ServiceError),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else each.__name__,
)
def test_errors(error: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected) as raised, ours():
        raise error
    assert type(raised.value) is expected
