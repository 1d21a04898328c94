"""The README's examples of the API, as they stand there: each is run, and Calendar and Zoom then have what it promises.

curl and Python run as an application's own processes would, on a machine whose metadata server is the playground's.
`gcloud` is not there: a script of that name prints the token that the metadata server gives.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from playground.cloud import APPLICATION, PROJECT
from playground.google_cloud.metadata import metadata
from playground.google_drive import File
from playground.project import Project, running
from playground.server import serve

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ADDRESS = "https://confsync-events-123456789012.europe-west1.run.app"
"""The function's, in the examples."""
FILE = "1a2B3c4D5e6F7g8H9i0J"
ROOM = "https://rooms.example.com/qkd-7wzp-m3"
ANN, HIRING, BOB, CANDIDATE = "ann@example.com", "hiring@example.com", "bob@example.com", "candidate@example.net"
PATIENCE = 30.0
"""Seconds after which the test gives up; how long anything takes is no promise here."""
DONE = "--- done ---"

GCLOUD = """\
#!/bin/sh
[ "$1 $2" = "auth print-identity-token" ] || exit 2
exec curl -sS -H 'Metadata-Flavor: Google' \\
  "http://$GCE_METADATA_HOST/computeMetadata/v1/instance/service-accounts/default/identity?format=full&audience=${3#--audiences=}"
"""
SHELL = ["bash", "-eu"]
PYTHON = f"""
import sys
names = {{}}
while block := sys.stdin.readline():
    exec(eval(block), names)
    print({DONE!r}, flush=True)
"""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240), pytest.mark.xdist_group("readme examples")]


def examples() -> dict[str, dict[str, str]]:
    """The blocks of the section by heading and language; the first heading, of what comes before all, is empty."""
    text = README.read_text(encoding="utf-8")
    section = text.partition("\n## Use it from your app\n")[2].partition("\n## ")[0]
    parts = re.split(r"^### (.*)$", f"### \n{section}", flags=re.MULTILINE)[1:]
    return {title: dict(BLOCK.findall(part)) for title, part in zip(parts[::2], parts[1::2], strict=True)}


class Session:
    """A shell, or a Python, that is given one example after the other."""

    def __init__(self, language: str, environment: dict[str, str]) -> None:
        self._shell = language == "sh"
        self._process = subprocess.Popen(
            SHELL if self._shell else [sys.executable, "-c", PYTHON],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, block: str) -> str:
        """What it prints. Raises `AssertionError`, with that, if it fails."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{block}\necho '{DONE}'\n" if self._shell else f"{block!r}\n")
        self._process.stdin.flush()
        lines = []
        for line in self._process.stdout:
            if line.strip() == DONE:
                return "".join(lines)
            lines.append(line)
        raise AssertionError("".join(lines))

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@dataclass(kw_only=True)
class App:
    """An application on a machine of the project's."""

    project: Project
    language: str
    session: Session
    printed: str = ""
    noted: dict[str, Any] = field(default_factory=dict)
    """What earlier examples left."""

    def run(self, block: str) -> None:
        self.printed = self.session.run(block.replace(ADDRESS, self.project.functions["events"].url))

    def set(self, name: str, value: str) -> None:
        """Give a variable of the examples another value."""
        shell = self.language == "sh"
        self.session.run(f"{name.upper()}={value}" if shell else f"{name} = {value!r}")

    def events(self, summary: str, calendar: str = ANN) -> list[dict[str, Any]]:
        """The events of that title, as their calendar has them."""
        url = f"{self.project.cloud.url('calendar')}/calendar/v3/calendars/{calendar}/events"
        token = {"Authorization": f"Bearer {self.project.cloud.accounts.issue(calendar)}"}
        items = requests.get(url, headers=token, timeout=10).json()["items"]
        return [each for each in items if each["summary"] == summary]

    def event(self, summary: str, calendar: str = ANN) -> dict[str, Any]:
        """The one event of that title."""
        (event,) = self.events(summary, calendar)
        return event

    def meetings(self, topic: str) -> list[str]:
        """Where Zoom's meetings of that title are joined."""
        return [each["join_url"] for each in self.project.cloud.zoom.meetings() if each["topic"] == topic]

    def mailed(self) -> list[tuple[str, str]]:
        return [(mail.to, mail.summary) for mail in self.project.cloud.calendar.events.mails.sent]


def links(event: dict[str, Any]) -> list[str]:
    """The addresses by which the event is joined by video."""
    points = event.get("conferenceData", {}).get("entryPoints", [])
    return [point["uri"] for point in points if point["entryPointType"] == "video"]


