"""How often one may call: the specification, POST of meetings, and its answer 429."""

from collections import deque
from datetime import datetime, timedelta
from typing import Any

from playground.vendors.webex.access import Caller
from playground.vendors.webex.account import ADMIN, WRITE, Account, WebexError


class Limits:
    """What was called. Not locked: `WebexService` is."""

    def __init__(self) -> None:
        self._calls: deque[tuple[datetime, str]] = deque()
        self._creates: deque[tuple[datetime, str, str]] = deque()

    def count_call(self, caller: Caller, account: Account, now: datetime) -> None:
        """Raises 429."""
        _forget(self._calls, now - timedelta(minutes=1))
        mine = [at for at, email in self._calls if email == caller.email]
        if account.per_minute is not None and len(mine) >= account.per_minute:
            raise _too_many(mine[-account.per_minute] + timedelta(minutes=1), now)
        self._calls.append((now, caller.email))

    def count_create(self, caller: Caller, host: str, account: Account, now: datetime) -> None:
        """Regular users and administrators have limits of their own; failed requests count. Raises 429."""
        _forget(self._creates, now - timedelta(days=1))
        admin = ADMIN[WRITE] in caller.scopes
        mine = [(at, whose) for at, email, whose in self._creates if email == caller.email]
        of_host = [at for at, whose in mine if whose == host]
        self._creates.append((now, caller.email, host))
        for made, most in (
            ([at for at, _ in mine], account.admin_per_day if admin else account.regular_per_day),
            (of_host, account.admin_per_host if admin else account.regular_per_day),
        ):
            if len(made) >= most:
                raise _too_many(made[-most] + timedelta(days=1), now)


def _forget(happened: deque[Any], before: datetime) -> None:
    while happened and happened[0][0] <= before:
        happened.popleft()


def _too_many(until: datetime, now: datetime) -> WebexError:
    seconds = max(1, -((now - until) // timedelta(seconds=1)))
    return WebexError(429, "Too many requests have been sent in a given amount of time.", retry_after=seconds)
