"""Grants that nobody uses are renewed by the sweep before their vendor ends them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from confsync.domain.connection import LOOK_AGAIN, UNKNOWN_LIFE, Connection, ConnectionState, Leaving, Tokens
from confsync.domain.errors import ConfsyncError, Invalid, PermissionDenied, StoreConflict, Temporary
from confsync.domain.sweep import LAST, Sweep
from confsync.ports import Save
from confsync.usecases.connecting.people_tokens import LEASE, opened, seal
from confsync.usecases.renew_channels import INLINE_FOR, TAKE_IN_EVERY
from confsync.usecases.sweeping.hand_out import PUT_OFF
from tests.fakes.logins import LASTS
from tests.simulation.gate import Crash
from tests.usecases.personal_world import PersonalWorld
from tests.usecases.world import ANN

LOST = Temporary("no answer", service="fake")
DAY, LIFE = timedelta(days=1), timedelta(days=7)
SWEEPS = timedelta(minutes=10)


@pytest.fixture
def world() -> PersonalWorld:
    world = PersonalWorld()
    world.connect()
    return world


def kept(world: PersonalWorld) -> Tokens:
    return opened(world.sealer, world.connection)


def lives(world: PersonalWorld) -> bool:
    """Whether Ann's connection can be used, now and when its access token is over."""
    return world.connection.usable and world.logins.renewable(kept(world).refresh)


def until_idle(world: PersonalWorld) -> Tokens:
    """Nobody needs it until it is time; the tokens as they are stored."""
    assert world.connection.renew_at is not None
    world.clock.advance(world.connection.renew_at - world.clock.now())
    return kept(world)


def let_pass(world: PersonalWorld, time: timedelta, *, every: timedelta = timedelta(hours=1)) -> None:
    end = world.clock.now() + time
    while world.clock.now() < end:
        world.clock.advance(every)
        world.sweep()


# --- the promise


@pytest.mark.parametrize("rotates", [True, False])
def test_a_connection_that_nobody_uses_for_months_can_be_used(world: PersonalWorld, rotates: bool) -> None:
    world.logins.rotates = rotates
    used = world.connection.used_at
    let_pass(world, 90 * DAY)
    assert world.connection.used_at == used, "nobody did"
    assert 90 / 3.5 <= world.logins.calls["renew"] <= 90 / 2.8
    assert world.logins.takes(world.token()) == "id-ann"


def test_without_the_sweep_it_ends(world: PersonalWorld) -> None:
    world.clock.advance(LIFE)
    assert not lives(world)


def test_it_is_renewed_when_it_is_time_and_then_is_at_rest(world: PersonalWorld) -> None:
    before = until_idle(world)
    world.clock.advance(-timedelta(microseconds=1))
    assert world.sweep().connections_due == 0
    world.clock.advance(timedelta(microseconds=1))
    with capture_logs() as logs:
        report = world.sweep()
    assert (report.connections_due, report.connections_kept, report.failed) == (1, 1, 0)
    assert {"event": "connection kept alive", "owner": ANN, "vendor": "fake"}.items() <= logs[0].items()
    assert kept(world).refresh != before.refresh
    assert lives(world)
    assert world.rests()
    assert not world.connection.lease.taken(world.clock.now())
    assert world.sweep().connections_due == 0


def test_one_in_use_is_never_due(world: PersonalWorld) -> None:
    """Whoever renews it puts it off, in the write that there is anyway."""
    for _ in range(8 * 24):
        world.clock.advance(LASTS)
        renewals, commits = world.logins.calls["renew"], world.counting.commits
        world.token()
        assert world.logins.calls["renew"] == renewals + 1
        assert world.counting.commits == commits + 2, "the lease, and what it brought"
        assert world.sweep().connections_due == 0
    assert world.rests()


def test_what_a_renewal_takes(world: PersonalWorld) -> None:
    """Besides what a sweep takes that finds nothing: put off, leased, renewed, stored."""
    world.sweep()
    counts = world.counting
    counts.reset()
    world.sweep()
    alone = counts.reads, counts.writes
    until_idle(world)
    _at_rest_but(world, world.connection)
    counts.reset()
    assert world.sweep().connections_kept == 1
    assert (counts.reads - alone[0], counts.writes - alone[1]) == (5, 3)
    assert world.logins.calls["renew"] == 1


def _at_rest_but(world: PersonalWorld, connection: Connection) -> None:
    """Nothing is taken in, and it is due."""
    last = world.store.get(Sweep, LAST)
    assert last is not None
    world.put(replace(last, took_in_at=world.clock.now()))
    assert connection.due_at is not None
    assert connection.due_at <= world.clock.now()


