"""The HTTP API behind its real entry point: every answer is held against its contract."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest
from werkzeug.test import TestResponse

from playground.cloud import APPLICATION
from playground.google_drive import File
from tests.functions.conftest import Deployment
from tests.openapi import check_answer

ANN = "ann@example.com"
EVENT = {
    "summary": "Weekly planning",
    "start": {"dateTime": "2027-03-01T10:00:00+01:00", "timeZone": "Europe/Berlin"},
    "end": {"dateTime": "2027-03-01T11:00:00+01:00", "timeZone": "Europe/Berlin"},
}
BY_HAND = {"provider": "Example Rooms", "details": {"url": "https://rooms.example.com/qkd-7wzp-m3"}}
ZOOM = {"provider": "Zoom Meeting", "autocreate": {}}
MEET = {"provider": "Google Meet", "autocreate": {}}


@dataclass(frozen=True, kw_only=True)
class Client:
    """Calls the API as one caller, and checks each answer."""

    deployed: Deployment
    caller: str = APPLICATION
    calendar: str = ANN

    def __call__(self, method: str, path: str, body: Any = None, *, query: Any = None, **headers: str) -> TestResponse:
        url = self.deployed.project.functions["events"].url
        token = self.deployed.cloud.identity_token(self.caller, url)
        sent = {"Authorization": f"Bearer {token}", **{k.replace("_", "-"): v for k, v in headers.items()}}
        target = path + (f"?{urlencode(query)}" if query else "")
        answer = self.deployed.clients["events"].open(
            target, method=method, json=body, headers=sent, environ_overrides={"RAW_URI": target}
        )
        check_answer(method, path, answer.status_code, dict(answer.headers), answer.text)
        return answer

    @property
    def events(self) -> str:
        return f"/v1/calendars/{quote(self.calendar, safe='')}/events"

    def create(
        self, conferencing: Any = ..., *, expect: int = 201, query: Any = None, key: str = "", **more: Any
    ) -> Any:
        body = {**EVENT, **more, **({} if conferencing is ... else {"conferencing": conferencing})}
        answer = self("POST", self.events, body, query=query, **({"Idempotency_Key": key} if key else {}))
        assert answer.status_code == expect, answer.text
        return answer.json

    def get(self, event_id: str, **query: Any) -> Any:
        answer = self("GET", f"{self.events}/{event_id}", query=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def patch(self, event_id: str, body: Any, *, expect: int = 200, query: Any = None, **headers: str) -> Any:
        answer = self("PATCH", f"{self.events}/{event_id}", body, query=query, **headers)
        assert answer.status_code == expect, answer.text
        return answer.json


@pytest.fixture
def api(deployed: Deployment) -> Iterator[Client]:
    yield Client(deployed=deployed)
    deployed.forget_tasks()


def test_an_event_with_a_zoom_meeting(api: Client) -> None:
    made = api.create(ZOOM)
    (meeting,) = [m for m in api.deployed.cloud.zoom.meetings() if m["topic"] == EVENT["summary"]]
    assert made["conferencing"]["details"]["url"] == meeting["join_url"]
    assert made["conferencing"]["source"] == "conferenceData"
    assert api.get(made["id"])["conferencing"] == made["conferencing"]
