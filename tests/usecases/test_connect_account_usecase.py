"""People connect their own accounts: what is stored, what is asked, and what goes on."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from confsync.domain.conference import Conference, ConferenceState
from confsync.domain.connection import LOOK_AGAIN, Account, Connection, ConnectionState, Leaving
from confsync.domain.errors import (
    BadRequest,
    ConfsyncError,
    PermissionDenied,
    ReauthorizationRequired,
    StoreConflict,
    Temporary,
)
from confsync.domain.transitions import REFUSED_RETRY
from confsync.usecases.connect_account import NO_REFRESH, TRIES, Row
from confsync.usecases.connecting.dependents import PATIENCE
from confsync.usecases.connecting.people_tokens import opened
from confsync.usecases.records.change import CONFLICTS
from tests.fakes.logins import LASTS, SCOPES
from tests.usecases.personal_world import REDIRECT, PersonalWorld
from tests.usecases.world import ANN, BEN


@pytest.fixture
def world() -> PersonalWorld:
    return PersonalWorld()


def waiting(world: PersonalWorld) -> Conference:
    """Ann's grant has ended, and what she changed since is refused; her conference."""
    world.connect()
    created = world.saved(title="Standup")
    world.logins.withdraw()
    world.clock.advance(LASTS)
    world.ann.update("event1", title="Retro")
    world.sync()
    world.deliver()
    conference = world.conference(created.conference_id)
    assert conference.state is ConferenceState.FAILED
    assert "has to connect" in str(conference.last_error)
    assert world.connection.state is ConnectionState.EXPIRED
    return conference


def live(world: PersonalWorld) -> list[str]:
    """The accounts of consents that their vendor still knows."""
    return [each.account.id for each in world.logins.consents if each.live]


def title(world: PersonalWorld) -> str:
    return world.provider.only.spec.title


# --- which there are, and where to consent


def test_every_vendor_is_told_with_the_own_account(world: PersonalWorld) -> None:
    world.logins.names = {"fake": "Fake", "other": "Other"}
    assert world.connecting.overview(ANN) == [
        Row(vendor="fake", name="Fake", connection=None),
        Row(vendor="other", name="Other", connection=None),
    ]
    world.connect()
    world.connect("ben", owner=BEN)
    mine, other = world.connecting.overview(ANN.upper())
    assert mine.connection == world.connection
    assert mine.connection.account_name == "ann@vendor.example"
    assert other.connection is None


def test_the_consent_page_is_the_vendors(world: PersonalWorld) -> None:
    told = {"owner": ANN, "state": "s", "challenge": "c", "redirect_uri": REDIRECT}
    assert world.connecting.start("fake", **told).startswith("https://fake.example/authorize?")
    assert (world.connecting.name("fake"), world.connecting.issuer("fake")) == ("Fake", None)
    for ask in (
        lambda: world.connecting.start("another", **told),
        lambda: world.connecting.name("another"),
        lambda: world.connecting.disconnect(ANN, "another", Leaving.KEEP),
    ):
        with pytest.raises(BadRequest, match="'another' can't be connected here"):
            ask()


# --- a first one


def test_an_account_is_connected(world: PersonalWorld) -> None:
    done = world.connect(owner=ANN.title())
    assert (done.account.name, done.missing, done.replaces, done.resumed) == ("ann@vendor.example", (), None, 0)
    kept = world.connection
    assert (kept.owner, kept.vendor, kept.account_id, kept.account_name) == (ANN, "fake", "id-ann", done.account.name)
    assert (kept.state, kept.reason, kept.connected_at) == (ConnectionState.ACTIVE, None, world.clock.now())
    assert world.rests()
    assert set(kept.scopes) == {"meetings"}
    assert world.logins.takes(world.token()) == "id-ann"


def test_no_token_stands_in_a_record_or_in_a_log(world: PersonalWorld, capsys: pytest.CaptureFixture[str]) -> None:
    done = world.connect()
    world.clock.advance(LASTS)
    world.token()
    told = f"{world.connection} {done} {world.connecting.overview(ANN)} {capsys.readouterr()}"
    assert not any(secret in told for secret in world.logins.secrets())


