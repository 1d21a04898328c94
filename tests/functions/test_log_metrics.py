"""Each metric in deploy/monitoring counts a line that the functions really log, and no other."""

import io
import logging
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from string import Template
from typing import Any

import pytest
import structlog
import yaml

from confsync import bootstrap
from confsync.domain import keys
from confsync.domain.errors import ReauthorizationRequired, Temporary
from confsync.logs import configure
from playground.cloud import APPLICATION
from playground.functions import ROOT, TABLE
from tests.functions.conftest import ANN, Deployment
from tests.logging_filter import Entry, entry, extracted, matches
from tests.usecases.personal_world import PersonalWorld
from tests.usecases.world import World

PREFIX = tomllib.loads(TABLE.read_text())["name_prefix"]
METRICS = {
    path.stem: yaml.safe_load(Template(path.read_text()).substitute(prefix=PREFIX))
    for path in (ROOT / "deploy/monitoring/metrics").glob("*.yaml")
}
LINES = {
    "confsync_sweeps": {"sweep completed"},
    "confsync_syncs": {"calendar synced"},
    "confsync_syncs_failed": {"calendar not synced"},
    "confsync_reconciliations": {"reconciliation completed"},
    "confsync_steps_failed": {"conference not reconciled"},
    "confsync_channels_opened": {"channel opened"},
    "confsync_channels_failed": {"channel not opened"},
    "confsync_connections_ended": {"connection ended"},
    "confsync_requests": {"request answered"},
    "confsync_refusals": {"request refused"},
    "confsync_bugs": {"unexpected error"},
    "confsync_visits": {"calendar synced", "calendar not synced"},
    "confsync_calendars_paused": {"calendar not synced"},
    "confsync_reconciled": {"reconciliation completed"},
    "confsync_openings": {"channel opened", "channel not opened"},
    "confsync_choices": {"request answered"},
    "confsync_conferences_stuck": {"conference not reconciled"},
}
SERVICE = f"{PREFIX}anything"


@contextmanager
def printed(lines: list[str]) -> Iterator[None]:
    """What is logged meanwhile, as a deployed function prints it."""
    written = io.StringIO()
    handlers, level = list(logging.root.handlers), logging.root.level
    with pytest.MonkeyPatch.context() as patch:
        with patch.context() as printing:
            printing.setattr("sys.stdout", written)
            configure("example-project")
        structlog.configure(cache_logger_on_first_use=False)  # or modules would keep this one for other tests
        patch.setattr("confsync.logs.configure", lambda project="": None)
        yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    lines += written.getvalue().splitlines()


def sync(deployed: Deployment, email: str) -> None:
    deployed.post("sync_calendar", {"calendar_key": keys.calendar_key(email)})


def all_goes_well(deployed: Deployment) -> None:
    deployed.create("metrics1", "zoom", email="metrics@example.com")
    sync(deployed, "metrics@example.com")
    deployed.post("renew_channels")
    token = deployed.cloud.identity_token(APPLICATION, deployed.project.functions["events"].url)
    path = f"/v1/calendars/{ANN}/events"
    asked = {"headers": {"Authorization": f"Bearer {token}"}, "environ_overrides": {"RAW_URI": path}}
    assert deployed.clients["events"].get(path, **asked).status_code == 200


def nothing_goes_well(deployed: Deployment) -> None:
    deployed.cloud.zoom.configure(missing=("metrics2@example.com",))
    deployed.create("metrics2", "zoom", email="metrics2@example.com")
    deployed.cloud.zoom.configure(missing=())
    deployed.cloud.faults("calendar").add(path="/watch", status=503, times=20)
    sync(deployed, "metrics2@example.com")
    deployed.cloud.faults("calendar").clear()
    deployed.create("metrics3", email="metrics3@example.com")
    deployed.accounts.revoke("metrics3@example.com")
    sync(deployed, "metrics3@example.com")
    sync(deployed, "metrics3@example.com")
    deployed.accounts.restore("metrics3@example.com")
    deployed.post("sync_calendar", {}, token="")


