"""People work while Firestore refuses, loses answers to what it did, breaks off in the midst of one, and stays away.

When it is well again, Calendar, Zoom and the records agree.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from confsync.adapters.firestore import FirestoreStore
from confsync.domain.calendar import Calendar, CalendarState
from confsync.domain.channel import Channel
from confsync.domain.conference import Conference, ConferenceState
from confsync.domain.keys import calendar_key, link_key
from playground.addon import AddOnFailedError, ConferenceError
from playground.cloud import PROJECT
from playground.firestore_proxy import FirestoreProxy, firestore_proxy
from playground.person import Person
from playground.project import Project, running

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.xdist_group("firestore"), pytest.mark.timeout(240)]

Json = dict[str, Any]
PEOPLE, DEEDS = 3, 10
SEED = 20260301
"""Decides what people do and which calls fail. Threads and processes make each run another one all the same."""
PATIENCE = 90.0
"""Seconds. What a lost task had to do waits a minute for the sweep."""
START = datetime.now(UTC).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=7)


@pytest.fixture
def proxy(firestore_host: str) -> Iterator[FirestoreProxy]:
    forget(firestore_host)
    with firestore_proxy(firestore_host, seed=SEED) as proxy:
        yield proxy
    forget(firestore_host)


@pytest.fixture
def project(proxy: FirestoreProxy, tmp_path: Path) -> Iterator[Project]:
    with running(tmp_path, firestore=proxy.host) as project:
        yield project


@pytest.fixture
def store(firestore_host: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirestoreStore]:
    """The records, past the faults."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_host)
    store = FirestoreStore(PROJECT)
    yield store
    store.close()


def test_a_story_on_a_firestore_that_fails(project: Project, proxy: FirestoreProxy, store: FirestoreStore) -> None:
    people = [Someone(project.person(f"person{n}@example.com"), random.Random(SEED + n)) for n in range(PEOPLE)]
    with ThreadPoolExecutor() as pool:
        fail_at_random(proxy)
        for someone in people:
            someone.create()
        # what is chosen, saved and deleted before its calendar's first list is not seen by that: it goes after 24 h
        wait_until(lambda: unfollowed(store, people), project)
        work = [pool.submit(someone.work, DEEDS) for someone in people]
        while not all(each.done() for each in work) or not every_fault_hit(proxy):
            project.sweep()
        for each in work:
            each.result()
        stay_away(proxy, project, people)
    proxy.faults.clear()
    wait_until(lambda: wrongs(project, store, people), project)


# --- what goes wrong -----------------------------------------------------------------------------

METHODS = ("Commit", "BatchGetDocuments", "RunQuery")
STATUSES = ("ABORTED", "UNAVAILABLE", "DEADLINE_EXCEEDED")


def fail_at_random(proxy: FirestoreProxy) -> None:
    """About a fifth of all calls, before the work or after it, in the midst of a longer answer too."""
    for method in METHODS:
        for status in STATUSES:
            proxy.faults.add(method=method, status=status, times=None, chance=0.04)
            proxy.faults.add(method=method, status=status, times=None, chance=0.04, after=True, messages=1)


def every_fault_hit(proxy: FirestoreProxy) -> bool:
    seen = {(call.method, call.status) for call in proxy.faults.calls()}
    return seen >= {(method, status) for method in METHODS for status in STATUSES}


def stay_away(proxy: FirestoreProxy, project: Project, people: "list[Someone]") -> None:
    """Firestore is gone for longer than any call waits for it, while people go on."""
    proxy.faults.clear()
    proxy.faults.add(status="UNAVAILABLE", times=None)
    for someone in people:
        someone.rename()
        someone.delete()
    sync = project.functions["sync_calendar"].url

    def failures() -> int:
        return sum(stats["by_url"].get(sync, {}).get("503", 0) for stats in project.cloud.tasks.stats().values())

    before = failures()
    deadline = time.monotonic() + PATIENCE
    while failures() == before:
        assert time.monotonic() < deadline, "the functions do not notice"
        time.sleep(0.1)


def forget(firestore_host: str) -> None:
    """Empty the playground's database. https://cloud.google.com/firestore/native/docs/emulator"""
    path = f"emulator/v1/projects/{PROJECT}/databases/(default)/documents"
    requests.delete(f"http://{firestore_host}/{path}", timeout=30).raise_for_status()


# --- people --------------------------------------------------------------------------------------


