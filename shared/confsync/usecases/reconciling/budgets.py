"""A vendor's limit of calls: what a step is counted in, and when there is more."""

from dataclasses import dataclass
from datetime import datetime

from confsync.domain import keys
from confsync.domain.budget import Budget, staggered
from confsync.domain.conference import Conference
from confsync.domain.errors import (
    AuthExpired,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    Temporary,
)
from confsync.domain.solution import CallLimit
from confsync.domain.step import COUNTED, Step
from confsync.ports import Clock, Providers, Store
from confsync.usecases.records.change import change

NOT_ADMITTED = (NotConfigured, AuthExpired, ReauthorizationRequired, PermissionDenied)
"""The vendor let nobody in, so nothing was counted: else what is tried hourly would use up a day's limit."""

REFUSED = (*NOT_ADMITTED, Invalid, NotFound, RateLimited, Temporary)
"""The vendor did nothing."""


@dataclass(frozen=True, kw_only=True)
class Spending:
    """What one step is counted in, before it is made."""

    budget: Budget
    limit: CallLimit


@dataclass(frozen=True, kw_only=True)
class Budgets:
    """What hosts have used of vendors' limits."""

    store: Store
    clock: Clock
    providers: Providers

    def of(self, step: Step, limit: CallLimit | None, conference: Conference, host: str) -> Spending | None:
        """What the step is counted in, None if nobody counts it. Raises `RateLimited` if it has to wait.

        `host`: who hosts the meeting.
        """
        if limit is None or step not in COUNTED:
            return None
        vendor = self.providers.solution(conference.solution).provider
        key, now = keys.budget_key(vendor, limit.account, host), self.clock.now()
        budget = self.store.get(Budget, key) or Budget(key=key, provider=vendor, host=host, expire_at=now)
        opens_at = budget.opens_at(limit, now, creation=step is Step.CREATE)
        if opens_at is None:
            return Spending(budget=budget, limit=limit)
        retry_at = staggered(conference.id, opens_at)
        raise RateLimited(
            f"{vendor} takes {limit.calls} new and changed meetings a day for {host}, of which "
            f"{budget.counted(limit, now)} are used: to {step} this one has to wait until "
            f"{retry_at:%Y-%m-%d %H:%M} UTC",
            service=vendor,
            retry_at=retry_at,
        )

    def refund(self, spending: Spending, error: Exception, spent_at: datetime) -> None:
        """Take back what was counted at that time, if a call that ended so is none that the vendor counts."""
        if isinstance(error, NOT_ADMITTED) or (not spending.limit.counts_refused and isinstance(error, REFUSED)):
            change(self.store, Budget, spending.budget.key, lambda budget: budget.returned(spending.limit, spent_at))
