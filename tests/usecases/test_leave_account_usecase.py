"""An account is disconnected, or gives way to another one: what becomes of its meetings."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from confsync.domain import keys
from confsync.domain.conference import CallKind, Conference, ConferenceState
from confsync.domain.connection import LOOK_AGAIN, Connection, ConnectionState, Leaving
from confsync.domain.errors import Ambiguous, BadRequest, PreconditionFailed, ServiceError, StoreConflict, Temporary
from confsync.domain.transitions import UNTIL_CONNECTED
from confsync.usecases.connecting.dependents import PATIENCE
from confsync.usecases.connecting.leave_account import GIVE_UP_AFTER
from tests.fakes.logins import LASTS
from tests.fakes.provider import SETTLE
from tests.usecases.personal_world import PersonalWorld
from tests.usecases.world import ANN

LOST = Temporary("no answer", service="fake")


@pytest.fixture
def world() -> PersonalWorld:
    """Ann's account hosts the meeting of an event."""
    world = PersonalWorld()
    world.connect()
    world.saved(title="Standup")
    return world


def conference(world: PersonalWorld) -> Conference:
    (found,) = world.store.conferences_of_host(ANN)
    return found


def uris(world: PersonalWorld) -> frozenset[str]:
    shown = world.ann.event("event1").conference
    return shown.uris if shown else frozenset()


def later(world: PersonalWorld, title: str = "Retro") -> None:
    """The event changes, and all that follows from it is done."""
    world.ann.update("event1", title=title)
    world.sync()
    world.settle()


def unconfirmed(world: PersonalWorld, *, made: bool) -> None:
    """A meeting that was to be made, and nobody knows yet whether it is there."""
    (world.provider.lose_answer if made else world.provider.fail)("create", Ambiguous("no answer"))
    world.provider.fail("find", *[LOST] * 2)
    with suppress(ServiceError):
        world.create("event2")
    assert any(each.creating_since for each in world.store.conferences_of_host(ANN))
    assert len(world.provider.meetings) == 1 + made


def left(world: PersonalWorld) -> bool:
    """Whether nothing of the account is kept but whose it was, and the vendor takes its tokens no more."""
    kept = world.connection
    bare = (kept.state, kept.reason, kept.sealed, kept.scopes, kept.leaving, kept.due_at)
    return bare == (ConnectionState.REVOKED, "disconnected", "", (), None, None) and not any(
        each.live for each in world.logins.consents
    )


# --- keep


def test_kept_meetings_stay_as_they_are(world: PersonalWorld) -> None:
    before = uris(world)
    assert world.disconnect(Leaving.KEEP) == 0
    assert left(world)
    assert world.logins.calls["revoke"] == 1
    later(world)
    assert (world.provider.only.spec.title, uris(world)) == ("Standup", before)
    assert conference(world).last_error is None
    assert world.connecting.conferences(ANN, "fake") == []
    world.ann.delete("event1")
    world.sync()
    world.settle()
    assert world.hosted() == {"Standup": "id-ann"}


def test_what_was_kept_follows_its_event_again_when_its_account_is_back(world: PersonalWorld) -> None:
    world.disconnect(Leaving.KEEP)
    later(world)
    assert world.connect().resumed == 1
    world.deliver()
    assert world.hosted() == {"Retro": "id-ann"}


def test_what_was_kept_is_nothing_to_another_account(world: PersonalWorld) -> None:
    before = uris(world)
    world.disconnect(Leaving.KEEP)
    for account in ("other", "other"):
        done = world.connect(account)
        assert (done.replaces, done.resumed) == (None, 0)
        later(world)
    assert (world.hosted(), uris(world)) == ({"Standup": "id-ann"}, before)
    world.connect()
    world.deliver()
    assert world.hosted() == {"Retro": "id-ann"}, "its own account is back, after another one"


def test_a_meeting_that_nobody_wants_is_removed_before_its_account_goes(world: PersonalWorld) -> None:
    world.provider.fail("delete", *[LOST] * 3)
    world.ann.delete("event1")
    world.sync()
    world.deliver()
    assert world.disconnect(Leaving.KEEP) == 1
    world.settle()
    assert world.provider.meetings == {}
    assert left(world)


