"""The HTTP API as its own process: the list against Google's client alone, and what a new event with a meeting takes."""

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

import requests
from google.api_core.client_options import ClientOptions
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build

from playground.cloud import APPLICATION
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
    barred = latency > 0
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
    """Of a calendar that is followed already, on which every event but the first of it is made."""
    _create(project, 0)
    project.cloud.tasks.wait_idle(20, within=2)
    faults = [project.cloud.faults(name) for name in project.cloud.servers]
    for each in faults:
        each.set_latency(LATENCY)
    seconds, needed = [], []
    for number in range(1, CREATED + 1):
        for each in faults:
            each.forget_requests()
        seconds.append(_create(project, number))
        needed.append([call for each in faults for call in each.requests() if not _is_of_others(call)])
        project.cloud.tasks.wait_idle(20, within=2)
    for each in faults:
        each.set_latency(0)
    calls = int(statistics.median(map(len, needed)))
    median, bar = statistics.median(seconds), calls * LATENCY * 1.2
    return Row(
        what=f"events, POST with autocreate, {CREATED} times, all simulators at {LATENCY * 1000:.0f} ms",
        measured=f"median {median * 1000:.0f} ms; needs {calls} outside calls: {_told(needed)}",
        bar=f"their sum and 20 %: {bar * 1000:.0f} ms",
        holds=median <= bar,
    )
