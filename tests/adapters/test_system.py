"""The system's clock and randomness."""

import re
import time
from datetime import UTC, datetime, timedelta

from confsync.adapters.system import SystemClock


def test_now_is_aware_and_now() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_sleep_waits() -> None:
    begun = time.monotonic()
    SystemClock().sleep(0.02)
    assert time.monotonic() - begun >= 0.02


def test_ids_are_32_hex_digits_and_never_the_same() -> None:
    ids = {SystemClock().new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(re.fullmatch(r"[0-9a-f]{32}", each) for each in ids)
