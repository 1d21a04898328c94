"""One story per vendor, over real HTTP: create, rename, move, series, copy, an answer lost after the work, delete."""

from datetime import UTC, datetime, timedelta

import pytest

from playground.browser import Browser
from playground.person import Person
from playground.vendors.catalogue import CATALOGUE, Entry
from tests.end_to_end.promises import Json
from tests.end_to_end.world import World, until

STORES = ["sqlite"]

each_vendor = pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.name)
with_creates = pytest.mark.parametrize(
    "entry", [entry for entry in CATALOGUE if entry.creates], ids=lambda entry: entry.name
)
by_joining = pytest.mark.parametrize(
    "entry", [entry for entry in CATALOGUE if not entry.creates], ids=lambda entry: entry.name
)


class Story:
    """A person, and what a vendor has of their meetings."""

    def __init__(self, world: World, entry: Entry) -> None:
        world.clear_faults()
        self.world = world
        self.entry = entry
        self.vendor = world.cloud.vendors[entry.name]
        self.before = len(self.vendor.meetings())
        self.person: Person = world.person(entry.name)

    def choose(self, summary: str) -> str:
        return self.world.meet(self.person, summary, self.entry.name)

    def meetings(self) -> list[Json]:
        return list(self.vendor.meetings())[self.before :]

    def has(self, *titles: str) -> None:
        """In the end the vendor has these meetings, and no others."""
        self.world.rest()
        titled = self.entry.titled
        if titled:
            until(lambda: [titled(meeting) for meeting in self.meetings()] == list(titles))
        else:
            until(lambda: len(self.meetings()) == (len(titles) if self.entry.creates else 0))

    def link(self, event_id: str) -> str:
        """The link that the event shows."""
        points = self.person.event(event_id)["conferenceData"]["entryPoints"]
        return str(next(point["uri"] for point in points if point["entryPointType"] == "video"))


@each_vendor
def test_a_meeting_follows_its_event_for_life(world: World, entry: Entry) -> None:
    story = Story(world, entry)
    event_id = story.choose("Planning")
    story.has("Planning")
    first = story.link(event_id)
    assert first.startswith("http")

    story.person.rename(event_id, "Planning the spring")
    story.has("Planning the spring")
    story.person.move_in_time(event_id, timedelta(hours=3))
    story.has("Planning the spring")
    story.person.make_weekly(event_id, count=6)
    story.has("Planning the spring")

    copy = story.person.duplicate(event_id)["id"]
    world.rest()
    assert story.link(copy) == story.link(event_id)
    story.person.delete(copy)
    story.has("Planning the spring")

    story.person.delete(event_id)
    story.has()


@with_creates
def test_an_answer_that_is_lost_after_the_work_makes_no_second_meeting(world: World, entry: Entry) -> None:
    story = Story(world, entry)
    world.faults(entry.name).add(method="POST", path=entry.creates, cut="after")
    event_id = story.choose("Once")
    story.has("Once")
    assert world.faults(entry.name).left() == []
    story.person.delete(event_id)
    story.has()


@by_joining
def test_who_follows_the_events_link_gets_a_link_of_their_own(world: World, entry: Entry) -> None:
    story = Story(world, entry)
    soon = datetime.now(UTC) + timedelta(minutes=5)
    event_id = world.meet(story.person, "Now", entry.name, start=soon)
    story.has()
    link = story.link(event_id)
    assert link.startswith(world.project.functions["join"].url)
    came = len(story.vendor.joins())

    guest = Browser()
    guest.send(guest.open(link), name="Cara")
    world.cloud.issuer.browser = story.person.email
    organizer = Browser()
    organizer.send(organizer.send(organizer.open(f"{link}/sign-in")), name="Ann")

    first, second = story.vendor.joins()[came:]
    assert [first["role"].lower() in {"guest", "viewer"}, second["role"].lower()] == [True, "moderator"]
    story.person.delete(event_id)
    world.rest()
    assert "gone" in guest.open(link).text
