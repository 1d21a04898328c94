"""Copies of events where each gets a conference of its own."""

from datetime import timedelta

import pytest

from confsync.domain.plan import Action
from tests.usecases.world import ANN, World, shown_on_event

DAY = timedelta(days=1)


@pytest.fixture(params=["native", "text"])
def own(world: World, request: pytest.FixtureRequest) -> World:
    world.build(own_copies=frozenset({"zoom"}))
    if request.param == "text":
        world.calendars.writes = "refuse"
    return world


def follow(world: World) -> None:
    world.sync()
    world.deliver()
    world.sync()
    world.deliver()


def copied(world: World, event_id: str = "copy", **fields: object) -> None:
    original = world.ann.event("event1")
    world.ann.insert(
        id=event_id,
        title="Copy",
        conference=original.conference,
        description=original.description,
        location=original.location,
        **fields,
    )


def links(world: World) -> dict[str, str]:
    """The meeting that each event leads to, by the event's id."""
    by_uri = {m.conference.details.video_uri: m.id for m in world.provider.meetings.values()}
    found = {}
    for event in world.events():
        text = f"{event.location} {event.description}"
        native = event.conference.uris if event.conference else frozenset()
        found[event.id] = next(id for uri, id in by_uri.items() if uri in native or (uri or "") in text)
    return found


def test_a_copy_gets_its_own_and_shows_it(own: World) -> None:
    own.saved()
    copied(own)
    assert own.sync().actions == {Action.COPIED: 1}
    own.deliver()
    follow(own)

    assert {m.spec.title for m in own.provider.meetings.values()} == {"Standup", "Copy"}
    shown = links(own)
    assert shown["event1"] != shown["copy"]
    assert own.provider.meetings[shown["copy"]].spec.title == "Copy"
    link = own.link("copy")
    assert link is not None
    assert link.replaces is None


def test_the_last_one_out_closes_each(own: World) -> None:
    own.saved()
    copied(own)
    follow(own)
    own.ann.delete("event1")
    follow(own)
    assert [m.spec.title for m in own.provider.meetings.values()] == ["Copy"]
    own.ann.delete("copy")
    follow(own)
    assert own.provider.meetings == {}


def test_a_copy_that_is_deleted_before_it_has_its_own_leaves_nothing(own: World) -> None:
    own.saved()
    copied(own)
    own.sync()
    own.ann.delete("copy")
    follow(own)
    own.settle()
    assert [m.spec.title for m in own.provider.meetings.values()] == ["Standup"]


def test_a_copy_of_a_copy_too(own: World) -> None:
    own.saved()
    copied(own)
    copied(own, "third")
    follow(own)
    assert len(set(links(own).values())) == 3


def test_the_later_part_of_a_split_series_is_no_copy(own: World) -> None:
    own.saved(recurrence=("RRULE:FREQ=WEEKLY",))
    begins = own.clock.now() + 15 * DAY
    copied(own, "event1_R20260317T090000", start=begins, end=begins + DAY / 24, recurrence=("RRULE:FREQ=WEEKLY",))
    follow(own)
    assert len(own.provider.meetings) == 1


def test_an_event_from_the_trash_is_no_copy(own: World) -> None:
    created = own.saved()
    own.ann.delete("event1")
    follow(own)
    own.ann.restore("event1")
    follow(own)
    assert len(own.provider.meetings) == 1
    assert own.conference(created.conference_id).wanted


def test_other_solutions_share(world: World) -> None:
    world.build(own_copies=frozenset({"jitsi"}))
    created = world.saved()
    world.ann.insert(id="copy", title="Copy", conference=shown_on_event(created))
    follow(world)
    assert len(world.provider.meetings) == 1
    assert len(world.conference(created.conference_id).links) == 2


def test_a_copy_by_somebody_else_is_theirs(own: World) -> None:
    created = own.saved()
    copied(own)
    follow(own)
    link = own.link("copy")
    assert link is not None
    assert link.owner == ANN
    assert link.conference_id != created.conference_id
