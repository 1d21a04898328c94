"""Whose event it is: organizers, attendees, and several people on one calendar."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from confsync.domain.calendar import DELETED_AFTER, Calendar, CalendarState
from confsync.domain.conference import ConferenceState
from confsync.domain.errors import ReauthorizationRequired
from confsync.domain.keys import calendar_key
from confsync.domain.link import LOOK_AGAIN
from confsync.domain.plan import Action
from confsync.ports import Write
from tests.fakes.calendar import FakeUser
from tests.usecases.world import ANN, BEN, KEY, TEAM, TEAM_KEY, World, shown_on_event

BEN_KEY = calendar_key(BEN)
CARA = "cara@example.com"


@pytest.fixture
def ben(world: World) -> FakeUser:
    """A colleague, whose calendar is followed too."""
    world.domain = "example.com"
    ben = world.calendars.user(BEN)
    created = world.create("bens", user=BEN)
    ben.insert(id="bens", title="Ben's", conference=shown_on_event(created))
    follow(world, BEN_KEY)
    return ben


def follow(world: World, *keys: str) -> None:
    for key in keys or (KEY,):
        world.deliver()
        world.sync(key)
    world.deliver()


def titles(world: World) -> list[str]:
    return sorted(meeting.spec.title for meeting in world.provider.meetings.values())


# --- attendees -------------------------------------------------------------------------------------------------------


def invite(world: World, ben: FakeUser) -> None:
    ben.insert(id="event1", conference=world.ann.event("event1").conference, organizer=ANN, organizer_self=False)


def test_an_attendees_copy_means_nothing_whatever_becomes_of_it(world: World, ben: FakeUser) -> None:
    created = world.saved()
    before = list(world.provider.calls)

    invite(world, ben)
    assert world.sync(BEN_KEY).actions == {Action.NOTHING: 1}
    ben.update("event1", title="Ben's name for it", conference=None)
    assert world.sync(BEN_KEY).actions == {}
    ben.update("event1", conference=world.ann.event("event1").conference)
    assert world.sync(BEN_KEY).actions == {Action.NOTHING: 1}
    ben.delete("event1")
    assert world.sync(BEN_KEY).actions == {}
    world.calendars.expire_sync_tokens(BEN)
    follow(world, BEN_KEY, KEY)
    world.settle()

    assert world.provider.calls == before
    link = world.link()
    assert link is not None
    assert world.conference(created.conference_id).links == (link.key,)


def test_an_instance_on_an_attendees_copy_means_nothing_either(world: World, ben: FakeUser) -> None:
    world.saved(recurrence=("RRULE:FREQ=WEEKLY",))
    shown = world.ann.event("event1").conference
    ben.insert(
        id="event1_1", recurring_event_id="event1", conference=shown, organizer=ANN, organizer_self=False, title="Once"
    )

    assert world.sync(BEN_KEY).actions == {Action.NOTHING: 1}


def test_an_attendee_may_choose_a_conference_for_their_copy(world: World, ben: FakeUser) -> None:
    world.ann.insert(id="event1", title="Standup")
    ben.insert(id="event1", title="Standup", organizer=ANN, organizer_self=False)
    created = world.create("event1", user=BEN)
    ben.update("event1", conference=shown_on_event(created), title="Retro")
    follow(world, BEN_KEY)
    assert titles(world) == ["Ben's", "Retro"]

    ben.delete("event1")
    follow(world, BEN_KEY)

    assert titles(world) == ["Ben's"]


def test_the_organizer_changes_and_the_old_one_stays_as_an_attendee(world: World, ben: FakeUser) -> None:
    created = world.saved()
    moved = replace(world.ann.event("event1"), organizer=BEN)
    ben.insert(id="event1", title="Standup", conference=moved.conference)
    world.ann.update("event1", organizer=BEN, organizer_self=False)
    follow(world, KEY, BEN_KEY)
    ben.update("event1", title="Retro")
    world.ann.update("event1", title="Retro")
    follow(world, BEN_KEY, KEY)
    assert titles(world) == ["Ben's", "Retro"]

    world.ann.delete("event1")
    follow(world, KEY)
    ben.update("event1", title="Without Ann")
    follow(world, BEN_KEY)

    assert titles(world) == ["Ben's", "Without Ann"]
    assert world.conference(created.conference_id).generation == 1


def handed_to(world: World, somebody: str) -> str:
    """Ann's event with its conference has another organizer, and Ann is a guest; returns the conference's id."""
    created = world.saved(attendees=(ANN, somebody))
    shown = world.ann.event("event1").conference
    world.calendars.user(somebody).insert(id="event1", conference=shown, organizer=somebody, attendees=(ANN, somebody))
    world.ann.update("event1", organizer=somebody, organizer_self=False)
    follow(world, KEY)
    return created.conference_id


def test_a_meeting_follows_its_event_to_an_organizer_whose_calendar_nobody_followed(world: World) -> None:
    world.domain = "example.com"
    conference_id = handed_to(world, BEN)

    world.ann.delete("event1")
    follow(world, KEY, BEN_KEY)
    assert len(world.provider.meetings) == 1
    world.calendars.user(BEN).update("event1", title="Ben's by now")
    follow(world, BEN_KEY)
    assert titles(world) == ["Ben's by now"]

    world.calendars.user(BEN).delete("event1")
    follow(world, BEN_KEY)
    assert world.provider.meetings == {}
    assert world.conference(conference_id).state is ConferenceState.DELETED


def test_a_meeting_at_an_organizer_whom_nobody_can_ask_stays_until_it_is_over(world: World) -> None:
    handed_to(world, "zoe@elsewhere.example")
    world.calendars.revoked.add("zoe@elsewhere.example")

    world.ann.delete("event1")
    follow(world, KEY)
    world.settle()
    assert len(world.provider.meetings) == 1, "the new organizer's event still shows it"

    world.clock.advance(timedelta(days=2))
    world.settle(steps=4)
    assert world.provider.meetings == {}


def test_an_organizer_who_can_be_asked_again_is_asked_again(world: World) -> None:
    world.domain = "example.com"
    handed_to(world, BEN)
    world.calendars.revoked.add(BEN)
    world.ann.update("event1", start=world.clock.now() + timedelta(days=30), end=world.clock.now() + timedelta(days=31))
    follow(world, KEY)
    world.ann.delete("event1")
    follow(world, KEY)
    world.calendars.user(BEN).delete("event1")
    world.calendars.revoked.clear()

    world.clock.advance(timedelta(days=1, hours=1))
    world.settle(steps=4)
    assert world.provider.meetings == {}, "it is known to be gone by now"


def test_a_link_of_which_only_the_address_is_left_at_the_organizer_stays_joinable(world: World) -> None:
    """The new organizer's client saved the details as text, and our id is gone."""
    world.domain = "example.com"
    handed_to(world, BEN)
    (meeting,) = world.provider.meetings.values()
    (uri,) = meeting.conference.details.uris
    world.calendars.user(BEN).update("event1", conference=None, description=f"Join at {uri} please")

    world.ann.delete("event1")
    follow(world, KEY)
    assert len(world.provider.meetings) == 1

    world.calendars.user(BEN).update("event1", description="No call this time")
    world.clock.advance(LOOK_AGAIN)
    world.settle(steps=4)
    assert world.provider.meetings == {}


