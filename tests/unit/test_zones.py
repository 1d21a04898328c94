"""Times as vendors take them."""

from datetime import UTC, datetime, timedelta

import pytest

from confsync.domain.text import line
from confsync.domain.zones import whole_minute, zone

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", ["nowhere", "", "Europe", "GMT+01:00", "../etc/passwd", "\0"])
def test_a_name_that_is_none_means_utc(name: str) -> None:
    assert zone(name).key == "UTC"


def test_a_zone_is_found_by_its_name() -> None:
    assert zone("Europe/Berlin").key == "Europe/Berlin"


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 0), (0.1, 1), (1, 1), (44.9, 1), (45, 2), (59.9, 2)], ids=str)
def test_a_time_within_a_minute_becomes_one_that_is_still_to_come(seconds: float, minutes: int) -> None:
    assert whole_minute(NOON + timedelta(seconds=seconds)) == NOON + timedelta(minutes=minutes)


@pytest.mark.parametrize(("text", "expected"), [("", ""), (" a\nb\t ", "a b"), ("abcdef", "abcd"), ("ab🎉🎉", "ab🎉")])
def test_a_line(text: str, expected: str) -> None:
    assert line(text, 4) == expected
