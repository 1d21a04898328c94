"""Metrics, alerts and the dashboard: as Google's APIs take them, about one another, and each alert in the runbook."""

import re
import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from deployment import ROOT, DeployError
from deployment.applying import apply, planned
from deployment.environment import Environment, load
from deployment.gcloud import METRIC_PAUSES, Gcloud
from deployment.planning import demolition
from deployment.report import plan_lines, steps_of
from deployment.resources import monitoring, stages
from deployment.source import Source
from tests.deploy.fake_gcloud import Cloud
from tests.deploy.projects import Hurry, deploy, todo
from tests.deploy.test_deploy_gcloud import lint
from tests.playground.discovery_schema import check

RUNBOOK = (ROOT / "deploy" / "runbook.md").read_text(encoding="utf-8")
OURS = "logging.googleapis.com/user/"
GOOGLES = {
    "cloudtasks.googleapis.com/queue/task_attempt_delays",
    "serviceruntime.googleapis.com/quota/exceeded",
    "serviceruntime.googleapis.com/api/request_count",
    "run.googleapis.com/request_count",
}
"""https://cloud.google.com/monitoring/api/metrics_gcp"""
PARTS = ("**Means.**", "**Do.**", "**Shows it.**")

Json = dict[str, Any]


def read(kind: str) -> dict[str, Any]:
    return {path.stem: monitoring.read(path, EXAMPLE) for path in monitoring.files(kind)}


EXAMPLE = load("example")
METRICS, POLICIES = read("metrics"), read("policies")
DASHBOARD: Any = monitoring.read(monitoring.MONITORING / "dashboard.yaml", EXAMPLE)


def conditions(policy: Json) -> list[Json]:
    return [each.get("conditionThreshold") or each["conditionAbsent"] for each in policy["conditions"]]


def charted() -> list[Json]:
    sets = [each for widget in DASHBOARD["gridLayout"]["widgets"] for each in widget["xyChart"]["dataSets"]]
    return [each["timeSeriesQuery"]["timeSeriesFilter"] for each in sets]


FILTERS = [
    each[name]
    for each in [*(each for policy in POLICIES.values() for each in conditions(policy)), *charted()]
    for name in ("filter", "denominatorFilter")
    if name in each
]


def seconds(duration: str) -> int:
    return int(duration.removesuffix("s"))


# --- what the APIs take ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_one_that_logging_takes(name: str) -> None:
    metric = METRICS[name]
    check("logging.v2", "LogMetric", metric)
    labels = {each["key"] for each in metric["metricDescriptor"].get("labels", ())}
    assert labels == metric.get("labelExtractors", {}).keys()
    kind = "DISTRIBUTION" if "valueExtractor" in metric else "INT64"
    assert (metric["metricDescriptor"]["metricKind"], metric["metricDescriptor"]["valueType"]) == ("DELTA", kind)


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_is_one_that_monitoring_takes(name: str) -> None:
    """https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies, also of the periods"""
    check("monitoring.v3", "AlertPolicy", POLICIES[name])
    for condition in conditions(POLICIES[name]):
        assert seconds(condition["duration"]) % 60 == 0
        for aggregation in condition["aggregations"]:
            assert 60 <= seconds(aggregation["alignmentPeriod"]) <= 90_000
        # a ratio is of the same periods and groups: https://cloud.google.com/monitoring/api/ref_v3/rest/v3
        assert condition.get("denominatorAggregations", condition["aggregations"]) == condition["aggregations"]


@pytest.mark.parametrize("name", POLICIES)
def test_an_alert_does_not_go_by_how_many_calendars_there_are(name: str) -> None:
    """It is on what ended or did not, on one that should not be, or on a share of all; a count alone is a day's."""
    told = conditions(POLICIES[name])
    alone = told if POLICIES[name]["combiner"] == "OR" else []
    counts = [each for each in alone if "REDUCE_SUM" in str(each) and "denominatorFilter" not in each]
    assert {each.get("thresholdValue", 0) for each in counts} <= {0, 800_000}


def test_what_is_not_ours_is_not_watched() -> None:
    """Other teams have functions and queues in the project too."""
    for text in FILTERS:
        if "cloudtasks.googleapis.com" in text:
            assert 'resource.labels.queue_id=monitoring.regex.full_match("confsync(-[0-9]+)?")' in text
        if "run.googleapis.com" in text:
            assert 'resource.labels.service_name=starts_with("confsync-")' in text


def test_the_dashboard_is_one_that_monitoring_takes() -> None:
    check("monitoring.v1", "Dashboard", DASHBOARD)