def test_where_the_answer_does_not_tell_the_end_a_cautious_one_is_taken(world: PersonalWorld) -> None:
    world.logins.idle = None
    world.connect()
    renew_at = world.connection.renew_at
    assert renew_at is not None
    assert 0.4 * UNKNOWN_LIFE <= renew_at - world.clock.now() <= 0.5 * UNKNOWN_LIFE


# --- the end


def test_an_end_is_on_record_and_told_once(world: PersonalWorld) -> None:
    created = world.saved()
    until_idle(world)
    world.logins.withdraw()
    with capture_logs() as logs:
        report = world.sweep()
    assert (report.connections_due, report.connections_kept, report.failed) == (1, 0, 0)
    assert [each["log_level"] for each in logs if each["event"] == "connection ended"] == ["warning"]
    ended = world.connection
    assert (ended.state, ended.renew_at, ended.due_at) == (ConnectionState.EXPIRED, None, None)
    assert world.conference(created.conference_id).last_error == f"{ANN} has to connect their account at fake again"
    let_pass(world, LIFE)
    assert world.logins.calls["renew"] == 1
    world.connect()
    assert world.rests()


def test_scopes_that_were_taken_away_end_it(world: PersonalWorld) -> None:
    until_idle(world)
    world.logins.needed = ("meetings", "recordings", "offline_access")
    assert world.sweep().connections_kept == 0
    assert (world.connection.state, world.connection.due_at) == (ConnectionState.LACKS_SCOPES, None)


def test_one_without_a_way_to_renew_it_ends(world: PersonalWorld) -> None:
    tokens = replace(until_idle(world), refresh=None)
    world.put(replace(world.connection, sealed=seal(world.sealer, tokens)))
    assert world.sweep().failed == 0
    assert world.connection.state is ConnectionState.EXPIRED


# --- what passes


@pytest.mark.parametrize("error", [LOST, PermissionDenied("invalid_client", service="fake")])
def test_what_is_not_the_persons_fault_is_tried_again(world: PersonalWorld, error: ConfsyncError) -> None:
    before = until_idle(world)
    world.logins.fail("renew", error)
    report = world.sweep()
    assert (report.connections_due, report.connections_kept, report.failed) == (1, 0, 1)
    assert kept(world) == before
    assert world.sweep().connections_due == 0, "not at once"
    world.clock.advance(PUT_OFF)
    assert world.sweep().connections_kept == 1
    assert world.rests()


def test_a_vendor_that_is_gone_for_days_ends_nothing(world: PersonalWorld) -> None:
    until_idle(world)
    world.logins.fail("renew", *[LOST] * (3 * 24))
    let_pass(world, 3 * DAY)
    assert not world.rests()
    let_pass(world, timedelta(hours=2))
    assert world.rests()
    assert lives(world)


def test_those_that_fail_do_not_keep_others_waiting(world: PersonalWorld) -> None:
    """Each failure takes as long as there is time in one run: the next one begins with whoever waited longest."""
    people = [f"person{number}@example.com" for number in range(6)]
    for owner in people:
        world.connect(owner, owner=owner)
    world.clock.advance(LIFE * 0.5)
    asked: list[str] = []

    def slowly(vendor: str, refresh: str) -> Any:
        asked.append(refresh)
        world.clock.advance(INLINE_FOR)
        raise LOST

    world.logins.renew = slowly  # type: ignore[method-assign]
    reports = []
    for _ in range(14):
        reports.append(world.sweep())
        world.clock.advance(SWEEPS)
    assert all(report.connections_due == 1 for report in reports)
    assert reports[0].more_due == ["connection"]
    assert [asked.count(each) for each in dict.fromkeys(asked)] == [2] * 7, "each in turn"


def test_somebody_else_is_at_it(world: PersonalWorld) -> None:
    before = until_idle(world)
    world.put(replace(world.connection, lease=world.connection.lease.take("other", world.clock.now(), LEASE)))
    assert world.sweep().connections_kept == 0
    assert kept(world) == before
    assert world.logins.calls["renew"] == 0
    world.clock.advance(PUT_OFF)
    assert world.sweep().connections_kept == 1


def test_somebody_needs_it_between_look_and_lease(world: PersonalWorld) -> None:
    """Of two who want to renew it one does."""
    world.logins.reuse_ends = True
    until_idle(world)
    real, others = world.store.commit, []

    def commit(writes: Any) -> None:
        if any(isinstance(each.record, Connection) and each.record.lease.holder for each in writes):
            world.store.commit = real  # type: ignore[method-assign]
            others.append(world.token())
        real(writes)

    world.store.commit = commit  # type: ignore[method-assign]
    report = world.sweep()
    assert (report.connections_kept, report.failed, len(others)) == (0, 0, 1)
    assert world.logins.calls["renew"] == 1
    assert lives(world)
    assert world.rests()


