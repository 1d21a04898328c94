"""Series, their instances with conferences of their own, and what people do to them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from itertools import permutations

import pytest

from confsync.domain.event import Event, EventConference
from confsync.ports import Write
from tests.usecases.world import ANN, TEAM, World, shown_on_event

WEEKLY = ("RRULE:FREQ=WEEKLY",)
UNTIL = ("RRULE:FREQ=WEEKLY;UNTIL=20260316T090000Z",)
START = datetime(2026, 3, 3, 9, tzinfo=UTC)
LATER = datetime(2026, 3, 24, 9, tzinfo=UTC)
OLD, NEW = "event1", "event1r"
OLD_INSTANCE, NEW_INSTANCE = f"{OLD}_20260324T090000Z", f"{NEW}_20260324T090000Z"


def instance(world: World, event_id: str, shows: EventConference | None, **fields: object) -> Event:
    series = event_id.partition("_")[0]
    times = {"start": LATER}
    return world.ann.insert(id=event_id, recurring_event_id=series, conference=shows, **{**times, **fields})


def series_with_an_instance_of_its_own(world: World) -> tuple[str, str]:
    """A weekly series, one of whose instances has another conference. Returns the ids of both conferences."""
    created = world.saved(OLD, recurrence=WEEKLY)
    instance(world, OLD_INSTANCE, world.ann.event(OLD).conference)
    own = world.create(OLD_INSTANCE, solution="jitsi")
    world.ann.update(OLD_INSTANCE, conference=shown_on_event(own), title="Guest")
    follow(world)
    return created.conference_id, own.conference_id


def follow(world: World) -> None:
    world.deliver()
    world.sync()
    world.deliver()


def links(world: World, conference_id: str) -> set[str]:
    found = (world.link(each) for each in (OLD, NEW, OLD_INSTANCE, NEW_INSTANCE))
    known = {link.key: link.event_id for link in found if link is not None}
    return {known[key] for key in world.conference(conference_id).links}


def titles(world: World) -> list[str]:
    return sorted(meeting.spec.title for meeting in world.provider.meetings.values())


# --- "this and following events" ---------------------------------------------------------------------------------


def truncate(world: World) -> None:
    world.ann.update(OLD, recurrence=UNTIL)


def begin_anew(world: World) -> None:
    world.ann.insert(
        id=NEW, recurrence=WEEKLY, start=LATER, title="From now on", conference=world.ann.event(OLD).conference
    )


def cancel_instance(world: World) -> None:
    world.ann.delete(OLD_INSTANCE)


def carry_instance_over(world: World) -> None:
    instance(world, NEW_INSTANCE, world.ann.event(OLD_INSTANCE).conference, title="Guest")


SPLIT = (truncate, begin_anew, cancel_instance, carry_instance_over)
orders = pytest.mark.parametrize(
    "order", list(permutations(SPLIT)), ids=lambda order: " ".join(f.__name__ for f in order)
)
paged = pytest.mark.parametrize("page_size", [1, 2500])


@paged
@orders
def test_an_instance_keeps_its_own_conference_when_its_series_is_split(
    world: World, order: tuple[Callable[[World], None], ...], page_size: int
) -> None:
    series, own = series_with_an_instance_of_its_own(world)
    meetings = dict(world.provider.meetings)
    for step in order:
        step(world)
    world.calendars.page_size = page_size

    follow(world)

    assert world.provider.meetings.keys() == meetings.keys(), "the same two, with the same addresses"
    assert (links(world, series), links(world, own)) == ({OLD, NEW}, {NEW_INSTANCE})
    assert titles(world) == ["Guest", "Standup"]


@paged
@orders
def test_an_instance_that_has_its_series_conference_never_gets_hold_of_it(
    world: World, order: tuple[Callable[[World], None], ...], page_size: int
) -> None:
    created = world.saved(OLD, recurrence=WEEKLY)
    instance(world, OLD_INSTANCE, world.ann.event(OLD).conference)
    follow(world)
    updates = world.provider.calls.count("update")
    for step in order:
        step(world)
    world.calendars.page_size = page_size

    follow(world)

    assert links(world, created.conference_id) == {OLD, NEW}
    assert titles(world) == ["Standup"]
    assert world.provider.calls.count("update") - updates <= 1
    world.ann.delete(OLD)
    follow(world)
    assert titles(world) == ["From now on"]


def test_an_instance_on_an_earlier_page_than_its_series_does_not_drive_for_a_moment(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever looked at the conference between the two pages would give the meeting the instance's time."""
    world.saved(OLD, recurrence=WEEKLY)
    chosen = world.create(OLD, solution="jitsi")
    shown = shown_on_event(chosen)
    instance(world, OLD_INSTANCE, shown, title="Guest")
    world.ann.update(OLD, conference=shown)
    world.calendars.page_size = 1
    desired: list[str] = []
    commit = world.store.commit

    def watched(writes: Sequence[Write]) -> None:
        commit(writes)
        spec = world.conference(chosen.conference_id).desired.spec
        desired.append(spec.title if spec else "")

    monkeypatch.setattr(world.store, "commit", watched)

    follow(world)

    assert set(desired) == {"Standup"}
    assert titles(world) == ["Standup"]


