"""A conference's record while somebody works on it: the lease, what came of a step, and when to look again."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from confsync.domain.backoff import retry_time
from confsync.domain.budget import Budget
from confsync.domain.conference import Conference, ConferenceState
from confsync.domain.errors import (
    Ambiguous,
    Busy,
    ConfsyncError,
    Invalid,
    NotConfigured,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    StoreConflict,
)
from confsync.domain.link import COLLECT_AFTER, Link
from confsync.domain.step import CHANGING, Step
from confsync.ports import Clock, Queue, Save, Store

log = structlog.get_logger()

KEEP_DELETED = timedelta(days=60)
"""Events stay in Calendar's trash for 30 days; one that is restored finds its conference's record."""

REFUSED_RETRY = timedelta(hours=1)
"""A refusal that a person can mend (a licence, a scope, a grant) is tried again this often."""

FOLLOW_UP_WITHIN = timedelta(hours=1)
"""What is due sooner gets a task of its own; the rest is left to the sweep."""

Change = Callable[[Conference], Conference]


@dataclass(frozen=True, kw_only=True)
class ConferenceRecord:
    """The writes of `ReconcileConference`. Each one is conditional, or is made while its lease is held."""

    store: Store
    queue: Queue
    clock: Clock
    lease: timedelta

    def take(self, conference: Conference, step: Step, budget: Budget | None = None) -> Conference:
        """Take the lease and record what we are about to do, in one conditional write with what it costs.

        If a meeting is to be made, since when; if it is to be changed, that what it is like is no longer known.
        `budget` is what is left after this step. Raises `StoreConflict`, also if this took so long that whoever has the
        lease next would look for what we make before it can be found.
        """
        now = self.clock.now()
        taken = replace(
            conference,
            lease=conference.lease.take(self.clock.new_id(), now, self.lease),
            creating_since=now if step is Step.CREATE else conference.creating_since,
            sent_spec=conference.desired.spec if step is Step.CREATE else conference.sent_spec,
            applied=replace(conference.applied, spec=None) if step in CHANGING else conference.applied,
            attempts=conference.attempts + 1,
            due_at=now + self.lease,
        )
        self.store.commit([Save(record=taken), *([Save(record=budget)] if budget else [])])
        if self.clock.now() - now > self.lease / 2:
            raise StoreConflict(f"conference {taken.id}: this process stood still with its lease")
        return taken

    def refund(self, budget_key: str, spent_at: datetime) -> None:
        """A call that was counted at that time was none that the vendor counts."""
        while (budget := self.store.get(Budget, budget_key)) is not None:
            with suppress(StoreConflict):
                self.store.commit([Save(record=budget.returned(spent_at))])
                return

    def record(self, taken: Conference, change: Change) -> None:
        """Apply the change to the record as it is now, if the lease is still ours; the lease is renewed by it.

        Raises `Busy` if it is not.
        """
        while True:
            latest = self.store.get(Conference, taken.id)
            now = self.clock.now()
            if latest is None or not latest.lease.holds(taken.lease, now):
                raise Busy(f"lost the lease of conference {taken.id}; whoever has it now goes on")
            renewed = replace(latest, lease=latest.lease.extend(now, self.lease))
            with suppress(StoreConflict):
                self.store.commit([Save(record=change(renewed))])
                return

    def rest(self, conference: Conference, links: dict[str, Link]) -> Conference:
        """Nothing is to do now: store the state that people see, and when to look again. Raises `StoreConflict`."""
        due_at = self._next_visit(conference, links)
        if conference.refused:  # it stays visible until something changes
            return self._store(conference, replace(conference, due_at=due_at), None)
        state = ConferenceState.ACTIVE if conference.wanted else ConferenceState.DELETED
        now = self.clock.now()
        expire_at = None if conference.wanted else conference.expire_at or now + KEEP_DELETED
        rested = replace(done(conference), state=state, due_at=due_at, expire_at=expire_at)
        return self._store(conference, rested, conference.verify_at)

    def postponed(self, conference: Conference, links: dict[str, Link], error: RateLimited) -> Conference:
        """All that is left to do has to wait for its budget. Raises `StoreConflict`.

        This is no pause that the provider asked for: whoever changes the conference has it looked at again at once.
        """
        due_at = _earliest(self._next_visit(conference, links), error.retry_at)
        waiting = replace(
            conference, state=ConferenceState.PENDING, retry_at=None, due_at=due_at, last_error=_told(error)
        )
        return self._store(conference, waiting, due_at)

    def failed(
        self, taken: Conference, before: Conference, error: ServiceError | NotConfigured, settle: timedelta
    ) -> Conference | None:
        """Record why, and when to try again; nothing is wiped. Returns the record as stored afterwards."""
        now = self.clock.now()
        retry_at = _retry_at(taken, error, now, settle)
        state = ConferenceState.PENDING if retry_at and not _refused(error) else ConferenceState.FAILED
        # for good: what is left to look at all the same
        due_at = retry_at or self._next_visit(taken, self.store.get_many(Link, taken.links))
        creating_since = taken.creating_since
        if creating_since is not None and before.creating_since is None:
            # the time to settle counts from the end of the call; else the provider said that it made nothing
            creating_since = now if isinstance(error, Ambiguous) else None
        if creating_since is not None and state is ConferenceState.PENDING:
            state = ConferenceState.UNCONFIRMED

        def change(c: Conference) -> Conference:
            return replace(
                c,
                lease=c.lease.release(),
                state=state,
                creating_since=creating_since,
                retry_at=retry_at,
                due_at=due_at,
                last_error=_told(error),
            )

        log.warning(
            "conference not reconciled",
            conference_id=taken.id,
            error=str(error),
            error_class=type(error).__name__,
            retry_at=retry_at.isoformat() if retry_at else None,
        )
        self.record(taken, change)
        self.follow_up(taken.id, retry_at)
        return self.store.get(Conference, taken.id)

    def follow_up(self, conference_id: str, at: datetime | None) -> None:
        """A task for what is due soon, so that it need not wait for the sweep.

        If the queue refuses, the sweep does it.
        """
        if at is None or at - self.clock.now() > FOLLOW_UP_WITHIN:
            return
        try:
            self.queue.reconcile_conference(conference_id, at=at)
        except ServiceError as error:
            log.warning("no follow-up task; left to the sweep", conference_id=conference_id, error=str(error))

    def _next_visit(self, conference: Conference, links: dict[str, Link]) -> datetime | None:
        """When there is something to do though nothing changes: a second meeting to look for, a choice to give up.

        What was due before could not be done.
        """
        now = self.clock.now()
        choices = [p for link in links.values() for p in link.provisional if p.conference_id == conference.id]
        times = filter(None, (conference.verify_at, *(choice.since + COLLECT_AFTER for choice in choices)))
        return min((at if now < at else now + REFUSED_RETRY for at in times), default=None)

    def _store(self, conference: Conference, changed: Conference, follow_up: datetime | None) -> Conference:
        if changed != conference:
            self.store.commit([Save(record=changed)])
            self.follow_up(conference.id, follow_up)
        return changed


def done(conference: Conference) -> Conference:
    """A step succeeded: the lease goes back, and the backoff is over. What is due is left to `rest`."""
    return replace(
        conference,
        lease=conference.lease.release(),
        state=ConferenceState.PENDING,
        attempts=0,
        retry_at=None,
        last_error=None,
    )


def _retry_at(taken: Conference, error: ConfsyncError, now: datetime, settle: timedelta) -> datetime | None:
    if isinstance(error, Invalid) and not taken.settled:
        return None  # else it is an event that can't be read or written now: that may change unseen
    if _refused(error):
        return now + REFUSED_RETRY
    backoff = retry_time(taken.id, taken.attempts, now)
    if isinstance(error, RateLimited) and error.retry_at is not None:
        return max(error.retry_at, backoff)
    if isinstance(error, Ambiguous):
        return max(now + settle, backoff)
    return backoff


def _refused(error: ConfsyncError) -> bool:
    """Whether a person has to mend it: retried slowly, and visible meanwhile."""
    return isinstance(error, ReauthorizationRequired | PermissionDenied | NotConfigured | Invalid)


def _told(error: ConfsyncError) -> str:
    return f"{type(error).__name__}: {error}"


def _earliest(*times: datetime | None) -> datetime | None:
    return min(filter(None, times), default=None)
