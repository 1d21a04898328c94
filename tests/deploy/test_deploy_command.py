"""deploy.py as it is typed, with a gcloud on the path that keeps a project: the story of an environment."""

import io
import json
import os
import shlex
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path

import pytest

import deploy
from deployment import ROOT, gcloud
from deployment.environment import config_file, load
from deployment.gcloud import command
from deployment.source import Source
from tests.deploy import fake_gcloud
from tests.deploy.fake_gcloud import Cloud
from tests.deploy.projects import gcloud_of

ENV = "../../build/trial"
"""A file in a directory of which nothing is uploaded."""
ANSWERS = ("--project=example-project", "--region=europe-west1", "--domain=example.com", "--solution=zoom")

pytestmark = pytest.mark.xdist_group("deploy-trial")


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch, cloud: Cloud) -> Cloud:
    """The project, by a gcloud in this process."""
    monkeypatch.setattr(deploy, "Gcloud", lambda project: gcloud_of(cloud))
    return cloud


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Puts the fake gcloud first on the path. The file is its project."""
    program, state = tmp_path / "gcloud", tmp_path / "project.json"
    program.write_text(f"#!{sys.executable} -S\n{Path(fake_gcloud.__file__).read_text(encoding='utf-8')}")
    program.chmod(0o755)
    state.touch()
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_GCLOUD_STATE", str(state))
    monkeypatch.setattr(gcloud, "PAUSES", (0.1,))
    return state


@pytest.fixture
def trial(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The functions of the environment answer as they should, and an administrator has allowed what was asked."""

    def urlopen(request: urllib.request.Request, timeout: float) -> io.BytesIO:
        if request.full_url == "https://oauth2.googleapis.com/token":
            return io.BytesIO(b'{"access_token": "secret"}')
        environment = load(ENV)
        told = {environment.url(name): each.refuses for name, each in environment.functions.items()}
        raise urllib.error.HTTPError(request.full_url, told[request.full_url], "refused", Message(), None)

    monkeypatch.setattr(urllib.request, "urlopen", urlopen)
    monkeypatch.setattr(deploy, "_env", str)
    config_file(ENV).parent.resolve().mkdir(exist_ok=True)
    yield
    config_file(ENV).unlink(missing_ok=True)


def run(*arguments: str) -> int:
    return deploy.main([*arguments, "--env", ENV])


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("trial")
def test_a_gcloud_on_the_path_is_told_everything(project: Path) -> None:
    assert run("init", *ANSWERS) == 0
    assert run("apply") == 0
    told = json.loads(project.read_text())
    assert len(told["state"]["services"]) == len(load(ENV).functions)
    assert all(f"--project={load(ENV).project}" in each for each in told["changes"])


@pytest.mark.slow
@pytest.mark.usefixtures("trial", "project")
def test_ctrl_c_stops_it_with_one_line() -> None:
    run("init", *ANSWERS)
    # what a shell starts in the background ignores it, and so would this
    heeding = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    applying = f"import deploy; deploy._env = str; exit(deploy.main(['apply', '--env={ENV}']))"
    command = [sys.executable, "-c", f"{heeding}; {applying}"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT / "deploy", text=True, start_new_session=True, **pipes) as process:  # type: ignore[call-overload]
        next(line for line in process.stdout if line == "database\n")
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == deploy.INTERRUPTED
    assert err == "\ndeploy.py: stopped. What is done stays done: run this again to go on.\n"
    assert "secrets" not in out.splitlines()


