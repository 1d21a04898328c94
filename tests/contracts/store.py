"""What every store does, whatever it is built on.

Subclass `StoreContract` and give it a `store` fixture; `SharedStoreContract` adds what several processes
may rely on, and asks for `open_store`.
"""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Barrier
from threading import Barrier as ThreadBarrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from confsync.domain.budget import Budget
from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.channel import Channel
from confsync.domain.conference import Conference, ConferenceSpec, Desired, Reference
from confsync.domain.connection import Account, Connection, ConnectionState
from confsync.domain.errors import Busy, StoreConflict, Temporary
from confsync.domain.host import Host
from confsync.domain.keys import connection_key, meeting_key
from confsync.domain.link import Link
from confsync.domain.repeat import Repeat
from confsync.domain.solution import CallLimit
from confsync.domain.sweep import Sweep
from confsync.ports import R, Record, Remove, Save, Store
from tests.contracts.processes import PATIENCE, SPAWN, Killed, heard, received, started
from tests.strategies import KINDS, records, with_key

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TTL = timedelta(minutes=5)
SPEC = ConferenceSpec(title="Planning", start=NOW, end=NOW + TTL, time_zone="Europe/Zurich")
CALENDAR = Calendar(
    key="calendar", calendar_id="ann@example.com", owner="ann@example.com", tenant="example.com", created_at=NOW
)
CHANNEL = Channel(
    key="channel", calendar_key="calendar", calendar_id="ann@example.com", owner="ann@example.com", created_at=NOW
)
CONFERENCE = Conference(
    id="conference",
    solution="zoom",
    tenant="example.com",
    host="ann@example.com",
    desired=Desired(version=1, spec=SPEC),
    created_at=NOW,
)
LINK = Link(
    key="link",
    calendar_key="calendar",
    calendar_id="ann@example.com",
    event_id="event",
    owner="ann@example.com",
    spec=SPEC,
    created_at=NOW,
)
BUDGET = Budget(key="budget", provider="zoom", host="ann@example.com", expire_at=NOW, used={"2026-03-01": 1})
LIMIT = CallLimit(calls=2, account="acme")
REPEAT = Repeat(key="repeat", fingerprint="0123", event_id="c0123", expire_at=NOW)
HOST = Host(key="host", provider="zoom", account="ann@example.com", expire_at=NOW, booked={"conference": (SPEC,)})
SWEEP = Sweep(completed_at=NOW, failed=1, more_due=("calendar",))
CONNECTION = Connection(
    key="connection",
    owner="ann@example.com",
    vendor="zoom",
    account_id="1",
    account_name="ann@example.com",
    scopes=("meeting:read", "meeting:write"),
    sealed="sealed",
    connected_at=NOW,
    successor=Account(id="2", name="ann@elsewhere.example"),
)
EXAMPLES: tuple[Record, ...] = (CALENDAR, CHANNEL, CONFERENCE, CONNECTION, LINK, BUDGET, HOST, REPEAT, SWEEP)

SOME_LINKS = [replace(LINK, key=f"{n:03}") for n in range(100)]

