"""Drive: who sees which file, with which scope, and what is told of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import google.oauth2.credentials
import pytest
import requests
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from playground.accounts import Accounts
from playground.google_drive import DriveService, create_app
from playground.server import serve
from tests.playground.discovery_schema import check

ANNA, BEN, EVE = "anna@example.com", "ben@example.com", "eve@elsewhere.example"
FOLDER = "application/vnd.google-apps.folder"


@dataclass
class Drive:
    url: str
    accounts: Accounts

    def put(self, **fields: Any) -> str:
        body = {"name": "Agenda.pdf", "owner": ANNA, **fields}
        return str(self.control("POST", "/files", body)["id"])

    def control(self, method: str, path: str, body: Any = None) -> Any:
        response = requests.request(method, f"{self.url}/_playground{path}", json=body, timeout=10)
        response.raise_for_status()
        return response.json() if response.content else None

    def token(self, email: str, *scopes: str) -> str:
        return self.accounts.issue(email, [f"https://www.googleapis.com/auth/{scope}" for scope in scopes])

    def get(self, file_id: str, email: str = ANNA, scope: str = "drive.metadata.readonly", **options: Any) -> Any:
        """As Google's own client does."""
        credentials = google.oauth2.credentials.Credentials(self.token(email, scope))
        endpoint = {"api_endpoint": f"{self.url}/drive/v3/"}
        client = build("drive", "v3", credentials=credentials, client_options=endpoint, static_discovery=True)
        return client.files().get(fileId=file_id, **options).execute()


@pytest.fixture
def drive() -> Iterator[Drive]:
    accounts = Accounts()
    server = serve(create_app(DriveService(accounts)), name="drive")
    yield Drive(server.url, accounts)
    server.stop()


def refusal(error: pytest.ExceptionInfo[HttpError]) -> tuple[int, str]:
    return error.value.status_code, error.value.error_details[0]["reason"]


@pytest.mark.parametrize(
    ("fields", "kind", "link"),
    [
        ({"mime_type": "application/pdf", "size": 12}, "application/pdf", "https://drive.google.com/file/d/{id}/view"),
        ({"mime_type": FOLDER}, FOLDER, "https://drive.google.com/drive/folders/{id}"),
        (
            {"mime_type": "application/vnd.google-apps.document"},
            "application/vnd.google-apps.document",
            "https://docs.google.com/document/d/{id}/edit",
        ),
        (
            {"mime_type": "application/vnd.google-apps.spreadsheet"},
            "application/vnd.google-apps.spreadsheet",
            "https://docs.google.com/spreadsheets/d/{id}/edit",
        ),
        (
            {"target": "elsewhere"},
            "application/vnd.google-apps.shortcut",
            "https://drive.google.com/file/d/{id}/view",
        ),
    ],
)
def test_files_of_every_kind_are_told_of_as_google_does(drive: Drive, fields: dict, kind: str, link: str) -> None:
    file_id = drive.put(**fields)
    found = drive.get(file_id, fields="*")
    check("drive.v3", "File", found)
    assert (found["id"], found["name"], found["mimeType"]) == (file_id, "Agenda.pdf", kind)
    assert found["webViewLink"].partition("?")[0] == link.format(id=file_id)
    assert found["iconLink"].endswith(kind)
    assert found["owners"][0]["emailAddress"] == ANNA


def test_a_shortcut_names_its_target(drive: Drive) -> None:
    target = drive.put(mime_type=FOLDER)
    details = drive.get(drive.put(target=target), fields="shortcutDetails")["shortcutDetails"]
    assert details == {"targetId": target, "targetMimeType": FOLDER}


def test_who_names_no_fields_gets_four(drive: Drive) -> None:
    assert drive.get(drive.put()).keys() == {"kind", "id", "name", "mimeType"}
    assert drive.get(drive.put(), fields="name,owners(emailAddress)") == {
        "name": "Agenda.pdf",
        "owners": [{"emailAddress": ANNA}],
    }
    with pytest.raises(HttpError) as error:
        drive.get(drive.put(), fields="title")
    assert refusal(error) == (400, "invalidParameter")


