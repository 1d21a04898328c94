"""Attachments: who may write which, and what is kept."""

from collections.abc import Iterator
from typing import Any

import pytest

from playground.google_calendar.attachments import drive_id
from tests.playground import discovery_schema
from tests.playground.calendar_simulator import ANNA, Simulator, meeting, running

FILE_ID = "1gGuMZ4dSbVs5F8kTeKz"
DOCUMENT = {
    "fileUrl": f"https://docs.google.com/document/d/{FILE_ID}/edit?usp=drivesdk",
    "title": "Agenda",
    "mimeType": "application/vnd.google-apps.document",
}
ICON = "https://drive-thirdparty.googleusercontent.com/16/type/application/vnd.google-apps.document"
ELSEWHERE = {"fileUrl": "https://example.com/a.pdf", "title": "A", "iconLink": "https://example.com/pdf.png"}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with running() as simulator:
        yield simulator


def write(sim: Simulator, method: str, path: str = "", *, known: bool = True, **body: Any) -> Any:
    query = "?supportsAttachments=true" if known else ""
    return sim.raw(method, f"/calendars/primary/events{path}{query}", json=body)


def insert(sim: Simulator, *attachments: dict) -> dict:
    event: dict = write(sim, "POST", **meeting(attachments=list(attachments))).json()
    return event


def refusal(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["errors"][0]["reason"]


def test_a_file_in_drive_gets_its_id_and_icon_from_calendar(sim: Simulator) -> None:
    event = insert(sim, DOCUMENT | {"fileId": "another", "iconLink": "https://example.com/mine.png"})
    discovery_schema.check("calendar.v3", "Event", event)
    assert event["attachments"] == [DOCUMENT | {"fileId": FILE_ID, "iconLink": ICON}]
    read = sim.client().events().get(calendarId=ANNA, eventId=event["id"]).execute()
    (listed,) = sim.client().events().list(calendarId=ANNA).execute()["items"]
    assert read["attachments"] == listed["attachments"] == event["attachments"]


def test_of_other_files_the_icon_is_the_clients_and_there_is_no_id(sim: Simulator) -> None:
    assert insert(sim, ELSEWHERE | {"fileId": "mine"})["attachments"] == [ELSEWHERE]
    sim.control("PATCH", "/settings", foreign_attachments="refuse")
    assert refusal(write(sim, "POST", **meeting(attachments=[ELSEWHERE]))) == (400, "invalid")
    assert insert(sim, DOCUMENT)["attachments"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"https://drive.google.com/open?id={FILE_ID}", FILE_ID),
        (f"https://drive.google.com/file/d/{FILE_ID}/view", FILE_ID),
        (f"https://drive.google.com/drive/folders/{FILE_ID}?usp=sharing", FILE_ID),
        (f"https://docs.google.com/spreadsheets/u/0/d/{FILE_ID}/edit#gid=0", FILE_ID),
        ("https://drive.google.com/drive/my-drive", None),
        (f"https://example.com/file/d/{FILE_ID}", None),
    ],
)
def test_which_file_in_drive_an_address_leads_to(url: str, expected: str | None) -> None:
    assert drive_id(url) == expected


def test_who_does_not_say_that_they_know_attachments_changes_none(sim: Simulator) -> None:
    assert "attachments" not in write(sim, "POST", known=False, **meeting(attachments=[DOCUMENT])).json()
    event = insert(sim, DOCUMENT)
    path = f"/{event['id']}"
    for method, body in (("PATCH", {"attachments": []}), ("PATCH", {"attachments": None}), ("PUT", meeting())):
        assert write(sim, method, path, known=False, **body).json()["attachments"] == event["attachments"]
    assert "attachments" not in write(sim, "PUT", path, **meeting()).json(), "an update is the whole event"


def test_a_patch_replaces_the_list(sim: Simulator) -> None:
    event = insert(sim, DOCUMENT)
    path = f"/{event['id']}"
    assert write(sim, "PATCH", path, summary="New").json()["attachments"] == event["attachments"]
    assert write(sim, "PATCH", path, attachments=[ELSEWHERE]).json()["attachments"] == [ELSEWHERE]
    both = [*event["attachments"], ELSEWHERE]
    assert write(sim, "PATCH", path, attachments=both).json()["attachments"] == both
    for none in ([], None):
        write(sim, "PATCH", path, attachments=both)
        assert "attachments" not in write(sim, "PATCH", path, attachments=none).json()


@pytest.mark.parametrize(
    ("attachments", "reason"),
    [
        ([{"title": "no address"}], "required"),
        ([{"fileId": FILE_ID}], "required"),
        ([{"fileUrl": "ftp://example.com/a"}], "invalid"),
        ([{"fileUrl": 7}], "invalid"),
        ([DOCUMENT] * 26, "invalid"),
    ],
)
def test_attachments_that_are_refused(sim: Simulator, attachments: list, reason: str) -> None:
    assert refusal(write(sim, "POST", **meeting(attachments=attachments))) == (400, reason)


def test_twenty_five_fit(sim: Simulator) -> None:
    assert len(insert(sim, *[DOCUMENT] * 25)["attachments"]) == 25
