"""Firestore keeps the store's contract, on the real emulator; and its errors become ours."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from google.api_core import exceptions as google
from google.auth.exceptions import RefreshError
from google.cloud import firestore

from confsync.adapters.firestore import FirestoreStore
from confsync.adapters.firestore.errors import ours
from confsync.domain.calendar import Calendar
from confsync.domain.errors import Invalid, NotConfigured, PermissionDenied, ServiceError, StoreConflict, Temporary
from confsync.ports import Save, Store
from tests.contracts.store import CALENDAR, CONFERENCE, NOW, SharedStoreContract, read, stored
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


def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:9")
    with pytest.raises(Temporary):
        FirestoreStore("project").commit([Save(record=CALENDAR)])


CONFLICTS = (google.AlreadyExists, google.FailedPrecondition, google.NotFound, google.Aborted)


@pytest.mark.parametrize("error", CONFLICTS)
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
        (google.Cancelled("gone"), ServiceError),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else each.__name__,
)
def test_errors(error: Exception, expected: type[Exception]) -> None:
    with pytest.raises(expected) as raised, ours():
        raise error
    assert type(raised.value) is expected
