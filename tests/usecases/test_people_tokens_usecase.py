"""People's access tokens: renewed by one worker, stored before they are used, never lost."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection as Pipe
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from confsync.adapters.firestore import FirestoreStore
from confsync.adapters.sealing import FernetSealer
from confsync.adapters.sqlite import SqliteStore
from confsync.domain import keys
from confsync.domain.connection import EARLY, SEEN, Connection, ConnectionState, Granted, Tokens
from confsync.domain.errors import (
    ConfsyncError,
    NotConfigured,
    PermissionDenied,
    ReauthorizationRequired,
    StoreConflict,
    Temporary,
)
from confsync.ports import Remove, Save, Store
from confsync.usecases.assembly import people_tokens
from confsync.usecases.connecting.dependents import Dependents
from confsync.usecases.connecting.people_tokens import LEASE, PATIENCE, PeopleTokens, opened, seal
from tests.contracts.processes import SPAWN, received, started
from tests.emulator import firestore_host, firestore_project
from tests.fakes.clock import FakeClock
from tests.fakes.logins import LASTS, FakeLogins
from tests.fakes.provider import FakeProvider, FakeProviders
from tests.fakes.queue import FakeQueue
from tests.fakes.store import MemoryStore
from tests.usecases.personal_world import PersonalWorld
from tests.usecases.world import ANN

__all__ = ["firestore_host", "firestore_project"]

LOST = Temporary("no answer", service="fake")
KEY = keys.connection_key(ANN, "fake")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RING = (b"k" * 43 + b"=",)


@pytest.fixture
def world() -> PersonalWorld:
    world = PersonalWorld()
    world.connect()
    return world


def expired(world: PersonalWorld) -> Tokens:
    """The access token's time is over; the tokens as they are stored."""
    tokens = kept(world)
    world.clock.advance(LASTS - EARLY)
    return tokens


def kept(world: PersonalWorld) -> Tokens:
    return opened(world.sealer, world.connection)


def change(world: PersonalWorld, **changes: Any) -> None:
    world.put(replace(world.connection, **changes))


def test_half_a_lease_is_enough_for_an_answer(world: PersonalWorld) -> None:
    assert world.tokens.lease == LEASE
    assert people_tokens(world.ports, deadline=LEASE).lease / 2 > LEASE


# --- a token that is good


def test_a_good_token_is_given_as_it_is(world: PersonalWorld) -> None:
    first = world.token()
    world.clock.advance(LASTS - EARLY - timedelta(seconds=1))
    assert world.token() == first == kept(world).access
    assert world.logins.calls["renew"] == 0


def test_it_is_known_about_when_it_was_last_used(world: PersonalWorld) -> None:
    world.token()
    used = world.connection
    assert used.used_at == world.clock.now()
    world.clock.advance(SEEN / 2)
    world.token()
    assert world.connection == used, "that is exact enough"
    world.logins.lasts = 3 * SEEN
    world.clock.advance(SEEN)
    world.token()
    assert world.connection.used_at == world.clock.now()


@pytest.mark.parametrize("error", [StoreConflict("x"), LOST])
def test_when_it_was_last_used_is_not_worth_an_error(world: PersonalWorld, error: ConfsyncError) -> None:
    world.store.commit = _raise(error)  # type: ignore[method-assign]
    assert world.token() == kept(world).access


# --- one that has ended


def test_it_is_renewed_a_minute_before_it_ends(world: PersonalWorld) -> None:
    before = expired(world)
    token = world.token()
    after = kept(world)
    assert token == after.access != before.access
    assert world.logins.takes(token) == "id-ann"
    assert world.logins.renewable(after.refresh)
    assert not world.logins.renewable(before.refresh)
    assert not world.connection.lease.taken(world.clock.now())
    assert world.connection.used_at == world.clock.now()


def test_the_old_refresh_token_stays_when_none_is_returned(world: PersonalWorld) -> None:
    world.logins.rotates = False
    before = expired(world)
    world.token()
    assert kept(world).refresh == before.refresh


def test_what_the_vendor_refuses_is_renewed_before_its_time(world: PersonalWorld) -> None:
    refused = world.token()
    world.logins.expire_access()
    assert world.logins.takes(world.token(refused=refused)) == "id-ann"
    assert world.logins.calls["renew"] == 1
    assert world.token(refused=refused) == world.token(), "another one is given already"
    assert world.logins.calls["renew"] == 1


