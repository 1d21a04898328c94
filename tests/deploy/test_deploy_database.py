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
from confsync.ports import Due
from deployment.resources.database import EXPIRING, QUERIED

NOW = datetime(2026, 11, 28, tzinfo=UTC)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, frozenset[str]]]:
    """Collection, and fields by which it is filtered and sorted, of each query; none finds anything."""
    queries: list[tuple[str, frozenset[str]]] = []

    def stream(query: BaseQuery, **_: Any) -> list[Any]:
        sent = query._to_protobuf()
        named = {sent.where.field_filter.field.field_path, *(each.field.field_path for each in sent.order_by)}
        assert not sent.where.composite_filter.filters
        queries.append((sent.from_[0].collection_id, frozenset(named - {"", "__name__"})))
        return []

    def client(**_: Any) -> firestore.Client:
        return original(project="p", credentials=AnonymousCredentials())

    original = firestore.Client
    monkeypatch.setattr(firestore, "Client", client)
    monkeypatch.setattr("google.cloud.firestore_v1.query.Query.stream", stream)
    return queries


def test_every_query_has_its_index_and_none_needs_a_composite_one(asked: list[tuple[str, frozenset[str]]]) -> None:
    store = FirestoreStore("p")
    list(store.links_of_calendar("c"))
    list(store.conferences_of_host("h"))
    store.connections_of("o")
    list(store.connections())
    store.conference_of_meeting("m")
    for kind in Due.__constraints__:
        store.due(kind, NOW, limit=1)
    assert all(len(named) <= 1 for _, named in asked)
    assert {(collection, field) for collection, named in asked for field in named} == {
        (collection, field) for collection, fields in QUERIED.items() for field in fields
    }


def test_every_query_of_the_store_is_tried_here() -> None:
    """A new one is added above, and to QUERIED."""
    others = {"get", "get_many", "commit", "close"}
    public = {name for name in vars(FirestoreStore) if not name.startswith("_")}
    assert public - others == {
        *("links_of_calendar", "conferences_of_host", "connections_of", "connections"),
        *("conference_of_meeting", "due"),
    }


def test_what_has_a_time_after_which_nobody_needs_it_expires() -> None:
    expiring = {COLLECTIONS[kind] for kind in COLLECTIONS if "expire_at" in {each.name for each in fields(kind)}}
    assert set(EXPIRING) == expiring
