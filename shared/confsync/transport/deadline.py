"""By when a call has to be over."""

import time
from datetime import timedelta


class Deadline:
    """The moment by which a provider call, with all its HTTP requests, is over."""

    def __init__(self, allowance: timedelta) -> None:
        self._end = time.monotonic() + allowance.total_seconds()

    @property
    def left(self) -> float:
        """Seconds that remain; negative when it has passed."""
        return self._end - time.monotonic()
