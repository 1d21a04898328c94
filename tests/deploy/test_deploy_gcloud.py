"""What gcloud itself says of the commands and of .gcloudignore: no network, no account."""

import json
import shlex
import subprocess
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from deployment import ROOT
from deployment.environment import Environment
from deployment.gcloud import Command, line
from deployment.planning import differences
from deployment.resources import stages
from deployment.resources.addon import AUTHORIZATION
from deployment.rollback import rollbacks
from deployment.source import Source
from tests.deploy.fake_gcloud import Cloud
from tests.deploy.projects import deploy, gcloud_of


def lint(gcloud: str, commands: list[str], directory: Path) -> list[str]:
    """What is wrong with the commands, one message each."""
    path = directory / "commands.json"
    path.write_text(json.dumps([{"command_string": command} for command in commands]))
    lint = [gcloud, "meta", "lint-gcloud-commands", f"--commands-file={path}"]
    results = json.loads(subprocess.run(lint, check=True, capture_output=True, text=True).stdout)
    assert [result["command_string"] for result in results] == commands
    return [f"{result['command_string']}: {result['error_message']}" for result in results if not result["success"]]


def every_line(environment: Environment, source: Source) -> Iterator[tuple[str, ...]]:
    """The arguments of every question and every change that a deployment can come to."""
    for resource in (each for stage in stages(environment, source) for each in stage.resources):
        yield (*resource.query.arguments, "--format=json")
        changes = differences({"roles/viewer for allUsers": "granted"}, resource.wanted or {"name": "is new"})
        commands: list[Command] = [*resource.create, *resource.delete]
        if not resource.title.startswith("APIs"):
            commands += resource.change(changes)
        if resource.without:
            commands += resource.change(differences({}, resource.without))
        yield from (tuple(each.whole(late.shown for late in each.late)) for each in commands)


def form(arguments: Sequence[str]) -> Hashable:
    """What those have in common that differ in names and values only: gcloud looks at no more."""
    words = [each for each in arguments if not each.startswith("--")]
    flags = {each.partition("=")[0] for each in arguments if each.startswith("--")}
    return (*words[:-1], frozenset(flags))


def first_of_each_form(lines: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """One of each form."""
    forms: dict[Hashable, tuple[str, ...]] = {}
    for each in lines:
        forms.setdefault(form(each), each)
    return list(forms.values())


def test_every_command_is_one_that_gcloud_knows(
    gcloud: str, environment: Environment, closed: Environment, source: Source, tmp_path: Path
) -> None:
    by_run = replace(closed, table=msgspec.structs.replace(closed.table, deploy_with="run"))
    lines = [each for told in (environment, closed, by_run) for each in every_line(told, source)]
    lines += [(*AUTHORIZATION.arguments, "--format=json"), ("projects", "describe", "p", "--format=json")]
    lines += [("config", "get-value", "account"), ("meta", "list-files-for-upload", ".")]
    lines += [("iam", "service-accounts", "sign-jwt", "in.json", "out.jwt", "--iam-account=a@example.com")]
    lines += [command.arguments for command in going_back(environment, source)]
    commands = [shlex.join(line("example-project", each)) for each in first_of_each_form(lines)]
    assert lint(gcloud, commands, tmp_path) == []


def going_back(environment: Environment, source: Source) -> list[Command]:
    fake = gcloud_of(Cloud())
    for build in ("1", "2"):
        deploy(environment, replace(source, build=build), fake)
    return [command for _, command in rollbacks(environment, fake, ["join"]) if command]


@pytest.mark.parametrize("flag", ["--retries=3", "--timeout=soon"])
def test_the_lint_finds_a_wrong_flag(
    gcloud: str, environment: Environment, source: Source, tmp_path: Path, flag: str
) -> None:
    deploy = next(each for each in every_line(environment, source) if each[:2] == ("functions", "deploy"))
    command = shlex.join([*line("example-project", deploy), flag])
    assert len(lint(gcloud, [command], tmp_path)) == 1


def test_gcloud_uploads_the_files_that_the_tests_install(gcloud: str, uploaded: list[str]) -> None:
    command = [gcloud, "meta", "list-files-for-upload", str(ROOT)]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert sorted(listed.splitlines()) == uploaded
