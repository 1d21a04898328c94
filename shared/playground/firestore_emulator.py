"""The Firestore emulator on a loopback port of its own, as gcloud starts it.

https://cloud.google.com/firestore/native/docs/emulator
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from playground.server import free_port

INSTALL = (
    "install Java and the emulator: `gcloud components install cloud-firestore-emulator`, "
    "or `apt-get install google-cloud-cli-firestore-emulator` where gcloud came from apt"
)
_JAVA_OPTIONS = "-Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1"  # small and quick to start


class EmulatorUnavailable(Exception):
    """The emulator is not installed or did not start; the message says why and what to do."""


@contextmanager
def firestore_emulator(*, patience: float = 60) -> Iterator[str]:
    """Start the emulator, yield its `host:port` for `FIRESTORE_EMULATOR_HOST`, and stop it with all it started.

    Raises `EmulatorUnavailable` if it is not installed or does not answer within `patience` seconds.
    """
    gcloud = _installed()
    port = free_port()
    with TemporaryFile() as log, _process_group(_command(gcloud, port), log) as process:
        _wait(process, port, log, patience)
        yield f"127.0.0.1:{port}"


def _installed() -> str:
    gcloud = shutil.which("gcloud")
    if gcloud is None or shutil.which("java") is None:
        raise EmulatorUnavailable(f"gcloud or java is not on the PATH: {INSTALL}")
    # gcloud would offer to download a missing emulator: that is for a person to decide
    if not (Path(gcloud).resolve().parents[1] / "platform" / "cloud-firestore-emulator").is_dir():
        raise EmulatorUnavailable(f"gcloud has no Firestore emulator: {INSTALL}")
    return gcloud


def _command(gcloud: str, port: int) -> list[str]:
    return [gcloud, "emulators", "firestore", "start", f"--host-port=127.0.0.1:{port}", "--quiet"]


@contextmanager
def _process_group(command: list[str], log: IO[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    environment = {"JAVA_TOOL_OPTIONS": _JAVA_OPTIONS, **os.environ}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True
    )
    try:
        yield process
    finally:
        # gcloud runs a shell that runs java: only the group reaches them all. Nothing in it is worth a slow goodbye.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, log: IO[bytes], patience: float) -> None:
    deadline = time.monotonic() + patience
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            log.seek(0)
            raise EmulatorUnavailable(f"the Firestore emulator did not start:\n{log.read().decode(errors='replace')}")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
