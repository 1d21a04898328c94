"""Each metric in deploy/monitoring counts a line that the functions really log, and no other."""

import io
import logging
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import structlog
import yaml

from confsync import bootstrap
from confsync.domain import keys
from confsync.domain.errors import ReauthorizationRequired
from confsync.logs import configure
from playground.cloud import APPLICATION
from playground.functions import ROOT, TABLE
from tests.functions.conftest import ANN, Deployment
from tests.logging_filter import Entry, entry, extracted, matches
from tests.usecases.personal_world import PersonalWorld

METRICS = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "deploy/monitoring/metrics").glob("*.yaml")}
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
    "confsync_conferences_failed": {"conference not created"},
    "confsync_bugs": {"unexpected error"},
}
SERVICE = "confsync-anything"


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


STORIES: tuple[Callable[[Deployment], None], ...] = (all_goes_well, nothing_goes_well, a_bug, a_grant_ends)


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


def test_functions_are_deployed_under_the_name_that_is_counted() -> None:
    assert SERVICE.startswith(tomllib.loads(TABLE.read_text())["name_prefix"])