def test_new_tokens_are_stored_before_they_are_used(world: PersonalWorld) -> None:
    expired(world)
    commits: list[str] = []
    real = world.store.commit

    def commit(writes: Any) -> None:
        real(writes)
        commits.append(opened(world.sealer, world.connection).access)

    world.store.commit = commit  # type: ignore[method-assign]
    assert world.token() == commits[-1]


def test_scopes_that_are_not_told_are_all_there(world: PersonalWorld) -> None:
    world.logins.tells_scopes = False
    expired(world)
    assert world.token() == kept(world).access


def test_a_token_without_a_refresh_token_ends_with_its_time(world: PersonalWorld) -> None:
    tokens = replace(kept(world), refresh=None)
    change(world, sealed=seal(world.sealer, tokens))
    assert world.token() == tokens.access
    expired(world)
    with pytest.raises(ReauthorizationRequired, match="gave no way to renew it"):
        world.token()
    assert world.connection.state is ConnectionState.EXPIRED
    assert world.logins.calls["renew"] == 0


# --- nobody to be asked


def test_who_has_not_connected_is_told() -> None:
    with pytest.raises(ReauthorizationRequired, match=f"{ANN} has not connected their account at fake"):
        PersonalWorld().token()


@pytest.mark.parametrize("state", [each for each in ConnectionState if each is not ConnectionState.ACTIVE])
@pytest.mark.parametrize("reason", [None, "gone on holiday"])
def test_who_has_to_connect_again_is_told_why(world: PersonalWorld, state: ConnectionState, reason: str | None) -> None:
    change(world, state=state, reason=reason)
    with pytest.raises(ReauthorizationRequired, match=f"again: {reason or state.value}"):
        world.token()
    assert world.logins.calls["renew"] == 0


def test_without_its_key_nobody_is_sent_to_consent(world: PersonalWorld) -> None:
    change(world, sealed="by another key")
    with pytest.raises(NotConfigured):
        world.token()
    assert world.connection.state is ConnectionState.ACTIVE
    change(world, sealed=world.sealer.seal("[]"))
    with pytest.raises(NotConfigured, match=f"connections/{KEY} can't be read"):
        world.token()


# --- the end


def test_an_invalid_grant_ends_it_and_marks_what_depends_on_it(world: PersonalWorld) -> None:
    created = world.saved()
    before = expired(world)
    world.logins.withdraw()
    with pytest.raises(ReauthorizationRequired, match="the vendor does not accept it any more") as told:
        world.token()
    ended = world.connection
    assert (ended.state, ended.ended_at) == (ConnectionState.EXPIRED, world.clock.now())
    assert kept(world) == before, "nothing is wiped"
    assert not ended.lease.taken(world.clock.now())
    conference = world.conference(created.conference_id)
    assert conference.last_error == f"{ANN} has to connect their account at fake again"
    assert conference.applied.reference is not None
    assert not any(secret in f"{told.value!r} {conference} {ended}" for secret in world.logins.secrets())


def test_it_is_over_though_nothing_can_be_marked(world: PersonalWorld) -> None:
    world.saved()
    expired(world)
    world.logins.withdraw()
    world.store.conferences_of_host = _raise(LOST)  # type: ignore[method-assign]
    with pytest.raises(ReauthorizationRequired):
        world.token()
    assert world.connection.state is ConnectionState.EXPIRED


def test_an_invalid_grant_is_not_believed_if_somebody_was_quicker(world: PersonalWorld) -> None:
    """This worker stood still with its lease; another one has renewed meanwhile."""
    expired(world)
    others: list[str] = []

    def meanwhile() -> None:
        world.clock.advance(LEASE)
        others.append(world.token())

    world.logins.ahead_of("renew", meanwhile)
    assert [world.token()] == others
    assert world.connection.state is ConnectionState.ACTIVE


