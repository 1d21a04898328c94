"""What Cloud Functions' build and start do: upload, compile, install, start from elsewhere, answer.

The build is https://github.com/GoogleCloudPlatform/buildpacks, cmd/python: `compileall` over the whole source, then
`pip install -r requirements.txt`, then `pip check`.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from deployment import ROOT
from deployment.environment import Environment
from deployment.resources.functions import SOURCE_IN_THE_CLOUD, variables
from deployment.table import Function
from playground.server import reserve_port

CONTRACT = """
from confsync.web import reference, reference_page
print(reference_page.render("")[1], reference.CONTRACT.read_text(encoding="utf-8"), end="")
"""
"""What tells whether the API's contract came along, and what its page is made with."""


def test_the_upload_is_the_functions_the_package_and_their_requirements(uploaded: list[str]) -> None:
    rooms = ("functions/", "shared/confsync/", "deploy/config/")
    others = [path for path in uploaded if not path.startswith(rooms)]
    assert others == ["README.md", "constraints.txt", "pyproject.toml", "requirements.txt"]
    assert not [
        path
        for path in uploaded
        if not path.endswith((".py", ".toml", ".txt", ".md", ".html", ".css", ".po", ".yaml", "py.typed"))
    ]


def python_of(runtime: str) -> str:
    """The runtime's own Python if this machine has it, else the one that runs the tests."""
    name = runtime.replace("python3", "python3.")
    found = shutil.which(name)
    usable = found and subprocess.run([found, "--version"], check=False, capture_output=True).returncode == 0
    return found if found and usable else sys.executable


def build(workspace: Path, files: list[str], python: str) -> Path:
    """Build the uploaded files as the buildpack does. Returns the directory of the installed programs."""
    for path in files:
        (workspace / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, workspace / path)
    bin_ = workspace.parent / "venv" / "bin"
    for command in (
        [python, "-m", "compileall", "-f", "-q", "."],
        [python, "-m", "venv", str(bin_.parent)],
        [str(bin_ / "pip"), "install", "--quiet", "--requirement", "requirements.txt"],
        [str(bin_ / "pip"), "check"],
    ):
        done = subprocess.run(
            command, cwd=workspace, env=bare_environment(), check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return bin_


def bare_environment() -> dict[str, str]:
    """The machine's settings for pip, and nothing of the project's."""
    return {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV", "CONFSYNC"))
    }


def application_credentials(directory: Path) -> Path:
    """Credentials for the clients that ask for some when they are made. Nobody honours them, and nothing is sent."""
    path = directory / "credentials.json"
    names = ("client_id", "client_secret", "refresh_token")
    path.write_text(json.dumps({"type": "authorized_user", **dict.fromkeys(names, "example")}))
    return path


@contextmanager
def started(programs: Path, workspace: Path, environment: Environment, function: Function) -> Iterator[str]:
    """Start a built function as its container does, but from a directory that is not the source's."""
    reserved = reserve_port()  # several functions are started one after the other
    port = reserved.getsockname()[1]
    deployed = {
        key: value.replace(SOURCE_IN_THE_CLOUD, str(workspace))
        for key, value in variables(environment, function, "test").items()
    }
    own = {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PORT": str(port),
        "FUNCTION_TARGET": "handle",
        "FUNCTION_SIGNATURE_TYPE": "http",
        "FUNCTION_SOURCE": str(workspace / function.source),
        "GOOGLE_APPLICATION_CREDENTIALS": str(application_credentials(workspace.parent)),
        **deployed,
        **dict.fromkeys(function.secrets, "YS1rZXktb2YtdGhlLWV4YW1wbGUtMDEyMzQ1Njc4OWE="),
    }
    log = workspace.parent / f"{function.source.replace('/', '.')}.log"
    with log.open("wb") as output:
        command = [str(programs / "functions-framework"), "--host=127.0.0.1"]
        process = subprocess.Popen(command, cwd=workspace.parent, env=own, stdout=output, stderr=output)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=10)
        reserved.close()


def ask(url: str, *, patience: float = 60) -> tuple[int, str]:
    """The status and the body of the answer to a request that nobody signed, as soon as somebody answers."""
    request = urllib.request.Request(url, data=b"{}", headers={"Content-Type": "application/json"})
    deadline = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(request, timeout=patience) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_function_answers_as_the_cloud_builds_and_starts_it(
    environment: Environment, uploaded: list[str]
) -> None:
    with ExitStack() as running:
        directory = Path(running.enter_context(TemporaryDirectory()))  # large: pytest would keep the last three
        workspace = directory / "workspace"
        programs = build(workspace, uploaded, python_of(environment.table.runtime))
        asked = [programs / "python", "-c", CONTRACT]
        contract = subprocess.run(asked, cwd=directory, env=bare_environment(), check=True, capture_output=True).stdout
        urls = {
            name: running.enter_context(started(programs, workspace, environment, function))
            for name, function in environment.functions.items()
        }
        answers = {name: ask(url) for name, url in urls.items()}
        logs = "\n".join(path.read_text() for path in directory.glob("*.log"))
    refusals = {name: function.refuses for name, function in environment.functions.items()}
    assert {name: status for name, (status, _) in answers.items()} == refusals, logs
    assert contract.decode() == "200 " + (ROOT / "deploy" / "openapi.yaml").read_text(encoding="utf-8")
    assert all(words(body) for _, body in answers.values())


def words(body: str) -> str:
    """What a refusal says: the API by problem details, the others in their own way."""
    told = json.loads(body)
    return str(told["detail"] if "detail" in told else told["error"]["message"])
