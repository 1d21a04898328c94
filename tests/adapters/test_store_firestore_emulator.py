"""The emulator's starter says what is missing, and stops everything that it started."""

import http.client
from pathlib import Path

import pytest

from playground.firestore_emulator import EmulatorUnavailable, firestore_emulator

STARTS_A_CHILD = """#!/bin/sh
for each in "$@"; do case "$each" in --host-port=*) port="${each##*:}";; esac; done
python3 -m http.server --bind 127.0.0.1 "$port" &
wait
"""
FAILS = """#!/bin/sh
echo "no room for the emulator" >&2
exit 1
"""


@pytest.fixture
def sdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Cloud SDK without its emulator, first on the PATH; with a `java` that is never called."""
    (tmp_path / "bin").mkdir()
    executable(tmp_path / "bin" / "gcloud", FAILS)
    executable(tmp_path / "bin" / "java", FAILS)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    return tmp_path


@pytest.fixture
def sdk_with_emulator(sdk: Path) -> Path:
    (sdk / "platform" / "cloud-firestore-emulator").mkdir(parents=True)
    return sdk


def executable(path: Path, script: str) -> None:
    path.write_text(script)
    path.chmod(0o755)


def test_no_gcloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EmulatorUnavailable, match="gcloud components install"), firestore_emulator():
        pass


def test_no_emulator(sdk: Path) -> None:
    with pytest.raises(EmulatorUnavailable, match="gcloud has no Firestore emulator"), firestore_emulator():
        pass


def test_does_not_start(sdk_with_emulator: Path) -> None:
    with pytest.raises(EmulatorUnavailable, match="no room for the emulator"), firestore_emulator():
        pass


def test_does_not_answer(sdk_with_emulator: Path) -> None:
    executable(sdk_with_emulator / "bin" / "gcloud", "#!/bin/sh\nsleep 60\n")
    with pytest.raises(EmulatorUnavailable, match="did not start"), firestore_emulator(patience=0.2):
        pass


def test_stops_all_that_it_started(sdk_with_emulator: Path) -> None:
    executable(sdk_with_emulator / "bin" / "gcloud", STARTS_A_CHILD)
    with firestore_emulator() as host:
        assert answers(host)
    assert not answers(host)


def answers(host: str) -> bool:
    connection = http.client.HTTPConnection(host, timeout=2)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