def test_an_invalid_grant_is_not_believed_of_another_ones_lease(world: PersonalWorld) -> None:
    expired(world)

    def meanwhile() -> None:
        world.clock.advance(LEASE)
        change(world, lease=world.connection.lease.take("other", world.clock.now(), LEASE))

    world.logins.ahead_of("renew", meanwhile)
    world.logins.withdraw()
    with pytest.raises(Temporary, match="is being renewed by somebody else"):
        world.token()
    assert world.connection.state is ConnectionState.ACTIVE


def test_an_invalid_grant_of_a_connection_that_is_gone(world: PersonalWorld) -> None:
    expired(world)
    world.logins.withdraw()
    world.logins.ahead_of("renew", lambda: world.store.commit([Remove(record=world.connection)]))
    with pytest.raises(ReauthorizationRequired):
        world.token()
    assert world.store.get(Connection, KEY) is None


def test_somebody_writes_while_the_end_is_written(world: PersonalWorld) -> None:
    expired(world)
    world.logins.withdraw()
    before_writing(world, "the vendor does not accept it any more", lambda: change(world, used_at=None))
    with pytest.raises(ReauthorizationRequired):
        world.token()
    assert world.connection.state is ConnectionState.EXPIRED
    assert world.logins.calls["renew"] == 1


def test_scopes_that_were_taken_away_end_it(world: PersonalWorld) -> None:
    created = world.saved()
    expired(world)
    world.logins.needed = ("meetings", "recordings", "offline_access")
    with pytest.raises(ReauthorizationRequired, match="does not allow recordings any more"):
        world.token()
    assert world.connection.state is ConnectionState.LACKS_SCOPES
    assert world.logins.renewable(kept(world).refresh), "what the vendor gave is kept all the same"
    assert "has to connect" in str(world.conference(created.conference_id).last_error)


# --- no answer


@pytest.mark.parametrize("error", [LOST, PermissionDenied("invalid_client", service="fake")])
def test_what_is_not_the_persons_fault_ends_nothing(world: PersonalWorld, error: ConfsyncError) -> None:
    before = expired(world)
    world.logins.fail("renew", error)
    with pytest.raises(type(error)):
        world.token()
    assert kept(world) == before
    assert world.connection.state is ConnectionState.ACTIVE
    assert not world.connection.lease.taken(world.clock.now()), "nobody has to wait"
    assert world.logins.takes(world.token()) == "id-ann"


def test_an_answer_that_was_lost_after_rotating_is_told_at_the_next_try(world: PersonalWorld) -> None:
    expired(world)
    world.logins.lose_answer("renew", LOST)
    with pytest.raises(Temporary):
        world.token()
    assert world.connection.state is ConnectionState.ACTIVE, "who knows"
    with pytest.raises(ReauthorizationRequired):
        world.token()
    assert world.connection.state is ConnectionState.EXPIRED


def test_within_a_vendors_grace_a_lost_answer_is_no_loss(world: PersonalWorld) -> None:
    world.logins.grace = timedelta(minutes=1)
    expired(world)
    world.logins.lose_answer("renew", LOST)
    with pytest.raises(Temporary):
        world.token()
    assert world.logins.takes(world.token()) == "id-ann"
    assert world.logins.renewable(kept(world).refresh)


def test_a_lease_that_cant_be_given_back_ends_by_itself(world: PersonalWorld) -> None:
    expired(world)
    world.logins.fail("renew", LOST)
    with failing(world, commits_after=1), pytest.raises(Temporary):
        world.token()
    assert world.connection.lease.taken(world.clock.now())
    world.clock.advance(LEASE)
    assert world.logins.takes(world.token()) == "id-ann"


# --- what was given is never lost


@pytest.mark.parametrize("done", [True, False], ids=["done", "not done"])
@pytest.mark.parametrize("times", [1, 5])
def test_a_store_that_does_not_answer_loses_no_tokens(world: PersonalWorld, done: bool, times: int) -> None:
    expired(world)
    with failing(world, commits_after=1, times=times, done=done):
        token = world.token()
    assert kept(world).access == token
    assert world.logins.renewable(kept(world).refresh)
    assert not world.connection.lease.taken(world.clock.now())


def test_a_store_that_is_gone_for_long_is_given_up(world: PersonalWorld) -> None:
    expired(world)
    with failing(world, commits_after=1, times=99), pytest.raises(Temporary, match="can't be stored"):
        world.token()
    assert timedelta(seconds=5) < timedelta(seconds=sum(world.clock.slept)) < LEASE