def test_a_meeting_that_may_be_there_is_looked_for_before_its_account_goes(world: PersonalWorld) -> None:
    unconfirmed(world, made=True)
    assert world.disconnect(Leaving.KEEP) == 1
    world.clock.advance(SETTLE)
    world.settle()
    assert left(world)
    assert len(world.provider.meetings) == 2
    assert {each.kept_by for each in world.store.conferences_of_host(ANN)} == {"id-ann"}


def test_one_that_may_be_there_is_given_up_when_its_account_is_out_of_reach(world: PersonalWorld) -> None:
    unconfirmed(world, made=False)
    world.logins.withdraw()
    world.clock.advance(LASTS)
    with pytest.raises(Exception, match="does not accept it"):
        world.token()
    assert world.disconnect(Leaving.KEEP) == 0
    assert left(world)
    assert not any(each.creating_since for each in world.store.conferences_of_host(ANN))
    assert world.connect("other").replaces is None
    world.settle()
    assert world.connection.account_id == "id-other"
    assert sorted(world.hosted().values()) == ["id-ann", "id-other"]


def test_what_nobody_has_time_to_keep_is_kept_by_the_sweep(world: PersonalWorld) -> None:
    """Also if its account is out of reach."""
    for number in range(3):
        world.saved(f"more{number}", title=f"More {number}")
    world.logins.withdraw()
    world.clock.advance(LASTS)
    with pytest.raises(Exception, match="does not accept it"):
        world.token()
    real = world.store.commit

    def slowly(writes: Any) -> None:
        if isinstance(writes[0].record, Conference):
            world.clock.advance(PATIENCE / 2)
        real(writes)

    world.store.commit = slowly  # type: ignore[method-assign]
    assert world.disconnect(Leaving.KEEP) == 2
    assert [bool(each.kept_by) for each in world.store.conferences_of_host(ANN)].count(True) == 2
    assert world.connection.leaving is Leaving.KEEP
    world.settle()
    assert left(world)
    assert all(each.frozen for each in world.store.conferences_of_host(ANN))


# --- anew


def test_meetings_are_made_anew_by_the_account_that_comes_next(world: PersonalWorld) -> None:
    before = uris(world)
    assert world.disconnect(Leaving.ANEW) == 0
    assert left(world)
    assert world.provider.meetings == {}
    waits = conference(world)
    assert waits.due_at == waits.retry_at, "nothing is to be done until then"
    assert waits.last_error == f"waits for an account of {ANN} at fake"
    assert waits.pauses == {CallKind.CREATE: pytest.approx(world.clock.now() + UNTIL_CONNECTED, abs=LOOK_AGAIN)}
    later(world)
    assert world.provider.calls.count("create") == 1
    assert world.connect("other").resumed == 1
    world.deliver()
    assert world.hosted() == {"Retro": "id-other"}
    assert uris(world) == world.provider.only.conference.details.uris != before
    assert not conference(world).remake
    later(world, "Again")
    assert world.hosted() == {"Again": "id-other"}
    assert world.provider.calls.count("create") == 2


def test_another_account_takes_its_place_at_once(world: PersonalWorld) -> None:
    world.connect("other")
    assert world.disconnect(Leaving.ANEW) == 0
    kept = world.connection
    assert (kept.account_id, kept.state, kept.successor, kept.untold) == (
        "id-other",
        ConnectionState.ACTIVE,
        None,
        False,
    )
    assert world.logins.takes(world.token()) == "id-other"
    world.deliver()
    assert world.hosted() == {"Standup": "id-other"}
    assert uris(world) == world.provider.only.conference.details.uris


@pytest.mark.parametrize("then", Leaving)
def test_the_successor_is_what_is_there_afterwards(world: PersonalWorld, then: Leaving) -> None:
    world.connect("other")
    world.disconnect(then)
    world.settle()
    assert world.connection.account_id == "id-other"
    assert world.logins.takes(world.token()) == "id-other"
    expected = {Leaving.KEEP: {"Standup": "id-ann"}, Leaving.ANEW: {"Standup": "id-other"}, Leaving.REMOVE: {}}
    assert world.hosted() == expected[then]
    assert world.logins.calls["revoke"] == 1
    world.pass_time(hours=2)
    assert world.logins.takes(world.token()) == "id-other"