@pytest.mark.parametrize("text", FILTERS)
def test_what_is_watched_is_there(text: str) -> None:
    """A metric of ours with its labels, or one of Google's; percentiles are of distributions only."""
    (kind,) = re.findall(r'metric\.type="([^"]+)"', text)
    assert kind in GOOGLES or kind.removeprefix(OURS) in METRICS
    labels = METRICS.get(kind.removeprefix(OURS), {}).get("labelExtractors", {})
    if kind.startswith(OURS):
        assert set(re.findall(r"metric\.labels\.(\w+)", text)) <= labels.keys()


def test_percentiles_are_of_distributions() -> None:
    asked = [(each["filter"], each["aggregation"]["perSeriesAligner"]) for each in charted()]
    for policy in POLICIES.values():
        asked += [(each["filter"], each["aggregations"][0]["perSeriesAligner"]) for each in conditions(policy)]
    for text, aligner in asked:
        name = re.findall(rf'"{OURS}(\w+)"', text)
        if name and "PERCENTILE" in aligner:
            assert METRICS[name[0]]["metricDescriptor"]["valueType"] == "DISTRIBUTION", text


def test_every_metric_is_shown_or_watched() -> None:
    assert {name for text in FILTERS for name in re.findall(rf'"{OURS}(\w+)"', text)} == METRICS.keys()


def test_a_sweep_is_missed_after_two_periods(environment: Environment) -> None:
    schedule = environment.table.functions["renew_channels"].schedule
    assert schedule is not None
    (minutes,) = re.findall(r"^\*/(\d+) \* \* \* \*$", schedule.cron)
    (condition,) = conditions(POLICIES["no_completed_sweep"])
    assert seconds(condition["duration"]) == 2 * 60 * int(minutes)


# --- the runbook -----------------------------------------------------------------------------------------------------


def section(title: str) -> str:
    return RUNBOOK.partition(f"\n### {title}\n")[2].partition("\n### ")[0]


@pytest.mark.parametrize("name", POLICIES)
def test_the_runbook_tells_of_each_alert(name: str) -> None:
    title = POLICIES[name]["displayName"]
    found = section(title)
    assert all(part in found for part in PARTS), title
    assert "```sh\n" in found
    # whoever is mailed reads what it means, what to do, and where there is more
    meaning, todo_, more = POLICIES[name]["documentation"]["content"].splitlines()
    assert meaning.endswith(".")
    assert todo_
    assert more == f'More: deploy/runbook.md, "{title}".'


def test_the_runbook_tells_of_no_other() -> None:
    assert set(re.findall(r"^### (.+)$", RUNBOOK, re.MULTILINE)) == {each["displayName"] for each in POLICIES.values()}


def test_gcloud_knows_the_commands_of_the_runbook(gcloud: str, tmp_path: Path) -> None:
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", RUNBOOK, re.DOTALL)).replace("\\\n", " ")
    lines = [line.strip() for line in blocks.splitlines() if "gcloud " in line]
    commands = [shlex.join(shlex.split(line, comments=True)) for line in lines]
    assert len(commands) > len(POLICIES)
    assert lint(gcloud, commands, tmp_path) == []


# --- in a project ----------------------------------------------------------------------------------------------------

OLD, NEW = "operations@example.com", "night@example.com"


def mailing(environment: Environment, *emails: str) -> Environment:
    told = msgspec.structs.replace(environment.settings.monitoring, emails=emails)
    return replace(environment, settings=msgspec.structs.replace(environment.settings, monitoring=told))


def changes(environment: Environment, source: Source, fake: Gcloud) -> dict[str, list[str]]:
    """What has to be done, but for the values of secrets: titles, and what differs."""
    steps = [step for step in steps_of(todo(environment, source, fake)) if step.commands]
    return {step.resource.title: list(step.changes) for step in steps}


def mailed(cloud: Cloud) -> set[tuple[str, ...]]:
    """Whom alerts tell."""
    addresses = {name: each["labels"]["email_address"] for name, each in cloud.state["channels"].items()}
    return {tuple(addresses[name] for name in each["notificationChannels"]) for each in cloud.state["alerts"].values()}


@pytest.mark.parametrize(
    ("there", "wanted", "same"),
    [
        ({"a": "x", "name": "by Google"}, {"a": "x"}, True),
        ({}, {"thresholdValue": 0, "labels": []}, True),
        ({"thresholdValue": 5}, {"thresholdValue": 0}, False),
        ({"labels": [{"key": "b"}, {"key": "a"}]}, {"labels": [{"key": "a"}, {"key": "b"}]}, True),
        ({"labels": [{"key": "a"}, {"key": "b"}]}, {"labels": [{"key": "a"}]}, False),
        ({}, {"a": {"b": "x"}}, False),
        ({}, {"a": {"b": 0}}, True),
    ],
)
def test_what_google_adds_orders_and_leaves_out_is_no_difference(there: Json, wanted: Json, same: bool) -> None:
    assert monitoring.holds(there, wanted) is same