# --- what each example promises --------------------------------------------------------------------------------------


def created(app: App, block: str) -> None:
    app.run(block)
    app.run(block)  # the answer was lost, and the same is sent again
    event = app.event("Kick-off")
    assert links(event) == app.meetings("Kick-off")
    assert len(links(event)) == 1
    assert app.mailed() == [(BOB, "Kick-off")]
    app.noted["id"] = event["id"]


def read(app: App, block: str) -> None:
    app.run(block)
    assert app.meetings("Kick-off")[0] in app.printed
    person = app.project.person(ANN)
    event_id = person.begin_event()
    link = "https://gather.example.webex.com/meet/ann"
    person.save(event_id, summary="By hand", start=datetime.now(UTC), location=f"Room 4, {link}")
    app.set("event", event_id)
    app.run(block)
    assert link in app.printed
    assert re.search(r"source.: .location", app.printed)
    app.set("event", app.noted["id"])


def listed(app: App, block: str) -> None:
    app.run(block)
    assert app.meetings("Kick-off")[0] in app.printed
    assert "2027-03-01" in app.printed


def copied(app: App, block: str) -> None:
    app.run(block)
    interview, notes = app.event("Interview", HIRING), app.event("Interview: notes")
    assert links(interview) == links(notes) == app.meetings("Interview")
    assert len(links(notes)) == 1
    assert links(notes)[0] in app.printed
    assert app.mailed()[1:] == [(CANDIDATE, "Interview")]


def attached(app: App, block: str) -> None:
    app.run(block)
    (file,) = app.event("Kick-off")["attachments"]
    assert (file["fileId"], file["title"]) == (FILE, "Agenda")
    assert "Agenda" in app.printed


def waited(app: App, block: str) -> None:
    app.run(block)
    assert re.search(r"https://meet\.google\.com/[a-z-]+", app.printed)
    assert app.event("Coffee")["hangoutLink"] in app.printed


def by_hand(app: App, block: str) -> None:
    app.run(block)
    assert ROOM in app.printed
    assert links(app.event("Kick-off")) == [ROOM]
    deadline = time.monotonic() + PATIENCE
    while app.meetings("Kick-off") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert app.meetings("Kick-off") == []


def removed(app: App, block: str) -> None:
    app.run(block)
    assert app.printed.strip() in {"null", "None"}
    assert links(app.event("Kick-off")) == []
    assert app.event("Kick-off")["attachments"]


PROMISES: dict[str, Callable[[App, str], None]] = {
    "Create an event with a Zoom meeting": created,
    "Read any event": read,
    "List events": listed,
    "Copy a conference to another event": copied,
    "Attach a file of Google Drive": attached,
    "Ask for a Google Meet, and wait for it": waited,
    "Write a link by hand": by_hand,
    "Remove a conference": removed,
}


@pytest.fixture(params=["sh", "python"])
def app(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[App]:
    if request.param == "sh" and not (shutil.which("curl") and shutil.which("jq")):
        pytest.skip("this machine lacks curl or jq")
    with ExitStack() as running_here:
        project = running_here.enter_context(running(tmp_path / "project"))
        cloud = project.cloud
        machine = metadata(APPLICATION, project=PROJECT, accounts=cloud.accounts, issuer=cloud.issuer)
        server = serve(machine, name="an application's metadata")
        running_here.callback(server.stop)
        programs = tmp_path / "bin"
        programs.mkdir()
        (programs / "gcloud").write_text(GCLOUD)
        (programs / "gcloud").chmod(0o755)
        address = f"127.0.0.1:{server.port}"
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GOOGLE_", "CLOUDSDK_"))},
            **dict.fromkeys(("GCE_METADATA_HOST", "GCE_METADATA_IP"), address),
            "NO_PROXY": "127.0.0.1",
            "PATH": f"{programs}:{os.environ['PATH']}",
        }
        cloud.drive.add(File(id=FILE, name="Agenda", owner=ANN))
        session = Session(request.param, environment)
        running_here.callback(session.end)
        yield App(project=project, language=request.param, session=session)


def test_every_example_does_what_it_says(app: App) -> None:
    told = examples()
    app.run(told.pop("")[app.language])
    assert list(told) == list(PROMISES)
    for title, promise in PROMISES.items():
        promise(app, told[title][app.language])


@pytest.mark.parametrize("title", ["", *PROMISES])
def test_an_example_is_there_for_both(title: str) -> None:
    assert list(examples()[title]) == ["sh", "python"]