def test_the_account_is_used_until_its_meetings_are_removed(world: PersonalWorld) -> None:
    world.provider.fail("delete", *[LOST] * 2)
    assert world.disconnect(Leaving.ANEW) == 1
    kept = world.connection
    assert (kept.state, kept.leaving, kept.due_at) == (
        ConnectionState.ACTIVE,
        Leaving.ANEW,
        world.clock.now() + LOOK_AGAIN,
    )
    world.clock.advance(LASTS)
    world.settle()
    assert left(world)
    assert world.provider.meetings == {}


def test_what_takes_long_is_left_to_tasks(world: PersonalWorld) -> None:
    for number in range(3):
        world.saved(f"more{number}", title=f"More {number}")
    world.provider.ahead_of("delete", lambda: world.clock.advance(PATIENCE))
    assert world.disconnect(Leaving.ANEW) == 3
    world.deliver()
    assert world.provider.meetings == {}
    world.settle()
    assert left(world)


def test_a_meeting_that_somebody_is_working_on_is_waited_for(world: PersonalWorld) -> None:
    held = conference(world).lease.take("other", world.clock.now(), timedelta(minutes=1))
    world.put(replace(conference(world), lease=held))
    assert world.disconnect(Leaving.ANEW) == 1
    world.settle()
    assert world.provider.meetings == {}
    assert left(world)


def test_a_create_without_an_answer_is_looked_for_and_removed(world: PersonalWorld) -> None:
    unconfirmed(world, made=True)
    assert world.disconnect(Leaving.ANEW) == 1
    world.settle()
    assert world.provider.meetings == {}
    assert left(world)
    assert world.provider.calls.count("create") == 2, "none by the account that is left"


def test_a_create_without_an_answer_that_made_nothing(world: PersonalWorld) -> None:
    unconfirmed(world, made=False)
    world.disconnect(Leaving.ANEW)
    world.settle()
    assert left(world)
    assert world.provider.meetings == {}
    world.connect("other")
    world.settle()
    assert set(world.hosted().values()) == {"id-other"}


def test_a_meeting_that_is_made_meanwhile_goes_too(world: PersonalWorld) -> None:
    world.provider.ahead_of("delete", lambda: world.create("event2") and None)
    assert world.disconnect(Leaving.ANEW) in {0, 1}
    world.settle()
    assert left(world) or world.connection.leaving is None
    assert "id-ann" not in world.hosted().values()


# --- remove


@pytest.mark.parametrize("as_text", [False, True], ids=["native", "as text"])
def test_removed_meetings_go_from_their_events_too(world: PersonalWorld, as_text: bool) -> None:
    if as_text:
        world.calendars.writes = "strip"  # type: ignore[attr-defined]
    assert world.disconnect(Leaving.REMOVE) == 1
    world.deliver()
    assert world.provider.meetings == {}
    assert uris(world) == frozenset()
    world.settle()
    assert left(world)
    assert conference(world).state is ConferenceState.DELETED
    assert world.connecting.conferences(ANN, "fake") == []


def test_events_that_there_is_no_time_for_are_cleared_by_the_sweep(world: PersonalWorld) -> None:
    world.saved("event2", title="Other")
    real = world.calendars.acting_as

    def slowly(account: str) -> Any:
        world.clock.advance(PATIENCE)
        return real(account)

    world.calendars.acting_as = slowly  # type: ignore[method-assign]
    assert world.disconnect(Leaving.REMOVE) == 2
    world.calendars.acting_as = real  # type: ignore[method-assign]
    shown = [world.ann.event(each).conference is not None for each in ("event1", "event2")]
    assert sorted(shown) == [False, True]
    world.settle()
    assert world.provider.meetings == {}
    assert left(world)


def test_an_event_that_is_being_edited_is_cleared_by_the_sweep(world: PersonalWorld) -> None:
    real = world.calendars.acting_as
    world.calendars.acting_as = lambda account: _Edited(real(account))  # type: ignore[method-assign,assignment]
    assert world.disconnect(Leaving.REMOVE) == 1
    world.deliver()
    assert len(world.provider.meetings) == 1
    world.calendars.acting_as = real  # type: ignore[method-assign]
    world.settle()
    assert world.provider.meetings == {}
    assert left(world)


