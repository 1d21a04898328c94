"""A person chooses a conference for an event."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from confsync.domain.calendar import CalendarState
from confsync.domain.conference import ConferenceState
from confsync.domain.errors import (
    Ambiguous,
    AuthExpired,
    Conflict,
    ConfsyncError,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    Temporary,
)
from confsync.domain.event import Event, EventPage
from confsync.usecases.reconcile_conference import ReconcileConference
from tests.fakes.calendar import FakeCalendar
from tests.fakes.clock import FakeClock
from tests.usecases.taps import Crash
from tests.usecases.world import ANN, BEN, KEY, World

HOUR = timedelta(hours=1)


# --- the event -----------------------------------------------------------------------------------


def test_an_unsaved_event_gets_a_conference_with_placeholders(world: World) -> None:
    created = world.create("unsaved")

    spec = world.provider.only.spec
    assert created.details == world.provider.only.conference.details
    assert (spec.title, spec.host) == ("", ANN)
    assert world.clock.now() < spec.start < spec.end


def test_placeholders_give_way_to_the_saved_event(world: World) -> None:
    created = world.create()
    start = datetime(2026, 5, 4, 15, tzinfo=UTC)

    world.save(created, title="Planning", start=start)
    world.deliver()

    assert (world.provider.only.spec.title, world.provider.only.spec.start) == ("Planning", start)
    assert world.conference(created.conference_id).state is ConferenceState.ACTIVE


@pytest.mark.parametrize("solution", ["zoom", "jitsi"], ids=["chosen again", "the first choice for the event"])
def test_what_a_sync_reads_of_the_event_meanwhile_is_not_written_over(
    world: World, monkeypatch: pytest.MonkeyPatch, solution: str
) -> None:
    world.saved("other")
    if solution == "zoom":
        world.saved()
    else:
        world.ann.insert(id="event1", title="Standup")
        world.sync()
    get_event = FakeCalendar.get_event

    def overtaken(self: FakeCalendar, *args: str) -> Event:
        event = get_event(self, *args)
        monkeypatch.setattr(FakeCalendar, "get_event", get_event)
        world.ann.update("event1", title="Retro")
        world.sync()
        return event

    monkeypatch.setattr(FakeCalendar, "get_event", overtaken)

    world.create(solution=solution)

    link = world.link()
    assert link is not None
    assert link.spec.title == "Retro"


def test_an_event_that_goes_at_this_very_moment_leaves_nothing_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is chosen is what the event has already: nothing of its link changes."""
    world.saved()
    get_event = FakeCalendar.get_event

    def deleted_meanwhile(self: FakeCalendar, *args: str) -> Event:
        event = get_event(self, *args)
        monkeypatch.setattr(FakeCalendar, "get_event", get_event)
        world.ann.delete("event1")
        world.sync()
        return event

    monkeypatch.setattr(FakeCalendar, "get_event", deleted_meanwhile)

    world.create()
    world.clock.advance(timedelta(days=1))
    world.settle()

    assert world.link() is None
    assert world.provider.meetings == {}


