"""The commands: what they ask for, and how a deployment runs them (with a gcloud that only writes down its calls)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import Step, apply, main, script, steps
from plan import ROOT, DeployError, Plan

RECORDING_GCLOUD = """#!/bin/sh
echo "$*" >> "$GCLOUD_LOG"
case "$*" in
  *" describe "*) test -n "$GCLOUD_HAS_EVERYTHING";;
  *"${GCLOUD_FAILS_AT:-nothing}"*) exit 1;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts a recording gcloud first on the path. The file lists its calls."""
    log, program = tmp_path / "calls", tmp_path / "gcloud"
    program.write_text(RECORDING_GCLOUD)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GCLOUD_LOG", str(log))
    return log


def step(plan: Plan, title: str) -> Step:
    return next(step for step in steps(plan) if step.title == title)


def test_a_function_is_deployed_from_the_root_with_the_environment_that_it_needs(plan: Plan) -> None:
    command = step(plan, "function confsync-calendar-notifications").command
    assert command[:4] == ["gcloud", "functions", "deploy", "confsync-calendar-notifications"]
    assert set(command) >= {
        "--gen2",
        "--region=europe-west1",
        "--source=.",
        "--entry-point=handle",
        "--set-build-env-vars=GOOGLE_FUNCTION_SOURCE=functions/calendar_notifications/main.py",
        "--set-env-vars=CONFSYNC_CONFIG=/workspace/deploy/config/example.toml,THREADS=40",
        "--set-secrets=CONFSYNC_CHANNEL_KEYS=confsync-channel-keys:1",
        "--concurrency=40",
        "--allow-unauthenticated",
        "--service-account=confsync-notifications@example-project.iam.gserviceaccount.com",
        "--project=example-project",
        "--quiet",
    }


def test_a_function_without_secrets_keeps_none_from_an_earlier_deployment(closed: Plan) -> None:
    assert "--clear-secrets" in step(closed, "function confsync-sync-calendar").command


def test_iam_lets_in_the_configured_callers_and_nobody_else(plan: Plan, closed: Plan) -> None:
    assert "--no-allow-unauthenticated" in step(closed, "function confsync-sync-calendar").command
    account = "confsync-tasks@example-project.iam.gserviceaccount.com"
    command = step(closed, f"{account} may call confsync-sync-calendar").command
    assert f"--member=serviceAccount:{account}" in command
    assert not any("may call" in step.title for step in steps(plan))


def test_a_schedule_calls_its_function_with_a_token_for_it(plan: Plan) -> None:
    job = step(plan, "schedule of confsync-renew-channels")
    assert job.create is not None
    for command in (job.command, job.create):
        assert set(command) >= {
            "--schedule=*/10 * * * *",
            "--uri=https://europe-west1-example-project.cloudfunctions.net/confsync-renew-channels",
            "--oidc-token-audience=https://europe-west1-example-project.cloudfunctions.net/confsync-renew-channels",
            "--oidc-service-account-email=confsync-scheduler@example-project.iam.gserviceaccount.com",
            "--attempt-deadline=600s",
            "--max-retry-attempts=1",
        }


@pytest.mark.parametrize(("everything", "verb"), [("", "create"), ("yes", "update")])
def test_a_dry_run_is_a_script_that_does_what_apply_does(
    plan: Plan, calls: Path, monkeypatch: pytest.MonkeyPatch, everything: str, verb: str
) -> None:
    monkeypatch.setenv("GCLOUD_HAS_EVERYTHING", everything)
    apply(plan)
    applied = calls.read_text().splitlines()
    calls.unlink()
    subprocess.run(["sh"], input=script(plan), text=True, check=True)
    assert calls.read_text().splitlines() == applied
    made = [line.split(" confsync")[0] for line in applied if " describe " not in line]
    assert made == [
        f"tasks queues {verb}",
        *["functions deploy"] * len(plan.table.functions),
        f"scheduler jobs {verb} http",
    ]


def test_apply_stops_at_the_first_failure_and_says_which(
    plan: Plan, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GCLOUD_FAILS_AT", "deploy confsync-calendar-notifications")
    with pytest.raises(DeployError, match=r"step 3 of 10, function confsync-calendar-notifications, failed: gcloud "):
        apply(plan)
    assert "confsync-calendar-notifications" in calls.read_text().splitlines()[-1]


def test_the_command_line_prints_the_script_from_any_directory(tmp_path: Path, plan: Plan) -> None:
    command = [sys.executable, str(ROOT / "deploy" / "deploy.py"), "--env=example", "--dry-run"]
    printed = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert printed == script(plan) + "\n"


def test_a_wrong_environment_is_one_line_and_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--env=nowhere", "--apply"]) == 1
    assert capsys.readouterr().err.startswith("deploy.py: ")


@pytest.mark.parametrize("arguments", [["--env=example"], ["--env=example", "--dry-run", "--apply"]])
def test_one_of_dry_run_and_apply_is_asked_for(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(arguments)