def test_an_event_that_is_gone_or_shows_another_conference_is_left_alone(world: PersonalWorld) -> None:
    world.saved("event2", title="Other")
    world.ann.update("event1", conference=None, description="mine", location="Room 1")
    world.ann.delete("event2")
    world.disconnect(Leaving.REMOVE)
    event = world.ann.event("event1")
    assert (event.description, event.location) == ("mine", "Room 1")
    world.settle()
    assert world.provider.meetings == {}
    assert left(world)


def test_an_unsaved_choice_is_waited_for_and_then_given_up(world: PersonalWorld) -> None:
    world.create("unsaved")
    assert world.disconnect(Leaving.REMOVE) == 2
    world.settle()
    assert len(world.provider.meetings) == 1
    world.pass_time(hours=22, minutes=1)
    world.settle()
    assert world.provider.meetings == {}
    assert left(world)


def test_a_meeting_that_cant_be_removed_does_not_keep_an_account_for_ever(world: PersonalWorld) -> None:
    world.provider.fail("delete", *[LOST] * 99)
    world.disconnect(Leaving.REMOVE)
    world.settle()
    assert world.connection.leaving is Leaving.REMOVE
    world.clock.advance(GIVE_UP_AFTER)
    world.settle()
    assert left(world)
    assert conference(world).frozen


# --- an account that is out of reach


@pytest.fixture
def ended(world: PersonalWorld) -> PersonalWorld:
    world.logins.withdraw()
    world.clock.advance(LASTS)
    with pytest.raises(Exception, match="does not accept it"):
        world.token()
    return world


@pytest.mark.parametrize("then", Leaving)
def test_an_ended_account_is_left_at_once(ended: PersonalWorld, then: Leaving) -> None:
    before = uris(ended)
    assert ended.disconnect(then) == 0
    ended.deliver()
    assert left(ended)
    assert ended.hosted() == {"Standup": "id-ann"}, "nobody can remove it"
    assert uris(ended) == (frozenset() if then is Leaving.REMOVE else before)
    ended.connect("other")
    ended.settle()
    made = {"Standup": "id-other"} if then is Leaving.ANEW else {"Standup": "id-ann"}
    assert dict(list(ended.hosted().items())[-1:]) == made
    assert len(ended.provider.meetings) == (2 if then is Leaving.ANEW else 1)


@pytest.mark.parametrize("then", [Leaving.ANEW, Leaving.REMOVE])
def test_an_account_that_ends_while_it_is_left(world: PersonalWorld, then: Leaving) -> None:
    world.provider.fail("delete", *[LOST] * 4)
    assert world.disconnect(then) == 1
    world.logins.withdraw()
    world.clock.advance(LASTS)
    world.settle(steps=12)
    assert left(world)
    assert world.hosted() == {"Standup": "id-ann"}
    assert conference(world).due_at is None or conference(world).due_at > world.clock.now() + timedelta(days=300)


def test_a_vendor_that_does_not_answer_keeps_nobody(world: PersonalWorld) -> None:
    world.logins.fail("revoke", LOST)
    world.disconnect(Leaving.KEEP)
    kept = world.connection
    assert (kept.state, kept.sealed) == (ConnectionState.REVOKED, "")


# --- who may, and what others do meanwhile


def test_who_thought_better_of_it_stops_what_is_still_being_decided(world: PersonalWorld) -> None:
    """Another process was about to mark the last meeting when the account was connected again."""
    world.saved("event2", title="Other")
    real = world.store.commit

    def commit(writes: Any) -> None:
        if isinstance(writes[0].record, Conference):
            world.store.commit = real  # type: ignore[method-assign]
            world.connect()
        real(writes)

    world.store.commit = commit  # type: ignore[method-assign]
    assert world.disconnect(Leaving.ANEW) == 0
    world.settle()
    assert world.hosted() == {"Standup": "id-ann", "Other": "id-ann"}
    assert world.provider.calls.count("create") == 2
    assert world.rests()


def test_nothing_to_leave() -> None:
    with pytest.raises(BadRequest, match="has no account at fake connected"):
        PersonalWorld().connecting.disconnect(ANN, "fake", Leaving.KEEP)