@dataclass
class Someone:
    """A person who does this and that on a calendar, decided by `chance`."""

    person: Person
    chance: random.Random
    events: list[str] = field(default_factory=list)
    number: int = 0

    def work(self, deeds: int) -> None:
        self.split()
        for _ in range(deeds):
            self.chance.choice([self.create, self.rename, self.rename, self.move, self.delete, self.copy])()

    def create(self) -> None:
        event_id = self.person.begin_event()
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self.person.choose_conference(event_id, "zoom")
                break
            except (AddOnFailedError, ConferenceError, requests.Timeout):
                assert time.monotonic() < deadline, "no conference is to be had"
        start = START + timedelta(hours=self.chance.randrange(8), days=self.number)
        self.person.save(event_id, summary=self._title(), start=start)
        self.events.append(event_id)

    def rename(self) -> None:
        for event_id in self._any():
            self.person.rename(event_id, self._title())

    def move(self) -> None:
        for event_id in self._any():
            self.person.move_in_time(event_id, timedelta(minutes=15 * self.chance.randrange(1, 9)))

    def delete(self) -> None:
        for event_id in self._any():
            self.person.delete(event_id)
            self.events.remove(event_id)

    def copy(self) -> None:
        for event_id in self._any():
            self.events.append(self.person.duplicate(event_id)["id"])

    def split(self) -> None:
        for event_id in self._any():
            self.person.make_weekly(event_id, count=6)
            third = self.person.instances(event_id)[2]["id"]
            self.events.append(self.person.split_this_and_following(third, summary=self._title())["id"])

    def _any(self) -> list[str]:
        return self.chance.sample(self.events, k=min(1, len(self.events)))

    def _title(self) -> str:
        self.number += 1
        return f"{self.person.email} {self.number}"


# --- what must be true ---------------------------------------------------------------------------


def wait_until(wrong: Callable[[], list[str]], project: Project) -> None:
    """Let tasks and sweeps run until nothing is wrong."""
    deadline = time.monotonic() + PATIENCE
    while found := wrong():
        assert time.monotonic() < deadline, "\n".join(found)
        project.sweep()
        with suppress(TimeoutError):
            project.cloud.tasks.wait_idle(1, within=1)


def wrongs(project: Project, store: FirestoreStore, people: list[Someone]) -> list[str]:
    """Every broken promise at this moment, in words."""
    meetings = project.cloud.zoom.meetings()
    events = {event["id"]: event for someone in people for event in living(someone)}
    conferences: dict[str, list[str]] = {}
    for event in events.values():
        conferences.setdefault(event["conferenceData"]["conferenceId"], []).append(event["id"])
    found = [f"no event has meeting {each['topic']}" for each in meetings if marker(each) not in conferences]
    for conference_id, event_ids in conferences.items():
        its = [each for each in meetings if marker(each) == conference_id]
        record = store.get(Conference, conference_id)
        if len(its) != 1 or record is None:
            found.append(f"{len(its)} meetings for {[events[each]['summary'] for each in event_ids]}")
            continue
        (leader,) = [e for e in event_ids if link_key(calendar_key(owner(events[e])), e) == record.links[0]] or [""]
        found += disagreements(events.get(leader), its[0], shared=len(event_ids) > 1)
        shown = [{point["uri"] for point in events[each]["conferenceData"]["entryPoints"]} for each in event_ids]
        found += [f"{its[0]['topic']} is not joined from its event" for uris in shown if its[0]["join_url"] not in uris]
        if not record.settled or record.state is not ConferenceState.ACTIVE:
            found.append(f"{conference_id} is {record.state}: {record.last_error}")
    return found + unfinished(store, people)


def disagreements(event: Json | None, meeting: Json, *, shared: bool) -> list[str]:
    if event is None:
        return [f"{meeting['topic']} follows an event that is not there"]
    found = [] if meeting["topic"] == event["summary"] else [f"{meeting['topic']} should be {event['summary']}"]
    start = datetime.fromisoformat(event["start"]["dateTime"]).astimezone(UTC)
    if "start_time" in meeting and datetime.fromisoformat(meeting["start_time"]).astimezone(UTC) != start:
        found.append(f"{meeting['topic']} is at {meeting['start_time']}, not at {start}")
    if "start_time" not in meeting and not shared:
        found.append(f"{meeting['topic']} has no time")
    return found


def unfinished(store: FirestoreStore, people: list[Someone]) -> list[str]:
    """What is due, leased, or not followed."""
    now = datetime.now(UTC)
    due = [each.key for kind in (Calendar, Channel, Conference) for each in store.due(kind, now, limit=9)]
    later = [each.key for each in store.due(Conference, now + timedelta(hours=1), limit=9)]
    return [*(f"{key} is due" for key in {*due, *later}), *unfollowed(store, people)]


def unfollowed(store: FirestoreStore, people: list[Someone]) -> list[str]:
    found = [store.get(Calendar, calendar_key(someone.person.email)) for someone in people]
    return [f"not followed: {each}" for each in found if each is None or not at_rest(each)]


def at_rest(calendar: Calendar) -> bool:
    free = not calendar.lease.taken(datetime.now(UTC))
    return free and calendar.state is CalendarState.ACTIVE and calendar.sync_token is not None


def living(someone: Someone) -> list[Json]:
    url = f"{someone.person.calendar_url}/calendars/{someone.person.email}/events"
    answer = requests.get(url, headers={"Authorization": f"Bearer {someone.person.token}"}, timeout=30)
    events = [event for event in answer.json()["items"] if "recurringEventId" not in event]
    assert {event["id"] for event in events} == set(someone.events)
    return events


def owner(event: Json) -> str:
    return str(event["organizer"]["email"])


def marker(meeting: Json) -> str:
    """The conference id that the meeting carries."""
    found = re.search(r"confsync-[0-9a-f]+", meeting["agenda"])
    return found[0] if found else ""
