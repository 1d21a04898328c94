"""Stories of each vendor over real HTTP: create, rename, move, series, split, copy, delete; an answer that is lost."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

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

    fourth = story.person.instances(event_id)[3]["id"]
    later = story.person.split_this_and_following(fourth, summary="Planning the summer")["id"]
    world.rest()
    assert story.link(later) == story.link(event_id)
    story.person.delete(later)
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


def test_no_secret_of_any_vendor_is_in_a_log_a_record_or_an_answer(world: World) -> None:
    """After all these stories. Simulators answer what the vendors do: host links, host keys, tokens, PINs of hosts."""
    person = world.person("secrets")
    answers, events = [], []
    for entry in CATALOGUE:
        event_id = person.begin_event()
        events.append(event_id)
        answers.append(person.choose_conference(event_id, entry.name))
        person.save(event_id, summary="Searched", start=world.start)
        person.rename(event_id, "Searched again")
    world.rest()
    texts = {path.name: path.read_bytes().decode("utf-8", "replace") for path in searched(world)}
    texts |= {"answers": repr(answers), "events": repr([person.event(event_id) for event_id in events])}
    assert len(texts) > len(world.project.functions)
    for entry in CATALOGUE:
        vendor = world.cloud.vendors[entry.name]
        hidden = {
            *values(world.cloud.vendor_secrets[entry.name]),
            *(vendor.hidden() if hasattr(vendor, "hidden") else ()),
        }
        found = [(name, secret) for secret in hidden for name, text in texts.items() if secret in text]
        assert found == [], entry.name


def values(secret: str) -> list[str]:
    """The secret, or those of its parts that are."""
    if not secret.startswith("{"):
        return [secret]
    return [value for name, value in json.loads(secret).items() if not name.endswith("_id")]


def searched(world: World) -> list[Path]:
    """Logs and records."""
    found = [path for path in world.project.directory.iterdir() if path.suffix in {".log", ".sqlite"}]
    return [*found, *world.project.directory.glob("*.sqlite-wal")]