@pytest.mark.parametrize(
    ("fields", "seen"),
    [
        ({}, {ANNA}),
        ({"readers": [BEN]}, {ANNA, BEN}),
        ({"domain": "example.com"}, {ANNA, BEN}),
        ({"anyone": True}, {ANNA, BEN, EVE}),
    ],
)
def test_a_file_is_not_found_by_who_may_not_see_it(drive: Drive, fields: dict, seen: set[str]) -> None:
    file_id = drive.put(**fields)
    for email in (ANNA, BEN, EVE):
        if email in seen:
            assert drive.get(file_id, email)["id"] == file_id
            continue
        with pytest.raises(HttpError) as error:
            drive.get(file_id, email)
        assert refusal(error) == (404, "notFound")
        assert f"File not found: {file_id}." in str(error.value)


def test_shared_drives_are_for_clients_that_know_them(drive: Drive) -> None:
    file_id = drive.put(drive_id="0ATeam", readers=[BEN])
    with pytest.raises(HttpError) as error:
        drive.get(file_id, BEN)
    assert refusal(error) == (404, "notFound")
    found = drive.get(file_id, BEN, supportsAllDrives=True, fields="*")
    check("drive.v3", "File", found)
    assert found["driveId"] == "0ATeam"
    assert not {"owners", "ownedByMe", "shared"} & found.keys()


@pytest.mark.parametrize("scope", ["drive", "drive.readonly", "drive.metadata", "drive.metadata.readonly"])
def test_scopes_that_see_every_file(drive: Drive, scope: str) -> None:
    assert drive.get(drive.put(), scope=scope)


def test_with_drive_file_an_application_sees_what_was_opened_with_it(drive: Drive) -> None:
    file_id = drive.put()
    with pytest.raises(HttpError) as error:
        drive.get(file_id, scope="drive.file")
    assert refusal(error) == (404, "notFound")
    drive.control("PATCH", "/settings", {"unopened": "appNotAuthorizedToFile"})
    with pytest.raises(HttpError) as error:
        drive.get(file_id, scope="drive.file")
    assert refusal(error) == (403, "appNotAuthorizedToFile")
    drive.control("PATCH", f"/files/{file_id}", {"opened_by_app": True})
    assert drive.get(file_id, scope="drive.file")["id"] == file_id
    with pytest.raises(HttpError) as error:
        drive.get(file_id, scope="drive.appdata")
    assert refusal(error) == (404, "notFound")


def test_a_token_for_something_else_is_refused(drive: Drive) -> None:
    headers = {"Authorization": f"Bearer {drive.token(ANNA, 'calendar.events')}"}
    document = requests.get(f"{drive.url}/drive/v3/files/x", headers=headers, timeout=10).json()["error"]
    (details,) = document["details"]
    assert (document["code"], document["errors"][0]["reason"]) == (403, "insufficientPermissions")
    assert (document["status"], details["reason"]) == ("PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT")
    assert details["metadata"]["service"] == "drive.googleapis.com"


@pytest.mark.parametrize(("header", "reason"), [({}, "required"), ({"Authorization": "Bearer nobodys"}, "authError")])
def test_callers_without_a_good_token_are_401(drive: Drive, header: dict, reason: str) -> None:
    answer = requests.get(f"{drive.url}/drive/v3/files/x", headers=header, timeout=10)
    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (401, reason)


def test_files_are_put_changed_and_taken_away(drive: Drive) -> None:
    file_id = drive.put(id="minutes")
    assert [file["id"] for file in drive.control("GET", "/files")["files"]] == [file_id] == ["minutes"]
    assert drive.control("PATCH", "/files/minutes", {"trashed": True})["trashed"] is True
    assert drive.get("minutes", fields="trashed") == {"trashed": True}
    drive.control("DELETE", "/files/minutes")
    with pytest.raises(HttpError):
        drive.get("minutes")
    for method, path, body in (("POST", "/files", {"nam": "typo"}), ("PATCH", "/files/gone", {})):
        with pytest.raises(requests.HTTPError):
            drive.control(method, path, body)
