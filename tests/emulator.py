"""The Firestore emulator for tests: one for the session, started when the first test needs it.

With xdist each worker that needs one has its own; `--dist loadgroup` and the group "firestore" make that one worker.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from uuid import uuid4

import pytest

from playground.firestore_emulator import EmulatorUnavailable, firestore_emulator

REQUIRED = ("REQUIRE_FIRESTORE_EMULATOR", "CI")


@pytest.fixture(scope="session")
def firestore_host() -> Iterator[str]:
    """`host:port` of the emulator: the one in FIRESTORE_EMULATOR_HOST, or our own.

    Without one the test is skipped, but fails where the emulator is required.
    """
    if host := os.environ.get("FIRESTORE_EMULATOR_HOST"):
        yield host
        return
    with ExitStack() as stack:
        try:
            yield stack.enter_context(firestore_emulator())
        except EmulatorUnavailable as error:
            give_up = pytest.fail if any(os.environ.get(name) in ("1", "true") for name in REQUIRED) else pytest.skip
            give_up(f"Firestore was not tested: {error}")


@pytest.fixture
def firestore_project(firestore_host: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh project in the emulator, which clients made during the test find by themselves."""
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_host)
    return f"test-{uuid4().hex[:20]}"