def test_an_instance_that_was_read_before_its_series_could_be(world: World) -> None:
    created = world.saved(OLD, recurrence=WEEKLY)
    begin_anew(world)
    world.calendars.make_unreadable(ANN, NEW)
    instance(world, NEW_INSTANCE, world.ann.event(OLD).conference, title="Guest")
    follow(world)
    assert titles(world) == ["Standup"]

    world.calendars._calendars[ANN].unreadable.clear()
    world.ann.update(NEW, title="From now on")
    follow(world)

    assert links(world, created.conference_id) == {OLD, NEW}
    truncate(world)
    world.ann.delete(OLD)
    follow(world)
    assert titles(world) == ["From now on"]


def test_a_series_is_moved_with_its_instances_own_conference(world: World) -> None:
    team = world.team
    series, own = series_with_an_instance_of_its_own(world)
    meetings = set(world.provider.meetings)

    world.ann.move(OLD, TEAM)
    team.update(OLD, title="Moved")
    follow(world)
    world.settle()

    assert set(world.provider.meetings) == meetings
    assert titles(world) == ["Guest", "Moved"]
    for event_id, conference_id in ((OLD, series), (OLD_INSTANCE, own)):
        link = world.link(event_id, TEAM)
        assert link is not None
        assert world.conference(conference_id).links == (link.key,)


# --- what is cancelled ---------------------------------------------------------------------------------------


def test_a_cancelled_instance_takes_its_own_conference_along_and_no_other(world: World) -> None:
    series_with_an_instance_of_its_own(world)
    world.calendars.calls.clear()

    cancel_instance(world)
    follow(world)

    assert titles(world) == ["Standup"]
    assert {call.method for call in world.calendars.calls} == {"list_events"}, "an instance moves with its series only"


def test_a_cancelled_instance_without_one_of_its_own_changes_nothing(world: World) -> None:
    world.saved(OLD, recurrence=WEEKLY)
    instance(world, OLD_INSTANCE, world.ann.event(OLD).conference)
    follow(world)

    cancel_instance(world)
    follow(world)

    assert titles(world) == ["Standup"]


def without_conference(world: World) -> None:
    world.ann.update(OLD, conference=None)
    follow(world)


def without_index(world: World) -> None:
    world.change_calendar(link_index=None)


def without_conference_and_index(world: World) -> None:
    without_conference(world)
    without_index(world)


def without_conference_and_index_and_another_one_goes(world: World) -> None:
    world.ann.insert(id="other")
    without_conference_and_index(world)
    world.ann.delete("other")


@pytest.mark.parametrize(
    "before",
    [
        lambda _: None,
        without_conference,
        without_index,
        without_conference_and_index,
        without_conference_and_index_and_another_one_goes,
    ],
    ids=["link", "no link", "no index", "neither", "neither, and as many gone as there are links"],
)
def test_a_deleted_series_takes_the_conferences_of_its_instances_along(
    world: World, before: Callable[[World], None]
) -> None:
    """Though only the series' own tombstone is listed."""
    _, own = series_with_an_instance_of_its_own(world)
    other = world.saved("event2")
    before(world)

    world.ann.delete(OLD)
    follow(world)

    assert not world.conference(own).wanted
    assert world.conference(other.conference_id).wanted
    assert len(world.provider.meetings) == 1