@pytest.mark.usefixtures("trial")
def test_from_nothing_to_running_and_back(inside: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    """Two commands of ours, four answers, one secret, and one line for the administrator."""
    assert run("init", *ANSWERS) == 0
    assert run("plan") == 0
    assert len(inside.changes) == 1  # the API by which init asked who calls for Calendar
    assert "a month" in capsys.readouterr().out

    assert run("apply") == 0
    said = capsys.readouterr().out
    assert "OAuth scopes: https://www.googleapis.com/auth/calendar.events," in said
    assert "gcloud secrets versions add confsync-zoom --data-file=-" in said
    assert said.count("  ok  ") == len(load(ENV).functions)

    before = len(inside.changes)
    assert run("apply") == 0
    assert len(inside.changes) == before
    capsys.readouterr()

    assert run("status") == 1  # Zoom's secret has no value, and the add-on no logo
    line = next(each for each in capsys.readouterr().out.splitlines() if "add-iam-policy-binding" in each)
    gcloud_of(inside).do(command(*shlex.split(line)[1:]))
    assert run("status") == 1
    assert "acts as admin@example.com" in capsys.readouterr().out
    assert run("apply") == 0
    said = capsys.readouterr().out
    assert "acts as admin@example.com" in said
    assert "OAuth scopes" not in said  # it was said, and is done

    assert run("rollback") == 1
    assert "there is no release before this one" in capsys.readouterr().err
    assert run("destroy", "--yes") == 0
    assert [inside.state[kind] for kind in ("services", "accounts", "jobs")] == [{}, {}, {}]
    assert inside.state["databases"]
    said = capsys.readouterr().out
    assert "without it nobody knows which meetings are ours" in said
    assert "After another `apply` the client ID is a new one" in said


@pytest.mark.usefixtures("trial")
def test_a_failure_is_told_and_the_next_run_goes_on(inside: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    run("init", *ANSWERS)
    inside.fails_at = 20
    assert run("apply") == 1
    told = capsys.readouterr().err
    assert "INTERNAL: something went wrong" in told
    assert "run this again" in told
    assert len(inside.changes) < 60
    assert run("apply") == 0


@pytest.mark.usefixtures("trial")
def test_answers_are_not_lost_when_something_fails(inside: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    inside.fails_at = 0
    assert run("init", *ANSWERS) == 1
    told = capsys.readouterr()
    assert "Enabling gsuiteaddons.googleapis.com in example-project" in told.out
    again = shlex.split(told.err.splitlines()[-1].partition("The same again: python deploy/deploy.py ")[2])
    inside.fails_at = None
    assert deploy.main(again) == 0
    assert load(ENV).project == "example-project"


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize("command", ["plan", "apply", "status", "rollback", "destroy"])
def test_who_may_not_see_the_project_is_told_so(
    inside: Cloud, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run("init", *ANSWERS)
    inside.allowed = False
    before = list(inside.changes)
    assert run(command) == 1
    assert "admin@example.com may not do this" in capsys.readouterr().err
    assert inside.changes == before


@pytest.mark.usefixtures("trial", "inside")
@pytest.mark.parametrize("command", ["status", "rollback"])
def test_a_project_in_which_there_is_nothing_yet_is_told(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whose APIs are not enabled: that is no error of gcloud's."""
    run("init", *ANSWERS)
    assert run(command) == 1
    told = capsys.readouterr()
    assert "not deployed" in told.out + told.err
    assert "SERVICE_DISABLED" not in told.err


@pytest.mark.usefixtures("trial", "inside")
def test_a_file_that_is_there_is_not_written_over(capsys: pytest.CaptureFixture[str]) -> None:
    config_file(ENV).write_text("mine")
    assert run("init") == 1
    assert "is there already" in capsys.readouterr().err
    assert config_file(ENV).read_text() == "mine"


@pytest.mark.usefixtures("trial")
def test_destroy_does_nothing_unless_the_project_is_typed(
    inside: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run("init", *ANSWERS)
    run("apply")
    before = list(inside.changes)
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert run("destroy") == 1
    assert inside.changes == before
    assert "Nothing was done." in capsys.readouterr().out


@pytest.mark.parametrize("command", ["plan", "apply", "status", "rollback", "destroy"])
def test_an_environment_that_does_not_exist_is_one_line(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert deploy.main([command, "--env", "nowhere"]) == 1
    assert "`deploy.py init --env nowhere` writes it" in capsys.readouterr().err


@pytest.mark.usefixtures("trial", "inside")
def test_a_file_that_is_wrong_is_not_one_to_be_written_anew(capsys: pytest.CaptureFixture[str]) -> None:
    config_file(ENV).write_text("[store")
    assert run("plan") == 1
    told = capsys.readouterr().err
    assert "trial.toml: " in told
    assert "init" not in told


@pytest.mark.usefixtures("trial", "inside")
@pytest.mark.parametrize("command", ["init", "destroy"])
def test_where_nobody_answers_it_is_told(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if command == "destroy":
        run("init", *ANSWERS)
        run("apply")
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run(command) == 1
    assert "nobody answers" in capsys.readouterr().err


@pytest.mark.usefixtures("trial")
@pytest.mark.parametrize("name", ["sync_calendar", "sync-calendar", "confsync-sync-calendar"])
def test_functions_are_known_by_their_names_in_the_cloud_too(
    inside: Cloud, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init", *ANSWERS)
    for build in ("1", "2"):
        monkeypatch.setattr(deploy, "source_of", lambda *_, build=build: Source(build=build))
        run("apply")
    assert run("rollback", name) == 0
    served = inside.state["services"]["confsync-sync-calendar"]["spec"]["traffic"]
    assert served == [{"revisionName": "confsync-sync-calendar-00001-abc", "percent": 100}]


@pytest.mark.usefixtures("trial", "inside")
def test_a_function_that_there_is_not_is_told_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    run("init", *ANSWERS)
    assert run("rollback", "sync-calender") == 1
    told = capsys.readouterr().err
    assert "sync_calender: no function of this environment, which are create_conference, " in told


def test_who_has_read_enough_ends_it_without_a_trace() -> None:
    """As `deploy.py ... | head -1` does."""
    plan = "lambda _: [deploy.say('x' * 99) for _ in range(9999)] and 0"
    patched = f"import deploy; deploy.COMMANDS = {{**deploy.COMMANDS, 'plan': {plan}}}"
    command = [sys.executable, "-c", f"{patched}; exit(deploy.main(['plan', '--env=p']))"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT / "deploy", text=True, **pipes) as process:  # type: ignore[call-overload]
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 1


@pytest.mark.parametrize("name", ["a b/c", "../prod", "", "-prod", "prod.toml/"])
def test_a_name_that_no_environment_can_have_is_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        deploy.main(["init", f"--env={name}"])
    assert ended.value.code == 2
    assert f"{name!r} is no name of an environment" in capsys.readouterr().err


@pytest.mark.parametrize(
    "number", ["--calendars=-5", "--calendars=many", "--changes=-1", "--changes=nan", "--changes=inf"]
)
def test_numbers_for_the_cost_are_numbers_of_something(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        deploy.main(["plan", "--env=prod", number])
    assert ended.value.code == 2
    assert number.partition("=")[0] in capsys.readouterr().err


def test_it_runs_from_any_directory(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "deploy" / "deploy.py"), "--help"]
    said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert all(each in said for each in deploy.COMMANDS)