def test_what_somebody_changed_by_hand_is_set_right(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    alerts = {each["userLabels"]["confsync"]: each for each in cloud.state["alerts"].values()}
    assert alerts["bugs"]["displayName"] == "confsync: Unexpected errors"
    alerts["bugs"]["conditions"][0]["conditionThreshold"]["thresholdValue"] = 5
    del cloud.state["alerts"][alerts["no_completed_sweep"]["name"]]
    alerts["tasks_late"]["notificationChannels"] = []
    del cloud.state["dashboards"]["confsync"]["gridLayout"]["widgets"][0]
    cloud.state["metrics"]["confsync_bugs"]["filter"] = "severity=ERROR"
    found = {
        "metric confsync_bugs": ["filter"],
        "dashboard confsync": ["gridLayout"],
        "alert Unexpected errors": ["conditions"],
        "alert No completed sweep": [],
        "alert Tasks wait": ["mailed"],
    }
    assert changes(environment, source, fake) == found
    deploy(environment, source, fake)
    assert changes(environment, source, fake) == {}
    assert mailed(cloud) == {(OLD,)}


def test_another_address_is_mailed_in_place_of_the_one_before(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    later = mailing(environment, NEW)
    told = "\n".join(plan_lines(todo(later, source, fake), "example-project"))
    assert f"{OLD}: mailed -> nothing" in told
    assert f"mailed: others -> {NEW}" in told
    for who in ([NEW], [NEW, OLD], []):
        deploy(mailing(environment, *who), source, fake)
        assert mailed(cloud) == {tuple(who)}
        assert changes(mailing(environment, *who), source, fake) == {}
    assert cloud.state["channels"] == {}


def test_what_an_earlier_release_made_goes_and_what_is_others_stays(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    deploy(environment, source, fake)
    others = {"name": "projects/p/alertPolicies/1", "displayName": "confsync: Unexpected errors"}
    before = {"name": "projects/p/alertPolicies/2", "userLabels": {"confsync": "gone"}, "notificationChannels": []}
    cloud.state["alerts"] |= {each["name"]: {"notificationChannels": [], **each} for each in (others, before)}
    cloud.state["channels"]["c"] = {"name": "c", "labels": {"email_address": "they@example.com"}}
    cloud.state["metrics"] |= {name: {"name": name} for name in ("confsync_gone", "theirs")}
    assert changes(environment, source, fake) == {
        "metrics of before": ["confsync_gone"],
        "alerts of before": ["gone"],
    }
    deploy(environment, source, fake)
    assert changes(environment, source, fake) == {}
    apply(fake, planned(fake, demolition(stages(environment, source), everything=True)), lambda _: None)
    kept = {kind: list(cloud.state[kind]) for kind in ("metrics", "dashboards", "alerts", "channels")}
    assert kept == {"metrics": ["theirs"], "dashboards": [], "alerts": [others["name"]], "channels": ["c"]}


def test_alerts_are_changed_one_at_a_time(environment: Environment, source: Source) -> None:
    """As Google asks for: https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies/create"""
    told = {stage.title: stage.at_once for stage in stages(environment, source)}
    assert (told["addresses for alerts"], told["dashboard and alerts"]) == (1, 1)


def test_alerts_wait_until_a_new_metric_is_known(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    cloud.metrics_unknown = 3
    patience = Hurry()
    said = deploy(environment, source, replace(fake, stopped=patience))
    assert patience.waited.count(METRIC_PAUSES[0]) == 3
    assert any("takes Google up to ten minutes" in each for each in said)
    assert len(cloud.state["alerts"]) == len(POLICIES)


def test_a_metric_that_does_not_come_is_told_and_the_next_run_goes_on(
    environment: Environment, source: Source, fake: Gcloud, cloud: Cloud
) -> None:
    """Ten minutes and more are waited for it."""
    assert sum(METRIC_PAUSES) > 600
    cloud.metrics_unknown = 1000
    with pytest.raises(DeployError, match=r"(?s)alert .*, failed.*Cannot find metric\(s\)"):
        deploy(environment, source, fake)
    cloud.metrics_unknown = 0
    deploy(environment, source, fake)
    assert changes(environment, source, fake) == {}


@pytest.mark.parametrize(
    ("interval", "watched", "quiet"),
    [(900, None, "7200s"), (900, 86_400, "84600s"), (5_000, None, "9960s"), (7_200, 600, "14400s")],
)
def test_no_sync_is_an_alert_after_twice_the_time_between_visits(
    environment: Environment, interval: int, watched: int | None, quiet: str
) -> None:
    sweep = msgspec.structs.replace(environment.settings.sweep, calendar_interval=interval, watched_interval=watched)
    told = replace(environment, settings=msgspec.structs.replace(environment.settings, sweep=sweep))
    policy: Any = monitoring.read(monitoring.MONITORING / "policies" / "no_calendar_synced.yaml", told)
    assert policy["conditions"][0]["conditionAbsent"]["duration"] == quiet