def a_bug(deployed: Deployment) -> None:
    def broken() -> None:
        raise RuntimeError("a bug")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "sync_calendar", broken)
        sync(deployed, ANN)


def a_grant_ends(_: Deployment) -> None:
    world = PersonalWorld()
    world.connect()
    world.logins.withdraw()
    with pytest.raises(ReauthorizationRequired):
        world.token(refused=world.token())


def a_vendor_stays_down(_: Deployment) -> None:
    world = World()
    conference_id = world.saved().conference_id
    world.ann.update("event1", title="Later")
    world.sync()
    world.provider.fail("update", *[Temporary("down")] * 13)
    for _each in range(13):
        world.reconcile(conference_id)
        world.clock.advance(timedelta(hours=6))


STORIES: tuple[Callable[[Deployment], None], ...] = (
    all_goes_well,
    nothing_goes_well,
    a_bug,
    a_grant_ends,
    a_vendor_stays_down,
)


@pytest.fixture(scope="module")
def entries(deployment: Deployment) -> list[Entry]:
    """What stands in Cloud Logging after all that is told of."""
    lines: list[str] = []
    with printed(lines):
        for story in STORIES:
            story(deployment)
    return [entry(line, SERVICE) for line in lines]


def said(found: Entry) -> Any:
    return found["jsonPayload"]["message"]


def test_every_metric_is_tried() -> None:
    assert METRICS.keys() == LINES.keys()


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_counts_its_lines_and_no_other(entries: list[Entry], name: str) -> None:
    assert {said(each) for each in entries if matches(METRICS[name]["filter"], each)} == LINES[name]


@pytest.mark.parametrize("name", METRICS)
def test_every_line_has_what_the_metric_takes_from_it(entries: list[Entry], name: str) -> None:
    metric = METRICS[name]
    found = [each for each in entries if matches(metric["filter"], each)]
    if "valueExtractor" in metric:
        assert all(isinstance(extracted(metric["valueExtractor"], each), int) for each in found)
    for extractor in metric.get("labelExtractors", {}).values():
        assert any(extracted(extractor, each) is not None for each in found), extractor


def test_lines_of_others_are_not_counted(entries: list[Entry]) -> None:
    others = [{**each, "resource": {"type": "cloud_run_revision", "labels": {"service_name": "x"}}} for each in entries]
    assert not any(matches(metric["filter"], each) for metric in METRICS.values() for each in others)


def found(entries: list[Entry], name: str) -> list[Any]:
    return [each["jsonPayload"] for each in entries if matches(METRICS[name]["filter"], each)]


def test_a_calendar_is_paused_once_however_often_it_is_tried(entries: list[Entry]) -> None:
    """So a handful of people who left does not look like many who leave."""
    (paused,) = found(entries, "confsync_calendars_paused")
    assert paused["was"] == "active"
    assert len([each for each in found(entries, "confsync_syncs_failed") if each["state"] == "paused"]) > 1


def test_a_conference_is_stuck_from_the_twelfth_failure_on(entries: list[Entry]) -> None:
    assert {each["attempts"] for each in found(entries, "confsync_conferences_stuck")} == {12, 13}
    assert len(found(entries, "confsync_steps_failed")) > 2


def test_each_choice_in_calendar_tells_how_long_a_person_waited_and_what_for(entries: list[Entry]) -> None:
    told = found(entries, "confsync_choices")
    assert {each["outcome"] for each in told} == {"CREATED", "CONFERENCE_SOLUTION_FORBIDDEN"}
    assert all(isinstance(each["ms"], int) and each["status"] == 200 and each["solution"] for each in told)


def test_refusals_and_reconciliations_tell_what_they_took(entries: list[Entry]) -> None:
    assert all(isinstance(each["ms"], int) for each in found(entries, "confsync_refusals"))
    assert {step for each in found(entries, "confsync_reconciliations") for step in each["steps"]} >= {"create"}
