"""An application of the simulated Zoom account, as a plain HTTP client."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests

from playground.server import serve
from playground.vendors.zoom import Account, ZoomService, create_app

HOST = "alice@example.com"
NOW = datetime(2027, 1, 4, 8, 20, tzinfo=UTC)  # a Monday
TIMED: dict[str, Any] = {"type": 2, "start_time": "2027-03-22T10:00:00", "timezone": "Europe/Berlin", "duration": 30}
WEEKLY = {**TIMED, "type": 8, "recurrence": {"type": 2, "weekly_days": "2", "end_times": 2}}


class Zoom:
    """The account's own application, or that of a person who consented to it."""

    def __init__(self, url: str, person: str | None = None) -> None:
        self.now = NOW
        self.url = url
        self.session = requests.Session()
        self.log_in() if person is None else self.log_in_as(person)

    def log_in(self) -> None:
        account = Account()
        form = {"grant_type": "account_credentials", "account_id": account.account_id}
        self._use(requests.post(self._token, data=form, auth=(account.client_id, account.client_secret), timeout=5))

    def log_in_as(self, person: str, **consent: str) -> None:
        code = self("POST", "/_playground/consents", {"person": person, **consent}).json()["code"]
        self._use(self.token(grant_type="authorization_code", code=code))

    def token(self, **form: str) -> requests.Response:
        """What the token endpoint answers to the persons' application."""
        client = (Account().person_client_id, Account().person_client_secret)
        return requests.post(self._token, data=form, auth=client, timeout=5)

    def __call__(self, method: str, path: str, body: Any = None) -> requests.Response:
        return self.session.request(method, self.url + path, json=body, timeout=5)

    def create(self, **body: Any) -> dict[str, Any]:
        response = self("POST", f"/v2/users/{HOST}/meetings", body)
        assert response.status_code == 201
        created: dict[str, Any] = response.json()
        return created

    def account(self, **changes: Any) -> None:
        assert self("PUT", "/_playground/settings", changes).status_code == 200

    def mailed(self) -> list[str]:
        """Who got mail."""
        return [mail.removeprefix("To ").partition(":")[0] for mail in self("GET", "/_playground/mails").json()]

    @property
    def _token(self) -> str:
        return f"{self.url}/oauth/token"

    def _use(self, granted: requests.Response) -> None:
        self.granted = granted.json()
        self.session.headers["Authorization"] = f"Bearer {self.granted['access_token']}"


@contextmanager
def serving(service: ZoomService) -> Iterator[Zoom]:
    """The account's own application, as long as the account is up; it also holds the account's clock."""
    service.clock = lambda: NOW
    server = serve(create_app(service), name="zoom")
    client = Zoom(server.url)
    service.clock = lambda: client.now
    yield client
    server.stop()


def refusal(response: requests.Response) -> tuple[int, int]:
    return response.status_code, response.json().get("code")


def starts(meeting: dict[str, Any]) -> list[str]:
    return [each["start_time"] for each in meeting["occurrences"]]
