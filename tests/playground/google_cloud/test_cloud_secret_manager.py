"""The Secret Manager simulator, through Google's own client."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
import requests
from google.api_core import exceptions
from google.cloud import secretmanager_v1
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceRestTransport
from google.oauth2.credentials import Credentials

from playground.accounts import Accounts
from playground.google_cloud.secret_manager import SecretManager, crc32c
from playground.server import Server

PROJECT = "projects/demo"
ZOOM = f"{PROJECT}/secrets/zoom"


@pytest.fixture
def secrets(accounts: Accounts) -> SecretManager:
    return SecretManager(accounts)


@pytest.fixture
def server(secrets: SecretManager, start: Callable[..., Server]) -> Server:
    return start(secrets.app)


def connect(server: Server, token: str) -> Any:
    transport = SecretManagerServiceRestTransport(
        host=server.url.removeprefix("http://"), url_scheme="http", credentials=Credentials(token)
    )
    return secretmanager_v1.SecretManagerServiceClient(transport=transport)


@pytest.fixture
def client(server: Server, accounts: Accounts) -> Any:
    return connect(server, accounts.issue("reconcile@demo.iam.gserviceaccount.com"))


def create(client: Any, name: str = "zoom") -> Any:
    return client.create_secret(
        parent=PROJECT, secret_id=name, secret=secretmanager_v1.Secret(replication={"automatic": {}})
    )


def add(client: Any, data: bytes) -> Any:
    return client.add_secret_version(parent=ZOOM, payload={"data": data, "data_crc32c": crc32c(data)})


def test_a_secret_has_numbered_versions_and_a_latest(client: Any) -> None:
    assert create(client).name == ZOOM
    assert add(client, b"one").name == f"{ZOOM}/versions/1"
    add(client, b"two")
    first = client.access_secret_version(name=f"{ZOOM}/versions/1")
    latest = client.access_secret_version(name=f"{ZOOM}/versions/latest")
    assert (first.payload.data, latest.payload.data) == (b"one", b"two")
    assert (latest.name, latest.payload.data_crc32c) == (f"{ZOOM}/versions/2", crc32c(b"two"))
    assert client.get_secret(name=ZOOM).name == ZOOM


def test_versions_are_disabled_enabled_and_destroyed(client: Any) -> None:
    create(client)
    version = add(client, b"one").name
    states = secretmanager_v1.SecretVersion.State
    assert client.disable_secret_version(name=version).state == states.DISABLED
    with pytest.raises(exceptions.BadRequest, match="DISABLED"):
        client.access_secret_version(name=f"{ZOOM}/versions/latest")
    assert client.enable_secret_version(name=version).state == states.ENABLED
    assert client.access_secret_version(name=version).payload.data == b"one"
    assert client.destroy_secret_version(name=version).state == states.DESTROYED
    assert client.get_secret_version(name=version).state == states.DESTROYED
    for refused in (client.access_secret_version, client.enable_secret_version):
        with pytest.raises(exceptions.BadRequest):
            refused(name=version)


def test_what_is_missing_is_not_found(client: Any) -> None:
    for name in (f"{ZOOM}/versions/latest", f"{PROJECT}/secrets/other/versions/1"):
        with pytest.raises(exceptions.NotFound):
            client.access_secret_version(name=name)
    create(client)
    with pytest.raises(exceptions.NotFound):
        client.access_secret_version(name=f"{ZOOM}/versions/latest")


def test_what_is_malformed_is_invalid(client: Any) -> None:
    with pytest.raises(exceptions.BadRequest):
        create(client, "no spaces")
    with pytest.raises(exceptions.BadRequest):
        client.create_secret(parent=PROJECT, secret_id="zoom", secret=secretmanager_v1.Secret())
    create(client)
    with pytest.raises(exceptions.Conflict):
        create(client)
    for payload in ({"data": b"x", "data_crc32c": 1}, {"data": b"x" * 65_537}):
        with pytest.raises(exceptions.BadRequest):
            client.add_secret_version(parent=ZOOM, payload=payload)
    with pytest.raises(exceptions.BadRequest):
        client.access_secret_version(name=f"{ZOOM}/versions/newest")


def test_a_stranger_is_unauthenticated(server: Server) -> None:
    answer = requests.get(f"{server.url}/v1/{ZOOM}/versions/latest:access", timeout=5)
    assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")


def test_a_script_puts_a_secret_in_one_call(secrets: SecretManager, server: Server, accounts: Accounts) -> None:
    assert secrets.put("demo", "zoom", b"{}") == f"{ZOOM}/versions/1"
    assert secrets.put("demo", "zoom", b"[]") == f"{ZOOM}/versions/2"
    headers = {"Authorization": f"Bearer {accounts.issue('a@example.com')}"}
    answer = requests.get(f"{server.url}/v1/{ZOOM}/versions/latest:access", headers=headers, timeout=5).json()
    payload = {"data": base64.b64encode(b"[]").decode(), "dataCrc32c": str(crc32c(b"[]"))}
    assert answer == {"name": f"{ZOOM}/versions/2", "payload": payload}


@pytest.mark.parametrize(
    ("data", "checksum"),
    [(b"", 0), (b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"\xff" * 32, 0x62A8AB43)],
)
def test_the_checksum_is_crc32c(data: bytes, checksum: int) -> None:
    """The vectors of RFC 3720, appendix B.4, and the usual check value."""
    assert crc32c(data) == checksum
