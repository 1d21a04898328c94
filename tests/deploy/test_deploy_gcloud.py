"""What gcloud itself says of the commands, of .gcloudignore and of cloudbuild.yaml: no network, no account."""

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from deploy import steps
from plan import ROOT, Plan

# gcloud reads a build's configuration into this message before it sends anything, and refuses unknown fields.
LOAD_BUILD = """
import sys
from googlecloudsdk.api_lib.cloudbuild import cloudbuild_util, config
build = config.LoadCloudbuildConfigFromPath(sys.argv[1], cloudbuild_util.GetMessagesModule())
for step in build.steps:
    print(step.id, *step.args)
"""


def lint(gcloud: str, commands: list[str], directory: Path) -> list[str]:
    """What is wrong with the commands, one message each."""
    path = directory / "commands.json"
    path.write_text(json.dumps([{"command_string": command} for command in commands]))
    lint = [gcloud, "meta", "lint-gcloud-commands", f"--commands-file={path}"]
    results = json.loads(subprocess.run(lint, check=True, capture_output=True, text=True).stdout)
    assert [result["command_string"] for result in results] == commands
    return [f"{result['command_string']}: {result['error_message']}" for result in results if not result["success"]]


def test_every_command_is_one_that_gcloud_knows(gcloud: str, closed: Plan, tmp_path: Path) -> None:
    asked = [command for step in steps(closed) for command in (step.exists, step.create, step.command) if command]
    commands = [shlex.join(command) for command in asked]
    assert lint(gcloud, commands, tmp_path) == []


@pytest.mark.parametrize("flag", ["--retries=3", "--timeout=soon"])
def test_the_lint_finds_a_wrong_flag(gcloud: str, plan: Plan, tmp_path: Path, flag: str) -> None:
    command = shlex.join([*steps(plan)[1].command, flag])
    assert len(lint(gcloud, [command], tmp_path)) == 1


def test_gcloud_uploads_the_files_that_the_tests_install(gcloud: str, uploaded: list[str]) -> None:
    command = [gcloud, "meta", "list-files-for-upload", str(ROOT)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert sorted(listed.splitlines()) == uploaded


def test_gcloud_reads_the_build(gcloud_modules: tuple[str, dict[str, str]]) -> None:
    python, path = gcloud_modules
    command = [python, "-c", LOAD_BUILD, str(ROOT / "cloudbuild.yaml")]
    loaded = subprocess.run(command, env=path, check=False, capture_output=True, text=True)
    assert loaded.returncode == 0, loaded.stderr
    assert [line.split()[0] for line in loaded.stdout.splitlines()] == ["tools", "check", "deploy"]
    assert "deploy/deploy.py --apply --env=${_ENV}" in loaded.stdout
