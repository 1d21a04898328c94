"""What is made once is made once, whichever thread asks first."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from confsync.once import lazy

THREADS = 16


class Thing:
    def __init__(self) -> None:
        self.made: list[str] = []

    @lazy
    def part(self) -> object:
        """A part."""
        self.made.append("part")
        time.sleep(0.01)
        return object()

    @lazy
    def whole(self) -> tuple[object, object]:
        self.made.append("whole")
        return (self.part, object())


def test_of_many_threads_all_get_the_one() -> None:
    thing, barrier = Thing(), Barrier(THREADS)

    def ask(n: int) -> object:
        barrier.wait()
        return thing.whole if n % 2 else (thing.part,)

    with ThreadPoolExecutor(THREADS) as pool:
        got = list(pool.map(ask, range(THREADS)))
    assert sorted(thing.made) == ["part", "whole"]
    assert len({id(each[0]) for each in got}) == 1  # type: ignore[index]


def test_each_object_has_its_own_and_the_class_tells_of_it() -> None:
    assert Thing().part is not Thing().part
    assert Thing.part.__doc__ == "A part."


def test_what_failed_is_tried_again() -> None:
    class Failing:
        tries = 0

        @lazy
        def value(self) -> int:
            self.tries += 1
            if self.tries == 1:
                raise ValueError("not yet")
            return self.tries

    failing = Failing()
    with pytest.raises(ValueError, match="not yet"):
        _ = failing.value
    assert failing.value == 2
    assert failing.value == 2