def test_a_late_answer_wins_over_a_refusal_that_others_stored(world: PersonalWorld) -> None:
    """The vendor rotated, its answer came late, and meanwhile others were refused: what waited goes on."""
    created = world.saved()
    expired(world)

    def meanwhile() -> None:
        world.clock.advance(LEASE)
        with pytest.raises(ReauthorizationRequired):
            world.token()
        assert world.connection.state is ConnectionState.EXPIRED

    world.logins.during("renew", meanwhile)
    token = world.token()
    after = world.connection
    assert (after.state, after.reason, after.ended_at) == (ConnectionState.ACTIVE, None, None)
    assert world.rests()
    assert world.token() == token
    assert world.conference(created.conference_id).last_error is None
    assert [task.key for task in world.queue.take()] == [created.conference_id]


def test_an_answer_that_comes_after_another_renewal_is_dropped(world: PersonalWorld) -> None:
    world.logins.grace = LEASE * 2
    expired(world)
    others: list[str] = []

    def meanwhile() -> None:
        world.clock.advance(LEASE)
        others.append(world.token())

    world.logins.during("renew", meanwhile)
    assert [world.token()] == others == [kept(world).access]


def test_an_answer_for_a_connection_that_was_left_is_dropped(world: PersonalWorld) -> None:
    expired(world)
    world.logins.during("renew", lambda: change(world, sealed="", state=ConnectionState.REVOKED))
    with pytest.raises(ReauthorizationRequired):
        world.token()
    assert world.connection.sealed == ""


def test_an_answer_for_a_connection_that_is_not_there_any_more(world: PersonalWorld) -> None:
    expired(world)
    world.logins.during("renew", lambda: world.store.commit([Remove(record=world.connection)]))
    with pytest.raises(ReauthorizationRequired, match="has not connected"):
        world.token()


def test_tokens_that_were_sealed_anew_meanwhile_are_the_same_ones(world: PersonalWorld) -> None:
    expired(world)
    world.logins.during("renew", lambda: change(world, sealed=seal(world.sealer, kept(world))))
    assert world.token() == kept(world).access
    assert world.logins.renewable(kept(world).refresh)


def test_connected_anew_while_it_is_renewed(world: PersonalWorld) -> None:
    expired(world)
    world.logins.during("renew", lambda: [world.connect("other")].clear())
    assert world.logins.takes(world.token()) == "id-other"


def test_a_process_that_stood_still_with_its_lease_asks_nobody(world: PersonalWorld) -> None:
    """A refresh token that is used twice may end the whole consent (RFC 9700, section 4.14.2)."""
    world.logins.reuse_ends = True
    expired(world)
    others: list[str] = []
    real = world.store.commit

    def commit(writes: Any) -> None:
        real(writes)
        world.store.commit = real  # type: ignore[method-assign]
        world.clock.advance(LEASE)
        others.append(world.token())

    world.store.commit = commit  # type: ignore[method-assign]
    assert [world.token()] == others
    assert world.logins.takes(others[0]) == "id-ann"
    assert world.logins.calls["renew"] == 1


def test_a_process_that_stood_still_begins_anew(world: PersonalWorld) -> None:
    expired(world)
    real = world.store.commit

    def commit(writes: Any) -> None:
        real(writes)
        world.store.commit = real  # type: ignore[method-assign]
        world.clock.advance(LEASE * 0.6)

    world.store.commit = commit  # type: ignore[method-assign]
    with pytest.raises(Temporary):
        world.token()
    assert world.logins.calls["renew"] == 0
    world.clock.advance(LEASE)
    assert world.logins.takes(world.token()) == "id-ann"


def test_an_end_that_others_keep_overtaking_is_not_stored(world: PersonalWorld) -> None:
    expired(world)
    world.logins.withdraw()
    world.logins.ahead_of("renew", lambda: setattr(world.store, "commit", _raise(StoreConflict("x"))))
    with pytest.raises(Temporary):
        world.token()
    assert world.connection.state is ConnectionState.ACTIVE


# --- waiting


