"""That any text is read in time that is in proportion to its length: counted in steps, not measured.

What Python does is counted as calls. What a pattern does within one call can't be, so the shape of each is looked at in
`test_services.py`, and `make bench` measures the same texts.
"""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from confsync.domain.detection import detect, detect_text
from confsync.domain.detection.reading import MAX_TEXT
from tests.benchmarks.detection import HOSTILE

SHORT, LONG = 8_000, 16_000


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, those of C too."""
    count = 0

    def called(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


def test_calls_are_counted() -> None:
    assert calls(lambda: [len("") for _ in range(100)]) > 100


@pytest.mark.parametrize("kind", HOSTILE)
def test_twice_the_text_is_at_most_twice_the_work(kind: str) -> None:
    short, long = HOSTILE[kind](SHORT), HOSTILE[kind](LONG)
    detect_text(short)  # what is compiled and kept the first time
    detect_text(long)
    assert calls(lambda: detect_text(long)) <= 2.2 * calls(lambda: detect_text(short)) + 200


def test_more_than_so_much_is_not_looked_at() -> None:
    link = " https://zoom.us/j/85746065432 "
    assert detect({"description": "x" * (MAX_TEXT - 40) + link}).conferencing is not None
    assert detect({"description": "x" * MAX_TEXT + link}).conferencing is None


def test_most_events_are_done_with_at_once() -> None:
    """No slash: nothing is taken apart."""
    short, long = ({"location": "Room 4.12", "description": "Bring a spoon. " * times} for times in (1, 1000))
    detect(short)
    assert calls(lambda: detect(long)) == calls(lambda: detect(short))
