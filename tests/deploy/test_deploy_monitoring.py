"""Metrics, alerts and the dashboard: as Google's APIs take them, about one another, and each alert in the runbook."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployment import ROOT
from deployment.environment import Environment
from tests.deploy.test_deploy_gcloud import lint
from tests.playground.discovery_schema import check

MONITORING = ROOT / "deploy" / "monitoring"
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


def read(kind: str) -> dict[str, Json]:
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in (MONITORING / kind).glob("*.yaml")}


METRICS, POLICIES = read("metrics"), read("policies")
DASHBOARD: Json = yaml.safe_load((MONITORING / "dashboard.yaml").read_text(encoding="utf-8"))


def conditions(policy: Json) -> list[Json]:
    return [each.get("conditionThreshold") or each["conditionAbsent"] for each in policy["conditions"]]


def charted() -> list[Json]:
    sets = [each for widget in DASHBOARD["gridLayout"]["widgets"] for each in widget["xyChart"]["dataSets"]]
    return [each["timeSeriesQuery"]["timeSeriesFilter"] for each in sets]


FILTERS = [each["filter"] for policy in POLICIES.values() for each in conditions(policy)]
FILTERS += [each["filter"] for each in charted()]


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


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {name for each in charted() for name in re.findall(rf'"{OURS}(\w+)"', each["filter"])}
    assert shown == METRICS.keys()


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
    assert f'"{title}"' in POLICIES[name]["documentation"]["content"]


def test_the_runbook_tells_of_no_other() -> None:
    assert set(re.findall(r"^### (.+)$", RUNBOOK, re.MULTILINE)) == {each["displayName"] for each in POLICIES.values()}


def test_gcloud_knows_the_commands_of_the_runbook(gcloud: str, tmp_path: Path) -> None:
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", RUNBOOK, re.DOTALL)).replace("\\\n", " ")
    lines = [line.strip() for line in blocks.splitlines() if "gcloud " in line]
    lines = [re.sub(r"\$\(basename [^)]*\)", "name", line.partition("; do ")[2] or line) for line in lines]
    commands = [shlex.join(shlex.split(line.removesuffix("; done"), comments=True)) for line in lines]
    assert len(commands) > len(POLICIES)
    assert lint(gcloud, commands, tmp_path) == []
