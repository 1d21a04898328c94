"""The HTTP API as its own process: its list against Google's client alone, what a new event with a meeting costs."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

import requests
from google.api_core.client_options import ClientOptions
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

from playground.cloud import APPLICATION
from playground.faults import Faults
from playground.project import Project, Tempo, running
from tests.benchmarks.detection import ordinary
from tests.benchmarks.measuring import Row, median_ratio

ANN = "ann@example.com"
EVENTS = 2_500
ROUNDS = 9
PAGES = (250, 2_500)
"""What is usual, and the most that there may be."""
LATENCY = 0.1
"""Seconds that every simulator takes for every request."""
CREATED = 15


def rows() -> list[Row]:
    """With the functions warm: the first of everything is not counted."""
    with tempfile.TemporaryDirectory() as directory:
        with _only_events(Path(directory) / "list") as project:
            listed = [_listed(project, size, latency) for latency in (LATENCY, 0) for size in PAGES]
        with running(Path(directory) / "create", tempo=Tempo(coalesce=1.0, provider_deadline=15, lease=60)) as project:
            return [*listed, _created(project)]


# --- list ------------------------------------------------------------------------------------------------------------


@contextmanager
def _only_events(directory: Path) -> Iterator[Project]:
    """A project whose function `events` runs, and no other; Ann's calendar is full."""
    project = Project(directory=directory)
    try:
        _fill(project)
        project.functions["events"].start()
        project.functions["events"].wait()
        yield project
    finally:
        project.stop()


def _fill(project: Project) -> None:
    control = f"{project.cloud.url('calendar')}/_playground/calendars/{ANN}/seed"
    requests.post(control, json={"count": EVENTS}, timeout=60).raise_for_status()
    person = project.person(ANN)
    for number, fields in zip(range(EVENTS), cycle(ordinary()), strict=False):
        meet = {"requestId": f"meet-{number}", "conferenceSolutionKey": {"type": "hangoutsMeet"}}
        words = {name: value for name, value in fields.items() if name in {"summary", "location", "description"}}
        asked = {"conferenceData": {"createRequest": meet}} if "conferenceData" in fields else {}
        person.edit(f"seed{number:07d}", **words, **asked)
    time.sleep(2)  # the last Meet is made


def _listed(project: Project, size: int, latency: float) -> Row:
    ours, theirs = _our_list(project, size), _their_list(project, size)
    project.cloud.faults("calendar").set_latency(latency)
    measured: list[tuple[float, float]] = []
    for number in range(ROUNDS + 1):
        order = (ours, theirs) if number % 2 else (theirs, ours)
        speeds = {each: _events_per_second(each) for each in order}
        if number:
            measured.append((speeds[ours], speeds[theirs]))
    our, their = zip(*measured, strict=True)
    ratio = median_ratio(our, their)
    barred = (size, latency) == (PAGES[0], LATENCY)
    return Row(
        what=f"events, list of {EVENTS:,} in pages of {size:,}, Calendar at {latency * 1000:.0f} ms",
        measured=f"{statistics.median(our):,.0f} events/s / google-api-python-client {statistics.median(their):,.0f} "
        f"events/s = {ratio:.2f}x",
        bar=">= 0.7x" if barred else "",
        holds=ratio >= 0.7 if barred else None,
    )


def _events_per_second(whole_list: Callable[[], int]) -> float:
    begin = time.perf_counter()
    assert whole_list() == EVENTS
    return EVENTS / (time.perf_counter() - begin)


def _our_list(project: Project, size: int) -> Callable[[], int]:
    url = project.functions["events"].url
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {project.cloud.identity_token(APPLICATION, url)}"

    def whole_list() -> int:
        query, count = {"maxResults": str(size)}, 0
        while True:
            answer = session.get(f"{url}/v1/calendars/{ANN}/events", params=query, timeout=60)
            answer.raise_for_status()
            page = answer.json()
            count += len(page["items"])
            if "nextPageToken" not in page:
                return count
            query["pageToken"] = page["nextPageToken"]

    return whole_list


def _their_list(project: Project, size: int) -> Callable[[], int]:
    endpoint = ClientOptions(api_endpoint=f"{project.cloud.url('calendar')}/calendar/v3/")
    credentials = Credentials(project.cloud.accounts.issue(ANN))  # type: ignore[no-untyped-call]
    events = build("calendar", "v3", credentials=credentials, client_options=endpoint).events()

    def whole_list() -> int:
        request: Any = events.list(calendarId=ANN, maxResults=size)
        count = 0
        while request is not None:
            page = request.execute()
            count += len(page["items"])
            request = events.list_next(request, page)
        return count

    return whole_list


# --- create ----------------------------------------------------------------------------------------------------------


def _created(project: Project) -> Row:
    """On a calendar that is followed already. What follows from an event (its push, its sync) is waited for, apart."""
    _create(project, 0)
    _settle(project)
    faults = {name: project.cloud.faults(name) for name in project.cloud.servers}
    for each in faults.values():
        each.set_latency(LATENCY)
    measured = [_counted(project, faults, number) for number in range(1, CREATED + 1)]
    for each in faults.values():
        each.set_latency(0)
    calls = statistics.mode(tuple(calls) for _, calls in measured)
    median, bar = statistics.median(seconds for seconds, _ in measured), len(calls) * LATENCY * 1.2
    return Row(
        what=f"events, POST with a Zoom meeting, {CREATED} times, all simulators at {LATENCY * 1000:.0f} ms",
        measured=f"median {median * 1000:.0f} ms; it needs {len(calls)} outside calls: {', '.join(calls)}",
        bar=f"<= {bar * 1000:.0f} ms: their sum and 20 %",
        holds=median <= bar,
    )


def _counted(project: Project, faults: Mapping[str, Faults], number: int) -> tuple[float, list[str]]:
    """Seconds, and the calls that our function made until it answered, as the simulators saw them."""
    for each in faults.values():
        each.forget_requests()
    seconds = _create(project, number)
    until = time.time()
    calls = [
        f"{name} {call.method}" for name, each in faults.items() for call in each.requests() if call.started < until
    ]
    _settle(project)
    return seconds, calls


def _settle(project: Project) -> None:
    time.sleep(0.5)  # a notification is under way
    project.cloud.tasks.wait_idle(20, within=2)


def _create(project: Project, number: int) -> float:
    """Seconds until an event with a Zoom meeting is there."""
    url = project.functions["events"].url
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7, hours=number)
    body = {
        "summary": f"Planning {number}",
        "start": {"dateTime": start.isoformat()},
        "end": {"dateTime": (start + timedelta(minutes=30)).isoformat()},
        "conferencing": {"provider": "Zoom Meeting", "autocreate": {}},
    }
    headers = {"Authorization": f"Bearer {project.cloud.identity_token(APPLICATION, url)}"}
    begin = time.perf_counter()
    answer = requests.post(f"{url}/v1/calendars/{ANN}/events", json=body, headers=headers, timeout=60)
    seconds = time.perf_counter() - begin
    answer.raise_for_status()
    assert answer.json()["conferencing"]["details"]["url"]
    return seconds
