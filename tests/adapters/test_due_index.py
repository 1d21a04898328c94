"""What is due is found wherever a document keeps it: by releases side by side, and whichever way the setting is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

import pytest
from google.cloud import firestore

from confsync.adapters import records
from confsync.adapters.firestore import FirestoreStore, store
from confsync.adapters.firestore.due_index import DUE_AT, SHARD, SHARDED_DUE_AT, SHARDS
from confsync.adapters.records import readable
from confsync.domain.calendar import Calendar
from confsync.domain.errors import Temporary
from confsync.domain.keys import calendar_key
from confsync.ports import Due, Save
from tests.contracts.store import CALENDAR, CONFERENCE, LINK, NOW, read
from tests.emulator import firestore_host, firestore_project

__all__ = ["firestore_host", "firestore_project"]

pytestmark = [pytest.mark.emulator, pytest.mark.xdist_group("firestore")]
MINUTE = timedelta(minutes=1)


class EarlierStore(FirestoreStore):
    """As the release before this one looks for what is due."""

    def due(self, kind: type[Due], now: datetime, *, limit: int) -> list[Due]:
        return list(readable(kind, store._due(self._collection(kind), DUE_AT, now, limit)))


@contextmanager
def earlier_release() -> Iterator[None]:
    """What is read and written here a function of the release before does, which knows of no shards."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "FORM", 1)
        patch.setattr(store, "unsharded", lambda document: document)
        yield


@dataclass
class Releases:
    """Stores on the same records: of the release before, and of this one without and with shards."""

    earlier: EarlierStore
    plain: FirestoreStore
    sharded: FirestoreStore
    client: firestore.Client

    def fields(self, key: str = CALENDAR.key) -> set[str]:
        """Where the calendar's document keeps when it is due."""
        return {DUE_AT, SHARD, SHARDED_DUE_AT} & self.client.document(f"calendars/{key}").get().to_dict().keys()

    def found(self) -> list[list[str]]:
        """What each store of this release finds due."""
        return [[each.key for each in one.due(Calendar, NOW, limit=99)] for one in (self.plain, self.sharded)]

    def found_earlier(self) -> list[str]:
        with earlier_release():
            return [each.key for each in self.earlier.due(Calendar, NOW, limit=99)]


@pytest.fixture
def releases(firestore_project: str) -> Iterator[Releases]:
    plain = FirestoreStore(firestore_project)
    sharded = FirestoreStore(firestore_project, sharded=True)
    earlier = EarlierStore(firestore_project)
    yield Releases(earlier, plain, sharded, firestore.Client(project=firestore_project))
    for each in (plain, sharded, earlier):
        each.close()


DUE = replace(CALENDAR, due_at=NOW)


def test_a_record_of_the_release_before_is_found_and_moves_when_it_is_saved(releases: Releases) -> None:
    with earlier_release():
        releases.earlier.commit([Save(record=DUE)])
    assert releases.found() == [["calendar"], ["calendar"]]
    releases.sharded.commit([Save(record=read(releases.sharded, CALENDAR))])
    assert releases.fields() == {SHARD, SHARDED_DUE_AT}, "and in the other index no more"
    assert releases.found() == [["calendar"], ["calendar"]]


def test_without_the_setting_the_release_before_can_go_on(releases: Releases) -> None:
    releases.plain.commit([Save(record=DUE)])
    assert releases.found_earlier() == ["calendar"]
    with earlier_release():
        releases.earlier.commit([Save(record=replace(read(releases.earlier, CALENDAR), failures=1))])
        assert releases.found_earlier() == ["calendar"]
    assert read(releases.plain, CALENDAR).failures == 1


def test_what_has_a_shard_the_release_before_leaves_alone(releases: Releases) -> None:
    """Its tasks are tried again until newer functions are back; then it is still due."""
    releases.sharded.commit([Save(record=DUE)])
    with earlier_release(), pytest.raises(Temporary, match="newer release"):
        releases.earlier.get(Calendar, CALENDAR.key)
    assert releases.found_earlier() == []
    assert releases.found() == [["calendar"], ["calendar"]]