def test_a_sync_that_read_the_event_before_it_was_chosen_once_more_reads_it_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the conference would count as seen again, and go with the next list, which shows that it was taken off."""
    world.saved()
    world.ann.update("event1", title="Retro")
    list_events = FakeCalendar.list_events

    def chosen_once_more_meanwhile(self: FakeCalendar, calendar_id: str, **more: Any) -> EventPage:
        page = list_events(self, calendar_id, **more)
        monkeypatch.setattr(FakeCalendar, "list_events", list_events)
        world.ann.update("event1", conference=None)
        world.create()
        return page

    monkeypatch.setattr(FakeCalendar, "list_events", chosen_once_more_meanwhile)

    world.sync()
    world.sync()
    world.deliver()

    assert world.provider.calls.count("delete") == 0


def test_a_saved_event_is_read(world: World) -> None:
    event = world.ann.insert(title="Planning", recurrence=("RRULE:FREQ=WEEKLY",))

    world.create(event.id)

    assert world.provider.only.spec == event.spec(host=ANN)


def test_primary_is_the_callers_own_calendar(world: World) -> None:
    world.create(user=BEN)

    link = world.link()
    assert link is None
    assert world.provider.only.spec.host == BEN


def test_an_event_in_the_trash_counts_as_unsaved(world: World) -> None:
    event = world.ann.insert(title="Old")
    world.ann.delete(event.id)

    world.create(event.id)

    assert world.provider.only.spec.title == ""


# --- once and for all ----------------------------------------------------------------------------


def test_the_same_choice_twice_gives_the_same_conference(world: World) -> None:
    first = world.create()
    again = world.create()

    assert again == first
    assert world.provider.calls.count("create") == 1


def test_the_same_choice_after_saving_gives_the_same_conference(world: World) -> None:
    first = world.saved()

    assert world.create() == first
    assert world.provider.calls.count("create") == 1


class RealSleep(FakeClock):
    """Other threads get their turn."""

    def sleep(self, seconds: float) -> None:
        time.sleep(0.001)


def test_two_at_once_get_one_conference() -> None:
    world = World(RealSleep())
    together = threading.Barrier(4)
    results: list[object] = []

    def choose() -> None:
        together.wait()
        results.append(world.create())

    threads = [threading.Thread(target=choose) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [results[0]] * 4
    assert world.provider.calls.count("create") == 1


def test_another_solution_is_another_conference_until_one_is_saved(world: World) -> None:
    zoom = world.create(solution="zoom")
    jitsi = world.create(solution="jitsi")
    assert len(world.provider.meetings) == 2

    world.save(jitsi)
    world.deliver()
    world.clock.advance(timedelta(hours=25))
    world.settle()

    assert world.provider.only.conference.details == jitsi.details
    assert world.conference(zoom.conference_id).state is ConferenceState.DELETED


def test_changing_ones_mind_later_moves_the_event_to_the_new_conference(world: World) -> None:
    world.saved()
    jitsi = world.create(solution="jitsi")

    world.ann.update("event1", conference=world.save(jitsi).conference)
    world.sync()
    world.deliver()

    assert world.provider.only.conference.details == jitsi.details


# --- the provider does not play along ------------------------------------------------------------

REFUSALS: list[ConfsyncError] = [
    Invalid("no"),
    PermissionDenied("no licence"),
    ReauthorizationRequired("connect again"),
    AuthExpired("still"),
    NotFound("no such host"),
    Conflict("taken"),
    NotConfigured("solutions.zoom.secret"),
    RateLimited("later", retry_at=datetime(2026, 3, 2, 10, 0, tzinfo=UTC)),
]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_a_refusal_is_told(world: World, error: ConfsyncError) -> None:
    world.provider.fail("create", *[error] * 10)

    with pytest.raises(type(error)) as raised:
        world.create()

    assert raised.value is error
    assert world.provider.meetings == {}


@pytest.mark.parametrize(
    "error", [Invalid("no"), PermissionDenied("no"), ReauthorizationRequired("no"), NotConfigured("no"), REFUSALS[-1]]
)
def test_nobody_waits_for_what_will_not_come(world: World, error: ConfsyncError) -> None:
    world.provider.fail("create", error)

    with pytest.raises(type(error)):
        world.create()

    assert sum(world.clock.slept) < 1


def test_asking_again_while_the_provider_wants_a_pause_says_so_at_once(world: World) -> None:
    world.provider.fail("create", RateLimited("later", retry_at=world.clock.now() + HOUR))
    with pytest.raises(RateLimited):
        world.create()

    with pytest.raises(Temporary, match="later"):
        world.create()

    assert sum(world.clock.slept) < 1
    assert world.provider.calls == ["create"]


def test_asking_again_after_a_refusal_tries_again(world: World) -> None:
    world.provider.fail("create", PermissionDenied("no licence"))
    with pytest.raises(PermissionDenied):
        world.create()

    assert world.create().details == world.provider.only.conference.details


def test_asking_again_after_a_refusal_is_not_forgotten_in_a_crash(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    created = world.saved()
    world.provider.fail("update", Invalid("no such rule"))
    world.ann.update("event1", title="Retro")
    world.sync()
    world.deliver()
    monkeypatch.setattr(ReconcileConference, "__call__", lambda *_: (_ for _ in ()).throw(Crash))
    with pytest.raises(Crash):
        world.create()
    monkeypatch.undo()

    world.settle()

    assert world.conference(created.conference_id).settled
    assert world.provider.only.spec.title == "Retro"


def test_a_short_failure_is_waited_out(world: World) -> None:
    world.provider.fail("create", Temporary("502"), Temporary("502"))

    created = world.create()

    assert created.details == world.provider.only.conference.details


def test_a_failure_that_lasts_is_told_in_time(world: World) -> None:
    world.provider.fail("create", *[Temporary("503")] * 50)
    began = world.clock.now()

    with pytest.raises(Temporary):
        world.create()

    assert world.clock.now() - began < timedelta(seconds=25)


def test_a_lost_answer_is_looked_up_and_the_meeting_used(world: World) -> None:
    world.provider.lose_answer("create", Ambiguous("time-out"))

    created = world.create()

    assert world.provider.calls == ["create", "find", "update"]
    assert created.details == world.provider.only.conference.details


def test_a_meeting_that_is_made_only_after_the_answer_went_out_is_not_lost(world: World) -> None:
    world.provider.fail("create", *[Temporary("503")] * 50)
    with pytest.raises(Temporary):
        world.create()
    world.provider._before.clear()

    world.settle()

    assert world.create().details == world.provider.only.conference.details


# --- other services ------------------------------------------------------------------------------


def test_the_queue_may_be_down(world: World) -> None:
    world.queue.error = Temporary("503")

    created = world.create()
    world.queue.error = None
    world.save(created, title="Planning")
    world.settle()

    assert world.provider.only.spec.title == "Planning"


def test_following_begins_once(world: World) -> None:
    world.saved()

    world.create("event2")

    assert world.queue.tasks == []


def test_a_calendar_out_of_reach_makes_nothing(world: World) -> None:
    world.calendars.revoked.add(ANN)

    with pytest.raises(ReauthorizationRequired):
        world.create()

    assert world.provider.calls == []


def test_the_persons_own_token_is_used_first(world: World) -> None:
    event = world.ann.insert(title="Planning")
    world.calendars.revoked.clear()

    world.create(event.id, user_token=world.calendars.grant(ANN))

    assert world.provider.only.spec.title == "Planning"
    assert {call.account for call in world.calendars.calls} == {ANN}


@pytest.mark.parametrize("error", [AuthExpired("scope"), PermissionDenied("scope"), ReauthorizationRequired("gone")])
@pytest.mark.parametrize("method", ["resolve", "get_event"])
def test_a_token_without_the_scope_gives_way_to_our_own_access(world: World, method: str, error: Exception) -> None:
    event = world.ann.insert(title="Planning")
    world.calendars.fail(method, error)

    world.create(event.id, user_token=world.calendars.grant(ANN))

    assert world.provider.only.spec.title == "Planning"


def test_a_strangers_calendar_stays_closed(world: World) -> None:
    event = world.ann.insert(title="Secret")

    with pytest.raises(NotFound):
        world.create(event.id, user=BEN, calendar_id=ANN)

    assert world.provider.calls == []


# --- the calendar's record -----------------------------------------------------------------------


def test_a_paused_calendar_is_followed_again_through_whoever_reached_it(world: World) -> None:
    world.saved()
    world.change_calendar(state=CalendarState.PAUSED, reason="revoked", owner=BEN, channel_id=None)

    created = world.create("event2")
    world.save(created, "event2", title="Planning")
    world.deliver()

    calendar = world.calendar
    assert (calendar.state, calendar.owner, calendar.reason) == (CalendarState.ACTIVE, ANN, None)
    assert calendar.sync_token is not None
    assert {meeting.spec.title for meeting in world.provider.meetings.values()} == {"Standup", "Planning"}


def test_somebody_elses_healthy_calendar_keeps_its_owner(world: World) -> None:
    world.saved()
    world.calendars._calendars[ANN].readers.add(BEN)

    world.create("event2", user=BEN, calendar_id=ANN)

    assert world.calendar.owner == ANN
    assert world.calendar.key == KEY


def test_an_unknown_solution_makes_nothing(world: World) -> None:
    with pytest.raises(NotConfigured):
        world.create(solution="webex")

    assert world.provider.calls == []


def test_records_that_keep_changing_end_in_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    commit: Callable[..., None] = world.store.commit

    def overtaken(writes: object) -> None:
        world.store._rows.clear()
        commit(writes)

    world.saved()
    monkeypatch.setattr(world.store, "commit", overtaken)

    with pytest.raises(Temporary):
        world.create()
