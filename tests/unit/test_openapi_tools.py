"""Tools that read the contract make something of it: a typed client, and schemathesis' requests."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from playground.server import Server, serve
from tests import fuzz
from tests.fakes.contract_server import TOKEN, ContractServer
from tests.openapi import PATH

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("openapi-tools")]
PROGRAMS = Path(sys.executable).parent
SETTINGS = """
post_hooks: []
content_type_overrides: {application/yaml: text/yaml}
"""
"""It formats nothing, and takes the one file that is not JSON for text."""
USE = """
import sys

from events_client import AuthenticatedClient
from events_client.api.conferencing import detect_conferencing
from events_client.api.events import create_event, delete_event, get_event, list_events, update_event
from events_client.models import (
    Conferencing,
    ConferencingAutocreate,
    ConferencingAutocreateAutocreate,
    DetectInText,
    Detected,
    Event,
    EventChanges,
    EventDateTime,
    EventList,
    NewEvent,
    Problem,
)

client = AuthenticatedClient(base_url=sys.argv[1], token=sys.argv[2])
calendar = "ann@example.com"
at = EventDateTime(date_time="2027-03-01T10:00:00+01:00")
zoom = ConferencingAutocreate(provider="Zoom Meeting", autocreate=ConferencingAutocreateAutocreate())
made = create_event.sync(
    calendar, client=client, body=NewEvent(start=at, end=at, conferencing=zoom), idempotency_key="one"
)
assert isinstance(made, Event)
conference = made.conferencing
assert isinstance(conference, Conferencing)
print(conference.provider, conference.details.url)
assert isinstance(get_event.sync(calendar, made.id, client=client), Event)
changed = update_event.sync(
    calendar, made.id, client=client, body=EventChanges(summary=None, conferencing=None), if_match=made.etag
)
assert isinstance(changed, Event)
listed = list_events.sync(calendar, client=client, single_events=True)
assert isinstance(listed, EventList)
print(len(listed.items), listed.time_zone)
found = detect_conferencing.sync(client=client, body=DetectInText(text="https://zoom.us/j/1"))
assert isinstance(found, Detected)
assert delete_event.sync_detailed(calendar, made.id, client=client).status_code == 204
stranger = list_events.sync(calendar, client=AuthenticatedClient(base_url=sys.argv[1], token="another"))
assert isinstance(stranger, Problem)
print(stranger.status, stranger.code.value)
"""


def served(**how: Any) -> Server:
    return serve(ContractServer(**how), name="contract")


@pytest.fixture
def server() -> Iterator[Server]:
    server = served()
    yield server
    server.stop()


def done(*command: object, cwd: Path) -> str:
    """What the command prints. It has to succeed."""
    ended = subprocess.run([str(each) for each in command], cwd=cwd, check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_a_typed_client_is_made_of_it_and_works(server: Server, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    (tmp_path / "use.py").write_text(USE, encoding="utf-8")
    generate = [PROGRAMS / "openapi-python-client", "generate", "--path", PATH.resolve(), "--fail-on-warning"]
    done(*generate, "--meta", "none", "--config", "settings.yaml", "--output-path", "events_client", cwd=tmp_path)
    done(PROGRAMS / "mypy", "--strict", "--python-executable", sys.executable, "use.py", "events_client", cwd=tmp_path)
    assert done(sys.executable, "use.py", server.url, TOKEN, cwd=tmp_path).splitlines() == [
        "Zoom Meeting https://us02web.zoom.us/j/86012345678?pwd=abc",
        "1 Europe/Berlin",
        "401 unverified",
    ]


def test_who_keeps_the_contract_passes(server: Server) -> None:
    fuzz.run(server.url, TOKEN, seconds=8)


def test_who_does_not_is_found() -> None:
    server = served(broken=["getConferencingOptions"])
    try:
        with pytest.raises(AssertionError, match=r"GET /v1/calendars/\{calendarId\}/conferencing"):
            fuzz.run(server.url, TOKEN, seconds=3)
    finally:
        server.stop()
