"""How many calls Zoom takes. https://developers.zoom.us/docs/api/rate-limits/"""

from collections import Counter, deque
from datetime import datetime, timedelta

from playground.vendors.zoom.account import Account, ZoomError
from playground.vendors.zoom.rules import utc_text


class Limits:
    """Not locked: `ZoomService` is."""

    def __init__(self) -> None:
        self.writes: Counter[tuple[str, str]] = Counter()
        self._calls: deque[datetime] = deque(maxlen=1000)

    def reset(self) -> None:
        """Nobody has called yet."""
        self.writes.clear()
        self._calls.clear()

    def count_call(self, account: Account, now: datetime) -> None:
        """Any call. Raises 429 when there were too many within a second."""
        recent = sum(1 for at in self._calls if now - at < timedelta(seconds=1))
        if account.per_second is not None and recent >= account.per_second:
            raise ZoomError(
                429,
                429,
                "You have reached the maximum per-second rate limit for this API. Try again later.",
                X_RateLimit_Type="QPS",
                X_RateLimit_Limit=str(account.per_second),
                X_RateLimit_Remaining="0",
                X_RateLimit_Reset=str(int(now.timestamp()) + 1),
            )
        self._calls.append(now)

    def count_write(self, account: Account, host: str, now: datetime) -> None:
        """A create or an update, be it of a single occurrence. Raises 429 until midnight in UTC."""
        today = (host, now.date().isoformat())
        if self.writes[today] >= account.per_day:
            midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            raise ZoomError(
                429,
                429,
                f"You have exceeded the daily rate limit ({account.per_day}) of Meeting Create/Update API requests"
                " permitted for this user.",
                Retry_After=utc_text(midnight),
                X_RateLimit_Type="Daily-limit",
            )
        self.writes[today] += 1
