"""What is indexed in Firestore and what expires there is what the store looks for and what records have."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import BaseQuery

from confsync.adapters.firestore.store import FirestoreStore
from confsync.adapters.records import COLLECTIONS
from confsync.cli.records import KINDS
from confsync.domain.connection import Connection
from confsync.ports import Due
from deployment.applying import apply, planned
from deployment.environment import Environment
from deployment.gcloud import BETWEEN, Gcloud, Query, command
from deployment.planning import demolition
from deployment.report import by_hand_lines, plan_lines, shared_lines
from deployment.resources import stages
from deployment.resources.database import COMPOSITE, EXPIRING, QUERIED, shared
from deployment.source import Source
from tests.deploy.fake_gcloud import Cloud
from tests.deploy.projects import Hurry, deploy, todo

NOW = datetime(2026, 11, 28, tzinfo=UTC)


Asked = list[tuple[str, tuple[str, ...]]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Collection, and fields of the index that it takes, of each query; none finds anything.

    The index of each field by itself does for those that are each equal to something. Other fields take one index: the
    one that is compared and sorted by comes last, after those that have one of some values.
    """
    queries: Asked = []

    def stream(query: BaseQuery, **_: Any) -> list[Any]:
        sent = query._to_protobuf()
        single = sent.where.field_filter
        several = [each.unary_filter or each.field_filter for each in sent.where.composite_filter.filters]
        compared = [each for each in (single, *several) if each.field.field_path]
        ordered = [each.field.field_path for each in sent.order_by]
        of_some = [each.field.field_path for each in compared if each.op.name in {"EQUAL", "IN", "IS_NULL"}]
        assert {each.field.field_path for each in compared} <= {*of_some, *ordered}
        named = [each for each in (*of_some, *ordered) if each != "__name__"]
        how = {each.op.name for each in compared}
        joined = bool(how) and how <= {"EQUAL", "IS_NULL"}
        queries.extend(
            (sent.from_[0].collection_id, index)
            for index in ([(each,) for each in named] if joined else [tuple(named)])
        )
        return []

    def client(**_: Any) -> firestore.Client:
        return original(project="p", credentials=AnonymousCredentials())

    original = firestore.Client
    monkeypatch.setattr(firestore, "Client", client)
    monkeypatch.setattr("google.cloud.firestore_v1.query.Query.stream", stream)
    return queries


def test_every_query_has_its_index_and_no_other_is_kept(asked: Asked) -> None:
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
    single = {(collection, (field,)) for collection, fields in QUERIED.items() for field in fields}
    assert {each for each in asked if each[1]} == single | set(COMPOSITE.items())


def test_fields_that_only_a_composite_index_has_are_in_no_other() -> None:
    """Else their times would grow in an index of their own, and that would bound how fast records are written."""
    for collection, indexed in COMPOSITE.items():
        assert not {*indexed} & {*QUERIED[collection]}


@pytest.mark.parametrize(("state", "told"), [("CREATING", "being built"), ("NEEDS_REPAIR", "broken")])
def test_an_index_that_is_not_ready_is_told(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud, state: str, told: str
) -> None:
    deploy(environment, source, fake)
    cloud.state["composites"]["calendars"]["state"] = state
    plan = todo(environment, source, fake)
    assert f"index: {told} -> ready" in "\n".join(plan_lines(plan, "p"))
    assert "gcloud firestore operations list --database=confsync" in "\n".join(by_hand_lines(plan))


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


# --- when indexes are there ------------------------------------------------------------------------------------------


