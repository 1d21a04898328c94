"""What may go wrong between a queue and its target although Cloud Tasks keeps its word: double, late, out of order."""

from __future__ import annotations

import random
import re
import threading
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(kw_only=True)
class Disturbance:
    """What happens to the next `times` tasks (None: to all) whose URL the regular expression `url` is found in.

    `copies` more deliveries, `copy_delay` seconds after the first; `delay` seconds late, and up to `jitter` seconds
    more at random, which reorders.
    """

    url: str = ""
    times: int | None = 1
    copies: int = 0
    copy_delay: float = 0
    delay: float = 0
    jitter: float = 0


class Disturbances:
    """Those that are left; each task takes the first that matches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: list[Disturbance] = []
        self._random = random.Random(0)  # the same disorder in every run

    def add(self, **disturbance: Any) -> None:
        """Add one; raise TypeError or re.error if it is none."""
        new = Disturbance(**disturbance)
        re.compile(new.url)
        with self._lock:
            self._left.append(new)

    def clear(self) -> None:
        with self._lock:
            self._left.clear()

    def left(self) -> list[dict[str, Any]]:
        with self._lock:
            return [asdict(disturbance) for disturbance in self._left]

    def take(self, url: str) -> Disturbance:
        """Return what happens to a task for this URL, its jitter already rolled into the delay."""
        with self._lock:
            found = next((d for d in self._left if re.search(d.url, url)), Disturbance())
            if found.times is not None and found in self._left:
                found.times -= 1
                if not found.times:
                    self._left.remove(found)
            late = found.delay + self._random.uniform(0, found.jitter)
        return Disturbance(copies=found.copies, copy_delay=found.copy_delay, delay=late)
