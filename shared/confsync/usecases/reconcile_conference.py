"""Make what the provider has equal to what is desired. The only code that talks to providers.

It may be run at any time, any number of times, by anyone. Each round takes the conference's lease in a conditional
write that also records the intent, makes one step, and records its result on the condition that the lease is still
held. So a crash at any point leaves a record from which the next run knows what to look for.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from confsync.domain.backoff import retry_time
from confsync.domain.conference import Applied, Conference, ConferenceState, ProviderConference
from confsync.domain.errors import (
    Ambiguous,
    Busy,
    ConfsyncError,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    StoreConflict,
)
from confsync.domain.link import COLLECT_AFTER, Link
from confsync.ports import Clock, ConferenceProvider, Providers, Queue, Save, Store
from confsync.usecases.collect_provisional import CollectProvisional
from confsync.usecases.ledgers import unpublished
from confsync.usecases.publish_conference import PublishConference

log = structlog.get_logger()

KEEP_DELETED = timedelta(days=60)
"""Events stay in Calendar's trash for 30 days; one that is restored finds its conference's record."""

REFUSED_RETRY = timedelta(hours=1)
"""A refusal that a person can mend (a licence, a scope, a grant) is tried again this often."""

FOLLOW_UP_WITHIN = timedelta(hours=1)
"""What is due sooner gets a task of its own; the rest is left to the sweep."""

ROUNDS = 6

Change = Callable[[Conference], Conference]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The conference as stored afterwards (None: there is no such record), and why it is not settled, if it isn't."""

    conference: Conference | None
    error: ServiceError | NotConfigured | None = None


