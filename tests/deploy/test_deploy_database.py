"""What is indexed in Firestore and what expires there is what the store looks for and what records have."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery

from confsync.adapters.firestore.store import FirestoreStore
from confsync.adapters.records import COLLECTIONS
from confsync.cli.records import KINDS
from confsync.domain.connection import Connection
from confsync.ports import Due
from deployment.resources.database import EXPIRING, QUERIED

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, set[str]]]:
    """Collection, and fields by which it is filtered and sorted, of each query; none finds anything."""
    queries: list[tuple[str, set[str]]] = []

    def stream(query: BaseQuery, **_: Any) -> list[Any]:
        sent = query._to_protobuf()
        single = sent.where.field_filter
        several = [each.unary_filter or each.field_filter for each in sent.where.composite_filter.filters]
        named = {each.field.field_path for each in (single, *several, *sent.order_by)} - {"", "__name__"}
        # what is compared with more than one field needs a composite index, unless each is equal to something
        assert len(named) < 2 or {each.op.name for each in several} <= {"EQUAL", "IS_NULL"}
        queries.append((sent.from_[0].collection_id, named))
        return []

    def client(**_: Any) -> firestore.Client:
        return original(project="p", credentials=AnonymousCredentials())

    original = firestore.Client
    monkeypatch.setattr(firestore, "Client", client)
    monkeypatch.setattr("google.cloud.firestore_v1.query.Query.stream", stream)
    return queries


def test_every_query_has_its_index_and_none_needs_a_composite_one(asked: list[tuple[str, set[str]]]) -> None:
    store = FirestoreStore("p")
    list(store.links_of_calendar("c"))
    list(store.conferences_of_host("h"))
    store.connections_of("o")
    list(store.find(Connection, state="s"))  # doctor; all of them need no index
    list(store.find(Connection, state="s", due_at=None))  # the sweep
    for kind in KINDS.values():
        list(store.find(kind.record, state="s", **{kind.owner: "o"}))
    store.conference_of_meeting("m")
    for kind in Due.__constraints__:
        store.due(kind, NOW, limit=1)
    assert {(collection, field) for collection, named in asked for field in named} == {
        (collection, field) for collection, fields in QUERIED.items() for field in fields
    }


def test_every_query_of_the_store_is_tried_here() -> None:
    """A new one is added above, and to QUERIED."""
    others = {"get", "get_many", "commit", "close"}
    public = {name for name in vars(FirestoreStore) if not name.startswith("_")}
    assert public - others == {
        *("links_of_calendar", "conferences_of_host", "connections_of", "find"),
        *("conference_of_meeting", "due"),
    }


def test_what_has_a_time_after_which_nobody_needs_it_expires() -> None:
    expiring = {COLLECTIONS[kind] for kind in COLLECTIONS if "expire_at" in {each.name for each in fields(kind)}}
    assert set(EXPIRING) == expiring
