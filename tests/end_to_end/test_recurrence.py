"""Series through a year of a calendar, over real HTTP: what Zoom holds after every change is what Calendar shows."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from playground.demo.view import View
from playground.person import Person
from playground.project import Project, running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240), pytest.mark.xdist_group("recurrence")]

ANN = "ann@example.com"
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
START = datetime(2031, 3, 3, 10, tzinfo=BERLIN)  # a Monday; the clocks change on the 30th, in New York on the 9th
WEEK = timedelta(weeks=1)
PATIENCE = 20.0
SINGLE, NO_TIMES, SERIES = 2, 3, 8  # Zoom's types of meetings

Shape = tuple[int, list[datetime], str]
"""A meeting's type, its times in UTC, and its topic."""


class Year:
    """Ann's calendar, and what Zoom has of it."""

    def __init__(self, project: Project) -> None:
        self.ann: Person = project.person(ANN)
        self.view = View(project.cloud, self.ann)
        self.zoom = project.cloud.zoom

    def save(self, title: str, *lines: str, **fields: Any) -> str:
        """A new event with Zoom, at `START` for 45 minutes, then made what the lines and fields say."""
        event_id = self.ann.begin_event()
        self.ann.choose_conference(event_id, "zoom")
        self.ann.save(event_id, summary=title, start=START, minutes=45)
        if lines or fields:
            self.ann.edit(event_id, recurrence=list(lines), **fields)
        return event_id

    def shape(self, event_id: str) -> Shape | None:
        """The event's meeting, None unless it has exactly one."""
        meetings = self.view.meetings(event_id)
        if len(meetings) != 1:
            return None
        (meeting,) = meetings
        single = [meeting["start_time"]] if "start_time" in meeting else []
        listed = meeting.get("occurrences", [])
        times = sorted(each["start_time"] for each in listed if each["status"] == "available") or single
        return meeting["type"], [datetime.fromisoformat(at) for at in times], meeting["topic"]

    def becomes(self, event_id: str, kind: int, times: list[datetime], title: str) -> None:
        """Wait until the event's meeting is like that."""
        expected = (kind, [at.astimezone(UTC) for at in times], title)
        eventually(lambda: self.shape(event_id), expected)

    def nothing_else(self, event_id: str, kind: int, times: list[datetime], title: str) -> None:
        """What came before changed nothing at Zoom: a rename that comes after it is all that is seen."""
        self.ann.rename(event_id, title)
        self.becomes(event_id, kind, times, title)


def eventually(seen: Callable[[], object], expected: object) -> None:
    """Wait until it is seen; what is seen in the end is told."""
    deadline = time.monotonic() + PATIENCE
    while seen() != expected and time.monotonic() < deadline:
        time.sleep(0.05)
    assert seen() == expected


def timed(start: datetime, end: datetime) -> dict[str, Any]:
    """The fields of an event with hours, in its start's zone."""
    zone = start.tzinfo
    assert isinstance(zone, ZoneInfo)
    return {name: {"dateTime": at.isoformat(), "timeZone": zone.key} for name, at in (("start", start), ("end", end))}


def days(first: str, after: str) -> dict[str, Any]:
    """The fields of an event of whole days, in place of one with hours."""
    hours = {"dateTime": None, "timeZone": None}
    return {"start": {"date": first, **hours}, "end": {"date": after, **hours}}


