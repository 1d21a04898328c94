"""What `make playground` prints: lines that work as they stand."""

import json
import re
import subprocess
from collections.abc import Iterator

import pytest
import requests

from playground.__main__ import guide
from playground.project import Project

pytestmark = pytest.mark.xdist_group("guide")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Its simulators run, its functions do not."""
    project = Project(directory=tmp_path_factory.mktemp("playground"))
    yield project
    project.stop()


@pytest.fixture(scope="module")
def told(project: Project) -> str:
    return guide(project)


def under(told: str, head: str) -> str:
    """The commands below a comment that begins so."""
    _, _, rest = told.partition(f"  # {head}")
    lines = rest.split("\n\n")[0].splitlines()[1:]
    return "\n".join(line for line in lines if not line.startswith("  #"))


def run(commands: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-euc", commands], capture_output=True, text=True, timeout=60, check=False)


def test_every_solution_is_told_and_where_its_meetings_are_shown(project: Project, told: str) -> None:
    listed = dict(re.findall(r"^  \?solution=(\S+) .*?(http\S+|nowhere|empty)", told, re.MULTILINE))
    assert list(listed) == [solution.id for solution in project.addon().solutions]
    assert listed.pop("jitsi") == "nowhere"
    for url in listed.values():
        assert requests.get(url, timeout=10).json() == []
    assert re.findall(r"^  \?solution=(\S+) .* \(empty until", told, re.MULTILINE) == ["bigbluebutton", "jaas"]


def test_the_event_has_an_id_that_calendar_takes(project: Project, told: str) -> None:
    (line,) = re.findall(r"^  EVENT=.*$", told, re.MULTILINE)
    event = run(f"{line}; echo $EVENT").stdout.strip()
    assert re.fullmatch("[a-v0-9]{5,1024}", event)
    data = {"conferenceId": "c", "entryPoints": [{"type": "VIDEO", "uri": "https://x.example/"}]}
    chosen = json.dumps({"conferenceData": data})
    saved = run(f"EVENT={event} CHOSEN='{chosen}'\n{under(told, 'save it')}")
    assert f'"id":"{event}"' in saved.stdout.replace('": "', '":"'), saved
    assert "Planning the spring" in run(f"EVENT={event}\n{under(told, 'rename it')}").stdout
    link = under(told, "open the event's link").replace("python3 -m webbrowser", "echo opened")
    assert "opened https://x.example/" in run(f"EVENT={event}\n{link}").stdout


def test_where_accounts_are_connected_is_told(project: Project, told: str) -> None:
    assert under(told, "connect an account").endswith(f"webbrowser {project.functions['connect'].url}/connect")


def test_somebody_is_signed_in_in_the_browser(project: Project, told: str) -> None:
    assert run(under(told, "who is signed in")).returncode == 0
    assert project.cloud.issuer.browser == "ann@example.com"


@pytest.mark.slow
def test_the_api_is_tried(project: Project, told: str) -> None:
    heads = ("the API", "make an event", "read it", "put a link", "find the meeting")
    lines = [under(told, head).replace("python3 -m webbrowser", "curl -s") for head in heads]
    function = project.functions["events"]
    function.start()
    function.wait()
    try:
        tried = run("\n".join(lines))
    finally:
        function.kill()
    assert "<html" in tried.stdout
    made, read = re.findall(r'"url":"(https://us02web\.zoom\.us/j/\d+\?pwd=[0-9a-f.]{9,})"', tried.stdout)
    assert made == read
    assert '"url":"https://rooms.example.com/abc"' in tried.stdout
    assert '"meeting_code":"86012345678"' in tried.stdout


@pytest.mark.slow
@pytest.mark.parametrize("solution", ["zoom", "custom"])
def test_a_solution_is_tried_from_another_shell(told: str, solution: str) -> None:
    tried = run(under(told, "try a solution").replace("check zoom", f"check {solution}"))
    assert tried.returncode == 0, tried
    assert tried.stdout.count(": ok") >= 5
