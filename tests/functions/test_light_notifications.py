"""The notification function in a process of its own: what it never loads, and that it can log all the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from confsync.domain import channel, keys
from playground.cloud import PROJECT
from playground.functions import ROOT
from tests.fakes.collector import collecting
from tests.functions.conftest import TRACE, Deployment

HEAVY = ("grpc", "google.cloud.firestore", "googleapiclient", "dateutil", "phonenumbers", "confsync.domain.detection")
START = """
import sys
import functions_framework

client = functions_framework.create_app(target="handle", source=sys.argv[1]).test_client()
headers = {
    "X-Goog-Channel-ID": "channel1", "X-Goog-Channel-Token": sys.argv[2], "X-Goog-Resource-State": "exists",
    "X-Cloud-Trace-Context": sys.argv[3] + "/1",
}
"""
ACCEPTED = """
print(client.post("/", headers=headers).status_code)
print(*sys.modules, sep="\\n")
"""
REFUSED = """
client.get("/")
client.post("/", headers=headers)
"""


def run(deployed: Deployment, script: str, token: str, **environment: str) -> subprocess.CompletedProcess[str]:
    source = ROOT / "functions" / "calendar_notifications" / "main.py"
    return subprocess.run(
        [sys.executable, "-c", START + script, str(source), token, TRACE],
        env={**os.environ, **deployed.project.functions["calendar_notifications"].environment, **environment},
        cwd=deployed.project.directory,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.slow
def test_a_notification_is_answered_without_the_heavy_libraries(deployed: Deployment) -> None:
    deployed.forget_tasks()
    token = channel.token([deployed.project.channel_keys.encode()], "channel1", keys.calendar_key("alone@example.com"))

    told = run(deployed, ACCEPTED, token)

    status, *modules = told.stdout.splitlines()
    assert status == "204", told.stdout[:200] + told.stderr
    assert len(deployed.queued()) == 1
    assert "confsync.adapters.cloud_tasks" in modules
    assert [name for name in modules if name.startswith(HEAVY)] == []


@pytest.mark.slow
def test_spans_are_told_and_what_tells_them_is_loaded_after_the_answer(deployed: Deployment, tmp_path: Path) -> None:
    deployed.forget_tasks()
    token = channel.token([deployed.project.channel_keys.encode()], "channel1", keys.calendar_key("alone@example.com"))
    with collecting() as collector:
        config = tmp_path / "traced.toml"
        told_before = deployed.project.config.read_text(encoding="utf-8")
        config.write_text(f'{told_before}\n[tracing]\notlp_url = "{collector.url}"\n', encoding="utf-8")

        told = run(deployed, ACCEPTED, token, CONFSYNC_CONFIG=str(config))

    status, *modules = told.stdout.splitlines()
    assert status == "204", told.stdout[:200] + told.stderr
    assert "confsync.adapters.span_export" in modules
    assert [name for name in modules if name.startswith((*HEAVY, "opentelemetry", "requests"))] == []
    created, answered = collector.spans
    assert (created.trace, created.parent) == (TRACE, answered.id)


@pytest.mark.slow
def test_a_refused_notification_is_logged_with_the_platforms_trace(deployed: Deployment) -> None:
    told = run(deployed, REFUSED, "v1.forged.token")

    line = json.loads(told.stdout.splitlines()[-1])
    assert (line["severity"], line["status"]) == ("WARNING", 403), told.stderr
    assert line["logging.googleapis.com/trace"] == f"projects/{PROJECT}/traces/{TRACE}"