def test_a_link_that_nobody_can_look_for_goes_when_it_is_over_whoever_lost_their_access(world: World) -> None:
    handed_to(world, "zoe@elsewhere.example")
    world.calendars.revoked.add("zoe@elsewhere.example")
    world.ann.delete("event1")
    follow(world, KEY)
    assert len(world.provider.meetings) == 1

    world.calendars.revoked.add(ANN)
    world.clock.advance(timedelta(days=3))
    world.settle(steps=4)
    assert world.provider.meetings == {}


def test_a_guest_who_added_the_conference_leaves(world: World) -> None:
    world.domain = "example.com"
    ben = world.calendars.user(BEN)
    created = world.create()
    shown = shown_on_event(created)
    ben.insert(id="event1", conference=shown, organizer=BEN, attendees=(ANN, BEN))
    world.ann.insert(id="event1", conference=shown, organizer=BEN, organizer_self=False, attendees=(ANN, BEN))
    follow(world, KEY)

    world.ann.delete("event1")
    follow(world, KEY, BEN_KEY)
    assert len(world.provider.meetings) == 1

    ben.update("event1", conference=None)
    follow(world, BEN_KEY)
    assert world.provider.meetings == {}


@pytest.mark.parametrize("transferred", [True, False])
def test_the_events_of_a_deleted_account_may_have_been_transferred(world: World, transferred: bool) -> None:
    world.domain = "example.com"
    world.saved(attendees=(ANN, BEN, CARA), start=world.clock.now() + timedelta(days=90))
    shown = world.ann.event("event1").conference
    organizer = CARA if transferred else ANN
    fields = {"organizer": organizer, "attendees": (ANN, BEN, CARA), "start": world.clock.now() + timedelta(days=90)}
    for guest in (BEN, CARA):
        user = world.calendars.user(guest)
        user.insert(id="event1", conference=shown, organizer_self=guest == organizer, **fields)
        if not transferred:
            user.delete("event1")
    world.calendars.remove_calendar(ANN)
    world.syncing(KEY)
    world.clock.advance(DELETED_AFTER)

    world.syncing(KEY)
    world.settle()

    assert len(world.provider.meetings) == transferred
    if transferred:
        world.calendars.user(CARA).update("event1", title="Cara's by now")
        follow(world, calendar_key(CARA))
        assert world.provider.only.spec.title == "Cara's by now"


# --- a calendar of several people ------------------------------------------------------------------------------------