def test_who_finds_it_being_renewed_waits(world: PersonalWorld) -> None:
    expired(world)
    change(world, lease=world.connection.lease.take("other", world.clock.now(), timedelta(seconds=3)))
    assert world.logins.takes(world.token()) == "id-ann"
    assert sum(world.clock.slept) == pytest.approx(3, abs=0.5), "until its lease ends"


def test_nobody_waits_for_long(world: PersonalWorld) -> None:
    expired(world)
    change(world, lease=world.connection.lease.take("other", world.clock.now(), LEASE))
    with pytest.raises(Temporary, match="is being renewed by somebody else"):
        world.token()
    assert timedelta(seconds=sum(world.clock.slept)) == pytest.approx(PATIENCE, abs=timedelta(seconds=1))
    assert world.logins.calls["renew"] == 0


def test_whoever_waits_gets_what_the_other_one_got(world: PersonalWorld) -> None:
    expired(world)
    tokens: list[str] = []

    def renewed_meanwhile(seconds: float) -> None:
        world.clock.advance(timedelta(seconds=seconds))
        change(world, lease=world.connection.lease.release())
        tokens.append(world.token())

    change(world, lease=world.connection.lease.take("other", world.clock.now(), LEASE))
    world.clock.sleep = renewed_meanwhile  # type: ignore[method-assign]
    assert [world.token()] == tokens


def test_it_disappears_while_somebody_waits(world: PersonalWorld) -> None:
    expired(world)
    change(world, lease=world.connection.lease.take("other", world.clock.now(), LEASE))
    world.clock.sleep = lambda _: world.store.commit([Remove(record=world.connection)])  # type: ignore[method-assign]
    with pytest.raises(ReauthorizationRequired):
        world.token()


def test_who_is_always_overtaken_gives_up(world: PersonalWorld) -> None:
    expired(world)
    world.store.commit = _raise(StoreConflict("x"))  # type: ignore[method-assign]
    with pytest.raises(Temporary, match="others are renewing"):
        world.token()
    assert world.logins.calls["renew"] == 0


# --- everybody at once


class StandingClock(FakeClock):
    """Its time stands still while real threads wait."""

    def sleep(self, seconds: float) -> None:
        time.sleep(0.005)

    _lock = threading.Lock()

    def new_id(self) -> str:
        with self._lock:
            return super().new_id()


ON_FIRESTORE = pytest.param("firestore", marks=pytest.mark.xdist_group("firestore"))


@pytest.fixture(params=["memory", "sqlite", ON_FIRESTORE])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "firestore":
        yield FirestoreStore(request.getfixturevalue("firestore_project"))
        return
    found = SqliteStore(tmp_path / "confsync.db")
    yield found
    found.close()


def tokens_of(store: Store, logins: Any, clock: FakeClock) -> PeopleTokens:
    providers = FakeProviders(FakeProvider(clock), "zoom", personal=True)
    dependents = Dependents(store=store, providers=providers, queue=FakeQueue(), clock=clock)
    return PeopleTokens(store=store, sealer=FernetSealer(RING), logins=logins, clock=clock, dependents=dependents)


def connected(store: Store, tokens: Tokens) -> None:
    sealed = seal(FernetSealer(RING), tokens)
    record = Connection(
        key=KEY, owner=ANN, vendor="fake", account_id="1", account_name="ann", sealed=sealed, connected_at=NOW
    )
    store.commit([Save(record=record)])


THREADS = 12


@pytest.mark.parametrize("refuses", [False, True], ids=["its time is over", "the vendor refuses it"])
def test_however_many_threads_need_a_new_token_it_is_renewed_once(store: Store, refuses: bool) -> None:
    clock = StandingClock()
    logins = FakeLogins(clock, reuse_ends=True)
    first = logins.finish("fake", code=logins.consent(), verifier="", redirect_uri="").tokens
    connected(store, first)
    tokens, barrier = tokens_of(store, logins, clock), threading.Barrier(THREADS)
    if not refuses:
        clock.advance(LASTS)
    logins.during("renew", lambda: time.sleep(0.1))

    def ask() -> str:
        barrier.wait()
        return tokens.token(ANN, "fake", refused=first.access if refuses else None)

    with ThreadPoolExecutor(THREADS) as pool:
        given = {future.result() for future in [pool.submit(ask) for _ in range(THREADS)]}
    assert logins.calls["renew"] == 1
    (token,) = given
    assert logins.takes(token) == "id-ann"


