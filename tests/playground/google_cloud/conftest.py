"""A project with its simulators running, and a worker that plays the deployed function."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from flask import Flask, request

from playground.accounts import Accounts
from playground.google_cloud.oidc import Issuer
from playground.server import Server, serve


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Worker:
    """A target of tasks and jobs: answers `statuses` in turn, then 200, each after `latency` seconds."""

    statuses: list[int] = field(default_factory=list)
    answer_headers: dict[str, str] = field(default_factory=dict)
    latency: float = 0
    received: list[Received] = field(default_factory=list)
    most_at_once: int = 0
    url: str = ""
    _now: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def app(self) -> Flask:
        app = Flask("worker")

        @app.route("/<path:path>", methods=["GET", "POST", "PUT"])
        def receive(path: str) -> tuple[str, int, dict[str, str]]:
            with self._lock:
                self.received.append(Received(path, dict(request.headers), request.data, time.time()))
                self._now += 1
                self.most_at_once = max(self.most_at_once, self._now)
                status = self.statuses.pop(0) if self.statuses else 200
            time.sleep(self.latency)
            with self._lock:
                self._now -= 1
            return "", status, self.answer_headers if status >= 300 else {}

        return app


@pytest.fixture
def accounts() -> Accounts:
    return Accounts()


@pytest.fixture(scope="session")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Return a function that serves an app until the test ends."""
    servers: list[Server] = []

    def run(app: Flask, name: str = "simulator") -> Server:
        servers.append(serve(app, name=name))
        return servers[-1]

    yield run
    for server in servers:
        server.stop()


@pytest.fixture
def caller(start: Callable[..., Server], accounts: Accounts) -> Callable[[Flask], Any]:
    """Return a function that serves a Google API, and returns one that calls it with a good token."""
    good = accounts.issue("deployer@example.com")

    def run(app: Flask) -> Any:
        server = start(app)

        def call(method: str, path: str, body: object = None, token: str = good) -> requests.Response:
            headers = {"Authorization": f"Bearer {token}"}
            return requests.request(method, server.url + path, json=body, headers=headers, timeout=10)

        return call

    return run


@pytest.fixture
def worker(start: Callable[..., Server]) -> Worker:
    worker = Worker()
    worker.url = start(worker.app(), "worker").url
    return worker
