"""Calendars that are reached by each person's own grant: it ends, is given again, is given back."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from confsync.domain import keys
from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.conference import CallKind, Conference, ConferenceState
from confsync.domain.connection import GOOGLE, Account, Connection, ConnectionState, Leaving
from confsync.domain.errors import AuthExpired, BadRequest, ReauthorizationRequired
from confsync.usecases.assembly import people_tokens
from confsync.usecases.connect_account import Connected
from tests.fakes.logins import SCOPES, FakeLogins
from tests.usecases.world import ANN, BEN, TEAM, TEAM_KEY, World, shown_on_event

REDIRECT = "https://confsync.example/connect/google/callback"


class OwnGoogleWorld(World):
    """Google takes nobody's calls but with a token that they allowed."""

    def build(self, **limits: Any) -> None:
        self.logins = FakeLogins(self.clock, GOOGLE, rotates=False)
        super().build(**limits)
        self.tokens = people_tokens(self.ports)
        self.connecting = self.usecases.connect_account
        admit = self.calendars._admit

        def admit_with_token(call: Any) -> None:
            token = self.tokens.token(call.account, GOOGLE)
            if self.logins.takes(token) is None:
                token = self.tokens.token(call.account, GOOGLE, refused=token)
            if self.logins.takes(token) is None:
                raise AuthExpired("401", service="google-calendar")
            admit(call)

        self.calendars._admit = admit_with_token  # type: ignore[method-assign]

    def connect(
        self, owner: str = ANN, *, account: str = "", id: str = "", scopes: tuple[str, ...] = SCOPES
    ) -> Connected:
        """A person allows it, with the account that they choose at Google."""
        name = account or owner
        code = self.logins.consent(name, scopes=scopes)
        consent = self.logins.consents[-1]
        consent.account = Account(id=id or consent.account.id, name=name)
        return self.connecting.complete(owner, GOOGLE, code=code, verifier="v", redirect_uri=REDIRECT)

    def connection(self, owner: str = ANN) -> Connection | None:
        return self.store.get(Connection, keys.connection_key(owner, GOOGLE))

    def title(self) -> str:
        return self.provider.only.spec.title


@pytest.fixture
def world() -> OwnGoogleWorld:
    return OwnGoogleWorld()


@pytest.fixture
def followed(world: OwnGoogleWorld) -> OwnGoogleWorld:
    """Ann has connected her account, and an event with a conference."""
    world.connect()
    world.saved(title="Standup")
    return world


def lost(world: OwnGoogleWorld) -> None:
    """Ann takes it back at Google, changes her event, and the calendar's sync finds out."""
    world.logins.withdraw()
    world.ann.update("event1", title="Retro")
    assert isinstance(world.syncing(keys.calendar_key(ANN)).error, ReauthorizationRequired)


def test_nothing_is_made_for_whoever_has_not_connected(world: OwnGoogleWorld) -> None:
    with pytest.raises(ReauthorizationRequired) as refused:
        world.create()
    assert refused.value.service == GOOGLE
    assert world.store.get(Calendar, keys.calendar_key(ANN)) is None
    assert world.provider.meetings == {}


def test_a_grant_that_is_taken_back_pauses_the_calendar_and_says_what_to_do(followed: OwnGoogleWorld) -> None:
    lost(followed)

    assert (followed.calendar.state, followed.calendar.sync_token) == (CalendarState.PAUSED, None)
    assert f"{ANN} has to connect their account at google again" in (followed.calendar.reason or "")
    connection = followed.connection()
    assert connection is not None
    assert connection.state is ConnectionState.EXPIRED
    assert followed.title() == "Standup"
    (conference,) = followed.store.conferences_of_host(ANN)
    assert (conference.state, conference.last_error) == (ConferenceState.ACTIVE, None)


def test_a_new_consent_resumes_at_once_and_catches_up(followed: OwnGoogleWorld) -> None:
    lost(followed)
    before = followed.clock.now()

    assert followed.connect().resumed == 1
    followed.deliver()

    assert followed.title() == "Retro"
    assert (followed.calendar.state, followed.calendar.reason) == (CalendarState.ACTIVE, None)
    assert followed.clock.now() - before < timedelta(minutes=1)
    connection = followed.connection()
    assert connection is not None
    assert connection.due_at == connection.renew_at