def test_a_call_that_comes_meanwhile_waits_for_what_the_sweep_got(world: PersonalWorld) -> None:
    world.logins.reuse_ends = True
    until_idle(world)
    world.logins.during("renew", lambda: world.clock.advance(timedelta(seconds=1)))
    assert world.sweep().connections_kept == 1
    assert world.token() == kept(world).access
    assert world.logins.calls["renew"] == 1


@pytest.mark.parametrize("error", [StoreConflict("x"), LOST])
def test_what_was_given_is_stored_however_the_store_stumbles(world: PersonalWorld, error: ConfsyncError) -> None:
    world.logins.reuse_ends = True
    until_idle(world)
    real, failures = world.store.commit, [error] * 3

    def commit(writes: Any) -> None:
        if world.logins.calls["renew"] and failures:
            raise failures.pop()
        real(writes)

    world.store.commit = commit  # type: ignore[method-assign]
    assert world.sweep().connections_kept == 1
    assert lives(world)


def test_a_vendor_that_nobody_uses_any_more_is_asked_nothing(world: PersonalWorld) -> None:
    """Its solution is not in the configuration: no failure in each run, and no end."""
    until_idle(world)
    world.logins.names.clear()
    report = world.sweep()
    assert (report.connections_due, report.connections_kept, report.failed) == (1, 0, 0)
    assert world.logins.calls["renew"] == 0
    assert world.connection.usable
    assert world.rests()


def test_tokens_that_no_key_opens_are_a_failure(world: PersonalWorld) -> None:
    until_idle(world)
    world.put(replace(world.connection, sealed="by another key"))
    assert world.sweep().failed == 1
    assert world.connection.state is ConnectionState.ACTIVE


# --- beside what else becomes of it


def test_one_that_is_being_left_is_not_renewed(world: PersonalWorld) -> None:
    world.saved()
    until_idle(world)
    world.provider.fail("delete", *[LOST] * 99)
    assert world.disconnect(Leaving.ANEW) == 1
    renewals = world.logins.calls["renew"]
    world.clock.advance(2 * SWEEPS)
    assert world.sweep().connections_kept == 0
    assert world.logins.calls["renew"] - renewals <= 1, "only what removing its meeting takes"


def test_a_successor_that_has_waited_for_days_is_renewed_soon(world: PersonalWorld) -> None:
    """Nobody renews it while its person is asked, and a token that was good then ends later."""
    world.saved()
    world.connect("other")
    world.clock.advance(LIFE * 0.9)
    world.disconnect(Leaving.KEEP)
    assert world.connection.account_id == "id-other"
    assert world.sweep().connections_kept == 1
    world.clock.advance(LIFE * 0.3)
    assert lives(world)


def test_what_waits_is_told_though_its_tokens_are_idle_too(world: PersonalWorld) -> None:
    created = world.saved()
    until_idle(world)
    change = world.conference(created.conference_id)
    world.put(replace(change, last_error="waits"))
    world.put(replace(world.connection, untold=True))
    report = world.sweep()
    assert (report.connections_due, report.connections_kept) == (1, 1)
    assert world.conference(created.conference_id).last_error is None
    assert world.rests()


def test_what_is_due_though_it_is_not_time_is_at_rest_again(world: PersonalWorld) -> None:
    """A function of an earlier release knew of no other reason to be due."""
    at_rest = world.connection
    world.put(replace(at_rest, due_at=world.clock.now()))
    assert world.sweep().connections_due == 1
    assert replace(world.connection, version=None) == replace(at_rest, version=None)
    assert world.logins.calls["renew"] == 0


@pytest.mark.parametrize(("idle", "again"), [(True, LOOK_AGAIN), (False, PUT_OFF)])
def test_what_can_not_be_told_yet_is_told_by_a_later_sweep(world: PersonalWorld, idle: bool, again: timedelta) -> None:
    """And its tokens do not wait for that."""
    world.saved()
    if idle:
        until_idle(world)
    world.put(replace(world.connection, untold=True, due_at=world.clock.now()))
    world.store.conferences_of_host = _raise(LOST)  # type: ignore[method-assign]
    assert world.sweep().connections_kept == idle
    assert world.connection.untold
    assert world.connection.due_at == world.clock.now() + again


# --- a process that dies


def crash(world: PersonalWorld, after: int) -> bool:
    """Whether a sweep died after so many calls."""
    world.plug.arm(after)
    try:
        world.sweep()
    except Crash:
        return True
    finally:
        world.plug.arm()
    return False