@pytest.mark.parametrize("operator", [False, True])
def test_leaving_twice_is_leaving_once(world: PersonalWorld, operator: bool) -> None:
    world.disconnect(Leaving.KEEP)
    before = world.connection
    with pytest.raises(BadRequest, match="not what was decided about") as refused:
        world.connecting.disconnect(ANN, "fake", Leaving.REMOVE, shown=None if operator else before.shown)
    assert (refused.value.field, world.connection) == ("shown", before)
    assert left(world)
    assert world.logins.calls["revoke"] == 1


def test_a_decision_that_is_sent_again_does_not_reach_the_account_that_came_next(world: PersonalWorld) -> None:
    world.connect("other")
    shown = world.connection.shown
    world.connecting.disconnect(ANN, "fake", Leaving.ANEW, shown=shown)
    world.settle()
    before = world.connection
    with pytest.raises(BadRequest) as refused:
        world.connecting.disconnect(ANN, "fake", Leaving.ANEW, shown=shown)
    assert (refused.value.field, world.connection) == ("shown", before)
    assert world.hosted() == {"Standup": "id-other"}


def test_what_was_decided_before_another_account_waited_is_asked_again(world: PersonalWorld) -> None:
    shown = world.connection.shown
    world.connect("other")
    with pytest.raises(BadRequest):
        world.connecting.disconnect(ANN, "fake", Leaving.KEEP, shown=shown)
    assert world.connection.leaving is None


def test_what_was_decided_about_the_same_account_connected_once_more_is_asked_again(world: PersonalWorld) -> None:
    shown = world.connection.shown
    world.pass_time(seconds=1)
    world.connect()
    with pytest.raises(BadRequest):
        world.connecting.disconnect(ANN, "fake", Leaving.KEEP, shown=shown)
    assert world.connection.usable


def test_an_operator_puts_no_account_in_its_place(world: PersonalWorld) -> None:
    world.connect("other")
    assert world.connecting.disconnect(ANN, "fake", Leaving.KEEP) == 0
    assert left(world), "neither is of use any more"
    assert world.connection.account_id == "id-ann"
    assert world.logins.calls["revoke"] == 2


def test_nothing_is_due_for_a_connection_that_is_gone(world: PersonalWorld) -> None:
    assert world.leaving.finish("nobody") == 0
    assert world.leaving.finish(keys.connection_key(ANN, "fake")) == 0
    assert world.connection.state is ConnectionState.ACTIVE


def test_connected_again_while_it_is_left(world: PersonalWorld) -> None:
    """The same account: its person has thought better of it."""
    world.logins.ahead_of("revoke", lambda: [world.connect()].clear())
    world.disconnect(Leaving.KEEP)
    assert world.connection.state is ConnectionState.ACTIVE
    assert world.connection.leaving is None
    later(world)
    assert world.provider.only.spec.title == "Retro"


def test_somebody_writes_while_it_goes(world: PersonalWorld) -> None:
    real = world.store.commit

    def commit(writes: Any) -> None:
        if getattr(writes[0].record, "state", None) is ConnectionState.REVOKED:
            world.store.commit = real  # type: ignore[method-assign]
            world.put(replace(world.connection, used_at=world.clock.now()))
        real(writes)

    world.store.commit = commit  # type: ignore[method-assign]
    world.disconnect(Leaving.KEEP)
    assert left(world)


def test_others_that_keep_writing_leave_it_to_the_sweep(world: PersonalWorld) -> None:
    real = world.store.commit

    def commit(writes: Any) -> None:
        if getattr(writes[0].record, "state", None) is ConnectionState.REVOKED:
            raise StoreConflict("x")
        real(writes)

    world.store.commit = commit  # type: ignore[method-assign]
    with pytest.raises(Temporary, match="is being changed by others"):
        world.disconnect(Leaving.KEEP)
    world.store.commit = real  # type: ignore[method-assign]
    found = world.store.get(Connection, keys.connection_key(ANN, "fake"))
    assert found is not None
    assert found.due_at is not None
    world.clock.advance(LOOK_AGAIN)
    world.sweep()
    assert left(world)


class _Edited:
    """Somebody edits every event all the time."""

    def __init__(self, google: Any) -> None:
        self._google = google

    def __getattr__(self, name: str) -> Any:
        return getattr(self._google, name)

    def write_text(self, *_: Any, **__: Any) -> Any:
        raise PreconditionFailed("412")