def test_scopes_that_nobody_tells_are_those_that_were_asked_for(world: PersonalWorld) -> None:
    world.logins.tells_scopes = False
    assert world.connect().missing == ()
    assert world.connection.scopes == SCOPES


def test_scopes_that_were_not_allowed_are_told(world: PersonalWorld) -> None:
    done = world.connect(scopes=("offline_access",))
    assert done.missing == ("meetings",)
    kept = world.connection
    assert (kept.state, kept.reason, kept.due_at) == (
        ConnectionState.LACKS_SCOPES,
        "meetings was not allowed",
        None,
    )
    with pytest.raises(ReauthorizationRequired, match="meetings was not allowed"):
        world.token()
    assert world.connect().missing == ()
    assert world.connection.state is ConnectionState.ACTIVE


@pytest.mark.parametrize("account", ["ann", "other"])
def test_one_that_works_is_not_given_up_for_one_that_lacks_scopes(world: PersonalWorld, account: str) -> None:
    world.connect()
    world.saved()
    before = world.connection
    assert world.connect(account, scopes=()).missing == ("meetings",)
    assert world.connection == before
    assert world.logins.calls["revoke"] == (account != "ann"), "a vendor may end all of an account's grants at once"


def test_a_code_that_is_no_good_changes_nothing(world: PersonalWorld) -> None:
    with pytest.raises(ReauthorizationRequired):
        world.connecting.complete(ANN, "fake", code="x", verifier="v", redirect_uri=REDIRECT)
    assert world.store.connections_of(ANN) == []


def test_a_vendor_that_does_not_tell_at_once_whose_account_it_is(world: PersonalWorld) -> None:
    world.logins.fail("account", *[Temporary("no answer")] * (TRIES - 1))
    assert world.connect().account.id == "id-ann"


@pytest.mark.parametrize("errors", [[Temporary("no answer")] * TRIES, [PermissionDenied("no")]], ids=["late", "no"])
def test_a_vendor_that_does_not_tell_whose_account_it_is(world: PersonalWorld, errors: list[Exception]) -> None:
    world.logins.fail("account", *errors)
    with pytest.raises(type(errors[0])):
        world.connect()
    assert world.store.connections_of(ANN) == []
    assert live(world) == [], "nobody knows of it any more"


def test_what_may_be_of_the_account_that_stays_is_not_given_back(world: PersonalWorld) -> None:
    world.connect()
    world.logins.fail("account", *[Temporary("no answer")] * TRIES)
    with pytest.raises(Temporary):
        world.connect()
    assert world.logins.calls["revoke"] == 0


def test_a_vendor_that_gives_no_way_to_renew(world: PersonalWorld, capsys: pytest.CaptureFixture[str]) -> None:
    world.logins.gives_refresh = False
    assert world.connect().missing == (NO_REFRESH,)
    kept = world.connection
    assert (kept.state, kept.reason) == (ConnectionState.LACKS_SCOPES, "the vendor gave no way to renew it")
    assert "has to be set up for it" in capsys.readouterr().out
    world.logins.gives_refresh = True
    assert world.connect().missing == ()
    before = world.connection
    world.logins.gives_refresh = False
    assert world.connect(scopes=()).missing == ("meetings", NO_REFRESH)
    assert world.connection == before


# --- the same one again


def test_connecting_again_resumes_everything_at_once(world: PersonalWorld) -> None:
    waiting(world)
    done = world.connect()
    assert done.resumed == 1
    world.deliver()  # no time has passed
    assert title(world) == "Retro"
    assert world.conference(world.link().conference_id).last_error is None  # type: ignore[union-attr]
    assert world.rests()


def test_what_was_at_rest_stays_as_it_is(world: PersonalWorld) -> None:
    world.connect()
    created = world.saved()
    before = world.conference(created.conference_id)
    calls = list(world.provider.calls)
    world.connect()
    world.deliver()
    assert replace(world.conference(created.conference_id), version=None) == replace(before, version=None)
    assert world.provider.calls == calls


