"""One change from Calendar's push to the vendor, as a collector of OpenTelemetry shows it."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from playground.cloud import PROJECT
from playground.project import Project, Tempo
from tests.end_to_end.world import until
from tests.fakes.collector import Collected, Collector, collecting

NEEDED = ("create_conference", "calendar_notifications", "sync_calendar", "reconcile_conference")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("spans")]


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def project(tmp_path: Path, collector: Collector) -> Iterator[Project]:
    """The functions that a change passes, each of which names itself as on Cloud Run."""
    project = Project(directory=tmp_path, tempo=Tempo(coalesce=0.2))
    for name in NEEDED:
        function = project.functions[name]
        function.environment = {**function.environment, "K_SERVICE": name}
    with project.config.open("a", encoding="utf-8") as config:
        config.write(f'[tracing]\notlp_url = "{collector.url}"\n')
    try:
        for name in NEEDED:
            project.functions[name].start()
        for name in NEEDED:
            project.functions[name].wait()
        yield project
    finally:
        project.stop()


def end(project: Project) -> None:
    """As Cloud Run ends instances: what they have not told yet, they tell now."""
    for name in NEEDED:
        process = project.functions[name].process
        assert process
        os.kill(process.pid, signal.SIGTERM)
    for name in NEEDED:
        process = project.functions[name].process
        assert process
        process.wait(30)


def way(spans: dict[str, Collected], last: Collected) -> list[str]:
    """From the first span that was told to this one."""
    found = [last]
    while parent := spans.get(found[0].parent):
        found.insert(0, parent)
    return [each.name if each.name.startswith(each.service) else f"{each.service}: {each.name}" for each in found]


def test_a_change_is_one_tree_from_the_push_to_the_vendor(project: Project, collector: Collector) -> None:
    ann = project.person("ann@example.com")
    event_id = ann.begin_event()
    ann.choose_conference(event_id, "zoom")
    ann.save(event_id, summary="Traced", start=datetime.now(UTC) + timedelta(days=7))
    until(lambda: [each["topic"] for each in project.cloud.zoom.meetings()] == ["Traced"])
    ann.rename(event_id, "Traced, and renamed")
    until(lambda: [each["topic"] for each in project.cloud.zoom.meetings()] == ["Traced, and renamed"])
    end(project)

    spans = {each.id: each for each in collector.spans}
    (*_, changed) = (each for each in collector.spans if each.name == "zoom: update a meeting")
    assert way(spans, changed) == [
        "calendar_notifications: POST",
        "calendar_notifications: cloud-tasks: create a task",
        "sync_calendar: POST",
        "sync_calendar: cloud-tasks: create a task",
        "reconcile_conference: POST",
        "reconcile_conference: zoom: update a meeting",
    ]
    of_the_change = [each for each in collector.spans if each.trace == changed.trace]
    assert "calendar.events.list" in {each.name for each in of_the_change}
    assert not [each for each in of_the_change if each.failed]
    assert {each.project for each in collector.spans} == {PROJECT}
