"""The chapter "An application": it makes events by the HTTP API, reads them, shares a meeting, and takes it away."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

import requests

from playground.cloud import APPLICATION
from playground.demo.telling import Teller
from playground.demo.view import Json, View
from playground.google_drive import File
from playground.person import Person
from playground.project import Project

HIRING, CANDIDATE = "hiring@example.com", "candidate@example.net"
ZOOM: Json = {"provider": "Zoom Meeting", "autocreate": {}}
MEET: Json = {"provider": "Google Meet", "autocreate": {}}
ROOM: Json = {"provider": "Example Rooms", "details": {"url": "https://rooms.example.com/qkd-7wzp-m3", "pin": "88123"}}


class Application:
    """A recruiting application, with a service account of its own. `person` interviews; `start` is when."""

    def __init__(self, project: Project, teller: Teller, person: Person, start: datetime) -> None:
        self._project = project
        self._cloud = project.cloud
        self._url = project.functions["events"].url
        self._teller = teller
        self._interviewer = person.email
        self._view = View(project.cloud, project.person(HIRING))
        self._notes = View(project.cloud, person)
        self._start = start
        self.answers: list[str] = []
        """Everything that it was told, to be searched for secrets."""

    def tell(self) -> None:
        """The whole chapter; it leaves nothing behind."""
        candidate = self.create()
        self.read_and_rename(candidate)
        notes = self.copy(candidate)
        self.attach(notes)
        self.meet()
        self.delete(candidate, notes)
        self.by_hand()

    def create(self) -> str:
        """One request is the event, its meeting and the mail; the same request again is the same event."""
        with self._teller.step("An application makes an event with a Zoom meeting, and loses the answer"):
            mails = len(self._mailed())
            self._teller.fault("Zoom is slow")
            self._cloud.faults("zoom").add(method="POST", path="/meetings", latency=0.8)
            self._teller.application("POST, with a key of its own for this request; it gives up waiting, and hangs up")
            with suppress(requests.Timeout):
                self._create(patience=0.4)
            self._teller.application("sends the same again, while the first one is still being worked on")
            event_id: str = self._create().json()["id"]
            self._teller.check(2, "there is one event", lambda: self._titled("Interview") == [event_id])
            self._agrees(event_id, "with one meeting, whose link it shows")
            told = [CANDIDATE]
            self._teller.check(2, "the candidate has one mail", lambda: self._mailed()[mails:] == told, wait=0)
            writes = self._cloud.faults("calendar").requests(method="PATCH", path=event_id)
            self._teller.check(1, "with the link: nothing was added later", lambda: not writes, wait=0)
        return event_id

    def read_and_rename(self, event_id: str) -> None:
        """What is read is what Zoom has; a change goes the way of everybody's changes."""
        with self._teller.step("It reads the event, and renames it"):
            self._teller.application("GET")
            joined = self._get(HIRING, event_id)["conferencing"]["details"]["url"]
            self._teller.check(
                1, "it is told Zoom's link", lambda: joined == self._view.meeting(event_id)["join_url"], wait=0
            )
            self._teller.application('PATCH: "Interview, second round"')
            self._send("PATCH", HIRING, event_id, {"summary": "Interview, second round"})
            self._agrees(event_id, "the meeting follows, told by Calendar's push")

    def copy(self, event_id: str) -> str:
        """The recruiter's two events: one that the candidate sees, and one with notes."""
        with self._teller.step("The interviewer gets an event of their own, with the same conference"):
            self._teller.application("POST, with copy_from")
            copied = {"copy_from": {"calendar_id": HIRING, "event_id": event_id}}
            notes: str = self._send("POST", self._interviewer, "", self._body("Notes", copied)).json()["id"]
            same = self._view.uris(event_id)
            self._teller.check(1, "both show the same link", lambda: bool(same) and self._notes.uris(notes) == same)
            self._teller.check(2, "of one meeting", lambda: len(self._view.meetings(event_id)) == 1)
        return notes

    def attach(self, event_id: str) -> None:
        """By its id alone."""
        with self._teller.step("It attaches a file of Google Drive"):
            file = self._cloud.drive.add(File(name="CV of the candidate", owner=self._interviewer))
            self._teller.application("PATCH, with the file's id")
            told = self._send("PATCH", self._interviewer, event_id, {"attachments": [{"fileId": file.id}]}).json()
            titles = [each["title"] for each in told["attachments"]]
            self._teller.check(1, "the event has it, with its title", lambda: titles == [file.name], wait=0)

    def meet(self) -> None:
        """Calendar makes it some moments after it was asked to."""
        with self._teller.step("It asks for a Google Meet, and waits for it"):
            self._teller.application("POST, with wait=10")
            made = self._send("POST", self._interviewer, "", self._body("Coffee", MEET), wait="10").json()
            url = made["conferencing"]["details"].get("url", "")
            self._teller.check(1, "the answer has its link", lambda: url.startswith("https://meet.google.com/"), wait=0)
            self._send("DELETE", self._interviewer, made["id"])

    def delete(self, event_id: str, notes: str) -> None:
        """A meeting lives as long as one of its events."""
        with self._teller.step("It deletes both events"):
            (link,) = [each["join_url"] for each in self._view.meetings(event_id)]
            self._teller.application("DELETE of the candidate's event")
            self._send("DELETE", HIRING, event_id)
            self._settle()
            self._teller.check(2, "the meeting stays for the other one", lambda: link in self._links(), wait=0)
            self._teller.application("DELETE of the interviewer's event")
            self._send("DELETE", self._interviewer, notes)
            self._teller.check(2, "and goes with it", lambda: link not in self._links())

    def by_hand(self) -> None:
        """A link that nobody else knows of is kept, read and removed like any other."""
        with self._teller.step("It writes a link by hand in place of a meeting, reads it back, and removes it"):
            event_id: str = self._send("POST", HIRING, "", self._body("On site", ZOOM)).json()["id"]
            (link,) = [each["join_url"] for each in self._view.meetings(event_id)]
            self._teller.application("PATCH, with the details of a room of its own")
            self._send("PATCH", HIRING, event_id, {"conferencing": ROOM})
            read = self._get(HIRING, event_id)["conferencing"]
            same = (
                read["provider"] == ROOM["provider"]
                and read["details"].items() >= {"url": ROOM["details"]["url"]}.items()
            )
            self._teller.check(1, "it reads what it wrote", lambda: same, wait=0)
            self._teller.check(2, "the meeting is gone from Zoom", lambda: link not in self._links())
            self._teller.application("PATCH, with null")
            self._send("PATCH", HIRING, event_id, {"conferencing": None})
            self._teller.check(1, "the event shows none", lambda: not self._view.uris(event_id), wait=0)
            self._send("DELETE", HIRING, event_id)

    # --- requests ----------------------------------------------------------------------------------------------------

    def _create(self, patience: float = 30) -> requests.Response:
        """Raises `requests.Timeout`."""
        body = self._body("Interview", ZOOM) | {"attendees": [{"email": CANDIDATE}]}
        key = {"Idempotency-Key": "application 4711"}
        return self._send("POST", HIRING, "", body, key, patience=patience, sendUpdates="all")

    def _body(self, summary: str, conferencing: Json) -> Json:
        times = {"start": self._start, "end": self._start + timedelta(minutes=45)}
        when = {name: {"dateTime": at.isoformat(), "timeZone": "Europe/Berlin"} for name, at in times.items()}
        return {"summary": summary, **when, "conferencing": conferencing}

    def _get(self, calendar: str, event_id: str) -> Json:
        found: Json = self._send("GET", calendar, event_id).json()
        return found

    def _send(
        self,
        method: str,
        calendar: str,
        event_id: str,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        patience: float = 30,
        **query: str,
    ) -> requests.Response:
        """Raises `requests.HTTPError`."""
        token = self._cloud.identity_token(APPLICATION, self._url)
        answer = requests.request(
            method,
            f"{self._url}/v1/calendars/{calendar}/events" + (f"/{event_id}" if event_id else ""),
            json=body,
            params=query,
            headers={"Authorization": f"Bearer {token}", **(headers or {})},
            timeout=patience,
        )
        self.answers.append(answer.text)
        answer.raise_for_status()
        return answer

    # --- what there is -----------------------------------------------------------------------------------------------

    def _agrees(self, event_id: str, what: str) -> None:
        self._teller.check(1, what, lambda: self._view.agree(event_id))

    def _titled(self, summary: str) -> list[str]:
        return [event["id"] for event in self._view.events() if event["summary"] == summary]

    def _mailed(self) -> list[str]:
        return [mail.to for mail in self._cloud.calendar.events.mails.sent]

    def _links(self) -> list[str]:
        return [each["join_url"] for each in self._cloud.zoom.meetings()]

    def _settle(self) -> None:
        self._cloud.tasks.wait_idle(10, within=2)
