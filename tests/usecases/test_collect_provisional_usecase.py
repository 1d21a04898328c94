"""Conferences that were chosen and never saved."""

from datetime import timedelta

import pytest

from confsync.domain.conference import ConferenceState
from confsync.domain.errors import Invalid, NotFound, ReauthorizationRequired, StoreConflict, Temporary
from confsync.domain.event import Event
from tests.fakes.calendar import FakeCalendar
from tests.usecases.world import ANN, BEN, World

DAY = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


def test_before_24_hours_nothing_is_given_up(world: World) -> None:
    created = world.create()
    world.clock.advance(DAY - MINUTE)

    assert not world.collect(created.conference_id)

    assert len(world.provider.meetings) == 1


def test_the_sweep_collects_after_24_hours(world: World) -> None:
    created = world.create()
    world.deliver()
    assert world.conference(created.conference_id).due_at == world.clock.now() + DAY

    world.clock.advance(DAY)
    world.settle(steps=1)

    assert world.provider.meetings == {}
    assert world.link() is None
    conference = world.conference(created.conference_id)
    assert (conference.state, conference.links) == (ConferenceState.DELETED, ())


def test_what_the_provider_refused_to_change_is_collected_too(world: World) -> None:
    world.ann.insert(id="event1")
    world.create()
    world.deliver()
    world.provider.fail("update", Invalid("no such rule"))
    world.ann.update("event1", title="Refused")
    world.sync()
    world.deliver()

    world.clock.advance(DAY)
    world.settle()

    assert world.provider.meetings == {}


def test_what_has_to_wait_for_the_daily_limit_is_collected_in_time(world: World) -> None:
    world.provider.limit_days(2)
    world.ann.insert(id="event1")
    created = world.create()
    world.deliver()
    world.clock.advance(DAY - MINUTE)
    for title in ("Retro", "Planning"):
        world.ann.update("event1", title=title)
        world.sync()
        world.deliver()
    assert not world.conference(created.conference_id).settled

    world.clock.advance(MINUTE)
    world.settle()

    assert world.provider.meetings == {}


def test_choosing_again_starts_the_24_hours_anew(world: World) -> None:
    created = world.create()
    world.clock.advance(timedelta(hours=23))
    world.create()
    world.clock.advance(timedelta(hours=2))

    assert not world.collect(created.conference_id)


def test_what_was_saved_in_the_last_hour_stays(world: World) -> None:
    created = world.create()
    world.deliver()
    world.clock.advance(timedelta(hours=23))
    world.save(created, title="Planning")
    world.deliver()
    world.sync()

    world.clock.advance(timedelta(hours=2))
    world.settle()

    assert world.provider.only.spec.title == "Planning"


def test_what_was_saved_without_any_notification_stays_and_is_followed(world: World) -> None:
    created = world.create()
    world.queue.take()
    world.save(created, title="Planning")
    world.clock.advance(DAY)

    world.reconcile(created.conference_id)

    link = world.link()
    assert link is not None
    assert link.conference_id == created.conference_id
    assert world.provider.only.spec.title == "Planning"


def test_an_event_saved_without_it_gives_it_up(world: World) -> None:
    created = world.create()
    world.ann.insert(id="event1", title="No conference after all")
    world.deliver()
    assert len(world.provider.meetings) == 1

    world.clock.advance(DAY)
    world.settle(steps=1)

    assert world.provider.meetings == {}
    assert world.conference(created.conference_id).state is ConferenceState.DELETED


def test_what_cannot_be_looked_at_is_not_given_up(world: World) -> None:
    created = world.create()
    world.deliver()
    world.clock.advance(DAY)
    world.calendars.fail("get_event", Temporary("503"))

    with pytest.raises(Temporary):
        world.collect(created.conference_id)

    assert len(world.provider.meetings) == 1


def test_a_calendar_out_of_reach_holds_nothing_else_up(world: World) -> None:
    created = world.create()
    world.deliver()
    world.clock.advance(DAY)
    world.calendars.revoked.add(ANN)

    outcome = world.reconcile(created.conference_id)

    conference = world.conference(created.conference_id)
    assert outcome.error is None
    assert len(world.provider.meetings) == 1
    assert conference.due_at == world.clock.now() + timedelta(hours=1)

    world.calendars.revoked.clear()
    world.settle()
    assert world.provider.meetings == {}


def test_a_save_at_the_same_moment_wins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    created = world.create()
    world.deliver()
    world.clock.advance(DAY)
    world.sync()
    conference = world.conference(created.conference_id)

    def saved_after_the_look(*_: object) -> Event:
        world.save(created, title="Planning")
        world.sync()
        raise NotFound("as it was before")

    with monkeypatch.context() as patch:
        patch.setattr(FakeCalendar, "get_event", saved_after_the_look)
        with pytest.raises(StoreConflict):
            world.collect(conference.id)
    world.settle()

    assert world.provider.only.spec.title == "Planning"


def test_a_calendar_that_somebody_else_reads_by_now_is_read_by_them(world: World) -> None:
    created = world.create()
    world.deliver()
    world.calendars.revoked.add(ANN)
    world.calendars._of(ANN).readers.add(BEN)
    with pytest.raises(ReauthorizationRequired):
        world.sync()
    world.create("event2", user=BEN, calendar_id=ANN)

    world.clock.advance(DAY)
    world.settle(steps=1)

    assert world.conference(created.conference_id).state is ConferenceState.DELETED


def test_several_choices_are_collected_one_by_one(world: World) -> None:
    world.create(solution="zoom")
    world.clock.advance(timedelta(hours=12))
    jitsi = world.create(solution="jitsi")
    world.deliver()

    world.clock.advance(timedelta(hours=12))
    world.settle(steps=1)
    assert world.provider.only.conference.details == jitsi.details

    world.clock.advance(timedelta(hours=12))
    world.settle(steps=2)
    assert world.provider.meetings == {}
    assert world.link() is None
