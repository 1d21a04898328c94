"""What was read of an event can be written back, and changes nothing: whichever service it is, wherever it stands."""

from typing import Any

import pytest

from confsync.domain.detection.catalogue import SERVICES
from tests.usecases.world import ANN
from tests.usecases.writing_world import WritingWorld

EXAMPLES = [(service.name, next(iter(service.joins))) for service in SERVICES]


def as_location(url: str) -> dict[str, Any]:
    return {"location": f"Room 4, {url}"}


def as_text(url: str) -> dict[str, Any]:
    return {"description": f"Please join: {url}\nPasscode: 4711\nDial +49 30 901820, PIN 1234#"}


def as_html(url: str) -> dict[str, Any]:
    return {"description": f'<p>Please <a href="{url}">join</a> at once</p>'}


def as_data(url: str) -> dict[str, Any]:
    point = {"entryPointType": "video", "uri": url, "label": "Join", "meetingCode": "123 456"}
    solution = {"key": {"type": "addOn"}, "name": "Somebody's"}
    return {"conferenceData": {"conferenceId": "theirs", "conferenceSolution": solution, "entryPoints": [point]}}


@pytest.mark.parametrize("stands", [as_location, as_text, as_html, as_data])
@pytest.mark.parametrize(("service", "url"), EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_what_was_read_is_written_back(service: str, url: str, stands: Any) -> None:
    world = WritingWorld()
    event_id = world.post(**stands(url)).event.id
    read = world.reading.one(world.request({}).find, ANN, event_id)
    assert read.conferencing is not None, service
    told = read.conferencing.json()
    world.calendars.calls.clear()

    written = world.change_event(world.request(read.event.resource, told), event_id)

    assert written.event.etag == read.event.etag
    assert {call.method for call in world.calendars.calls} == {"access", "read_event"}
    assert world.provider.calls == []