def test_only_the_own_and_the_vendors_go_on(world: PersonalWorld) -> None:
    conference = waiting(world)
    world.connect("ben", owner=BEN)
    world.providers.solutions["zoom"] = replace(world.providers.solutions["zoom"], personal=False)
    assert world.connect().resumed == 0
    del world.providers.solutions["zoom"]
    assert world.connect().resumed == 0
    assert replace(world.conference(conference.id), version=None) == replace(conference, version=None)


def test_a_lease_is_never_taken_twice_with_one_number(world: PersonalWorld) -> None:
    world.connect()
    world.clock.advance(LASTS)
    world.token()
    epoch = world.connection.lease.epoch
    world.connect()
    assert world.connection.lease.epoch == epoch == 1


@pytest.mark.parametrize("error", [Temporary("no answer"), StoreConflict("x")])
def test_what_could_not_be_resumed_is_resumed_by_the_sweep(world: PersonalWorld, error: ConfsyncError) -> None:
    conference = waiting(world)
    real = world.store.commit

    def commit(writes: Any) -> None:
        if isinstance(writes[0].record, Conference):
            raise error
        real(writes)

    world.store.commit = commit  # type: ignore[method-assign]
    assert world.connect().resumed == 0
    world.store.commit = real  # type: ignore[method-assign]
    assert world.connection.due_at == world.clock.now() + LOOK_AGAIN
    assert world.conference(conference.id).retry_at == conference.retry_at > world.clock.now() + REFUSED_RETRY / 2
    world.clock.advance(LOOK_AGAIN)
    world.sweep()
    world.deliver()
    assert title(world) == "Retro"
    assert world.rests()


def test_what_takes_long_to_resume_is_left_to_the_sweep(world: PersonalWorld) -> None:
    world.connect()
    for number in range(3):
        world.saved(f"event{number}")
    world.logins.withdraw()
    world.clock.advance(LASTS)
    with pytest.raises(ReauthorizationRequired):
        world.token()
    real = world.store.commit

    def slowly(writes: Any) -> None:
        if isinstance(writes[0].record, Conference):
            world.clock.advance(PATIENCE / 2)
        real(writes)

    world.store.commit = slowly  # type: ignore[method-assign]
    assert world.connect().resumed == 2
    assert world.connection.untold
    world.clock.advance(LOOK_AGAIN)
    world.sweep()
    assert world.rests()
    assert all(each.last_error is None for each in world.store.conferences_of_host(ANN))


def test_a_queue_that_refuses_leaves_it_to_the_sweep(world: PersonalWorld) -> None:
    waiting(world)
    world.queue.error = Temporary("full")
    assert world.connect().resumed == 1
    world.queue.error = None
    world.clock.advance(timedelta(minutes=5))
    world.sweep()
    world.deliver()
    assert title(world) == "Retro"


def test_of_two_that_connect_at_once_the_later_one_wins(world: PersonalWorld) -> None:
    world.logins.during("account", lambda: [world.connect("first")].clear())
    world.connect("second")
    assert world.connection.account_id == "id-second"
    assert world.logins.takes(world.token()) == "id-second"


def test_one_that_others_keep_changing(world: PersonalWorld) -> None:
    tries: list[int] = []

    def commit(_: Any) -> None:
        tries.append(1)
        raise StoreConflict("x")

    world.store.commit = commit  # type: ignore[method-assign]
    with pytest.raises(Temporary, match="is being changed by others"):
        world.connect()
    assert len(tries) == CONFLICTS


# --- another one


def test_another_account_that_nothing_depends_on_takes_the_place_at_once(world: PersonalWorld) -> None:
    world.connect()
    done = world.connect("other")
    assert done.replaces is None
    assert world.connection.account_id == "id-other"
    assert live(world) == ["id-other"]


@pytest.mark.parametrize("error", [Temporary("no answer"), PermissionDenied("no")])
def test_a_vendor_that_takes_nothing_back_stops_nobody(world: PersonalWorld, error: ConfsyncError) -> None:
    world.connect()
    world.logins.fail("revoke", error)
    assert world.connect("other").replaces is None


