"""Faults that were seen from outside, each as one example of its kind."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from confsync.domain.conference import ConferenceState
from confsync.domain.errors import Invalid, RateLimited, Temporary
from confsync.domain.plan import Action
from confsync.usecases.reconciling.give_up_links import GiveUpLinks
from confsync.usecases.syncing.apply_events import ApplyEvents
from tests.usecases.world import STEP, World

ROOM = "Room 12, second floor"
DAY = timedelta(days=1)
START = timedelta(days=20)


def in_text(world: World, **fields: object) -> str:
    """An event whose calendar takes no conference data, so that the details stand in its text. The conference's id."""
    world.calendars.writes = "refuse"
    start = world.clock.now() + START
    created = world.saved(start=start, end=start + timedelta(hours=1), **fields)
    world.provider.meetings.clear()
    world.ann.update("event1", title="Retro")
    follow(world)
    assert world.ann.event("event1").text_conference_id == created.conference_id
    return created.conference_id


def follow(world: World) -> None:
    world.sync()
    world.deliver()
    world.settle()


def by_wrapping(text: str) -> str:
    """A client that wraps long lines, rules and all."""
    return "\n".join(text[at : at + 20] for at in range(0, len(text), 20))


CLIENTS: dict[str, Callable[[str], str]] = {
    "one element a line": lambda text: "".join(f"<p>{line}</p>" for line in text.split("\n")),
    "entities": lambda text: text.encode("ascii", "xmlcharrefreplace").decode(),
    "other rules": lambda text: text.replace("\u2500", "-"),
    "no rules": lambda text: text.replace("\u2500", ""),
    "wrapped": by_wrapping,
    "one line": lambda text: " ".join(text.split()),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_saves_the_description_anew_takes_no_meeting_away(world: World, client: str) -> None:
    in_text(world, description="Bring a spoon")
    world.ann.update("event1", description=CLIENTS[client](world.ann.raw_description("event1")))
    follow(world)
    assert len(world.provider.meetings) == 1

    world.provider.only.secret = 5  # and what changes then is still written
    world.ann.update("event1", title="Third")
    follow(world)
    event = world.ann.event("event1")
    uri = world.provider.only.conference.details.video_uri
    assert uri is not None
    assert uri in event.location
    assert world.ann.raw_description("event1").count(uri) == 1
    assert "spoon" in "".join(event.description.split("\n"))


def test_whoever_takes_every_trace_of_it_away_takes_the_meeting_away(world: World) -> None:
    in_text(world)
    world.ann.update("event1", description="", location="")
    follow(world)
    assert world.provider.meetings == {}


@pytest.mark.parametrize("fate", ["refuse", "strip"])
def test_what_a_person_typed_as_location_stays(world: World, fate: str) -> None:
    world.calendars.writes = fate  # type: ignore[assignment]
    world.saved(location=ROOM)
    world.provider.meetings.clear()
    world.ann.update("event1", title="Retro")
    follow(world)
    uri = world.provider.only.conference.details.video_uri
    assert world.ann.event("event1").location == f"{ROOM}; {uri}"

    world.provider.only.secret = 5
    world.ann.update("event1", title="Third")
    follow(world)
    assert world.ann.event("event1").location == f"{ROOM}; {uri}?pwd=5"


def test_where_the_description_is_full_the_location_at_least_is_written(world: World) -> None:
    world.calendars.writes = "refuse"
    start = world.clock.now() + START
    world.saved(start=start, end=start + timedelta(hours=1), description="x" * 8192, location=ROOM)
    world.provider.meetings.clear()
    world.ann.update("event1", title="Retro")
    follow(world)
    event = world.ann.event("event1")
    assert event.location == f"{ROOM}; {world.provider.only.conference.details.video_uri}"
    assert event.description == "x" * 8192
    world.ann.update("event1", title="Third")
    follow(world)
    assert world.provider.only.spec.title == "Third"


# --- refused ---------------------------------------------------------------------------------------------------------


def test_a_meeting_that_is_running_is_removed_when_it_is_over(world: World) -> None:
    created = world.saved()
    world.provider.fail("delete", *[Invalid("400: an unknown code")] * 3, *[Temporary("in progress")] * 3)
    world.ann.delete("event1")
    follow(world)
    assert len(world.provider.meetings) == 1
    assert world.conference(created.conference_id).last_error is not None
    world.settle(steps=DAY // STEP)
    assert world.provider.meetings == {}
    assert world.conference(created.conference_id).state is ConferenceState.DELETED


def test_a_deletion_does_not_wait_for_the_limit_of_changes(world: World) -> None:
    world.saved()
    midnight = world.clock.now() + timedelta(hours=15)
    world.provider.fail("update", RateLimited("Daily-limit", retry_at=midnight))
    world.ann.update("event1", title="Retro")
    world.sync()
    world.deliver()
    assert len(world.provider.meetings) == 1
    world.ann.delete("event1")
    world.sync()
    world.deliver()
    assert world.provider.meetings == {}


def test_details_are_published_though_changes_wait(world: World) -> None:
    created = world.saved()
    midnight = world.clock.now() + timedelta(hours=15)
    world.provider.fail("update", RateLimited("Daily-limit", retry_at=midnight))
    link = world.link()
    assert link is not None
    world.change_link(published="old")
    world.ann.update("event1", title="Retro")
    world.sync()
    world.deliver()
    assert world.link().published == created.details.revision  # type: ignore[union-attr]


def test_a_configuration_that_was_mended_is_noticed_without_an_edit(world: World) -> None:
    start = world.clock.now() + START
    created = world.saved(start=start, end=start + timedelta(hours=1))
    world.provider.fail("update", Invalid("alternative host: no such user"))
    world.ann.update("event1", title="Retro")
    world.sync()
    world.deliver()
    assert world.conference(created.conference_id).state is ConferenceState.FAILED
    world.settle(steps=DAY // STEP - 4)
    assert world.provider.calls.count("update") == 2, "the placeholder's, and the refused one"
    world.settle(steps=8)
    assert world.provider.only.spec.title == "Retro"


# --- a fault of our own ----------------------------------------------------------------------------------------------


def test_a_fault_in_one_step_is_told_and_tried_again(world: World) -> None:
    created = world.saved()
    world.provider.fail("update", AssertionError("we should never get here"))
    world.ann.update("event1", title="Retro")
    world.sync()
    world.deliver()
    conference = world.conference(created.conference_id)
    assert conference.state is ConferenceState.FAILED
    assert conference.last_error == "Unexpected: unexpected AssertionError; the log has its trace"
    assert conference.due_at is not None
    world.settle(steps=2)
    assert world.provider.only.spec.title == "Retro"


def test_a_fault_in_giving_up_keeps_nothing_else_from_being_done(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    created = world.saved()
    world.ann.update("event1", title="Retro")

    def broken(*_: object) -> bool:
        raise AssertionError("we should never get here")

    monkeypatch.setattr(GiveUpLinks, "__call__", broken)
    world.deliver()
    world.sync()
    world.deliver()
    assert world.provider.only.spec.title == "Retro"
    assert world.conference(created.conference_id).state is ConferenceState.ACTIVE


def test_an_event_that_we_cant_cope_with_keeps_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        world.saved(f"event{number}")
    whole = ApplyEvents.__call__

    def poor(self: ApplyEvents, calendar: object, events: object) -> object:
        if any(event.id == "event1" for event in events):  # type: ignore[attr-defined]
            raise AssertionError("we should never get here")
        return whole(self, calendar, events)  # type: ignore[arg-type]

    monkeypatch.setattr(ApplyEvents, "__call__", poor)
    for number in range(3):
        world.ann.update(f"event{number}", title=f"Title {number}")
    world.syncing(world.calendar.key)
    assert world.calendar.reason is not None
    world.settle()
    assert {meeting.spec.title for meeting in world.provider.meetings.values()} == {"Title 0", "Standup", "Title 2"}
    assert [event.id for event in world.calendar.quarantined] == ["event1"]

    monkeypatch.undo()
    world.ann.update("event1", title="Title 1")
    report = world.sync()
    world.deliver()
    assert report.actions[Action.UPDATED] == 1
    assert world.calendar.quarantined == ()


# --- a channel that tells nothing ------------------------------------------------------------------------------------


def test_a_channel_that_is_open_and_silent_is_counted(world: World) -> None:
    world.saved()
    reports = []
    for number in range(6):
        world.ann.update("event1", title=f"Title {number}")
        world.clock.advance(STEP * 2)
        reports.append(world.sweep().channels_silent)
        world.deliver()
    assert reports[0] == 0
    assert reports[-1] == 1
    world.ann.update("event1", title="Heard")
    world.syncing(world.calendar.key, notified=True)
    world.clock.advance(STEP * 2)
    assert world.sweep().channels_silent == 0
