"""A clock that stands still until it is told."""

from datetime import UTC, datetime, timedelta
from itertools import count


class FakeClock:
    """The `Clock` port. `sleep` advances it and is recorded; ids count up."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self._now = now
        self._ids = count(1)
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(timedelta(seconds=seconds))

    def new_id(self) -> str:
        return f"{next(self._ids):032x}"

    def advance(self, by: timedelta) -> None:
        self._now += by