def test_a_series_that_a_full_list_lacks_takes_them_along_too(world: World) -> None:
    series_with_an_instance_of_its_own(world)
    world.ann.delete(OLD)
    world.ann.delete(OLD_INSTANCE)  # so Calendar answers when it is asked for one
    world.calendars.expire_sync_tokens(ANN)

    follow(world)

    assert world.provider.meetings == {}


def test_other_deletions_read_no_links_of_the_calendar(world: World) -> None:
    for number in range(10):
        world.saved(f"event{number}", recurrence=WEEKLY)
    world.ann.delete("event3")
    world.counting.reset()

    world.sync()

    assert world.counting.reads <= 3  # the calendar, the link, the conference


# --- what is changed -----------------------------------------------------------------------------------------


def test_a_single_event_becomes_a_series_and_single_again(world: World) -> None:
    world.saved(OLD)

    world.ann.update(OLD, recurrence=WEEKLY)
    follow(world)
    assert world.provider.only.spec.recurrence == WEEKLY

    instance(world, OLD_INSTANCE, world.ann.event(OLD).conference, title="Only this time")
    follow(world)
    world.ann.delete(OLD_INSTANCE)
    world.ann.update(OLD, recurrence=())
    follow(world)
    assert world.provider.only.spec.recurrence == ()
    assert world.provider.only.spec.title == "Standup"
    assert world.provider.calls.count("create") == 1


def test_an_instance_switches_to_another_solution_and_back(world: World) -> None:
    series, own = series_with_an_instance_of_its_own(world)
    assert titles(world) == ["Guest", "Standup"]

    world.ann.update(OLD_INSTANCE, conference=world.ann.event(OLD).conference)
    follow(world)

    assert titles(world) == ["Standup"]
    assert links(world, series) == {OLD}
    assert not world.conference(own).wanted


def test_a_choice_made_on_an_instance_and_saved_for_all_is_the_series(world: World) -> None:
    world.ann.insert(id=OLD, recurrence=WEEKLY, title="Weekly")
    instance(world, OLD_INSTANCE, None, title="Weekly")
    chosen = world.create(OLD_INSTANCE)
    world.ann.update(OLD, conference=shown_on_event(chosen))
    world.ann.update(OLD_INSTANCE, conference=shown_on_event(chosen))
    follow(world)

    assert links(world, chosen.conference_id) == {OLD}
    assert world.provider.only.spec.recurrence == WEEKLY
    world.clock.advance(2 * (LATER - START))
    world.settle()
    assert world.provider.only.spec.recurrence == WEEKLY


def test_the_series_own_solution_chosen_again_on_an_instance_changes_nothing(world: World) -> None:
    world.ann.insert(id=OLD, recurrence=WEEKLY, title="Weekly")
    instance(world, OLD_INSTANCE, None, title="Weekly")
    chosen = world.create(OLD_INSTANCE)
    for event_id in (OLD, OLD_INSTANCE):
        world.ann.update(event_id, conference=shown_on_event(chosen))
    follow(world)
    world.create(OLD_INSTANCE)

    world.clock.advance(2 * (LATER - START))
    world.settle()

    assert links(world, chosen.conference_id) == {OLD}
    assert world.link(OLD_INSTANCE) is None
    assert world.provider.only.spec.recurrence == WEEKLY


def test_a_choice_made_on_a_series_and_saved_for_one_instance_is_the_instances(world: World) -> None:
    world.ann.insert(id=OLD, recurrence=WEEKLY, title="Weekly")
    chosen = world.create(OLD)
    instance(world, OLD_INSTANCE, shown_on_event(chosen), title="Only this time")
    follow(world)
    assert titles(world) == ["Only this time"], "what was only chosen drives no meeting that an event has"

    world.clock.advance(2 * (LATER - START))
    world.settle()

    assert links(world, chosen.conference_id) == {OLD_INSTANCE}
    assert titles(world) == ["Only this time"]