def test_the_setting_can_be_taken_back(releases: Releases) -> None:
    releases.sharded.commit([Save(record=DUE)])
    releases.plain.commit([Save(record=replace(read(releases.plain, CALENDAR), failures=1))])
    assert releases.fields() == {DUE_AT}
    assert releases.found_earlier() == ["calendar"]
    assert releases.found() == [["calendar"], ["calendar"]]


def test_what_is_never_due_is_stored_as_ever_and_found_by_that(releases: Releases) -> None:
    releases.sharded.commit([Save(record=CALENDAR), Save(record=replace(DUE, key="due")), Save(record=LINK)])
    assert releases.fields() == {DUE_AT}
    assert [each.key for each in releases.plain.find(Calendar, due_at=None)] == [CALENDAR.key]
    assert read(releases.plain, CALENDAR).due_at is None
    assert read(releases.sharded, LINK) == read(releases.plain, LINK)


def test_a_documents_shard_is_the_same_in_every_release(releases: Releases) -> None:
    """As this release stores it: a later one has to look for these."""
    releases.sharded.commit([Save(record=DUE), Save(record=replace(CONFERENCE, due_at=NOW))])
    for path, shard in (("calendars/calendar", 6), ("conferences/conference", 8)):
        stored = releases.client.document(path).get().to_dict()
        assert (stored["_shard"], stored["_due_at"], stored["_needed"]) == (shard, NOW, 2)


def test_calendars_spread_over_all_shards(releases: Releases) -> None:
    keys = [calendar_key(f"person{number}@example.com") for number in range(200)]
    releases.sharded.commit([Save(record=replace(DUE, key=key)) for key in keys])
    stored = [each.to_dict()[SHARD] for each in releases.client.collection("calendars").stream()]
    assert {*stored} == {*range(SHARDS)}
    assert max(stored.count(shard) for shard in range(SHARDS)) < 3 * len(keys) / SHARDS


@pytest.mark.parametrize("sharding", [False, True], ids=["plain", "sharded"])
def test_page_by_page_the_longest_due_of_both_come_first(releases: Releases, sharding: bool) -> None:
    """Half of the records have a shard; a sweep reads a page, and puts off what is on it."""
    random = Random(1)
    minutes = random.sample(range(1000), 60)
    for number, minute in enumerate(minutes):
        writer = random.choice([releases.plain, releases.sharded])
        calendar = replace(CALENDAR, key=calendar_key(str(number)), due_at=NOW - minute * MINUTE)
        writer.commit([Save(record=calendar)])
    sweeping, seen = (releases.sharded if sharding else releases.plain), list[datetime]()
    while page := sweeping.due(Calendar, NOW, limit=7):
        seen += [each.due_at for each in page if each.due_at]
        sweeping.commit([Save(record=replace(each, due_at=NOW + MINUTE)) for each in page])
    assert seen == [NOW - minute * MINUTE for minute in sorted(minutes, reverse=True)]


def test_whoever_saves_what_is_due_is_due_once(releases: Releases) -> None:
    """Functions of both releases and settings, in any order; what the one before may not touch is as it was."""
    random, keys = Random(2), [f"calendar-{number}" for number in range(6)]
    due = dict[str, datetime | None]()
    for _ in range(150):
        key, at = random.choice(keys), random.choice([None, *(NOW + minute * MINUTE for minute in (-9, -5, 5))])
        writer = random.choice([releases.earlier, releases.plain, releases.sharded])
        with earlier_release() if writer is releases.earlier else pytest.MonkeyPatch.context():
            try:
                before = writer.get(Calendar, key)
            except Temporary:
                continue
            writer.commit([Save(record=replace(before or replace(CALENDAR, key=key), due_at=at))])
        due[key] = at
        late = sorted((at, key) for key, at in due.items() if at and at <= NOW)
        for found in releases.found():
            assert sorted(found) == sorted(key for _, key in late)
            assert [due[each] for each in found] == [at for at, _ in late]
