"""One person with one event that has a conference, all at rest: what each fault begins with."""

import re
from typing import Any

from playground.person import Person
from tests.end_to_end.promises import Json
from tests.end_to_end.world import World

CALLS = 3
"""How often a Calendar call is made in all before its error counts."""
SENT_TWICE = 2
"""httplib2 sends a cut request once more, unseen: so many cuts reach its caller."""


def refusal(code: int, reason: str, message: str = "", **detail: str) -> Json:
    """Calendar's form of an error."""
    return {"error": {"code": code, "message": message, "errors": [{"reason": reason, **detail}]}}


class Row:
    """A row of a fault matrix; its faults are on its person's calendar only."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.person: Person = world.person("row")
        self.event = world.meet(self.person)
        world.hold(self.person)
        self.calendar_id = self.person.calendar_id

    def lists(self, condition: str = "") -> str:
        """The path of requests that list this calendar's events, and whose query fulfils the condition."""
        return rf"calendars/{re.escape(self.calendar_id)}/events\?{condition}"

    @property
    def changes(self) -> str:
        return self.lists(".*syncToken=")

    @property
    def second_page(self) -> str:
        return self.lists(".*pageToken=")

    def fault(self, at: str = "calendar", *, method: str = "GET", **fault: Any) -> None:
        """Something that goes wrong at a simulator, with the fields of `playground.faults.Fault`."""
        self.world.faults(at).add(method=method, **fault)

    def happened(self, at: str = "calendar") -> bool:
        """Whether all that was to go wrong did."""
        return not self.world.faults(at).left()

    def holds(self) -> None:
        """Everything planned went wrong, and every promise holds."""
        self.world.hold(self.person)
        assert self.happened("calendar")
        assert self.happened("zoom")

    def holds_later(self) -> None:
        """The same once the sweep has run: what fails after seconds is tried again by itself only after ten times as
        many (`fail_sync.py`)."""
        self.world.rest()
        self.world.sweep()
        self.holds()

    def second_event(self) -> str:
        """One more event with a conference, at rest; returns its id."""
        other = self.world.meet(self.person, "Review")
        self.world.hold(self.person)
        return other

    def two_pages(self, *, expired: bool = False) -> None:
        """Two changes that Google tells of on two pages; with `expired`, the sync token is dead by then."""
        other = self.second_event()
        google = self.world.google(self.person)
        google.largest_page = 1
        with self.world.told_at_once():
            google.sync_epoch += expired
            self.person.rename(self.event, "Planning, first page")
            self.person.rename(other, "Review, second page")
