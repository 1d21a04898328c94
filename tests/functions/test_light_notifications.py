"""The notification function's cold start: what it never loads."""

import os
import subprocess
import sys

import pytest

from confsync.domain import channel, keys
from playground.functions import ROOT
from tests.functions.conftest import Deployment

HEAVY = ("grpc", "google.cloud.firestore", "googleapiclient")
SCRIPT = """
import sys
import functions_framework

app = functions_framework.create_app(target="handle", source=sys.argv[1])
headers = {
    "X-Goog-Channel-ID": "channel1", "X-Goog-Channel-Token": sys.argv[2], "X-Goog-Resource-State": "exists",
}
answer = app.test_client().post("/", headers=headers)
print(answer.status_code)
print(*sys.modules, sep="\\n")
"""


@pytest.mark.slow
def test_a_notification_is_answered_without_the_heavy_libraries(deployed: Deployment) -> None:
    deployed.forget_tasks()
    token = channel.token([deployed.project.channel_keys.encode()], "channel1", keys.calendar_key("alone@example.com"))
    source = ROOT / "functions" / "calendar_notifications" / "main.py"

    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(source), token],
        env={**os.environ, **deployed.project.functions["calendar_notifications"].environment},
        cwd=deployed.project.directory,
        capture_output=True,
        text=True,
        timeout=60,
    )

    status, *modules = told.stdout.splitlines()
    assert status == "204", told.stdout[:200] + told.stderr
    assert len(deployed.queued()) == 1
    assert "confsync.adapters.cloud_tasks" in modules
    assert [name for name in modules if name.startswith(HEAVY)] == []