@pytest.fixture(params=["example.com", None], ids=["one domain", "accounts of their own"])
def team(world: World, request: pytest.FixtureRequest) -> FakeUser:
    """A calendar of Ann's that Ben writes to as well; each has made an event with a conference."""
    world.domain = request.param
    team = world.team
    world.calendars.share(TEAM, BEN)
    for event_id, user in (("anns", ANN), ("bens", BEN)):
        created = world.create(event_id, calendar_id=TEAM, user=user)
        team.insert(id=event_id, title=event_id, conference=shown_on_event(created))
    follow(world, TEAM_KEY)
    return team


def team_calendar(world: World) -> Calendar:
    found = world.store.get(Calendar, TEAM_KEY)
    assert found is not None
    return found


def test_both_of_them_are_followed_through_whoever_was_first(world: World, team: FakeUser) -> None:
    for event_id in ("anns", "bens"):
        team.update(event_id, title=event_id.upper())
    follow(world, TEAM_KEY)

    assert titles(world) == ["ANNS", "BENS"]
    assert team_calendar(world).owner == ANN
    assert {meeting.spec.host for meeting in world.provider.meetings.values()} == {ANN, BEN}
    assert len(world.channels_in_use()) == 1


def test_a_lost_grant_is_made_up_for_by_the_other(world: World, team: FakeUser) -> None:
    world.calendars.revoked.add(ANN)
    team.update("anns", title="Changed meanwhile")
    with pytest.raises(ReauthorizationRequired):
        world.sync(TEAM_KEY)

    world.settle()

    assert (team_calendar(world).owner, team_calendar(world).state) == (BEN, CalendarState.ACTIVE)
    assert "Changed meanwhile" in titles(world)


def test_what_the_other_reads_the_other_writes(world: World, team: FakeUser) -> None:
    """The meeting of an event is made anew; the one who chose it has no access any more."""
    world.calendars.revoked.add(ANN)
    with pytest.raises(ReauthorizationRequired):
        world.sync(TEAM_KEY)
    world.create("another", calendar_id=TEAM, user=BEN)
    world.deliver()
    world.provider.meetings.clear()
    team.update("anns", title="Retro")

    follow(world, TEAM_KEY)

    shown = team.event("anns").conference
    assert shown is not None
    (made,) = [each for each in world.provider.meetings.values() if each.spec.title == "Retro"]
    assert shown.uris == made.conference.details.uris


@pytest.mark.parametrize("event_id", ["anns", "bens"])
def test_whoever_chose_it_the_event_comes_back_from_the_trash_with_it(
    world: World, team: FakeUser, event_id: str
) -> None:
    team.delete(event_id)
    follow(world, TEAM_KEY)
    assert len(world.provider.meetings) == 1

    team.restore(event_id)
    follow(world, TEAM_KEY)

    assert titles(world) == ["anns", "bens"]
    shown = team.event(event_id).conference
    assert shown is not None
    assert any(shown.uris == meeting.conference.details.uris for meeting in world.provider.meetings.values())


@pytest.mark.parametrize("event_id", ["anns", "bens"])
def test_whoever_chose_it_a_copy_on_the_same_calendar_has_it_too(world: World, team: FakeUser, event_id: str) -> None:
    team.insert(id="copy", title="Copy", conference=team.event(event_id).conference)
    follow(world, TEAM_KEY)
    team.delete(event_id)
    follow(world, TEAM_KEY)

    assert "Copy" in titles(world)
    assert world.provider.calls.count("delete") == 0


@pytest.mark.parametrize("event_id", ["anns", "bens"])
def test_whoever_chose_it_it_moves_with_its_event(world: World, team: FakeUser, event_id: str) -> None:
    side = world.calendars.add_calendar("side@group.calendar.example.com", ANN)
    team.move(event_id, side.calendar_id)
    follow(world, TEAM_KEY)
    side.update(event_id, title="Moved")
    follow(world, calendar_key(side.calendar_id))

    assert "Moved" in titles(world)
    assert set(world.provider.calls) == {"create", "update"}

    side.delete(event_id)
    follow(world, calendar_key(side.calendar_id))
    side.restore(event_id)
    follow(world, calendar_key(side.calendar_id))
    assert "Moved" in titles(world)


# --- one conference on two calendars -------------------------------------------------------------------------------


@pytest.mark.parametrize(("first", "second"), [(KEY, TEAM_KEY), (TEAM_KEY, KEY)])
def test_the_original_goes_at_the_moment_at_which_its_copy_is_changed(
    world: World, monkeypatch: pytest.MonkeyPatch, first: str, second: str
) -> None:
    """Both calendars are synced at once: each decides by the links that the other one is about to change."""
    created, team = world.saved(), world.team
    world.create("other", calendar_id=TEAM)
    team.insert(id="copy", title="Copy", conference=shown_on_event(created))
    follow(world, TEAM_KEY)
    world.ann.delete("event1")
    team.update("copy", title="Retro")
    commit = world.store.commit

    def overtaken(writes: Sequence[Write]) -> None:
        monkeypatch.setattr(world.store, "commit", commit)
        world.sync(second)
        commit(writes)

    monkeypatch.setattr(world.store, "commit", overtaken)
    world.sync(first)
    world.deliver()

    assert titles(world) == ["", "Retro"]
