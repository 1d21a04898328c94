"""A running Calendar simulator and clients for it, for the tests beside this file."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import google.oauth2.credentials
import google_auth_httplib2
import httplib2
import pytest
import requests
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

from playground.accounts import Accounts
from playground.google_calendar import CalendarService, Settings, create_app
from playground.server import serve

Json = dict[str, Any]
ANNA, BEN, CLEO = "anna@example.com", "ben@example.com", "cleo@example.com"
MONDAY = "2026-11-23"


class Simulator:
    """The simulator's address, and everybody's client for it."""

    def __init__(self, url: str, accounts: Accounts, service: CalendarService) -> None:
        self.url, self.accounts, self.service = url, accounts, service
        self._tokens: dict[str, str] = {}
        self._clients: dict[str, Any] = {}

    @property
    def api_url(self) -> str:
        return f"{self.url}/calendar/v3"

    def token(self, email: str) -> str:
        if email not in self._tokens:
            self._tokens[email] = self.accounts.issue(email)
        return self._tokens[email]

    def client(self, email: str = ANNA) -> Any:
        """google-api-python-client as it comes, with only its endpoint set."""
        if email not in self._clients:
            credentials = google.oauth2.credentials.Credentials(self.token(email))
            http = google_auth_httplib2.AuthorizedHttp(credentials, http=httplib2.Http(timeout=10))
            options = {"api_endpoint": f"{self.url}/calendar/v3/"}
            self._clients[email] = build("calendar", "v3", http=http, client_options=options, static_discovery=True)
        return self._clients[email]

    def raw(self, method: str, path: str, email: str = ANNA, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token(email)}", **options.pop("headers", {})}
        return requests.request(method, self.api_url + path, headers=headers, timeout=10, **options)

    def control(self, method: str, path: str, **body: Any) -> Any:
        response = requests.request(method, f"{self.url}/_playground{path}", json=body or None, timeout=60)
        response.raise_for_status()
        return response.json() if response.content else None

    def insert(self, email: str = ANNA, **fields: Any) -> Json:
        return self.client(email).events().insert(calendarId="primary", body=meeting(**fields)).execute()

    def delta(self, token: str, email: str = ANNA, **options: Any) -> Json:
        return self.client(email).events().list(calendarId="primary", syncToken=token, **options).execute()

    def sync_token(self, email: str = ANNA) -> str:
        page = self.client(email).events().list(calendarId="primary", maxResults=2500).execute()
        return page["nextSyncToken"]


@contextmanager
def running(settings: Settings | None = None) -> Iterator[Simulator]:
    accounts = Accounts()
    service = CalendarService(accounts, settings)
    for email in (ANNA, BEN, CLEO):
        service.store.ensure_primary(email)
    server = serve(create_app(service), name="calendar")
    try:
        yield Simulator(server.url, accounts, service)
    finally:
        server.stop()
        service.stop()


def meeting(**fields: Any) -> Json:
    times = {"start": at("10:00"), "end": at("10:30")}
    return {"summary": "Weekly", **times, **fields}


def at(clock: str, day: str = MONDAY) -> Json:
    return {"dateTime": f"{day}T{clock}:00", "timeZone": "Europe/Berlin"}


def reason(error: pytest.ExceptionInfo[HttpError]) -> tuple[int, str]:
    details = error.value.error_details
    return error.value.status_code, details[0]["reason"]


def eventually(check: Callable[[], Any], seconds: float = 5) -> Any:
    """The first true answer. Fails when there is none in time."""
    end = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
    return result


class Receiver:
    """A webhook that keeps what it gets and answers with `statuses` in turn, then 204."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict[str, str], bytes]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", -1)))
                receiver.requests.append((dict(self.headers), body))
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 204)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/notify"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def states(self) -> list[str]:
        return [headers["X-Goog-Resource-State"] for headers, _ in list(self.requests)]

    def numbers(self) -> list[int]:
        return [int(headers["X-Goog-Message-Number"]) for headers, _ in list(self.requests)]
