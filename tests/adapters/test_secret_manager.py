"""The Secrets contract, on the fake, on files and on Secret Manager; and Secret Manager's bad days."""

from datetime import timedelta
from pathlib import Path

import pytest

from confsync.adapters.file_secrets import FileSecrets
from confsync.adapters.google_credentials import runtime_credentials
from confsync.adapters.secret_manager import SecretManager
from confsync.domain.errors import NotFound, PermissionDenied, Temporary
from playground.faults import Faults
from playground.google_cloud.secret_manager import SecretManager as Simulator
from tests.adapters.conftest import PROJECT, RUNTIME, GoogleCloud
from tests.contracts.secrets import SecretsContract
from tests.fakes.clock import FakeClock
from tests.fakes.secrets import FakeSecrets


class FakeWorld:
    def __init__(self) -> None:
        self.secrets = FakeSecrets()
        self.put = self.secrets.put

    def wait_for_cache(self) -> None:
        pass


class TestFakeSecrets(SecretsContract):
    @pytest.fixture
    def world(self) -> FakeWorld:
        return FakeWorld()


class FileWorld:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.secrets = FileSecrets(directory)

    def put(self, name: str, value: str) -> None:
        (self.directory / name).write_text(value, encoding="utf-8")

    def wait_for_cache(self) -> None:
        pass


class TestFileSecrets(SecretsContract):
    @pytest.fixture
    def world(self, tmp_path: Path) -> FileWorld:
        return FileWorld(tmp_path)


def test_a_files_final_newline_is_not_part_of_the_secret(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("abc\n")
    assert FileSecrets(tmp_path).get("key") == "abc"


def test_a_secret_that_is_no_file_is_temporary(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    with pytest.raises(Temporary):
        FileSecrets(tmp_path).get("key")


class SecretManagerWorld:
    def __init__(self, cloud: GoogleCloud) -> None:
        self.simulator = Simulator(cloud.accounts)
        self.server = cloud.serve(self.simulator.app, "secret manager")
        self.faults = Faults(self.server.url)
        self.clock = FakeClock()
        self.secrets = SecretManager(
            api=self.server.url,
            project=PROJECT,
            clock=self.clock,
            credentials=runtime_credentials(lambda: cloud.accounts.issue(RUNTIME)),
        )

    def put(self, name: str, value: str) -> None:
        self.simulator.put(PROJECT, name, value.encode())

    def wait_for_cache(self) -> None:
        self.clock.advance(timedelta(seconds=61))

    def reads(self) -> int:
        return len(self.faults.requests(path=":access"))


@pytest.fixture
def secret_manager(cloud: GoogleCloud) -> SecretManagerWorld:
    return SecretManagerWorld(cloud)


class TestSecretManager(SecretsContract):
    @pytest.fixture
    def world(self, secret_manager: SecretManagerWorld) -> SecretManagerWorld:
        return secret_manager


def test_a_secret_is_read_once_a_minute(secret_manager: SecretManagerWorld) -> None:
    secret_manager.put("zoom", "value")
    for _ in range(10):
        secret_manager.secrets.get("zoom")
    assert secret_manager.reads() == 1
    secret_manager.wait_for_cache()
    secret_manager.secrets.get("zoom")
    assert secret_manager.reads() == 2


def test_an_outage_is_bridged_by_the_last_value_for_an_hour(secret_manager: SecretManagerWorld) -> None:
    secret_manager.put("zoom", "value")
    secret_manager.secrets.get("zoom")
    secret_manager.faults.add(path=":access", cut="before", times=None)
    secret_manager.clock.advance(timedelta(minutes=59))
    assert secret_manager.secrets.get("zoom") == "value"
    secret_manager.clock.advance(timedelta(minutes=2))
    with pytest.raises(Temporary):
        secret_manager.secrets.get("zoom")


def test_a_short_outage_is_waited_for(secret_manager: SecretManagerWorld) -> None:
    secret_manager.put("zoom", "value")
    secret_manager.faults.add(path=":access", status=503, body={"error": {"code": 503, "message": "later"}})
    assert secret_manager.secrets.get("zoom") == "value"


def test_a_withdrawn_secret_is_not_bridged(secret_manager: SecretManagerWorld) -> None:
    secret_manager.put("zoom", "value")
    secret_manager.secrets.get("zoom")
    secret_manager.faults.add(
        path=":access", status=400, body={"error": {"code": 400, "message": "is in DISABLED state."}}
    )
    secret_manager.wait_for_cache()
    with pytest.raises(NotFound, match="DISABLED"):
        secret_manager.secrets.get("zoom")


def test_a_missing_role_is_named(secret_manager: SecretManagerWorld) -> None:
    secret_manager.faults.add(path=":access", status=403, body={"error": {"code": 403, "message": "denied"}})
    with pytest.raises(PermissionDenied, match=r"roles/secretmanager\.secretAccessor"):
        secret_manager.secrets.get("zoom")
