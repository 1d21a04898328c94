"""Each function behind its real entry point, in this process; Google, Calendar and Zoom are the playground's."""

import logging
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import functions_framework
import pytest
import requests
import structlog
from google.auth.compute_engine import _metadata
from structlog.testing import LogCapture
from werkzeug.test import Client, TestResponse

from confsync import bootstrap
from playground.accounts import Accounts
from playground.cloud import ADDON, ADDON_CLIENT, RUNTIME, Cloud
from playground.functions import NAMES, ROOT
from playground.project import Project

ANN = "ann@example.com"
TRACE = "0123456789abcdef0123456789abcdef"
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"
CALLERS = {"create_conference": ADDON}


@dataclass(kw_only=True)
class Deployment:
    """The functions of one project. `logs` holds the lines that were logged."""

    project: Project
    clients: dict[str, Client]
    logs: list[MutableMapping[str, Any]] = field(default_factory=list)

    @property
    def cloud(self) -> Cloud:
        return self.project.cloud

    @property
    def accounts(self) -> Accounts:
        return self.cloud.accounts

    def token(self, name: str, email: str | None = None, audience: str | None = None, **claims: Any) -> str:
        """An identity token that the function takes, unless told otherwise."""
        return self.cloud.issuer.mint(
            email or CALLERS.get(name, RUNTIME), audience or self.project.functions[name].url, **claims
        )

    def user_token(self, email: str = ANN, **claims: Any) -> str:
        """The identity token of a person who uses the add-on."""
        return self.cloud.issuer.mint(email, ADDON_CLIENT, **claims)

    def post(self, name: str, body: object = None, *, token: str | None = None, **more: Any) -> TestResponse:
        """Call a function as its caller would; `token=""` is none at all."""
        token = self.token(name) if token is None else token
        headers = {"X-Cloud-Trace-Context": f"{TRACE}/1;o=1"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= more.pop("headers", {})
        sent = {"data": more.pop("data")} if "data" in more else {"json": body}
        return self.clients[name].post("/", **sent, headers=headers, **more)

    def queued(self) -> list[dict[str, Any]]:
        """The tasks that wait, in full. The queue is paused."""
        answer = self._queue("GET", "/tasks?responseView=FULL")
        found: list[dict[str, Any]] = answer.json().get("tasks", [])
        return found

    def forget_tasks(self) -> None:
        self._queue("POST", ":purge")

    def pause_queue(self) -> None:
        self._queue("POST", ":pause")

    def _queue(self, method: str, path: str) -> requests.Response:
        url = f"{self.cloud.url('tasks')}/v2/{self.cloud.queue_name}{path}"
        headers = {"Authorization": f"Bearer {self.accounts.issue(RUNTIME, [CLOUD_PLATFORM])}"}
        answer = requests.request(method, url, headers=headers, timeout=10)
        answer.raise_for_status()
        return answer

    def create(self, event_id: str, solution: str = "jitsi", email: str = ANN, **more: Any) -> TestResponse:
        """The add-on's request."""
        authorization = {"userIdToken": self.user_token(email), "userOAuthToken": self.accounts.issue(email)}
        body = {
            "commonEventObject": {"hostApp": "CALENDAR"},
            "authorizationEventObject": authorization,
            "calendar": {"id": event_id, "calendarId": email, "organizer": {"email": email}},
        }
        return self.post("create_conference", body, query_string={"solution": solution}, **more)


@contextmanager
def deploying(project: Project) -> Iterator[Deployment]:
    """The project's functions in this process, as long as the block lasts."""
    # all of them in one process, which has what any of them has
    environment = {name: value for each in project.functions.values() for name, value in each.environment.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        for name, value in environment.items():
            patch.setenv(name, value)
        # google-auth read the environment when it was imported
        patch.setattr(_metadata, "_GCE_METADATA_HOST", environment["GCE_METADATA_HOST"])
        # everything is built anew: a process has one configuration for life
        patch.setattr(bootstrap, "process", bootstrap.Process())
        deployment = Deployment(project=project, clients={name: _client(name) for name in NAMES})
        deployment.pause_queue()
        yield deployment
    project.stop()


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with deploying(Project(directory=tmp_path_factory.mktemp("project"))) as deployment:
        yield deployment


@pytest.fixture
def deployed(deployment: Deployment) -> Iterator[Deployment]:
    """The deployment, with nothing logged yet."""
    capture = LogCapture()
    handlers = list(logging.root.handlers)
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture])
    deployment.logs = capture.entries
    yield deployment
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs are configured for a whole process; this one has other tests."""
    monkeypatch.setattr("confsync.logs.configure", lambda project="": None)


def _client(name: str) -> Client:
    app = functions_framework.create_app(target="handle", source=str(ROOT / "functions" / name / "main.py"))
    client: Client = app.test_client()
    return client