@pytest.mark.parametrize("round", range(5))
def test_threads_with_a_store_and_a_vendor_that_stumble(store: Store, round: int) -> None:
    """Now and then an answer does not come, before anything was done: at the end everybody has the same token."""
    clock = StandingClock()
    logins = FakeLogins(clock, reuse_ends=True)
    connected(store, logins.finish("fake", code=logins.consent(), verifier="", redirect_uri="").tokens)
    clock.advance(LASTS)
    logins.fail("renew", *[LOST] * (round + 1))
    tokens, barrier = tokens_of(store, logins, clock), threading.Barrier(THREADS)

    def ask() -> str:
        barrier.wait()
        while True:
            with suppress(Temporary):
                return tokens.token(ANN, "fake")

    with ThreadPoolExecutor(THREADS) as pool:
        given = {future.result() for future in [pool.submit(ask) for _ in range(THREADS)]}
    assert len(given) == 1
    assert logins.calls["renew"] == round + 2


@pytest.mark.parametrize("kind", ["sqlite", ON_FIRESTORE])
def test_of_many_processes_one_renews(tmp_path: Path, request: pytest.FixtureRequest, kind: str) -> None:
    """The vendor is a directory: of each refresh token, one process only may make the file."""
    vendor = tmp_path / "vendor"
    vendor.mkdir()
    open_store: Callable[[], Store] = partial(SqliteStore, tmp_path / "confsync.db")
    if kind == "firestore":
        open_store = partial(FirestoreStore, request.getfixturevalue("firestore_project"))
    connected(open_store(), Tokens(access="a0", refresh="r0", expires_at=NOW))
    barrier = SPAWN.Barrier(4)
    with started(*[(_ask, barrier, open_store, vendor) for _ in range(4)]) as pipes:
        given = [received(pipe) for pipe, _ in pipes]
    assert set(given) == {"a of r0"}
    assert [each.name for each in vendor.iterdir()] == ["r0"]


class _DirectoryLogins:
    """A vendor that never forgives when a refresh token is used twice."""

    def __init__(self, vendor: Path) -> None:
        self._vendor = vendor

    def scopes(self, vendor: str) -> tuple[str, ...]:
        return ()

    def renew(self, vendor: str, refresh: str) -> Granted:
        (self._vendor / refresh).touch(exist_ok=False)
        time.sleep(0.2)
        tokens = Tokens(access=f"a of {refresh}", refresh=f"{refresh}+", expires_at=NOW + LASTS + LASTS)
        return Granted(tokens=tokens)


def _ask(pipe: Pipe, barrier: Barrier, open_store: Callable[[], Store], vendor: Path) -> None:
    tokens = tokens_of(open_store(), _DirectoryLogins(vendor), StandingClock(NOW + LASTS))
    barrier.wait(timeout=60)
    pipe.send(tokens.token(ANN, "fake"))


# --- what goes wrong


def _raise(error: Exception) -> Callable[..., Any]:
    def call(*_: Any, **__: Any) -> Any:
        raise error

    return call


class failing:  # noqa: N801 - reads as a word
    """After so many commits the store does not answer, so many times; the work may be done all the same."""

    def __init__(self, world: PersonalWorld, *, commits_after: int, times: int = 1, done: bool = False) -> None:
        self._world, self._good, self._bad, self._done = world, commits_after, times, done
        self._real = world.store.commit

    def __enter__(self) -> None:
        self._world.store.commit = self._commit  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        self._world.store.commit = self._real  # type: ignore[method-assign]

    def _commit(self, writes: Any) -> None:
        if self._good > 0 or self._bad <= 0:
            self._good -= 1
            return self._real(writes)
        self._bad -= 1
        if self._done:
            self._real(writes)
        raise LOST


def before_writing(world: PersonalWorld, reason: str, action: Callable[[], None]) -> None:
    """What happens elsewhere right before this reason is stored."""
    real = world.store.commit

    def commit(writes: Any) -> None:
        if any(getattr(each.record, "reason", None) == reason for each in writes):
            world.store.commit = real  # type: ignore[method-assign]
            action()
        real(writes)

    world.store.commit = commit  # type: ignore[method-assign]