@dataclass(frozen=True, kw_only=True)
class ReconcileConference:
    """Bring one conference to its desired state."""

    store: Store
    providers: Providers
    queue: Queue
    clock: Clock
    publish: PublishConference
    collect: CollectProvisional
    lease: timedelta

    def __call__(self, conference_id: str) -> Outcome:
        """Raises `Busy` while another worker holds the lease, and what the store raises.

        Errors of providers and of Calendar are recorded, not raised.
        """
        for _ in range(ROUNDS):
            conference = self.store.get(Conference, conference_id)
            if conference is None or self._waits(conference):
                return Outcome(conference=conference)
            try:
                if self._collected(conference):
                    continue
                links = self.store.get_many(Link, conference.links)
                if not self._has_work(conference, links):
                    return Outcome(conference=self._rest(conference, links))
                taken = self._take(conference)
            except StoreConflict:
                continue  # somebody wrote between our read and our write: look again
            try:
                change = self._step(taken, conference, links)
            except (ServiceError, NotConfigured) as error:
                return self._failed(taken, conference, error)
            # outside of the above: that the store did not take a result says nothing of what the provider did
            try:
                self._record(taken, change)
            except Busy:
                self._disown(taken, change(taken).applied)
                raise
        self._follow_up(conference_id, self.clock.now())
        return Outcome(conference=self.store.get(Conference, conference_id))

    # --- what there is to do -----------------------------------------------------------------------------------------

    def _waits(self, conference: Conference) -> bool:
        now = self.clock.now()
        if conference.lease.taken(now):
            raise Busy(f"conference {conference.id} is being worked on")
        return conference.retry_at is not None and now < conference.retry_at

    def _collected(self, conference: Conference) -> bool:
        """Whether a choice was given up.

        A calendar out of reach is no reason to leave the rest undone: it is looked at later.
        """
        try:
            return self.collect(conference)
        except ServiceError as error:
            log.warning("could not look whether the event was saved", conference_id=conference.id, error=str(error))
            return False

    def _verify_due(self, conference: Conference) -> bool:
        return conference.verify_at is not None and conference.verify_at <= self.clock.now()

    def _has_work(self, conference: Conference, links: dict[str, Link]) -> bool:
        if conference.state is ConferenceState.FAILED and conference.retry_at is None:
            return False
        return not conference.settled or self._verify_due(conference) or bool(unpublished(conference, links))

    def _step(self, taken: Conference, before: Conference, links: dict[str, Link]) -> Change:
        """One provider step or the publications, and how to record it and give the lease back."""
        provider = self.providers.provider(taken.solution)
        if before.settled and not self._verify_due(before):
            return self._publish(taken, links)
        if not taken.wanted:
            return self._remove(provider, taken)
        if taken.applied.reference is None:
            return self._create(provider, taken, before)
        if not taken.settled:
            return self._update(provider, taken, before)
        return self._verify(provider, taken)

    def _publish(self, taken: Conference, links: dict[str, Link]) -> Change:
        """Have every event show the meeting. One out of reach keeps none of the others; raises the first error."""
        errors: list[ServiceError] = []
        for link in unpublished(taken, links):
            try:
                self.publish(taken, link)
            except ServiceError as error:
                errors.append(error)
            self._record(taken, lambda c: c)
        if errors:
            raise errors[0]
        return self._done

    # --- steps: each makes at most one change at the provider and returns how to record it ---------------------------

    def _create(self, provider: ConferenceProvider, taken: Conference, before: Conference) -> Change:
        spec = taken.desired.spec
        assert spec is not None
        resumed = before.creating_since is not None
        if resumed:
            found = self._find(provider, taken, before.creating_since)
            if found:
                self._delete_all(provider, found[1:])
                return self._made(found[0], taken, version=0)
        made = provider.create(spec, taken.marker)
        verify_at = self.clock.now() + 2 * provider.capabilities.settle if resumed else None
        return self._made(made, taken, version=taken.desired.version, verify_at=verify_at)

    def _made(
        self, made: ProviderConference, taken: Conference, *, version: int, verify_at: datetime | None = None
    ) -> Change:
        """`version` 0: an earlier attempt made it, for a desired state that we don't know any more; the next round
        updates it."""
        applied = Applied(
            version=version,
            spec=taken.desired.spec if version else None,
            reference=dict(made.reference),
            details=made.details,
        )
        return lambda c: self._done(
            replace(c, applied=applied, creating_since=None, verify_at=_later(c.verify_at, verify_at))
        )

    def _update(self, provider: ConferenceProvider, taken: Conference, before: Conference) -> Change:
        spec, applied = taken.desired.spec, taken.applied
        assert spec is not None
        assert applied.reference is not None
        watched = provider.capabilities.watched
        known = before.applied.spec
        changed = spec.changed_from(known) & watched if known else watched
        if not changed:
            same = replace(applied, version=taken.desired.version, spec=spec)
            return lambda c: self._done(replace(c, applied=same))
        try:
            made = provider.update(applied.reference, spec, changed, taken.marker)
        except NotFound:
            log.warning("meeting is gone at the provider; making a new one", conference_id=taken.id)
            return lambda c: self._done(replace(c, applied=Applied(), creating_since=None, generation=c.generation + 1))
        return self._made(made, taken, version=taken.desired.version)

    def _remove(self, provider: ConferenceProvider, taken: Conference) -> Change:
        if taken.applied.reference is not None:
            self._delete(provider, taken.applied.reference)
        # a meeting of a slow first attempt may show up until `verify_at`, and nobody would look for it after this
        since = taken.creating_since or (taken.verify_at and taken.verify_at - provider.capabilities.settle)
        if since is not None:
            self._delete_all(provider, self._find(provider, taken, since))
        gone = Applied(version=taken.desired.version)
        return lambda c: self._done(
            replace(c, applied=gone, generation=c.generation + 1, creating_since=None, verify_at=None)
        )

    def _verify(self, provider: ConferenceProvider, taken: Conference) -> Change:
        """After an unconfirmed first attempt: whatever it made in the end, later than the one we know, goes."""
        found = provider.find(taken.marker, taken.host)
        extra = [made for made in found if dict(made.reference) != dict(taken.applied.reference or {})]
        self._delete_all(provider, extra)
        return lambda c: self._done(replace(c, verify_at=None))

    def _find(
        self, provider: ConferenceProvider, taken: Conference, since: datetime | None
    ) -> list[ProviderConference]:
        """What an unconfirmed create made.

        Looking too early would miss it: raises `Ambiguous` until it had time to settle.
        """
        if since is not None and self.clock.now() < since + provider.capabilities.settle:
            raise Ambiguous("a create whose answer was lost needs time to settle", service=taken.solution)
        return provider.find(taken.marker, taken.host)

    @staticmethod
    def _delete(provider: ConferenceProvider, reference: Mapping[str, str]) -> None:
        with suppress(NotFound):  # what we want is so already
            provider.delete(reference)

    def _delete_all(self, provider: ConferenceProvider, made: Sequence[ProviderConference]) -> None:
        for each in made:
            log.warning("deleting a second meeting of an unconfirmed create", reference=dict(each.reference))
            self._delete(provider, each.reference)

    # --- the record: lease, result, rest, failure --------------------------------------------------------------------

    def _take(self, conference: Conference) -> Conference:
        """Take the lease and record what we are about to do, in one conditional write.

        If a meeting is to be made, since when; if it is to be changed, that what it is like is no longer known.
        """
        now = self.clock.now()
        creating = conference.wanted and conference.applied.reference is None
        taken = replace(
            conference,
            lease=conference.lease.take(self.clock.new_id(), now, self.lease),
            creating_since=(conference.creating_since or now) if creating else conference.creating_since,
            applied=conference.applied if conference.settled else replace(conference.applied, spec=None),
            attempts=conference.attempts + 1,
            due_at=now + self.lease,
        )
        self.store.commit([Save(record=taken)])
        return taken

    def _record(self, taken: Conference, change: Change) -> None:
        """Apply the change to the record as it is now, if the lease is still ours; the lease is renewed by it."""
        while True:
            latest = self.store.get(Conference, taken.id)
            now = self.clock.now()
            if latest is None or not latest.lease.holds(taken.lease, now):
                raise Busy(f"lost the lease of conference {taken.id}; whoever has it now goes on")
            renewed = replace(latest, lease=latest.lease.extend(now, self.lease))
            with suppress(StoreConflict):
                self.store.commit([Save(record=change(renewed))])
                return

    def _disown(self, taken: Conference, made: Applied) -> None:
        """The lease was lost meanwhile. If a meeting was made, it may be a second one: have it looked for.

        Nobody would look for one of a generation that was given up: that goes at once.
        """
        if taken.applied.reference is not None or made.reference is None:
            return
        provider = self.providers.provider(taken.solution)
        while True:
            latest = self.store.get(Conference, taken.id)
            if latest is None or latest.marker != taken.marker:
                self._delete(provider, made.reference)
                return
            verify_at = self.clock.now() + provider.capabilities.settle
            asked = replace(latest, verify_at=_later(latest.verify_at, verify_at), due_at=latest.due_at or verify_at)
            with suppress(StoreConflict):
                self.store.commit([Save(record=asked)])
                return

    @staticmethod
    def _done(conference: Conference) -> Conference:
        """A step succeeded: the lease goes back, and the backoff is over. What is due is left to `_rest`."""
        return replace(
            conference,
            lease=conference.lease.release(),
            state=ConferenceState.PENDING,
            attempts=0,
            retry_at=None,
            last_error=None,
        )

    def _rest(self, conference: Conference, links: dict[str, Link]) -> Conference:
        """Nothing is to do now: store the state that people see, and when to look again. Raises `StoreConflict`."""
        if conference.state is ConferenceState.FAILED and conference.retry_at is None:
            return conference  # for good; it stays visible until something changes
        state = ConferenceState.ACTIVE if conference.wanted else ConferenceState.DELETED
        now = self.clock.now()
        expire_at = None if conference.wanted else conference.expire_at or now + KEEP_DELETED
        # what should have been collected by now could not be looked at
        collect = [
            p.since + COLLECT_AFTER if now < p.since + COLLECT_AFTER else now + REFUSED_RETRY
            for link in links.values()
            for p in link.provisional
            if p.conference_id == conference.id
        ]
        due_at = min(filter(None, [conference.verify_at, *collect]), default=None)
        rested = replace(self._done(conference), state=state, due_at=due_at, expire_at=expire_at)
        if rested == conference:
            return conference
        self.store.commit([Save(record=rested)])
        self._follow_up(conference.id, conference.verify_at)
        return rested

    def _failed(self, taken: Conference, before: Conference, error: ServiceError | NotConfigured) -> Outcome:
        """Record why, and when to try again; nothing is wiped."""
        now = self.clock.now()
        retry_at = self._retry_at(taken, error, now)
        state = ConferenceState.PENDING if retry_at and not _refused(error) else ConferenceState.FAILED
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
                due_at=retry_at,
                last_error=f"{type(error).__name__}: {error}",
            )

        log.warning(
            "conference not reconciled",
            conference_id=taken.id,
            error=str(error),
            error_class=type(error).__name__,
            retry_at=retry_at.isoformat() if retry_at else None,
        )
        self._record(taken, change)
        self._follow_up(taken.id, retry_at)
        return Outcome(conference=self.store.get(Conference, taken.id), error=error)

    def _retry_at(self, taken: Conference, error: ConfsyncError, now: datetime) -> datetime | None:
        if isinstance(error, Invalid) and not taken.settled:
            return None  # else it is an event that can't be read or written now: that may change unseen
        if _refused(error):
            return now + REFUSED_RETRY
        backoff = retry_time(taken.id, taken.attempts, now)
        if isinstance(error, RateLimited) and error.retry_at is not None:
            return max(error.retry_at, backoff)
        if isinstance(error, Ambiguous):
            return max(now + self.providers.provider(taken.solution).capabilities.settle, backoff)
        return backoff

    def _follow_up(self, conference_id: str, at: datetime | None) -> None:
        """A task for what is due soon, so that it need not wait for the sweep.

        If the queue refuses, the sweep does it.
        """
        if at is None or at - self.clock.now() > FOLLOW_UP_WITHIN:
            return
        try:
            self.queue.reconcile_conference(conference_id, at=at)
        except ServiceError as error:
            log.warning("no follow-up task; left to the sweep", conference_id=conference_id, error=str(error))


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)


def _refused(error: ConfsyncError) -> bool:
    """Whether a person has to mend it: retried slowly, and visible meanwhile."""
    return isinstance(error, ReauthorizationRequired | PermissionDenied | NotConfigured | Invalid)
