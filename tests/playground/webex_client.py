"""An application of the simulated Webex site, as a plain HTTP client."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import requests

from playground.server import serve
from playground.vendors.webex import Account, WebexService, create_app

HOST = "alice@example.com"
NOW = datetime(2027, 1, 4, 8, 20, 16, tzinfo=UTC)  # a Monday
OWN = {"hostEmail": HOST}
YEAR = {"from": "2027-01-01T00:00:00Z", "to": "2028-01-01T00:00:00Z"}


class Webex:
    """A service app, which has admin scopes and so acts for its host, or an integration of a person."""

    def __init__(self, url: str, **consent: Any) -> None:
        self.now = NOW
        self.url = url
        self.session = requests.Session()
        consent = {"email": "app@example.com", **consent}
        secrets = {Account().client_id: Account().client_secret, "other": "other-secret"}
        client = consent.get("client_id", Account().client_id)
        self.form = {"grant_type": "refresh_token", "client_id": client, "client_secret": secrets[client]}
        self.form |= self("POST", "/_playground/consents", consent).json()
        self.log_in()

    def log_in(self) -> None:
        self.granted = self.token(**self.form).json()
        self.session.headers["Authorization"] = f"Bearer {self.granted['access_token']}"

    def token(self, **form: str) -> requests.Response:
        return requests.post(f"{self.url}/v1/access_token", data=form, timeout=5)

    def __call__(self, method: str, path: str, body: Any = None, **params: Any) -> requests.Response:
        headers = {"timezone": params.pop("zone")} if "zone" in params else {}
        return self.session.request(method, self.url + path, json=body, params=params, headers=headers, timeout=5)

    def refused(self, method: str, path: str, body: Any = None, **params: Any) -> int:
        """The status of an answer of Webex's form of a refusal."""
        response = self(method, path, body, **params)
        answer = response.json()
        assert set(answer) == {"message", "errors", "trackingId"}
        assert all(set(each) == {"description"} for each in answer["errors"])
        return response.status_code

    def create(self, **body: Any) -> dict[str, Any]:
        return self._good("POST", "/v1/meetings", {**OWN, "sendEmail": False, **body})

    def get(self, meeting: str, **params: Any) -> dict[str, Any]:
        return self._good("GET", f"/v1/meetings/{meeting}", **{**OWN, **params})

    def patch(self, meeting: str, **body: Any) -> dict[str, Any]:
        return self._good("PATCH", f"/v1/meetings/{meeting}", {**OWN, **body})

    def delete(self, meeting: str, **params: Any) -> None:
        assert self("DELETE", f"/v1/meetings/{meeting}", **{**OWN, **params}).status_code == 204

    def found(self, name: str, **params: Any) -> list[Any]:
        """What a list says by that name."""
        return [each.get(name) for each in self._good("GET", "/v1/meetings", **{**OWN, **params})["items"]]

    def occurrences(self, series: str, name: str = "id", **params: Any) -> list[Any]:
        return self.found(name, meetingSeriesId=series, meetingType="scheduledMeeting", max=100, **{**YEAR, **params})

    def settings(self, **changes: Any) -> None:
        self._good("PUT", "/_playground/settings", changes)

    def state(self, meeting: str, state: str) -> str:
        return str(self._good("PUT", f"/_playground/meetings/{meeting}/state", {"state": state})["id"])

    def _good(self, method: str, path: str, body: Any = None, **params: Any) -> dict[str, Any]:
        response = self(method, path, body, **params)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


@contextmanager
def serving(service: WebexService) -> Iterator[Webex]:
    """A service app of the site, which is up as long; it also holds the site's clock."""
    service.clock = lambda: NOW
    server = serve(create_app(service), name="webex")
    client = Webex(server.url)
    service.clock = lambda: client.now
    yield client
    server.stop()