def test_a_crash_after_any_call_but_the_vendors_loses_nothing() -> None:
    """After the vendor's answer, and before it is stored, a token that is good once is lost; of no other call is it so,
    and of no other vendor."""
    for rotates in (True, False):
        after, died, ended = 0, True, 0
        while died:
            after += 1
            world = PersonalWorld()
            world.logins.rotates = rotates
            world.connect()
            _tap_logins(world)
            until_idle(world)
            died = crash(world, after)
            world.clock.advance(PUT_OFF)
            world.sweep()
            if not lives(world):
                ended += 1
                assert world.connection.state is ConnectionState.EXPIRED, "and its person is told"
        assert after > 8, "there was something to disturb"
        assert ended == rotates


def _tap_logins(world: PersonalWorld) -> None:
    """A call of the vendor's is one after which the process may die, too."""
    real = world.logins.renew

    def renew(vendor: str, refresh: str) -> Any:
        granted = real(vendor, refresh)
        world.plug.passed()
        return granted

    world.logins.renew = renew  # type: ignore[method-assign]


# --- records of before


def before_upgrade(world: PersonalWorld, due_at: datetime | None = None) -> None:
    """As a release stored it that knew no end of what lies idle."""
    world.put(replace(world.connection, renew_at=None, untold=False, due_at=due_at))


def test_connections_of_an_earlier_release_are_taken_in() -> None:
    world = PersonalWorld()
    world.sweep()
    world.connect()
    before_upgrade(world)
    last = world.store.get(Sweep, LAST)
    assert last is not None
    world.put(replace(last, took_in_at=None))
    let_pass(world, 2 * SWEEPS, every=SWEEPS)
    assert world.logins.calls["renew"] == 1, "how long it has lain idle nobody knows"
    assert world.rests()


def test_what_an_older_function_left_without_a_time_is_found_within_a_day(world: PersonalWorld) -> None:
    world.sweep()
    renew_at = world.connection.renew_at
    world.put(replace(world.connection, due_at=None))
    let_pass(world, TAKE_IN_EVERY + SWEEPS, every=SWEEPS)
    assert world.connection.due_at == renew_at
    assert world.logins.calls["renew"] == 0


@pytest.mark.parametrize("change", [{"state": ConnectionState.EXPIRED}, {"sealed": ""}], ids=["ended", "empty"])
def test_what_can_not_be_used_is_not_taken_in(world: PersonalWorld, change: dict[str, Any]) -> None:
    world.sweep()
    world.put(replace(world.connection, due_at=None, **change))
    let_pass(world, TAKE_IN_EVERY + SWEEPS, every=SWEEPS)
    assert world.connection.due_at is None


def test_a_sweep_is_on_record_though_none_can_be_taken_in(world: PersonalWorld) -> None:
    world.sweep()
    world.put(replace(world.connection, due_at=None))
    world.clock.advance(TAKE_IN_EVERY)
    real = world.store.find
    world.store.find = _raise(Invalid("a document can't be read", service="store"))  # type: ignore[method-assign]
    world.sweep()
    last = world.store.get(Sweep, LAST)
    assert last is not None
    assert (last.completed_at, last.took_in_at) == (world.clock.now(), world.clock.now() - TAKE_IN_EVERY)
    world.store.find = real  # type: ignore[method-assign]
    world.sweep()
    assert world.connection.due_at is not None


def test_it_costs_one_read_a_day(world: PersonalWorld) -> None:
    world.sweep()
    world.clock.advance(TAKE_IN_EVERY)
    asked: list[Any] = []
    world.store.find = _recording(world.store.find, asked)  # type: ignore[method-assign]
    let_pass(world, TAKE_IN_EVERY - SWEEPS, every=SWEEPS)
    assert asked == [Connection]


def test_many_of_them_are_taken_in_bit_by_bit(world: PersonalWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("confsync.usecases.renew_channels.TAKE_IN", 2)
    world.sweep()
    record = replace(world.connection, due_at=None, version=None)
    for number in range(4):
        world.store.commit([Save(record=replace(record, key=f"k{number}"))])
    world.clock.advance(TAKE_IN_EVERY)
    waiting = []
    for _ in range(4):
        world.sweep()
        waiting.append(sum(each.due_at is None for each in world.store.find(Connection)))
        world.clock.advance(timedelta(seconds=1))
    assert waiting == [2, 0, 0, 0]


def _raise(error: Exception) -> Callable[..., Any]:
    def call(*_: object, **__: object) -> Any:
        raise error

    return call


def _recording(real: Callable[..., Any], asked: list[Any]) -> Callable[..., Any]:
    def find(kind: Any, **having: Any) -> Any:
        asked.append(kind)
        return real(kind, **having)

    return find
