"""How much each caller may send to one instance, and the headers that tell them.

Counted in windows that begin with a caller's first request. Headers as in draft-ietf-httpapi-ratelimit-headers-11:
https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
"""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from threading import Lock

from confsync.domain.errors import RateLimited
from confsync.web.endpoint import Answer

POLICY = '"default"'
MINUTE = timedelta(minutes=1)
MOST_CALLERS = 10_000
"""Beyond them whoever began longest ago is forgotten: a few megabytes at most."""

_LIMITS: ContextVar[Mapping[str, str]] = ContextVar("limits", default={})  # noqa: B039 - nobody changes it
"""Of the request that is being answered: `serve` gives each a context of its own."""


@dataclass(slots=True)
class _Window:
    begun: datetime
    taken: int = 0


class RateLimit:
    """`quota` requests in each `window`, for each caller. For many threads. `now`: aware UTC."""

    def __init__(
        self, *, quota: int, now: Callable[[], datetime], window: timedelta = MINUTE, most_callers: int = MOST_CALLERS
    ) -> None:
        self._quota, self._window, self._most_callers = quota, window, most_callers
        self._now = now
        self._windows: OrderedDict[str, _Window] = OrderedDict()  # the oldest one first
        self._lock = Lock()

    def take(self, caller: str) -> None:
        """Count a request. From then on `with_limits` has its headers. Raises `RateLimited` for one too many."""
        now = self._now()
        with self._lock:
            window = self._of(caller, now)
            refused = window.taken >= self._quota
            window.taken += not refused
            left = self._quota - window.taken
        ends = window.begun + self._window
        seconds = ceil((ends - now).total_seconds())
        length = int(self._window.total_seconds())
        policy = f"{POLICY};q={self._quota};w={length}"
        _LIMITS.set({"RateLimit-Policy": policy, "RateLimit": f"{POLICY};r={left};t={seconds}"})
        if refused:
            raise RateLimited(f"more than {self._quota} requests in {length} seconds", retry_at=ends)

    def _of(self, caller: str, now: datetime) -> _Window:
        """The caller's window that is under way; those that are over are forgotten."""
        while self._windows and (len(self._windows) > self._most_callers or self._is_over(self._oldest, now)):
            self._windows.popitem(last=False)
        window = self._windows.get(caller)
        if window is None or self._is_over(window, now):
            window = self._windows[caller] = _Window(begun=now)
            self._windows.move_to_end(caller)
        return window

    @property
    def _oldest(self) -> _Window:
        return next(iter(self._windows.values()))

    def _is_over(self, window: _Window, now: datetime) -> bool:
        return not window.begun <= now < window.begun + self._window  # a clock can be set back


def with_limits(answered: Answer) -> Answer:
    """The answer, with the headers that tell the caller their limits; unchanged if the request was not counted."""
    body, status, headers = answered
    return body, status, {**headers, **_LIMITS.get()}
