"""Google Cloud on loopback: the simulators that the adapters are tried against."""

import json
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from google.auth.compute_engine import _metadata

from playground.accounts import Accounts
from playground.google_cloud.iam_credentials import ServiceAccounts, iam_credentials
from playground.google_cloud.metadata import metadata
from playground.google_cloud.oauth import TokenEndpoint
from playground.google_cloud.oidc import Issuer
from playground.server import Server, serve

RUNTIME = "confsync@example-project.iam.gserviceaccount.com"
PROJECT = "example-project"


class GoogleCloud:
    """One project: accounts, the metadata server that this process sees, IAM, the token endpoint."""

    def __init__(self) -> None:
        self.accounts = Accounts()
        self.issuer = Issuer()
        self.service_accounts = ServiceAccounts()
        self.service_accounts.add(RUNTIME)
        self.tokens = TokenEndpoint(self.accounts, self.service_accounts)
        self._servers: list[Server] = []
        self.metadata = self.serve(
            metadata(RUNTIME, project=PROJECT, accounts=self.accounts, issuer=self.issuer), "metadata"
        )
        self.iam = self.serve(iam_credentials(self.service_accounts, self.accounts), "iam")
        self.oauth = self.serve(self.tokens.app, "oauth")

    def serve(self, app: Any, name: str) -> Server:
        server = serve(app, name=name)
        self._servers.append(server)
        return server

    @property
    def environment(self) -> Mapping[str, str]:
        host = self.metadata.url.removeprefix("http://")
        return {"GCE_METADATA_HOST": host, "GCE_METADATA_IP": host}

    def stop(self) -> None:
        for server in self._servers:
            server.stop()


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[GoogleCloud]:
    cloud = GoogleCloud()
    yield cloud
    cloud.stop()


@pytest.fixture
def cloud(running_cloud: GoogleCloud, monkeypatch: pytest.MonkeyPatch) -> GoogleCloud:
    """The project, with this process running in it."""
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    for name, value in running_cloud.environment.items():
        monkeypatch.setenv(name, value)
    # google-auth read the environment when it was imported
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", running_cloud.environment["GCE_METADATA_HOST"])
    return running_cloud


class Canned:
    """A server that answers what it is told. `seen` holds (method, path, headers, body)."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, Mapping[str, str], bytes]] = []
        self.seen: list[tuple[str, str, Mapping[str, str], bytes]] = []
        canned = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                canned.seen.append((self.command, self.path, dict(self.headers), body))
                status, headers, content = canned.answers.pop(0) if canned.answers else (200, {}, b"{}")
                self.send_response(status)
                for name, value in {"Content-Length": str(len(content)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, status: int = 200, body: object = None, **headers: str) -> None:
        """The next answer; headers with `_` for `-`."""
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        self.answers.append((status, {name.replace("_", "-"): value for name, value in headers.items()}, content))

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def canned() -> Iterator[Canned]:
    server = Canned()
    yield server
    server.stop()