def test_tokens_that_no_key_opens_stop_nobody(world: PersonalWorld) -> None:
    world.connect()
    world.put(replace(world.connection, sealed="by another key"))
    assert world.connect("other").replaces is None
    assert world.logins.calls["revoke"] == 0


def test_a_third_account_takes_the_place_of_one_that_waits(world: PersonalWorld) -> None:
    world.connect()
    world.saved()
    world.connect("other")
    assert world.connect("third").replaces == "ann@vendor.example"
    assert world.connection.successor == Account(id="id-third", name="third@vendor.example")
    assert live(world) == ["id-ann", "id-third"]
    world.connect("third")
    assert world.logins.calls["revoke"] == 1


def test_who_declines_has_everything_as_it_was(world: PersonalWorld) -> None:
    world.connect()
    world.saved(title="Standup")
    before = world.connection
    world.connect("other")
    for _ in range(2):
        world.connecting.decline(ANN, "fake")
        assert replace(world.connection, version=None) == replace(before, version=None)
        assert live(world) == ["id-ann"]
    assert world.logins.calls["revoke"] == 1
    world.connecting.decline(BEN, "fake")
    with pytest.raises(BadRequest):
        world.connecting.decline(ANN, "another")


def test_an_account_that_was_left_is_not_asked_about(world: PersonalWorld) -> None:
    """What it left behind, whatever it is, is no matter of its any more."""
    world.connect()
    created = world.saved(title="Standup")
    world.disconnect(Leaving.KEEP)
    world.put(replace(world.conference(created.conference_id), kept_by=""))
    assert world.connect("other").replaces is None
    assert world.connection.account_id == "id-other"


def test_a_vendor_that_has_a_way_to_take_it_back(world: PersonalWorld) -> None:
    assert world.connecting.revokes("fake")
    world.logins.revocable = False
    assert not world.connecting.revokes("fake")


def test_another_account_waits_until_it_is_decided_what_becomes_of_the_meetings(world: PersonalWorld) -> None:
    world.connect()
    created = world.saved(title="Standup")
    done = world.connect("other")
    assert (done.account.id, done.replaces, done.resumed) == ("id-other", "ann@vendor.example", 0)
    kept = world.connection
    assert kept.account_id == "id-ann"
    assert kept.successor == done.account
    assert world.logins.takes(world.token()) == "id-ann", "the old one is used until then"
    assert [each.id for each in world.connecting.conferences(ANN, "fake")] == [created.conference_id]
    assert not any(secret in str(kept) for secret in world.logins.secrets())


def test_an_ended_account_is_asked_about_as_well(world: PersonalWorld) -> None:
    waiting(world)
    assert world.connect("other").replaces == "ann@vendor.example"
    assert world.connection.state is ConnectionState.EXPIRED


def test_the_same_account_after_all(world: PersonalWorld) -> None:
    world.connect()
    world.saved()
    world.connect("other")
    world.connect()
    assert world.connection.successor is None
    assert world.logins.takes(world.token()) == "id-ann"
    assert set(live(world)) == {"id-ann"}


def test_who_has_decided_is_not_asked_again(world: PersonalWorld) -> None:
    world.connect()
    world.saved(title="Standup")
    world.provider.fail("delete", *[Temporary("no answer")] * 9)
    assert world.disconnect(Leaving.ANEW) == 1
    done = world.connect("other")
    assert (done.replaces, world.connection.leaving) == (None, Leaving.ANEW)
    world.provider._before.clear()
    world.settle()
    assert world.connection.account_id == "id-other"
    assert world.hosted() == {"Standup": "id-other"}


def test_the_tokens_are_those_of_the_consent(world: PersonalWorld) -> None:
    world.connect()
    tokens = opened(world.sealer, world.connection)
    assert world.logins.takes(tokens.access) == "id-ann"
    assert world.logins.renewable(tokens.refresh)
    assert isinstance(world.connection, Connection)
