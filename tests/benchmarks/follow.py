"""The whole way on the playground: from a changed event to the provider, and a burst of notifications."""

import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from playground.google_calendar.push import Channel
from playground.person import Person
from playground.project import Project, Tempo, running
from tests.benchmarks.measuring import Row, percentile

LATENCY = 0.1
"""Seconds that every simulator takes for every request."""

TEMPO = Tempo(coalesce=1.0, provider_deadline=15, lease=60)
"""What is deployed, as far as it matters here."""

PEOPLE = 6
CHANGES = 10
BURST = 1_000
BURST_SECONDS = 4.9
PATIENCE = 30.0
DELTAS = "syncToken="


def rows() -> list[Row]:
    """With warm processes: everybody's first change is not counted."""
    with tempfile.TemporaryDirectory() as directory, running(Path(directory), tempo=TEMPO) as project:
        people = [_Somebody(project, f"person{number}@example.com") for number in range(PEOPLE)]
        for server in project.cloud.servers:
            project.cloud.faults(server).set_latency(LATENCY)
        with ThreadPoolExecutor(PEOPLE) as pool:
            waits = list(itertools.chain(*pool.map(_Somebody.change_again_and_again, people)))
        for server in project.cloud.servers:
            project.cloud.faults(server).set_latency(0)
        return [_followed(waits), _burst(project, people[0])]


class _Somebody:
    """A person with one event that has a Zoom meeting."""

    def __init__(self, project: Project, email: str) -> None:
        self.project = project
        self.person: Person = project.person(email)
        self.event_id = self.person.begin_event()
        self.person.choose_conference(self.event_id, "zoom")
        start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)
        self.person.save(self.event_id, summary="Planning", start=start)
        self.conference_id = self.person.event(self.event_id)["conferenceData"]["conferenceId"]
        self.wait_for("Planning")

    def change_again_and_again(self) -> list[float]:
        """Seconds from Calendar's answer to each rename until Zoom has it."""
        return [self._change(f"Title {number}") for number in range(CHANGES + 1)][1:]

    def _change(self, title: str) -> float:
        time.sleep(random.random())
        self.person.rename(self.event_id, title)
        return self.wait_for(title)

    def wait_for(self, title: str) -> float:
        """Seconds until Zoom's meeting has the title. Raises `TimeoutError`."""
        begin = time.perf_counter()
        while not any(self._is_mine(meeting) and meeting["topic"] == title for meeting in self._meetings()):
            if time.perf_counter() - begin > PATIENCE:
                raise TimeoutError(f"Zoom has no meeting {title!r} for {self.person.email}")
            time.sleep(0.01)
        return time.perf_counter() - begin

    def _meetings(self) -> list[dict[str, Any]]:
        return self.project.cloud.zoom.meetings()

    def _is_mine(self, meeting: dict[str, Any]) -> bool:
        return self.conference_id in meeting["agenda"]


def _followed(waits: list[float]) -> Row:
    median, p99 = statistics.median(waits), percentile(waits, 0.99)
    return Row(
        what=f"event changed -> Zoom updated, {len(waits)} changes, all simulators at {LATENCY * 1000:.0f} ms",
        measured=f"median {median:.2f} s, p99 {p99:.2f} s",
        bar="median <= 2.5 s, p99 <= 6 s",
        holds=median <= 2.5 and p99 <= 6,
    )


def _burst(project: Project, somebody: _Somebody) -> Row:
    """Notifications at an even pace; halfway the event changes, of which only they tell."""
    channel = next(each for each in project.cloud.calendar.push.channels.values() if _is_of(each, somebody.person))
    control = f"{project.cloud.url('calendar')}/_playground/notifications/mishaps"
    requests.post(control, json={"kind": "drop"}, timeout=10).raise_for_status()
    project.cloud.faults("calendar").forget_requests()
    with ThreadPoolExecutor(8) as pool:
        begin = time.perf_counter()
        sent = [
            pool.submit(_notify, channel, number, begin + BURST_SECONDS * number / BURST) for number in range(BURST)
        ]
        sent[BURST // 2].result()
        somebody.person.rename(somebody.event_id, "Changed in the burst")
        taken = sum(each.result() == 204 for each in sent)
        seconds = time.perf_counter() - begin
    found = _holds(lambda: somebody.wait_for("Changed in the burst"))
    time.sleep(2 * TEMPO.coalesce)  # the last bucket's task
    syncs = len(project.cloud.faults("calendar").requests(method="GET", path=DELTAS))
    return Row(
        what=f"{BURST:,} notifications for one calendar in {seconds:.1f} s, a change in the middle",
        measured=f"{taken:,} answered 204, {syncs} syncs, change {'found' if found else 'LOST'}",
        bar="<= 6 syncs, none lost",
        holds=taken == BURST and syncs <= 6 and found,
    )


def _is_of(channel: Channel, person: Person) -> bool:
    return channel.live and channel.calendar_id == person.email


def _notify(channel: Channel, number: int, at: float) -> int:
    time.sleep(max(0.0, at - time.perf_counter()))
    headers = {
        "X-Goog-Channel-ID": channel.id,
        "X-Goog-Channel-Token": channel.token or "",
        "X-Goog-Resource-ID": channel.resource_id,
        "X-Goog-Resource-State": "exists",
        "X-Goog-Message-Number": str(1_000_000 + number),
    }
    return requests.post(channel.address, headers=headers, timeout=10).status_code


def _holds(act: Callable[[], object]) -> bool:
    try:
        act()
    except TimeoutError:
        return False
    return True
