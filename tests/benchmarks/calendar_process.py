"""The Calendar simulator in a process of its own, so that its work is not its clients'.

`python -m tests.benchmarks.calendar_process` prints its address, and ends when its input does.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from playground.accounts import Accounts
from playground.faults import Faults
from playground.google_calendar import CalendarService, create_app
from playground.server import serve

ANN = "ann@example.com"


@dataclass(frozen=True, kw_only=True)
class RunningCalendar:
    """Where it is, and Ann's access token for it."""

    url: str
    token: str

    @property
    def api(self) -> str:
        """Base address as clients configure it."""
        return f"{self.url}/calendar/v3"

    @property
    def faults(self) -> Faults:
        """Its request log, among others."""
        return Faults(self.url)

    def new_calendar(self, name: str) -> str:
        """A calendar of Ann's."""
        calendar_id = f"{name}@group.calendar.example.com"
        self.control("POST", "calendars", {"id": calendar_id, "owner": ANN})
        return calendar_id

    def control(self, method: str, path: str, body: Any) -> None:
        """What the simulator does for its own users only."""
        requests.request(method, f"{self.url}/_playground/{path}", json=body, timeout=60).raise_for_status()

    def show_conference(self, calendar_id: str, event_id: str, conference_id: str) -> None:
        """Have the event show a conference by that id, as if our add-on had made it."""
        conference = {
            "conferenceId": conference_id,
            "conferenceSolution": {"key": {"type": "addOn"}, "name": "Zoom Meeting"},
            "entryPoints": [{"entryPointType": "video", "uri": f"https://meet.example.com/{event_id}"}],
        }
        requests.patch(
            f"{self.api}/calendars/{calendar_id}/events/{event_id}",
            json={"conferenceData": conference},
            params={"conferenceDataVersion": "1"},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=10,
        ).raise_for_status()


@contextmanager
def running_calendar() -> Iterator[RunningCalendar]:
    """The simulator, as long as the block lasts."""
    with subprocess.Popen(
        [sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield RunningCalendar(**json.loads(process.stdout.readline()))
        process.kill()


def _serve() -> None:
    accounts = Accounts()
    server = serve(create_app(CalendarService(accounts)), name="calendar")
    print(json.dumps({"url": server.url, "token": accounts.issue(ANN)}), flush=True)
    sys.stdin.read()  # until the other end goes


if __name__ == "__main__":
    _serve()
