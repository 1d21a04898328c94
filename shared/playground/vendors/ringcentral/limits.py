"""Calls counted by person and usage plan group. https://developers.ringcentral.com/guide/basics/rate-limits"""

from collections import defaultdict, deque
from datetime import datetime, timedelta

from playground.vendors.ringcentral.account import LIMITS, Account, RingCentralError


class Limits:
    """Sliding windows, and the penalties of those who went over. Every refused call starts its penalty anew."""

    def __init__(self) -> None:
        self._calls: defaultdict[tuple[str, str], deque[datetime]] = defaultdict(deque)
        self._until: dict[tuple[str, str], datetime] = {}

    def clear(self) -> None:
        self._calls.clear()
        self._until.clear()

    def count(self, account: Account, person: str, group: str, now: datetime) -> dict[str, str]:
        """The answer's headers. Raises RingCentralError 429."""
        if account.per_account is not None:
            everybody = self._recent(("", ""), account, now)
            if len(everybody) >= account.per_account:
                raise RingCentralError(429, "CMN-302", "Request rate exceeded")
            everybody.append(now)
        key, limit = (person, group), account.limits.get(group, LIMITS[group])
        recent = self._recent(key, account, now)
        refused = len(recent) >= limit or self._until.get(key, now) > now
        if refused:
            self._until[key] = now + timedelta(seconds=account.penalty_seconds)
        else:
            recent.append(now)
        headers = {
            "X-Rate-Limit-Group": group.lower(),  # as in the page's example; its table has it with a capital
            "X-Rate-Limit-Limit": str(limit),
            "X-Rate-Limit-Remaining": "0" if refused else str(limit - len(recent)),
            "X-Rate-Limit-Window": str(account.window_seconds),
        }
        if refused:
            error = RingCentralError(429, "CMN-301", "Request rate exceeded")
            error.headers = {**headers, "Retry-After": str(account.penalty_seconds)}
            raise error
        return headers

    def _recent(self, key: tuple[str, str], account: Account, now: datetime) -> deque[datetime]:
        calls = self._calls[key]
        while calls and now - calls[0] >= timedelta(seconds=account.window_seconds):
            calls.popleft()
        return calls