def test_functions_wait_for_an_index_that_a_release_adds(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With records in the collection it takes a while, and functions of the new release look for records by it."""
    later = replace(source, build="later")
    with monkeypatch.context() as patch:
        patch.setitem(QUERIED, "links", ())
        deploy(environment, source, fake)
    plan = todo(environment, later, fake)
    assert [stage.title for stage in plan if stage.title in {"database", "indexes", "functions"}] == [
        *("database", "indexes", "functions")
    ]
    apply(fake, plan, lambda _: None)
    asked = next(each for each in reversed(cloud.changes) if "links" in str(each))
    deployed = next(each for each in cloud.changes if f"later-{environment.table.runtime}" in str(each))
    assert cloud.changes.index(asked) < cloud.changes.index(deployed)
    assert isinstance(fake.stopped, Hurry)
    assert BETWEEN in fake.stopped.waited


@pytest.mark.parametrize(("state", "told"), [("CREATING", "being built"), ("NEEDS_REPAIR", "broken")])
def test_an_index_that_is_not_built_is_told(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud, state: str, told: str
) -> None:
    deploy(environment, source, fake)
    name = next(each for each in cloud.state["indexes"] if each.endswith("/conferences/fields/due_at"))
    cloud.state["indexes"][name]["indexConfig"]["indexes"][0]["state"] = state
    plan = todo(environment, source, fake)
    assert [stage.title for stage in plan if stage.title in {"database", "indexes"}] == ["indexes"]
    assert f"conferences by due_at: {told} -> built" in "\n".join(plan_lines(plan, "p"))


# --- whose database it is ---------------------------------------------------------------------------------------------


def in_database(environment: Environment, name: str) -> Environment:
    store = msgspec.structs.replace(environment.settings.store, database=name)
    return replace(environment, settings=msgspec.structs.replace(environment.settings, store=store))


@pytest.fixture
def others(cloud: Cloud, fake: Gcloud) -> dict[str, Any]:
    """A default database that was there before, without protection."""
    cloud.state["apis"].append("firestore")
    fake.do(
        command(
            "firestore", "databases", "create", "--database=(default)", "--location=eur3", "--type=firestore-native"
        )
    )
    found: dict[str, Any] = cloud.state["databases"]["(default)"]
    return found


def test_a_deployment_has_a_database_of_its_own(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud, others: dict[str, Any]
) -> None:
    before = dict(others)
    deploy(environment, source, fake)
    assert {*cloud.state["databases"]} == {"(default)", "confsync"}
    down = demolition(stages(environment, source), everything=True)
    apply(fake, planned(fake, down), lambda _: None)
    assert cloud.state["databases"] == {"(default)": before}
    assert not any("--database=(default)" in change for change in cloud.changes[2:])
    assert shared(environment) == ""


def test_a_database_that_may_be_others_is_told_and_left(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud, others: dict[str, Any]
) -> None:
    before = dict(others)
    here = in_database(environment, "(default)")
    deploy(here, source, fake)
    assert "The database (default) may hold records of others, and is never deleted" in "\n".join(shared_lines(here))
    apply(fake, planned(fake, demolition(stages(here, source), everything=True)), lambda _: None)
    assert cloud.state["databases"] == {"(default)": before}


def test_functions_can_open_no_other_database(environment: Environment, source: Source, fake: Gcloud) -> None:
    deploy(environment, source, fake)
    policy = fake.ask(Query(arguments=("projects", "get-iam-policy", "example-project")))
    (binding,) = [each for each in policy["bindings"] if each["role"] == "roles/datastore.user"]
    told = 'resource.name == "projects/example-project/databases/confsync"'
    assert binding["condition"] == {"expression": told, "title": "confsync"}


def test_a_role_on_every_database_is_taken_back(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    """As it was given before there were conditions; what somebody else binds to one of theirs stays."""
    deploy(environment, source, fake)
    member = "serviceAccount:confsync-sync@example-project.iam.gserviceaccount.com"
    roles = cloud.state["policies"]["projects/example-project"]
    theirs = "roles/viewer expression=request.time < timestamp(),title=until summer"
    roles["roles/datastore.user"], roles[theirs] = [member], [member]
    deploy(environment, source, fake)
    assert roles["roles/datastore.user"] == []
    assert roles[theirs] == [member]