def test_what_could_not_be_shown_on_events_is_shown_at_once(followed: OwnGoogleWorld) -> None:
    (conference,) = followed.store.conferences_of_host(ANN)
    later = followed.clock.now() + timedelta(hours=1)
    pauses = {CallKind.PUBLISH: later, CallKind.UPDATE: later}
    followed.put(replace(conference, state=ConferenceState.FAILED, pauses=pauses, last_error="no grant"))

    followed.connect()

    assert [task.key for task in followed.queue.take() if task.kind == "reconcile"] == [conference.key]
    found = followed.conference(conference.key)
    assert found.pauses == {CallKind.UPDATE: later}, "the vendor's pauses are none of Google's"


def test_half_a_consent_resumes_nothing(followed: OwnGoogleWorld) -> None:
    lost(followed)
    done = followed.connect(scopes=())
    assert (done.missing, done.resumed) == (SCOPES[:1], 0)
    followed.deliver()
    assert followed.calendar.state is CalendarState.PAUSED


def test_an_access_token_that_ends_early_is_replaced_unseen(followed: OwnGoogleWorld) -> None:
    followed.logins.expire_access()
    followed.ann.update("event1", title="Retro")
    followed.sync()
    followed.deliver()
    assert followed.title() == "Retro"


# --- whose account ---------------------------------------------------------------------------------------------------


def test_another_google_account_is_not_connected_and_its_own_grants_stay(followed: OwnGoogleWorld) -> None:
    followed.connect(BEN)
    before = followed.connection()

    done = followed.connect(ANN, account=BEN)

    assert (done.somebody_elses, done.account.name) == (True, BEN)
    assert followed.connection() == before
    assert followed.logins.calls["revoke"] == 0
    assert followed.tokens.token(BEN, GOOGLE)


def test_capitals_make_no_other_account(world: OwnGoogleWorld) -> None:
    assert not world.connect(ANN, account=ANN.title()).somebody_elses


def test_an_address_that_has_become_another_account_is_taken_without_a_question(followed: OwnGoogleWorld) -> None:
    done = followed.connect(id="another subject")
    connection = followed.connection()
    assert connection is not None
    assert (done.replaces, connection.account_id, connection.successor) == (None, "another subject", None)


# --- giving it back --------------------------------------------------------------------------------------------------


def test_whoever_disconnects_keeps_the_meetings_and_the_calendar_waits(followed: OwnGoogleWorld) -> None:
    assert [each.desired.spec.title for each in followed.connecting.conferences(ANN, GOOGLE) if each.desired.spec] == [
        "Standup"
    ]

    assert followed.connecting.disconnect(ANN, GOOGLE, Leaving.KEEP) == 0
    followed.deliver()

    assert followed.calendar.state is CalendarState.PAUSED
    assert "disconnected" in (followed.calendar.reason or "")
    assert followed.logins.calls["revoke"] == 1
    (conference,) = followed.store.conferences_of_host(ANN)
    assert not conference.frozen
    followed.ann.update("event1", title="Retro")
    followed.settle()
    assert followed.title() == "Standup"

    followed.connect()
    followed.deliver()
    assert followed.title() == "Retro"


@pytest.mark.parametrize("then", [Leaving.ANEW, Leaving.REMOVE])
def test_nothing_else_can_become_of_them(followed: OwnGoogleWorld, then: Leaving) -> None:
    before = followed.connection()
    with pytest.raises(BadRequest, match="take conferences off your events first"):
        followed.connecting.disconnect(ANN, GOOGLE, then)
    assert followed.connection() == before
    assert isinstance(next(followed.store.conferences_of_host(ANN)), Conference)


def test_a_shared_calendar_is_read_on_by_somebody_else(world: OwnGoogleWorld) -> None:
    users = {ANN: world.team, BEN: world.calendars.share(TEAM, BEN)}
    for owner, user in users.items():
        world.connect(owner)
        created = world.create(f"of{owner[:3]}", user=owner, calendar_id=TEAM)
        user.insert(id=f"of{owner[:3]}", conference=shown_on_event(created), title=owner)
        world.deliver()
        world.sync(TEAM_KEY)
        world.deliver()

    world.connecting.disconnect(ANN, GOOGLE, Leaving.KEEP)
    world.deliver()

    calendar = world.store.get(Calendar, TEAM_KEY)
    assert calendar is not None
    assert (calendar.owner, calendar.state) == (BEN, CalendarState.ACTIVE)
