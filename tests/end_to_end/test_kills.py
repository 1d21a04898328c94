"""People change 200 things on 20 calendars while every function is killed, again and again. Then every promise holds.

CONFSYNC_SEED=<n> repeats the changes of a run, and what is killed after which change; the machine's own speed does the
rest, so that a failure may take some runs to show again.
"""

import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

import pytest

from playground.functions import NAMES, Function
from playground.google_calendar.store import Calendar as GoogleCalendar
from playground.person import Person
from playground.project import SWEEP_JOB, Tempo
from tests.end_to_end.busy import Busy
from tests.end_to_end.world import PATIENCE, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

TEMPO = Tempo(ttl=60, coalesce=0.3, provider_deadline=1, lease=3, calendar_interval=2)

SEED = int(os.environ.get("CONFSYNC_SEED", "1"))
CHANGES = 200
PEOPLE = 5
CALENDARS_EACH = 4
KILLS_EACH = 3


@dataclass
class Turns:
    """Counts the changes. None begins while a kill that is planned before it is still to come."""

    kills: list[int]
    begun: int = 0
    told: list[str] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def begin(self) -> None:
        with self._changed:
            ready = self._changed.wait_for(lambda: not self.kills or self.begun < self.kills[0], PATIENCE)
            assert ready, "a function did not come back"
            self.begun += 1
            self._changed.notify_all()

    def note(self, line: str) -> None:
        with self._changed:
            self.told.append(f"{self.begun:>3} {line}")

    @contextmanager
    def kill(self) -> Iterator[None]:
        """The next kill, as soon as its turn has come."""
        with self._changed:
            ready = self._changed.wait_for(lambda: self.begun >= self.kills[0], PATIENCE)
            assert ready, "people do nothing any more"
        yield
        with self._changed:
            self.kills.pop(0)
            self._changed.notify_all()


def test_kill_9_of_each_function_during_200_changes(world: World) -> None:
    random = Random(SEED)
    turns = Turns(sorted(random.sample(range(PEOPLE * CALENDARS_EACH, CHANGES), KILLS_EACH * len(NAMES))))
    victims = random.sample(NAMES * KILLS_EACH, KILLS_EACH * len(NAMES))
    people = [_busy(world, number, turns) for number in range(PEOPLE)]
    with ThreadPoolExecutor() as pool:
        changes = [pool.submit(_work, person, turns) for person in people]
        killing = pool.submit(_kill, world, [world.project.functions[name] for name in victims], turns, random)
    print(f"CONFSYNC_SEED={SEED}", *turns.told, sep="\n")
    for each in (*changes, killing):
        each.result()
    assert turns.begun == CHANGES
    assert _unanswered(world), "nothing was under way when functions died"
    world.hold_in_the_end({view.calendar_id for person in people for view in person.views})


def _busy(world: World, number: int, turns: Turns) -> Busy:
    """A person with a calendar of their own, and team calendars that a colleague may change as well."""
    owner, colleague = world.person("busy"), world.person("colleague")
    views = [owner]
    for team in range(1, CALENDARS_EACH):
        calendar_id = f"team-{number}-{team}@group.calendar.example.com"
        google = world.cloud.calendar.store
        google.calendars[calendar_id] = GoogleCalendar(
            id=calendar_id,
            owner=owner.email,
            summary="Team",
            time_zone="Europe/Berlin",
            acl={colleague.email: "writer"},
        )
        who: Person = colleague if team == 1 else owner
        views.append(who.on_calendar(calendar_id))
    return Busy(world=world, views=views, random=Random(f"{SEED} {number}"), told=turns.note)


def _work(person: Busy, turns: Turns) -> None:
    for _ in range(CHANGES // PEOPLE):
        turns.begin()
        person.change()


def _unanswered(world: World) -> int:
    """How many tasks were delivered to a function that died over them, or was not back yet."""
    urls = [statuses for queue in world.cloud.tasks.stats().values() for statuses in queue["by_url"].values()]
    return sum(statuses.get("UNAVAILABLE", 0) for statuses in urls)


def _kill(world: World, victims: list[Function], turns: Turns, random: Random) -> None:
    """Kill one after the other, each at some moment after its turn has come, with a sweep under way."""
    for function in victims:
        function.wait()
        with turns.kill():
            world.cloud.scheduler.run(SWEEP_JOB)
            time.sleep(random.uniform(0, 0.4))
            turns.note(f"kill -9 {function.name}")
            function.kill()
            function.start()
    for function in victims:
        function.wait()
