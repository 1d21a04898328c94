"""Somebody who changes their events at random: the same seed, the same changes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from playground.person import Person
from tests.end_to_end.world import World, in_the_end

SOLUTIONS = ("zoom", "zoom", "zoom-recorded", "jitsi")


@dataclass(kw_only=True)
class Busy:
    """`views`: the calendars that this person changes, each as one who may. `told` gets a line for every change."""

    world: World
    views: list[Person]
    random: Random
    told: Callable[[str], None]
    events: list[tuple[Person, str]] = field(default_factory=list, init=False)
    trash: list[tuple[Person, str]] = field(default_factory=list, init=False)
    number: int = field(default=0, init=False)

    def change(self) -> None:
        """Change something: what it is, is left to chance, as far as it can be done to that event."""
        self.number += 1
        if len(self.events) < len(self.views):
            return self._do("create", self.views[len(self.events)], self.views[0].begin_event())
        if self.trash and self.random.random() < 0.1:
            return self._do("restore", *self.trash.pop(self.random.randrange(len(self.trash))))
        person, event_id = self.random.choice(self.events)
        event = person.event(event_id)
        able = ["create", "rename", "rename", "describe", "move", "delete", "duplicate", "switch"]
        able += ["make_single", "cancel_instance", "split"] if "recurrence" in event else ["repeat", "repeat"]
        able += ["remove_conference"] if "conferenceData" in event else []
        what = self.random.choice(able)
        return self._do(what, person, person.begin_event() if what == "create" else event_id)

    def _do(self, what: str, person: Person, event_id: str) -> None:
        self.told(f"{person.email} on {person.calendar_id}: {what} {event_id}")
        getattr(self, f"_{what}")(person, event_id)

    def _title(self) -> str:
        return f"{self.views[0].email.partition('@')[0]}, change {self.number}"

    def _create(self, person: Person, event_id: str) -> None:
        solution = self.random.choice(SOLUTIONS)
        in_the_end(lambda: person.choose_conference(event_id, solution))
        start = self.world.start + timedelta(hours=self.random.randrange(200))
        person.save(event_id, summary=self._title(), start=start, minutes=self.random.choice((15, 30, 90)))
        self.events.append((person, event_id))

    def _rename(self, person: Person, event_id: str) -> None:
        person.rename(event_id, self._title())

    def _describe(self, person: Person, event_id: str) -> None:
        person.edit(event_id, description=f"What we said at {self._title()}")

    def _move(self, person: Person, event_id: str) -> None:
        person.move_in_time(event_id, timedelta(hours=self.random.choice((-3, -1, 1, 26))))

    def _repeat(self, person: Person, event_id: str) -> None:
        rule = self.random.choice(("WEEKLY;COUNT=8", "WEEKLY", "DAILY;COUNT=6", "DAILY;INTERVAL=2;COUNT=5"))
        event = person.event(event_id)
        person.edit(event_id, start=event["start"], end=event["end"], recurrence=[f"RRULE:FREQ={rule}"])

    def _make_single(self, person: Person, event_id: str) -> None:
        person.edit(event_id, recurrence=None)

    def _cancel_instance(self, person: Person, event_id: str) -> None:
        instances = person.instances(event_id)
        if len(instances) > 2:
            person.cancel_instance(self.random.choice(instances[1:])["id"])

    def _split(self, person: Person, event_id: str) -> None:
        instances = person.instances(event_id)
        if "_R" not in event_id and len(instances) > 3:
            later = person.split_this_and_following(instances[2]["id"], summary=self._title())
            self.events.append((person, later["id"]))

    def _duplicate(self, person: Person, event_id: str) -> None:
        self.events.append((person, person.duplicate(event_id)["id"]))

    def _switch(self, person: Person, event_id: str) -> None:
        solution = self.random.choice(SOLUTIONS)
        in_the_end(lambda: person.add_conference(event_id, solution))

    def _remove_conference(self, person: Person, event_id: str) -> None:
        person.remove_conference(event_id)

    def _delete(self, person: Person, event_id: str) -> None:
        person.delete(event_id)
        self.events.remove((person, event_id))
        self.trash.append((person, event_id))

    def _restore(self, person: Person, event_id: str) -> None:
        person.restore(event_id)
        self.events.append((person, event_id))
