"""The demo's story, as a user starts it, on the store that production has.

`make check` tells it on SQLite too, as `make demo`.
"""

import os
import subprocess
import sys

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.emulator, pytest.mark.xdist_group("firestore"), pytest.mark.timeout(240)]


def test_every_promise_is_kept_on_firestore(firestore_host: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "playground", "demo", "--store", "firestore"],
        env={**os.environ, "FIRESTORE_EMULATOR_HOST": firestore_host},
        capture_output=True,
        text=True,
        timeout=230,
    )
    assert told.returncode == 0, told.stdout + told.stderr
    assert "BROKEN" not in told.stdout
