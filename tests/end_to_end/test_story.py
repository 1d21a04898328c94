"""The demo's story, as a user starts it, on each store."""

import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def told(store: str, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "playground", "demo", "--store", store],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=230,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BROKEN" not in done.stdout


def test_every_promise_is_kept() -> None:
    told("sqlite")


@pytest.mark.emulator
@pytest.mark.xdist_group("firestore")
def test_every_promise_is_kept_on_firestore(firestore_host: str) -> None:
    told("firestore", FIRESTORE_EMULATOR_HOST=firestore_host)
