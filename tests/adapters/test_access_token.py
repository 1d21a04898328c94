"""The runtime's own token: from the metadata server, kept, and got elsewhere where there is none."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from google.auth.compute_engine import _metadata

from confsync.adapters import access_token
from confsync.adapters.access_token import RuntimeToken
from confsync.domain.errors import Temporary
from playground.faults import Faults
from tests.adapters.conftest import RUNTIME, Canned, GoogleCloud


def a_closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def metadata_server(canned: Canned, monkeypatch: pytest.MonkeyPatch) -> Canned:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("GCE_METADATA_HOST", canned.url.removeprefix("http://"))
    return canned


def test_is_the_runtimes_service_account(cloud: GoogleCloud) -> None:
    assert cloud.accounts.whois(RuntimeToken()()) == RUNTIME


def test_is_kept_until_a_minute_before_its_end(metadata_server: Canned, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr(access_token.time, "monotonic", lambda: now)
    metadata_server.answer(body={"access_token": "first", "expires_in": 300})
    metadata_server.answer(body={"access_token": "second", "expires_in": 300})
    token = RuntimeToken()
    assert [token(), token()] == ["first", "first"]
    now += 239
    assert token() == "first"
    now += 2
    assert token() == "second"
    assert metadata_server.seen[0][2]["Metadata-Flavor"] == "Google"


def test_a_failing_metadata_server_is_temporary(cloud: GoogleCloud) -> None:
    for fault in ({"status": 503}, {"cut": "before"}):
        Faults(cloud.metadata.url).add(path="token", **fault)
        with pytest.raises(Temporary):
            RuntimeToken()()
    assert RuntimeToken()()


def test_a_key_file_comes_first(metadata_server: Canned, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    metadata_server.answer(body={"access_token": "from-the-key", "expires_in": 3599})
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
    key = {"type": "service_account", "client_email": RUNTIME, "private_key": pem}
    key["token_uri"] = f"{metadata_server.url}/token"
    (tmp_path / "key.json").write_text(json.dumps(key))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "key.json"))
    assert RuntimeToken()() == "from-the-key"
    assert [path for _, path, _, _ in metadata_server.seen] == ["/token"]


def test_without_any_credentials_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("GCE_METADATA_HOST", a_closed_port())
    monkeypatch.setattr(_metadata, "_NO_GCE_CHECK", True)
    with pytest.raises(Temporary, match="no access token"):
        RuntimeToken()()


def test_the_way_to_the_queue_imports_nothing_heavy() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import confsync.adapters.access_token, confsync.adapters.cloud_tasks\n"
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"google", "requests", "urllib3", "grpc", "googleapiclient", "msgspec"}
