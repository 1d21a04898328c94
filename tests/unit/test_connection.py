"""What becomes of a connection, and of conferences with it: decisions without any I/O."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from confsync.domain.conference import (
    Applied,
    CallKind,
    Conference,
    ConferenceSpec,
    ConferenceState,
    Desired,
    Reference,
)
from confsync.domain.connection import (
    EARLY,
    LOOK_AGAIN,
    UNKNOWN_LIFE,
    Account,
    Connection,
    ConnectionState,
    Granted,
    Leaving,
    Tokens,
    declined,
    ended,
    gone,
    kept_alive,
    missing,
    renewed,
    scheduled,
    told,
)
from confsync.domain.lease import Lease
from confsync.domain.step import Step, steps
from confsync.domain.transitions import (
    UNTIL_CONNECTED,
    given_up,
    left_alone,
    made,
    next_visit,
    not_found,
    thawed,
    to_be_remade,
    waits_for_account,
)
from confsync.domain.upkeep import Upkeep
from confsync.ports import ProviderConference
from tests.strategies import records, text, times

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
connections = records(Connection)
conferences = records(Conference)


def tokens(**changes: object) -> Tokens:
    return Tokens(**{"access": "access-secret", "refresh": "refresh-secret", "expires_at": NOW, **changes})  # type: ignore[arg-type]


# --- tokens


@pytest.mark.parametrize(
    ("left", "refused", "usable"),
    [
        (timedelta(hours=1), None, True),
        (EARLY + timedelta(microseconds=1), None, True),
        (EARLY, None, False),
        (timedelta(0), None, False),
        (-timedelta(days=1), None, False),
        (timedelta(hours=1), "access-secret", False),
        (timedelta(hours=1), "another one", True),
    ],
)
def test_a_token_is_good_for_a_minute_or_not_at_all(left: timedelta, refused: str | None, usable: bool) -> None:
    assert tokens(expires_at=NOW + left).usable(NOW, refused=refused) is usable


def test_no_token_is_shown() -> None:
    told = f"{tokens()} {Granted(tokens=tokens(), scopes=('one',))!r}"
    assert "secret" not in told


@pytest.mark.parametrize(
    ("needed", "granted", "lacking"),
    [
        (("a", "b"), None, ()),
        (("a", "b"), ("b", "a", "c"), ()),
        (("a", "b"), (), ("a", "b")),
        (("b", "a"), ("c",), ("b", "a")),
        (("Video", "ReadAccounts"), ("video", "readaccounts"), ()),
        (("a", "offline_access"), ("a",), ()),
        ((), (), ()),
    ],
)
def test_scopes_that_are_missing(
    needed: tuple[str, ...], granted: tuple[str, ...] | None, lacking: tuple[str, ...]
) -> None:
    assert missing(needed, granted) == lacking


@given(st.lists(text), st.none() | st.lists(text))
def test_what_was_granted_is_never_missing(needed: list[str], granted: list[str] | None) -> None:
    lacking = missing(needed, granted)
    assert set(lacking) <= set(needed)
    assert not set(lacking) & set(granted or ())
    if granted is not None:
        assert missing(needed, [*granted, *lacking]) == ()


# --- how a connection moves


@given(connections, st.sampled_from(ConnectionState), text, times)
def test_an_end_wipes_nothing(connection: Connection, state: ConnectionState, reason: str, now: datetime) -> None:
    after = ended(connection, state, reason, now)
    assert (after.state, after.reason, after.ended_at) == (state, reason, now)
    assert not after.lease.taken(now)
    assert after.lease.epoch == connection.lease.epoch
    assert (after.renew_at, after.untold) == (None, False)
    assert _changed(connection, after) <= {"state", "reason", "ended_at", "lease", "renew_at", "untold", "due_at"}


@given(connections, st.sampled_from([each for each in ConnectionState if each is not ConnectionState.ACTIVE]), times)
def test_what_ended_is_looked_at_only_while_it_is_left(
    connection: Connection, state: ConnectionState, now: datetime
) -> None:
    assert ended(connection, state, "why", now).due_at == (connection.due_at if connection.leaving else None)


LIVES = st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=366))


@given(connections, text.filter(bool), LIVES, times)
def test_renewed_it_is_active_whatever_others_stored(
    connection: Connection, sealed: str, idle: timedelta | None, now: datetime
) -> None:
    after = renewed(connection, sealed, idle, now)
    assert (after.state, after.sealed, after.reason, after.ended_at) == (ConnectionState.ACTIVE, sealed, None, None)
    assert after.lease == connection.lease.release()
    assert after.untold == (connection.untold or connection.state is not ConnectionState.ACTIVE)
    if connection.leaving is not None:
        assert after.due_at == connection.due_at
    elif after.untold:
        assert after.due_at == now + LOOK_AGAIN, "what waits has to be told"
    else:
        assert after.due_at == after.renew_at
    kept = {"state", "sealed", "reason", "ended_at", "renew_at", "untold", "due_at", "lease"}
    assert _changed(connection, after) <= kept, "whose it is, how it is left and who comes next stays"


@given(connections, times)
def test_gone_it_holds_no_secret_but_its_successors(connection: Connection, now: datetime) -> None:
    after = gone(connection, now)
    assert (after.leaving, after.leaving_since, after.successor, after.successor_sealed) == (None, None, None, "")
    assert (after.key, after.owner, after.vendor, after.version) == (
        connection.key,
        connection.owner,
        connection.vendor,
        connection.version,
    )
    assert after.lease.epoch == connection.lease.epoch
    if connection.successor is None:
        assert (after.state, after.sealed, after.scopes, after.due_at) == (ConnectionState.REVOKED, "", (), None)
        assert (after.account_id, after.account_name) == (connection.account_id, connection.account_name)
        assert not after.usable
        assert after.reason == "disconnected"
    else:
        assert (after.account_id, after.account_name) == (connection.successor.id, connection.successor.name)
        assert (after.state, after.sealed) == (ConnectionState.ACTIVE, connection.successor_sealed)
        assert (after.scopes, after.connected_at) == (connection.successor_scopes, now)
        if after.usable:
            assert (after.untold, after.due_at) == (True, now + LOOK_AGAIN)
            assert told(after, now).idle(now), "how long its tokens have lain idle nobody noted"


@given(connections, times)
def test_what_was_left_is_over(connection: Connection, now: datetime) -> None:
    after = gone(connection, now)
    assert after.over == (connection.successor is None)
    assert not replace(after, leaving=Leaving.KEEP).over
    assert not replace(after, sealed="x").over


@given(connections, times)
def test_what_a_person_decides_about(connection: Connection, now: datetime) -> None:
    connection = replace(connection, account_id="1", sealed="a", successor=None)
    waiting = replace(connection, successor=Account(id="2", name="x"), successor_sealed="b")
    for other in (
        replace(connection, account_id="2"),
        replace(connection, connected_at=connection.connected_at + timedelta(microseconds=1)),
        waiting,
        gone(waiting, now),
    ):
        assert other.shown != connection.shown
    assert renewed(connection, "anew", None, now).shown == connection.shown
    assert declined(waiting).shown == connection.shown
    assert (waiting.grants, declined(waiting).grants) == ({"1": "a", "2": "b"}, {"1": "a"})


@given(connections)
def test_it_can_be_used_while_it_is_active_and_has_tokens(connection: Connection) -> None:
    assert connection.usable == (connection.state is ConnectionState.ACTIVE and connection.sealed != "")


# --- when its tokens are renewed though nobody needs them


DAY = timedelta(days=1)
REST = Connection(
    key="k",
    owner="ann@example.com",
    vendor="fake",
    account_id="1",
    account_name="ann",
    sealed="s",
    connected_at=NOW,
    renew_at=NOW + DAY,
    due_at=NOW + DAY,
)


@given(connections, LIVES, times)
def test_tokens_are_renewed_well_before_they_end_and_not_all_at_once(
    connection: Connection, idle: timedelta | None, now: datetime
) -> None:
    life = idle or UNKNOWN_LIFE
    after = kept_alive(connection, idle, now)
    assert after.renew_at is not None
    assert 0.4 * life <= after.renew_at - now + timedelta(microseconds=1)
    assert after.renew_at - now <= 0.5 * life + timedelta(microseconds=1)
    assert after.renew_at == kept_alive(connection, idle, now).renew_at
    assert _changed(connection, after) <= {"renew_at", "due_at"}


def test_connections_made_together_are_renewed_apart() -> None:
    found = {kept_alive(replace(REST, key=str(n)), 7 * DAY, NOW).renew_at for n in range(50)}
    assert len(found) == 50


@pytest.mark.parametrize(
    ("changes", "due_at"),
    [
        ({}, NOW + DAY),
        ({"untold": True}, NOW + LOOK_AGAIN),
        ({"renew_at": NOW - DAY}, NOW - DAY),
        ({"renew_at": None}, NOW),
        ({"state": ConnectionState.EXPIRED}, None),
        ({"sealed": ""}, None),
        ({"leaving": Leaving.ANEW, "due_at": NOW + MINUTE}, NOW + MINUTE),
        ({"leaving": Leaving.ANEW, "due_at": NOW + MINUTE, "state": ConnectionState.REVOKED}, NOW + MINUTE),
    ],
)
def test_when_the_sweep_looks_at_it(changes: dict[str, object], due_at: datetime | None) -> None:
    assert scheduled(replace(REST, **changes), NOW).due_at == due_at  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "idle"),
    [
        ({}, False),
        ({"renew_at": NOW + timedelta(microseconds=1)}, False),
        ({"renew_at": NOW}, True),
        ({"renew_at": None}, True),
        ({"renew_at": NOW, "untold": True}, True),
        ({"renew_at": NOW, "leaving": Leaving.KEEP}, False),
        ({"renew_at": NOW, "state": ConnectionState.EXPIRED}, False),
        ({"renew_at": NOW, "sealed": ""}, False),
    ],
)
def test_when_its_tokens_lie_idle(changes: dict[str, object], idle: bool) -> None:
    assert replace(REST, **changes).idle(NOW) is idle  # type: ignore[arg-type]


# --- conferences that depend on one


SPEC = ConferenceSpec(title="Standup", start=NOW, end=NOW + MINUTE, time_zone="UTC", host="ann@example.com")
MEETING = ProviderConference(reference=Reference(ids={"id": "1"}, host="ann@example.com"), details=None)  # type: ignore[arg-type]


def conference(*, meeting: bool = True, wanted: bool = True, **fields: object) -> Conference:
    spec = SPEC if wanted else None
    applied = Applied(version=1, spec=SPEC, reference=MEETING.reference) if meeting else Applied()
    given = {"desired": Desired(version=1 if wanted else 2, spec=spec), "applied": applied, **fields}
    return Conference(
        id="confsync-1",
        solution="zoom",
        tenant="example.com",
        host="ann@example.com",
        created_at=NOW,
        **given,  # type: ignore[arg-type]
    )


def next_steps(of: Conference) -> list[Step]:
    """Those that do not wait."""
    found = steps(of, NOW, Upkeep(), unpublished=False)
    kinds = {Step.CREATE: CallKind.CREATE, Step.LOOK: CallKind.LOOK, Step.UPDATE: CallKind.UPDATE}
    return [each for each in found if of.pauses.get(kinds.get(each, CallKind.PUBLISH), NOW) <= NOW]


@given(conferences)
def test_what_waits_for_an_account_says_so(conference: Conference) -> None:
    after = waits_for_account(conference, "why")
    assert after == (conference if conference.frozen else replace(conference, last_error="why"))


@given(conferences, times)
def test_thawed_nothing_waits_any_more(conference: Conference, now: datetime) -> None:
    after = thawed(conference, now)
    assert (after.frozen, after.pauses, after.last_error, after.attempts) == (False, {}, None, 0)
    assert after.state is not ConferenceState.FAILED
    assert after.due_at is not None
    assert (after.desired, after.applied, after.remake, after.generation) == (
        conference.desired,
        conference.applied,
        conference.remake,
        conference.generation,
    )


@given(conferences, st.booleans())
def test_what_is_left_alone_keeps_its_meeting(conference: Conference, reachable: bool) -> None:
    assume(conference.desired.version > 0 or not conference.wanted)  # version 0 is before anybody wanted one
    after = left_alone(conference, "account", reachable=reachable)
    if not reachable and conference.applied.reference is None and conference.creating_since is not None:
        assert (after.at_vendor, after.frozen, after.remake) == (False, conference.frozen, False)
        assert after.settled is not conference.wanted
        return
    assert after.applied == conference.applied
    if conference.applied.reference is None or (reachable and not conference.wanted):
        assert after is conference
    else:
        assert (after.kept_by, after.due_at, after.remake) == ("account", None, False)
        assert list(steps(after, NOW, Upkeep(), unpublished=True)) == []
        assert next_visit(after, {}, Upkeep(), NOW) is None
        assert not thawed(after, NOW).frozen


def test_a_meeting_that_is_to_be_remade_goes_and_waits_for_another_account() -> None:
    before = conference()
    marked = to_be_remade(before, NOW, "why", reachable=True)
    assert next_steps(marked) == [Step.UPDATE]
    assert (marked.remake, marked.last_error, marked.applied) == (True, "why", before.applied)
    removed = given_up(marked, Step.UPDATE)
    assert next_steps(removed) == []
    assert (removed.due_at, removed.generation) == (NOW + UNTIL_CONNECTED, before.generation + 1)
    assert to_be_remade(removed, NOW + MINUTE, "why", reachable=True) is removed
    assert to_be_remade(removed, NOW + MINUTE, "why", reachable=False) is removed
    anew = thawed(removed, NOW)
    assert next_steps(anew) == [Step.CREATE]
    done = made(anew, Step.CREATE, MEETING, anew.desired, NOW)
    assert not done.remake
    assert next_steps(done) == []


def test_one_that_may_be_there_is_looked_for_first() -> None:
    marked = to_be_remade(conference(meeting=False, creating_since=NOW), NOW, "why", reachable=True)
    assert next_steps(marked) == [Step.LOOK]
    found = made(marked, Step.LOOK, MEETING, Desired(version=0, spec=None), NOW)
    assert next_steps(found) == [Step.UPDATE]
    assert found.remake
    gone = not_found(marked, marked, look_again_at=NOW + MINUTE)
    assert next_steps(gone) == []
    assert gone.due_at == NOW + MINUTE, "a late one may still show up"
    assert CallKind.CREATE in gone.pauses


def test_one_out_of_reach_is_left_where_it_is() -> None:
    after = to_be_remade(conference(), NOW, "why", reachable=False)
    assert (after.at_vendor, after.remake, after.generation, after.due_at) == (False, False, 2, NOW + UNTIL_CONNECTED)
    assert next_steps(thawed(after, NOW)) == [Step.CREATE]


@given(conferences, times, st.booleans())
def test_to_be_remade_twice_is_once(conference: Conference, now: datetime, reachable: bool) -> None:
    once = to_be_remade(conference, now, "why", reachable=reachable)
    assert to_be_remade(once, now + MINUTE, "why", reachable=reachable) is once
    assert once.desired == conference.desired
    if reachable:
        assert once.applied == conference.applied


def test_the_choices_are_three() -> None:
    assert set(Leaving) == {Leaving.KEEP, Leaving.ANEW, Leaving.REMOVE}
    assert Account(id="1", name="a") == Account(id="1", name="a")


def _changed(before: Connection, after: Connection) -> set[str]:
    return {each.name for each in fields(before) if getattr(before, each.name) != getattr(after, each.name)}


def test_a_lease_that_is_released_keeps_its_number() -> None:
    assert Lease().take("me", NOW, MINUTE).release() == Lease(epoch=1)