def weekly(count: int, start: datetime = START) -> list[datetime]:
    """At the same wall-clock time each."""
    return [start + number * WEEK for number in range(count)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    directory: Path = tmp_path_factory.mktemp("recurrence")
    with running(directory) as project:
        project.cloud.calendar.store.ensure_primary(ANN).time_zone = BERLIN.key
        yield project


@pytest.fixture
def year(project: Project) -> Iterator[Year]:
    """An empty calendar, and in the end again, and Zoom as well."""
    year = Year(project)
    yield year
    for event in year.view.events():
        year.ann.delete(event["id"])
    eventually(year.zoom.meetings, [])


EVENING = START.astimezone(NEW_YORK).replace(hour=20)
MIDNIGHT = datetime(2031, 3, 28, tzinfo=BERLIN)
SERIES_OF_A_YEAR: list[tuple[str, list[str], dict[str, Any], int, list[datetime]]] = [
    ("single", [], {}, SINGLE, [START]),
    ("three days", [], timed(START, START + timedelta(days=3)), SINGLE, [START]),
    ("count", ["RRULE:FREQ=WEEKLY;COUNT=6"], {}, SERIES, weekly(6)),
    ("until", ["RRULE:FREQ=WEEKLY;UNTIL=20310331T080000Z"], {}, SERIES, weekly(5)),
    (
        "hole",
        ["RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE:20310310T090000Z"],
        {},
        SERIES,
        [START, *weekly(2, START + 2 * WEEK)],
    ),
    (
        "first Monday",
        ["RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1;COUNT=3"],
        {},
        SERIES,
        [START, START.replace(month=4, day=7), START.replace(month=5, day=5)],
    ),
    ("first workday", ["RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1"], {}, NO_TIMES, []),
    ("yearly", ["RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=1MO"], {}, NO_TIMES, []),
    ("one more", ["RRULE:FREQ=WEEKLY;COUNT=2", "RDATE:20310401T080000Z"], {}, NO_TIMES, []),
    (
        "evenings",
        ["RRULE:FREQ=DAILY;UNTIL=20310310"],
        timed(EVENING, EVENING + timedelta(hours=1)),
        SERIES,
        [EVENING + timedelta(days=number) for number in range(8)],
    ),
    (
        "days",
        ["RRULE:FREQ=DAILY;UNTIL=20310331"],
        days("2031-03-28", "2031-03-29"),
        SERIES,
        [MIDNIGHT + timedelta(days=number) for number in range(4)],
    ),
    (
        "weekends",
        ["RRULE:FREQ=WEEKLY;COUNT=2"],
        days("2031-03-22", "2031-03-24"),
        SERIES,
        [MIDNIGHT.replace(day=22), MIDNIGHT.replace(day=29)],
    ),
]


def test_every_kind_of_series_becomes_its_meeting(year: Year) -> None:
    ids = {title: year.save(title, *lines, **fields) for title, lines, fields, _, _ in SERIES_OF_A_YEAR}
    for title, _, _, kind, times in SERIES_OF_A_YEAR:
        year.becomes(ids[title], kind, times, title)
    assert len(year.zoom.meetings()) == len(SERIES_OF_A_YEAR)


def test_instances_that_differ_do_so_at_zoom(year: Year) -> None:
    series = year.save("series", "RRULE:FREQ=WEEKLY;COUNT=6")
    year.becomes(series, SERIES, weekly(6), "series")
    _, second, third, fourth, *_ = [each["id"] for each in year.ann.instances(series)]

    year.ann.move_instance(second, timedelta(hours=3))
    times = weekly(6)
    times[1] += timedelta(hours=3)
    year.becomes(series, SERIES, times, "series")
    year.ann.cancel_instance(third)
    del times[2]
    year.becomes(series, SERIES, times, "series")

    year.ann.add_conference(fourth, "zoom")
    year.ann.rename(fourth, "its own")
    year.becomes(fourth, SINGLE, [START + 3 * WEEK], "its own")
    year.ann.move_instance(fourth, timedelta(hours=1))
    year.becomes(fourth, SINGLE, [START + 3 * WEEK + timedelta(hours=1)], "its own")
    year.nothing_else(series, SERIES, times, "one with its own")
    year.ann.cancel_instance(fourth)
    eventually(lambda: len(year.zoom.meetings()), 1)
    del times[2]
    year.becomes(series, SERIES, times, "one with its own")


def test_a_series_that_is_split_moved_and_made_single_again(year: Year) -> None:
    event = year.save("planning")
    year.becomes(event, SINGLE, [START], "planning")
    meeting = year.view.meeting(event)["id"]

    year.ann.make_weekly(event, count=6)
    year.becomes(event, SERIES, weekly(6), "planning")
    later = START + timedelta(hours=2)
    year.ann.move_in_time(event, timedelta(hours=2))
    year.becomes(event, SERIES, weekly(6, later), "planning")
    elsewhere = later.astimezone(NEW_YORK)
    year.ann.edit(event, **timed(elsewhere, elsewhere + timedelta(minutes=45)))
    year.becomes(event, SERIES, weekly(6, elsewhere), "planning")  # its summer time begins on another day
    year.ann.edit(event, recurrence=["RRULE:FREQ=YEARLY"])
    year.becomes(event, NO_TIMES, [], "planning")
    year.ann.edit(event, recurrence=["RRULE:FREQ=WEEKLY;COUNT=6"], **timed(START, START + timedelta(minutes=45)))
    year.becomes(event, SERIES, weekly(6), "planning")

    fourth = year.ann.instances(event)[3]["id"]
    follower = year.ann.split_this_and_following(fourth, summary="the rest")["id"]
    year.becomes(event, NO_TIMES, [], "planning")  # the later series needs it for longer
    assert year.shape(follower) == year.shape(event)
    year.ann.add_conference(follower, "zoom")
    year.becomes(follower, SERIES, weekly(3, START + 3 * WEEK), "the rest")
    year.becomes(event, SERIES, weekly(3), "planning")
    year.ann.delete(follower)
    eventually(lambda: len(year.zoom.meetings()), 1)

    year.ann.edit(event, recurrence=None)
    year.becomes(event, SINGLE, [START], "planning")
    assert year.view.meeting(event)["id"] == meeting, "it was one meeting all the time"
