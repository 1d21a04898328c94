"""Work that happens later and elsewhere: a few daemon threads and a timetable."""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

WORKERS = 8
log = logging.getLogger(__name__)


class Background:
    """Runs functions after a delay. Threads start with the first one and end with `stop`."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._changed = threading.Condition()
        self._order = itertools.count()
        self._threads: list[threading.Thread] = []
        self._stopped = False

    def after(self, delay: float, work: Callable[[], None]) -> None:
        """Run `work` in `delay` seconds, on any thread."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + delay, next(self._order), work))
            if len(self._threads) < WORKERS:
                self._threads.append(threading.Thread(target=self._run, daemon=True, name="google-calendar"))
                self._threads[-1].start()
            self._changed.notify()

    def stop(self) -> None:
        """Forget what is not done yet, and end the threads."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout=5)

    def _run(self) -> None:
        while work := self._next():
            try:
                work()
            except Exception:
                log.exception("background work failed")

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopped:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None