each_kind = pytest.mark.parametrize("record", EXAMPLES, ids=lambda record: type(record).__name__)
examples = settings(
    max_examples=12, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def stored(store: Store, record: R) -> R:
    """Save the record, and return it as read back."""
    store.commit([Save(record=record)])
    return read(store, record)


def dated(record: R, time: datetime) -> R:
    """The record with another time in it."""
    names = {Connection: "connected_at", Sweep: "completed_at"} | dict.fromkeys((Budget, Host, Repeat), "expire_at")
    return replace(record, **{names.get(type(record), "created_at"): time})


def read(store: Store, record: R) -> R:
    """The record as it is in the store, where it must be."""
    found = store.get(type(record), record.key)
    assert found is not None
    return found


class StoreContract:
    """For every store, the fake too."""

    @pytest.fixture
    def store(self) -> Store:
        """An empty store."""
        raise NotImplementedError

    # --- records come back as they were

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
    @examples
    @given(data=st.data())
    def test_every_field_comes_back(self, store: Store, kind: type[Record], data: st.DataObject) -> None:
        first, second = data.draw(records(kind)), data.draw(records(kind))
        found = stored(store, first)
        assert replace(found, version=None) == first
        changed = replace(with_key(second, first.key), version=found.version)
        assert replace(stored(store, changed), version=None) == with_key(second, first.key)

    def test_times_come_back_in_utc(self, store: Store) -> None:
        elsewhere = replace(CALENDAR, created_at=NOW.astimezone(timezone(timedelta(hours=5, minutes=45))))
        found = stored(store, elsewhere).created_at
        assert found == NOW
        assert found.tzinfo is UTC
        assert type(found) is datetime

    def test_a_time_without_zone_is_refused(self, store: Store) -> None:
        with pytest.raises(ValueError, match="no time zone"):
            store.commit([Save(record=replace(CALENDAR, due_at=datetime(2026, 1, 1)))])

    def test_large_and_unusual_text(self, store: Store) -> None:
        spec = replace(SPEC, title="Größe 会議 👩‍💻\x00\u2028", description="é" * 100_000)
        assert stored(store, replace(LINK, spec=spec)).spec == spec

    def test_what_was_read_is_independent_of_what_was_saved(self, store: Store) -> None:
        ids = {"id": "1"}
        conference = replace(CONFERENCE, applied=replace(CONFERENCE.applied, reference=Reference(ids=ids)))
        store.commit([Save(record=conference)])
        ids["id"] = "2"
        assert read(store, conference).applied.reference == Reference(ids={"id": "1"})

    # --- reading by key

    @each_kind
    def test_nothing_there(self, store: Store, record: Record) -> None:
        assert store.get(type(record), record.key) is None
        assert store.get_many(type(record), [record.key, "other"]) == {}
        assert store.get_many(type(record), []) == {}

    def test_kinds_do_not_mix(self, store: Store) -> None:
        store.commit([Save(record=CALENDAR), Save(record=replace(LINK, key=CALENDAR.key))])
        assert store.get(Channel, CALENDAR.key) is None
        store.commit([Remove(record=read(store, CALENDAR))])
        assert store.get(Link, CALENDAR.key) is not None

    def test_get_many_gives_those_that_exist(self, store: Store) -> None:
        keys = [f"link-{n:03}" for n in range(240)]
        store.commit([Save(record=replace(LINK, key=key)) for key in keys])
        found = store.get_many(Link, [*keys, "missing", keys[0]])
        assert sorted(found) == keys
        assert found[keys[7]] == store.get(Link, keys[7])

    @pytest.mark.parametrize("key", ["", ".", "..", "__a__", "a/b", "a/b/c", "\ud800", "x" * 1501])
    def test_keys_that_cannot_be(self, store: Store, key: str) -> None:
        assert store.get(Conference, key) is None
        assert store.get_many(Conference, [key]) == {}
        with pytest.raises(ValueError, match="key"):
            store.commit([Save(record=with_key(CONFERENCE, key))])

    # --- conditions

    @each_kind
    def test_created_once(self, store: Store, record: Record) -> None:
        first = stored(store, record)
        with pytest.raises(StoreConflict, match=record.key):
            store.commit([Save(record=record)])
        assert read(store, record) == first

    @each_kind
    def test_a_change_changes_the_version(self, store: Store, record: Record) -> None:
        versions = [None, stored(store, record).version]
        for n in range(3):
            time = NOW + timedelta(minutes=n + 1)
            versions.append(stored(store, dated(read(store, record), time)).version)
        assert len(set(versions)) == len(versions)

    @each_kind
    def test_a_save_without_a_change_changes_the_version(self, store: Store, record: Record) -> None:
        first = stored(store, record)
        second = stored(store, first)
        assert second == replace(first, version=second.version)
        assert second.version != first.version
        with pytest.raises(StoreConflict, match=record.key):
            store.commit([Save(record=first)])

    @each_kind
    def test_a_stale_version_is_refused(self, store: Store, record: Record) -> None:
        old = stored(store, record)
        new = stored(store, dated(old, NOW + TTL))
        for write in (Save(record=dated(old, NOW - TTL)), Remove(record=old)):
            with pytest.raises(StoreConflict, match=record.key):
                store.commit([write])
        assert read(store, record) == new

    @each_kind
    def test_removed(self, store: Store, record: Record) -> None:
        found = stored(store, record)
        store.commit([Remove(record=found)])
        assert store.get(type(record), record.key) is None
        for write in (Save(record=found), Remove(record=found)):
            with pytest.raises(StoreConflict, match=record.key):
                store.commit([write])

    def test_a_record_made_anew_is_another_one(self, store: Store) -> None:
        old = stored(store, CALENDAR)
        store.commit([Remove(record=old)])
        new = stored(store, CALENDAR)
        with pytest.raises(StoreConflict):
            store.commit([Save(record=replace(old, sync_token="old"))])
        assert read(store, CALENDAR) == new

    def test_impossible_commits(self, store: Store) -> None:
        found = stored(store, CALENDAR)
        with pytest.raises(ValueError, match="twice"):
            store.commit([Save(record=replace(found, sync_token="a")), Remove(record=found)])
        with pytest.raises(ValueError, match="not read"):
            store.commit([Remove(record=CALENDAR)])
        with pytest.raises(ValueError, match="450"):
            store.commit([Save(record=replace(LINK, key=str(n))) for n in range(451)])
        assert read(store, CALENDAR) == found

    # --- all or nothing

    def test_nothing_to_write(self, store: Store) -> None:
        calendar = stored(store, CALENDAR)
        store.commit([])
        assert store.get(Calendar, CALENDAR.key) == calendar

    def test_as_many_writes_as_allowed(self, store: Store) -> None:
        store.commit([Save(record=replace(LINK, key=str(n))) for n in range(450)])
        links = list(store.links_of_calendar("calendar"))
        assert len(links) == 450
        store.commit([Remove(record=link) for link in links])
        assert list(store.links_of_calendar("calendar")) == []

    @pytest.mark.parametrize("place", [0, 3, 6])
    def test_one_bad_write_spoils_all(self, store: Store, place: int) -> None:
        channel = stored(store, CHANNEL)
        stored(store, LINK)
        good = [Save(record=replace(LINK, key=str(n))) for n in range(4)]
        writes = [Remove(record=channel), *good, Save(record=CALENDAR)]
        writes.insert(place, Save(record=LINK))
        with pytest.raises(StoreConflict):
            store.commit(writes)
        assert store.get_many(Link, [str(n) for n in range(4)]) == {}
        assert read(store, CHANNEL) == channel

    def test_desired_state_and_sync_token_go_together(self, store: Store) -> None:
        calendar, conference = stored(store, CALENDAR), stored(store, CONFERENCE)
        desired = Desired(version=2, spec=replace(SPEC, title="Moved"))
        writes = [
            Save(record=replace(conference, desired=desired)),
            Save(record=replace(calendar, sync_token="second")),
        ]
        rival = stored(store, replace(conference, attempts=1))
        with pytest.raises(StoreConflict):
            store.commit(writes)
        assert (read(store, CALENDAR).sync_token, read(store, CONFERENCE).desired.version) == (None, 1)
        store.commit([Save(record=replace(rival, desired=desired)), writes[1]])
        assert (read(store, CALENDAR).sync_token, read(store, CONFERENCE).desired) == ("second", desired)

    # --- queries

    def test_a_vendors_meeting_leads_to_its_conference(self, store: Store) -> None:
        key = meeting_key("zoom", {"id": "123"})
        store.commit([Save(record=CONFERENCE), Save(record=replace(CONFERENCE, id="other", meeting_key=key))])
        found = store.conference_of_meeting(key)
        assert found is not None
        assert (found.id, found.version is not None) == ("other", True)
        store.commit([Save(record=replace(found, meeting_key=None))])
        assert store.conference_of_meeting(key) is None

    def test_links_of_calendar(self, store: Store) -> None:
        keys = [f"{n:04}" for n in range(650)]
        for start in range(0, 650, 325):
            store.commit([Save(record=replace(LINK, key=key)) for key in keys[start : start + 325]])
        store.commit([Save(record=replace(LINK, key="elsewhere", calendar_key="other"))])
        found = list(store.links_of_calendar("calendar"))
        assert sorted(link.key for link in found) == keys
        assert list(store.links_of_calendar("calendar")) == found
        assert list(store.links_of_calendar("calendar", limit=3)) == found[:3]
        assert list(store.links_of_calendar("calendar", limit=600)) == found[:600]
        assert list(store.links_of_calendar("calendar", limit=0)) == []
        assert list(store.links_of_calendar("unknown")) == []

    def test_links_can_be_changed_while_they_are_read(self, store: Store) -> None:
        store.commit([Save(record=replace(LINK, key=f"{n:04}")) for n in range(20)])
        for link in store.links_of_calendar("calendar"):
            store.commit([Remove(record=link)])
        assert list(store.links_of_calendar("calendar")) == []

    def test_conferences_of_one_host(self, store: Store) -> None:
        """Also more of them than are read at a time, among those of others."""
        mine, theirs = [f"{n:04}" for n in range(650)], [f"{n:04}-" for n in range(10)]
        for start in range(0, 650, 325):
            store.commit([Save(record=replace(CONFERENCE, id=id)) for id in mine[start : start + 325]])
        store.commit([Save(record=replace(CONFERENCE, id=id, host="bob@example.com")) for id in theirs])
        found = list(store.conferences_of_host("ann@example.com"))
        assert sorted(each.id for each in found) == mine
        assert list(store.conferences_of_host("ann@example.com")) == found, "in a stable order"
        assert found[7] == read(store, found[7])
        assert sorted(each.id for each in store.conferences_of_host("bob@example.com")) == theirs
        assert list(store.conferences_of_host("eve@example.com")) == []

    def test_conferences_of_a_host_can_be_changed_while_they_are_read(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each is found once, as it was when its page was read."""
        monkeypatch.setattr("confsync.adapters.records.PAGE", 3)
        ids = [f"{n:02}" for n in range(10)]
        store.commit([Save(record=replace(CONFERENCE, id=id)) for id in ids])
        found = []
        for each in store.conferences_of_host("ann@example.com"):
            found.append(each.id)
            store.commit([Save(record=replace(each, last_error="marked"))])
        assert sorted(found) == ids
        assert {each.last_error for each in store.conferences_of_host("ann@example.com")} == {"marked"}

    def test_connections_of_one_owner(self, store: Store) -> None:
        for owner, vendor in (("ann@example.com", "zoom"), ("ann@example.com", "webex"), ("bob@example.com", "zoom")):
            key = connection_key(owner, vendor)
            store.commit([Save(record=replace(CONNECTION, key=key, owner=owner, vendor=vendor))])
        found = store.connections_of("Ann@example.com")
        assert {(each.owner, each.vendor) for each in found} == {
            ("ann@example.com", "zoom"),
            ("ann@example.com", "webex"),
        }
        assert found[0] == read(store, found[0])
        assert store.connections_of("eve@example.com") == []

    def test_all_of_a_kind(self, store: Store) -> None:
        assert list(store.find(Connection)) == []
        keys = [f"{n:04}" for n in range(650)]
        for start in range(0, 650, 325):
            store.commit([Save(record=replace(CONNECTION, key=key)) for key in keys[start : start + 325]])
        store.commit([Save(record=LINK)])
        found = list(store.find(Connection))
        assert sorted(each.key for each in found) == keys
        assert list(store.find(Connection)) == found
        assert found[7] == read(store, found[7])

    def test_those_with_some_values(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also more of them than are read at a time."""
        monkeypatch.setattr("confsync.adapters.records.PAGE", 2)
        states = (CalendarState.ACTIVE, CalendarState.PAUSED)
        owners = ("ann@example.com", "bob's@example.com")
        asked = [(state, owner) for state in states for owner in owners]
        for number, (state, owner) in enumerate(asked * 5):
            store.commit([Save(record=replace(CALENDAR, key=f"{number:02}", state=state, owner=owner))])
        for number, (state, owner) in enumerate(asked):
            found = list(store.find(Calendar, state=state, owner=owner))
            assert sorted(each.key for each in found) == [f"{n:02}" for n in range(number, 20, 4)]
            assert found[3] == read(store, found[3])
        assert len(list(store.find(Calendar, owner=owners[1]))) == 10
        assert list(store.find(Calendar, state="gone")) == []

    def test_those_without_a_value(self, store: Store) -> None:
        store.commit([Save(record=replace(CONNECTION, key=key)) for key in ("none", "none either")])
        store.commit([Save(record=replace(CONNECTION, key="due", due_at=NOW))])
        store.commit([Save(record=replace(CONNECTION, key="ended", state=ConnectionState.EXPIRED))])
        found = store.find(Connection, state=ConnectionState.ACTIVE, due_at=None)
        assert sorted(each.key for each in found) == ["none", "none either"]

    def test_records_can_be_changed_while_they_are_read(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        """Each is found once, whichever page it is on, and those that others remove meanwhile end nothing."""
        monkeypatch.setattr("confsync.adapters.records.PAGE", 3)
        keys = [f"{n:02}" for n in range(10)]
        store.commit([Save(record=replace(CONNECTION, key=key)) for key in keys])
        found = []
        for each in store.find(Connection):
            found.append(each.key)
            store.commit([Save(record=replace(each, sealed="anew"))] if len(found) % 3 else [Remove(record=each)])
        assert sorted(found) == keys
        assert [each.sealed for each in store.find(Connection)] == ["anew"] * 7

    @pytest.mark.parametrize("record", EXAMPLES[:4], ids=lambda record: type(record).__name__)
    def test_due(self, store: Store, record: Calendar | Channel | Conference | Connection) -> None:
        minutes = {"late": -9, "now": 0, "half": -0.5, "soon": 0.001, "later": 60, "later-still": 600}
        waiting = [with_key(replace(record, due_at=NOW + timedelta(minutes=m)), key) for key, m in minutes.items()]
        never = with_key(replace(record, due_at=None), "never")
        store.commit([Save(record=each) for each in (*waiting, never)])
        kind = type(record)
        assert [each.key for each in store.due(kind, NOW, limit=10)] == ["late", "half", "now"]
        assert [each.key for each in store.due(kind, NOW, limit=2)] == ["late", "half"]
        assert store.due(kind, NOW - timedelta(hours=1), limit=10) == []
        late = store.due(kind, NOW, limit=1)[0]
        store.commit([Save(record=replace(late, due_at=None))])
        half = store.due(kind, NOW, limit=1)[0]
        store.commit([Save(record=replace(half, due_at=NOW + timedelta(minutes=1)))])
        found = store.due(kind, NOW + timedelta(minutes=1), limit=10)
        assert [each.key for each in found] == ["now", "soon", "half"]
        assert found[0] == store.get(kind, "now")

    # --- races

    def test_one_thread_takes_the_lease(self, store: Store) -> None:
        threads, rounds = 6, 5
        store.commit([Save(record=CALENDAR)])
        barrier = ThreadBarrier(threads)
        with ThreadPoolExecutor(threads) as pool:
            won = list(pool.map(lambda n: race(store, barrier, f"thread {n}", rounds), range(threads)))
        assert [sum(wins) for wins in zip(*won, strict=True)] == [1] * rounds
        assert read(store, CALENDAR).lease.epoch == rounds

    def test_a_stale_holder_cannot_commit(self, store: Store) -> None:
        store.commit([Save(record=CALENDAR)])
        slow = take(store, "slow", NOW)
        with pytest.raises(Busy):
            take(store, "eager", NOW + TTL / 2)
        quick = take(store, "quick", NOW + TTL)
        link = Save(record=LINK)
        with pytest.raises(StoreConflict, match="calendar"):
            store.commit([link, Save(record=replace(slow, sync_token="slow"))])
        assert store.get(Link, LINK.key) is None
        store.commit([link, Save(record=replace(quick, sync_token="quick", lease=quick.lease.release()))])
        assert read(store, CALENDAR).sync_token == "quick"

    def test_of_all_who_spend_the_last_of_a_budget_one_succeeds(self, store: Store) -> None:
        threads = 6
        budget = stored(store, BUDGET)
        barrier = ThreadBarrier(threads)

        def spend(n: int) -> bool:
            conference = Save(record=replace(CONFERENCE, id=f"conference {n}"))
            barrier.wait(PATIENCE)
            try:
                store.commit([conference, Save(record=budget.spent(LIMIT, NOW))])
            except StoreConflict:
                return False
            return True

        with ThreadPoolExecutor(threads) as pool:
            spent = list(pool.map(spend, range(threads)))
        assert sum(spent) == 1
        assert read(store, BUDGET).used == {"2026-03-01": 2}
        assert sorted(store.get_many(Conference, [f"conference {n}" for n in range(threads)])) == [
            f"conference {spent.index(True)}"
        ]

    def test_no_increment_is_lost(self, store: Store) -> None:
        threads, increments = 4, 6
        store.commit([Save(record=CONFERENCE)])
        with ThreadPoolExecutor(threads) as pool:
            unclear = sum(pool.map(lambda _: count_up(store, increments), range(threads)))
        assert (read(store, CONFERENCE).attempts, unclear) == (threads * increments, 0)

    # --- reading while others write

    def test_a_large_commit_is_seen_whole_or_not_at_all(self, store: Store) -> None:
        keys = [f"{n:03}" for n in range(450)]
        store.commit([Save(record=replace(LINK, key=key)) for key in keys])

        def write() -> None:
            for n in range(4):
                links = store.get_many(Link, keys).values()
                store.commit([Save(record=replace(link, published=str(n))) for link in links])

        for _ in during(write):
            assert len({link.published for link in store.get_many(Link, keys).values()}) == 1
            assert len({link.published for link in store.links_of_calendar("calendar")}) == 1
        assert {link.published for link in store.links_of_calendar("calendar")} == {"3"}

    def test_links_that_stay_are_found_while_others_come_and_go(self, store: Store) -> None:
        stay = [f"{n:03}-stays" for n in range(0, 600, 2)]
        store.commit([Save(record=replace(LINK, key=key)) for key in stay])

        def write() -> None:
            for start in (1, 101, 201, 301, 401):
                store.commit([Save(record=replace(LINK, key=f"{n:03}")) for n in range(start, start + 100)])
                store.commit([Remove(record=link) for link in others(store)])

        for _ in during(write):
            found = [link.key for link in store.links_of_calendar("calendar")]
            assert len(found) == len(set(found))
            assert [key for key in found if key.endswith("stays")] == stay

    def test_what_stays_due_is_found_while_others_are_put_off(self, store: Store) -> None:
        for n in range(20):
            due_at = NOW - timedelta(minutes=n)
            store.commit([Save(record=replace(CALENDAR, key=f"{kind}-{n}", due_at=due_at)) for kind in ("stay", "go")])
        stay = [f"stay-{n}" for n in reversed(range(20))]

        def write() -> None:
            for calendar in store.due(Calendar, NOW, limit=50):
                if calendar.key.startswith("go"):
                    store.commit([Save(record=replace(calendar, due_at=NOW + TTL))])

        for _ in during(write):
            found = store.due(Calendar, NOW, limit=50)
            assert [each.key for each in found if each.key in stay] == stay
            assert sorted(found, key=lambda each: each.due_at or NOW) == found
        assert [each.key for each in store.due(Calendar, NOW, limit=50)] == stay


class SharedStoreContract(StoreContract):
    """For stores that several processes use at once."""

    @pytest.fixture
    def open_store(self) -> Callable[[], Store]:
        """Opens another store on the same data as `store`; can be pickled."""
        raise NotImplementedError

    def test_one_process_takes_the_lease(self, store: Store, open_store: Callable[[], Store]) -> None:
        processes, rounds = 3, 15
        store.commit([Save(record=CALENDAR)])
        barrier = SPAWN.Barrier(processes)
        with started(*[(_race, open_store, barrier, f"process {n}", rounds) for n in range(processes)]) as pipes:
            won = [received(pipe) for pipe, _ in pipes]
        assert [sum(wins) for wins in zip(*won, strict=True)] == [1] * rounds
        assert read(store, CALENDAR).lease.epoch == rounds

    def test_no_increment_of_threads_in_processes_is_lost(self, store: Store, open_store: Callable[[], Store]) -> None:
        processes, threads, increments = 2, 3, 8
        for _ in range(3):
            store.commit([Save(record=CONFERENCE)])
            try:
                with started(*[(_count_up, open_store, threads, increments) for _ in range(processes)]) as workers:
                    assert [heard(pipe, process) for pipe, process in workers] == [0] * processes
            except Killed:  # nobody knows how far it got
                store.commit([Remove(record=read(store, CONFERENCE))])
                continue
            assert read(store, CONFERENCE).attempts == processes * threads * increments
            return
        pytest.fail("workers were killed three times")

    @pytest.mark.parametrize("moment", [0, 0.004, 0.02])
    def test_a_killed_process_loses_nothing_and_leaves_nothing_half_done(
        self, store: Store, open_store: Callable[[], Store], moment: float
    ) -> None:
        """Killed so many seconds after it told of a commit: in the next one, as a rule."""
        store.commit([Save(record=CALENDAR), Save(record=CONFERENCE), *(Save(record=link) for link in SOME_LINKS)])
        with started((_write_without_end, open_store)) as [(pipe, process)]:
            told = 0
            while told < 5:
                told = received(pipe)
            pipe.poll(moment)
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join(PATIENCE)
            while pipe.poll():
                try:
                    told = pipe.recv()
                except EOFError:
                    break
        done = read(store, CONFERENCE).attempts
        assert read(store, CALENDAR).sync_token == str(done)
        assert {link.published for link in store.links_of_calendar("calendar")} == {str(done)}
        assert done in (told, told + 1)
        store.commit([Save(record=replace(read(store, CALENDAR), sync_token="on it goes"))])


# --- workers of the races


def during(write: Callable[[], None]) -> Iterator[int]:
    """Counts for as long as the writing goes on in another thread, and once more; raises what that raises."""
    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        for n in count():
            over = writing.done()
            yield n
            if over:
                break
        writing.result()


def others(store: Store) -> list[Link]:
    return [link for link in store.links_of_calendar("calendar") if not link.key.endswith("stays")]


def take(store: Store, holder: str, now: datetime) -> Calendar:
    """Take the calendar's lease, as a use case does; the calendar as stored then."""
    calendar = read(store, CALENDAR)
    if calendar.lease.taken(now):
        raise Busy(holder)
    store.commit([Save(record=replace(calendar, lease=calendar.lease.take(holder, now, TTL)))])
    return read(store, CALENDAR)


def race(store: Store, barrier: Barrier | ThreadBarrier, holder: str, rounds: int) -> list[bool]:
    """Try for the lease once a round, when it has run out for all; whether it was won, by round."""
    return [_try(store, barrier, holder, NOW + n * TTL) for n in range(rounds)]


def _try(store: Store, barrier: Barrier | ThreadBarrier, holder: str, now: datetime) -> bool:
    barrier.wait(PATIENCE)
    try:
        take(store, holder, now)
    except (StoreConflict, Busy):
        return False
    finally:
        barrier.wait(PATIENCE)
    return True


def count_up(store: Store, times: int) -> int:
    """Add to a number that others add to as well; how often it is not known whether it was done."""
    done = unclear = 0
    while done < times:
        try:
            conference = read(store, CONFERENCE)
        except Temporary:  # of a busy store; nothing was written
            continue
        try:
            store.commit([Save(record=replace(conference, attempts=conference.attempts + 1))])
        except StoreConflict:
            continue
        except Temporary:
            unclear += 1
            continue
        done += 1
    return unclear


def _race(pipe: Pipe, open_store: Callable[[], Store], barrier: Barrier, holder: str, rounds: int) -> None:
    pipe.send(race(open_store(), barrier, holder, rounds))


def _count_up(pipe: Pipe, open_store: Callable[[], Store], threads: int, increments: int) -> None:
    store = open_store()
    with ThreadPoolExecutor(threads) as pool:
        pipe.send(sum(pool.map(lambda _: count_up(store, increments), range(threads))))


def _write_without_end(pipe: Pipe, open_store: Callable[[], Store]) -> None:
    store = open_store()
    while True:
        calendar, conference = read(store, CALENDAR), read(store, CONFERENCE)
        attempts = conference.attempts + 1
        links = store.links_of_calendar("calendar")
        store.commit(
            [
                *(Save(record=replace(link, published=str(attempts))) for link in links),
                Save(record=replace(conference, attempts=attempts)),
                Save(record=replace(calendar, sync_token=str(attempts))),
            ]
        )
        pipe.send(attempts)
