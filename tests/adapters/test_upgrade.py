"""From one form of the records to the next while old and new functions work on them side by side."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from confsync.adapters import records
from confsync.adapters.firestore import FirestoreStore
from confsync.adapters.records import COLLECTIONS, FORM, document, record
from confsync.adapters.sqlite import SqliteStore
from confsync.domain.calendar import Calendar
from confsync.domain.errors import Temporary
from confsync.domain.lease import Lease
from confsync.ports import Record, Remove, Save, Store
from tests.adapters.golden import GOLDEN, documents, file_of
from tests.contracts.store import CALENDAR, NOW, TTL, read
from tests.emulator import firestore_host, firestore_project
from tests.strategies import KINDS

__all__ = ["firestore_host", "firestore_project"]

FILES = sorted(GOLDEN.glob("form_*.json"))
MARKS = {"_form", "_needed"}


# --- what earlier releases wrote -------------------------------------------------------------------------------------


def test_records_are_as_this_form_says() -> None:
    """Fails when a record has another field: then raise `FORM`, and run `python -m tests.adapters.golden`."""
    assert documents() == json.loads(file_of(FORM).read_text("utf-8"))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: COLLECTIONS[kind])
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_records_of_every_form_are_read(file: Path, kind: type[Record]) -> None:
    old = json.loads(file.read_text("utf-8"))[COLLECTIONS[kind]]
    today = msgspec.json.decode(msgspec.json.encode(document(record(kind, old, "1"))))  # type: ignore[type-var]
    assert missing({name: value for name, value in old.items() if name not in MARKS}, today) == []


def missing(old: Any, today: Any, path: str = "") -> list[str]:
    """What the old data says and today's does not. (Today's may say more, and no field ever goes.)"""
    if isinstance(old, dict) and isinstance(today, dict):
        return [each for name in old for each in missing(old[name], today.get(name), f"{path}.{name}")]
    if isinstance(old, list) and isinstance(today, list) and len(old) == len(today):
        return [each for pair in zip(old, today, strict=True) for each in missing(*pair, path)]
    return [] if old == today else [path]


# --- the next release, beside this one -------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class NextLease(Lease):
    """A lease that says what for."""

    purpose: str = ""


@dataclass(frozen=True, kw_only=True)
class NextCalendar(Calendar):
    """The calendar as a later release has it: a field more, and one more in a nested value."""

    lease: Lease = field(default_factory=NextLease)
    colour: str = ""


NEXT = NextCalendar(
    key="calendar",
    calendar_id="ann@example.com",
    owner="ann@example.com",
    tenant="example.com",
    created_at=NOW,
    due_at=NOW,
    colour="red",
    lease=NextLease(holder="new", epoch=1, purpose="a full list"),
)
NextCalendar.__annotations__["lease"] = NextLease


@contextmanager
def next_release(*, needed: int = FORM) -> Iterator[None]:
    """What is read and written here a function of the next release does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "FORM", FORM + 1)
        patch.setattr(records, "NEEDED", needed)
        patch.setitem(COLLECTIONS, NextCalendar, COLLECTIONS[Calendar])  # type: ignore[arg-type]
        yield


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Store]:
    store = SqliteStore(tmp_path / "confsync.sqlite")
    yield store
    store.close()


@pytest.fixture
def emulated(firestore_project: str) -> Iterator[Store]:
    store = FirestoreStore(firestore_project)
    yield store
    store.close()


MARKED = [pytest.mark.emulator, pytest.mark.xdist_group("firestore")]
FIRESTORE, SHARDED = pytest.param("emulated", marks=MARKED), pytest.param("sharded", marks=MARKED)


@pytest.fixture
def sharded(firestore_project: str) -> Iterator[Store]:
    store = FirestoreStore(firestore_project, sharded=True)
    yield store
    store.close()


@pytest.fixture(params=["sqlite", FIRESTORE, SHARDED])
def store(request: pytest.FixtureRequest) -> Store:
    found: Store = request.getfixturevalue(request.param)
    return found


def of_next(store: Store) -> NextCalendar:
    """The calendar as the next release reads it."""
    with next_release():
        found = store.get(NextCalendar, "calendar")  # type: ignore[type-var]
    assert isinstance(found, NextCalendar)
    return found


def saved_by_next(store: Store, calendar: NextCalendar, *, needed: int = FORM) -> None:
    with next_release(needed=needed):
        store.commit([Save(record=calendar)])


def test_what_a_newer_release_added_stays(store: Store) -> None:
    saved_by_next(store, NEXT)
    for failures in (1, 2):
        found = read(store, CALENDAR)
        store.commit([Save(record=replace(found, failures=failures, due_at=None))])
    after = of_next(store)
    assert replace(after, version=None) == replace(NEXT, failures=2, due_at=None)
    assert store.due(Calendar, NOW, limit=2) == []


def test_of_a_nested_value_that_changes_only_what_is_known_stays(store: Store) -> None:
    saved_by_next(store, NEXT)
    found = read(store, CALENDAR)
    taken = found.lease.take("old", NOW, TTL)
    store.commit([Save(record=replace(found, lease=taken))])
    after = of_next(store)
    assert after.lease == NextLease(holder="old", epoch=2, until=NOW + TTL, purpose="")
    assert after.colour == "red"


def test_the_next_release_reads_and_writes_what_this_one_wrote(store: Store) -> None:
    store.commit([Save(record=CALENDAR)])
    old = of_next(store)
    assert old.colour == ""
    saved_by_next(store, replace(old, colour="blue"))
    store.commit([Save(record=replace(read(store, CALENDAR), failures=1))])
    after = of_next(store)
    assert (after.colour, after.failures) == ("blue", 1)


def test_what_is_removed_and_made_anew_is_new(store: Store) -> None:
    saved_by_next(store, NEXT)
    store.commit([Remove(record=read(store, CALENDAR))])
    store.commit([Save(record=CALENDAR)])
    assert of_next(store).colour == ""


def test_what_this_release_would_misunderstand_it_leaves_alone(store: Store) -> None:
    """Its task is tried again, until a newer function has it; the sweep passes on to what it knows."""
    store.commit([Save(record=replace(CALENDAR, key="other", due_at=NOW))])
    saved_by_next(store, NEXT, needed=FORM + 1)
    with pytest.raises(Temporary, match="newer release"):
        store.get(Calendar, "calendar")
    assert [each.key for each in store.due(Calendar, NOW, limit=2)] == ["other"]
    assert of_next(store).colour == "red"


def test_fields_that_no_newer_release_wrote_go(store: Store) -> None:
    """They are of the past: a name that was given up once may come back with another meaning."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(COLLECTIONS, NextCalendar, COLLECTIONS[Calendar])  # type: ignore[arg-type]
        store.commit([Save(record=NEXT)])
    store.commit([Save(record=read(store, CALENDAR))])
    assert of_next(store).colour == ""
