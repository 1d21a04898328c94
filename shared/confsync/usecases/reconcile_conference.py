"""Make what the provider has equal to what is desired. The only code that talks to providers.

It may be run at any time, any number of times, by anyone. Each round takes the conference's lease in a conditional
write that also records the intent, makes one step, and records its result on the condition that the lease is still
held. So a crash at any point leaves a record from which the next run knows what to look for.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from confsync.domain import keys
from confsync.domain.budget import Budget, staggered
from confsync.domain.conference import Applied, Conference, ProviderConference, Reference
from confsync.domain.errors import (
    Ambiguous,
    AuthExpired,
    Busy,
    NotConfigured,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    StoreConflict,
)
from confsync.domain.link import Link
from confsync.domain.solution import DailyLimit
from confsync.domain.step import COUNTED, Step, steps
from confsync.ports import Clock, ConferenceProvider, Providers, Queue, Save, Store
from confsync.usecases.collect_provisional import CollectProvisional
from confsync.usecases.conference_record import Change, ConferenceRecord, done
from confsync.usecases.ledgers import unpublished
from confsync.usecases.publish_conference import PublishConference

log = structlog.get_logger()

ROUNDS = 6

NOT_ADMITTED = (NotConfigured, AuthExpired, ReauthorizationRequired, PermissionDenied)
"""The vendor let nobody in, so nothing was counted: else what is tried hourly would use up a day's limit."""


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
            with suppress(StoreConflict):  # somebody wrote between our read and our write: look again
                outcome = self._round(conference)
                if outcome is not None:
                    return outcome
        self._record.follow_up(conference_id, self.clock.now())
        return Outcome(conference=self.store.get(Conference, conference_id))

    @property
    def _record(self) -> ConferenceRecord:
        return ConferenceRecord(store=self.store, queue=self.queue, clock=self.clock, lease=self.lease)

    # --- what there is to do -----------------------------------------------------------------------------------------

    def _waits(self, conference: Conference) -> bool:
        now = self.clock.now()
        if conference.lease.taken(now):
            raise Busy(f"conference {conference.id} is being worked on")
        return conference.retry_at is not None and now < conference.retry_at

    def _round(self, conference: Conference) -> Outcome | None:
        """One step; None: there may be more to do."""
        links = self.store.get_many(Link, conference.links)
        if self._collected(conference, links):
            return None
        postponed: RateLimited | None = None
        for step in steps(conference, self.clock.now(), unpublished=bool(unpublished(conference, links))):
            try:
                provider = self.providers.provider(conference.solution)
            except NotConfigured as error:
                return self._failed(self._record.take(conference, step), conference, error)
            if step is Step.UPDATE and not conference.differs_in(provider.kept):
                self.store.commit([Save(record=_agreeing(conference))])
                return None
            try:
                budget = self._budget(step, provider.capabilities.daily, conference)
            except RateLimited as error:
                postponed = error
                continue
            return self._do(step, provider, conference, links, budget)
        if postponed is not None:
            return Outcome(conference=self._record.postponed(conference, links, postponed), error=postponed)
        return Outcome(conference=self._record.rest(conference, links))

    def _collected(self, conference: Conference, links: dict[str, Link]) -> bool:
        """Whether a choice was given up.

        A calendar out of reach is no reason to leave the rest undone: it is looked at later.
        """
        try:
            return self.collect(conference, links)
        except ServiceError as error:
            log.warning("could not look whether the event was saved", conference_id=conference.id, error=str(error))
            return False

    def _budget(self, step: Step, limit: DailyLimit | None, conference: Conference) -> Budget | None:
        """What the step is counted in, None if nobody counts it. Raises `RateLimited` if it has to wait."""
        if limit is None or step not in COUNTED:
            return None
        vendor = self.providers.solution(conference.solution).provider
        made = conference.applied.reference
        host = (made and made.host) or limit.host or conference.host
        key, now = keys.budget_key(vendor, limit.account, host), self.clock.now()
        budget = self.store.get(Budget, key) or Budget(key=key, provider=vendor, host=host, expire_at=now)
        opens_at = budget.opens_at(limit.calls, now, creation=step is Step.CREATE)
        if opens_at is None:
            return budget
        retry_at = staggered(conference.id, opens_at)
        raise RateLimited(
            f"{vendor} takes {limit.calls} new and changed meetings a day for {host}, of which {budget.on(now.date())} "
            f"are used: to {step} this one has to wait until {retry_at:%Y-%m-%d %H:%M} UTC",
            service=vendor,
            retry_at=retry_at,
        )

    # --- a round -----------------------------------------------------------------------------------------------------

    def _do(
        self,
        step: Step,
        provider: ConferenceProvider,
        conference: Conference,
        links: dict[str, Link],
        budget: Budget | None,
    ) -> Outcome | None:
        now = self.clock.now()
        taken = self._record.take(conference, step, budget.spent(now) if budget else None)
        try:
            change = self._step(step, provider, taken, conference, links)
        except (ServiceError, NotConfigured) as error:
            try:
                outcome = self._failed(taken, conference, error, provider.capabilities.settle)
            except Busy:
                if step is Step.CREATE and isinstance(error, Ambiguous):
                    self._disown(provider, taken, None)
                raise
            if budget is not None and isinstance(error, NOT_ADMITTED):
                self._record.refund(budget.key, now)
            return outcome
        # outside of the above: that the store did not take a result says nothing of what the provider did
        try:
            self._record.record(taken, change)
        except Busy:
            made = change(taken).applied.reference
            if taken.applied.reference is None and made is not None:
                self._disown(provider, taken, made)
            raise
        return None

    def _failed(
        self,
        taken: Conference,
        before: Conference,
        error: ServiceError | NotConfigured,
        settle: timedelta = timedelta(0),
    ) -> Outcome:
        return Outcome(conference=self._record.failed(taken, before, error, settle), error=error)

    def _step(
        self, step: Step, provider: ConferenceProvider, taken: Conference, before: Conference, links: dict[str, Link]
    ) -> Change:
        """Make it, and return how to record it and give the lease back."""
        match step:
            case Step.REMOVE:
                return self._remove(provider, taken)
            case Step.LOOK:
                return self._look(provider, taken, before)
            case Step.CREATE:
                return self._create(provider, taken)
            case Step.UPDATE:
                return self._update(provider, taken, before.differs_in(provider.kept))
            case Step.VERIFY:
                return self._verify(provider, taken)
            case Step.PUBLISH:
                return self._publish(taken, links)

    # --- steps: each makes at most one change at the provider and returns how to record it ---------------------------

    def _create(self, provider: ConferenceProvider, taken: Conference) -> Change:
        assert taken.desired.spec is not None
        made = provider.create(taken.desired.spec, taken.marker)
        return self._made(made, taken, version=taken.desired.version)

    def _look(self, provider: ConferenceProvider, taken: Conference, before: Conference) -> Change:
        found = self._find(provider, taken, taken.creating_since)
        if found:
            self._delete_all(provider, found[1:])
            # made for a desired state that we don't know any more: the next round updates it
            return self._made(found[0], taken, version=0)
        # it may still show up, when another one is made already
        again = self.clock.now() + 2 * provider.capabilities.settle if taken.creating_since else None

        def change(c: Conference) -> Conference:
            verify_at = _later(_still_to_verify(c, taken), again)
            return replace(done(c), attempts=before.attempts, creating_since=None, verify_at=verify_at)

        return change

    def _made(self, made: ProviderConference, taken: Conference, *, version: int) -> Change:
        applied = Applied(
            version=version,
            spec=taken.desired.spec if version else None,
            reference=made.reference,
            details=made.details,
        )
        return lambda c: done(replace(c, applied=applied, creating_since=None))

    def _update(self, provider: ConferenceProvider, taken: Conference, changed: frozenset[str]) -> Change:
        spec, reference = taken.desired.spec, taken.applied.reference
        assert spec is not None
        assert reference is not None
        try:
            made = provider.update(reference, spec, changed, taken.marker)
        except NotFound:
            log.warning("meeting is gone at the provider; making a new one", conference_id=taken.id)
            return lambda c: _given_up(c, Applied())
        return self._made(made, taken, version=taken.desired.version)

    def _remove(self, provider: ConferenceProvider, taken: Conference) -> Change:
        if taken.applied.reference is not None:
            self._delete(provider, taken.applied.reference)
        # a meeting of a slow first attempt may show up until `verify_at`, and nobody would look for it after this
        since = taken.creating_since or (taken.verify_at and taken.verify_at - provider.capabilities.settle)
        if since is not None:
            self._delete_all(provider, self._find(provider, taken, since))
        gone = Applied(version=taken.desired.version)
        return lambda c: _given_up(replace(c, verify_at=_still_to_verify(c, taken)), gone)

    def _verify(self, provider: ConferenceProvider, taken: Conference) -> Change:
        """After an unconfirmed first attempt: whatever it made in the end, later than the one we know, goes."""
        found = provider.find(taken.marker, taken.searched_by)
        extra = [made for made in found if made.reference != taken.applied.reference]
        self._delete_all(provider, extra)
        return lambda c: done(replace(c, verify_at=_still_to_verify(c, taken)))

    def _publish(self, taken: Conference, links: dict[str, Link]) -> Change:
        """Have every event show the meeting. One out of reach keeps none of the others; raises the first error."""
        errors: list[ServiceError] = []
        for link in unpublished(taken, links):
            try:
                self.publish(taken, link)
            except ServiceError as error:
                errors.append(error)
            self._record.record(taken, lambda c: c)
        if errors:
            raise errors[0]
        return done

    # --- meetings that an unconfirmed create left --------------------------------------------------------------------

    def _find(
        self, provider: ConferenceProvider, taken: Conference, since: datetime | None
    ) -> list[ProviderConference]:
        """What an unconfirmed create made.

        Looking too early would miss it: raises `Ambiguous` until it had time to settle.
        """
        if since is not None and self.clock.now() < since + provider.capabilities.settle:
            raise Ambiguous("a create whose answer was lost needs time to settle", service=taken.solution)
        return provider.find(taken.marker, taken.searched_by)

    @staticmethod
    def _delete(provider: ConferenceProvider, reference: Reference) -> None:
        with suppress(NotFound):  # what we want is so already
            provider.delete(reference)

    def _delete_all(self, provider: ConferenceProvider, made: Sequence[ProviderConference]) -> None:
        for each in made:
            log.warning("deleting a second meeting of an unconfirmed create", reference=dict(each.reference.ids))
            self._delete(provider, each.reference)

    def _disown(self, provider: ConferenceProvider, taken: Conference, made: Reference | None) -> None:
        """The lease was lost meanwhile. What was made (None: not known) may be a second meeting: have it looked for.

        Nobody would look for one of a generation that was given up: that goes at once.
        """
        while True:
            latest = self.store.get(Conference, taken.id)
            if latest is None or latest.marker != taken.marker:
                if made is not None:
                    self._delete(provider, made)
                else:
                    self._delete_all(provider, provider.find(taken.marker, taken.searched_by))
                return
            verify_at = self.clock.now() + provider.capabilities.settle
            asked = replace(latest, verify_at=_later(latest.verify_at, verify_at), due_at=latest.due_at or verify_at)
            with suppress(StoreConflict):
                self.store.commit([Save(record=asked)])
                return


def _agreeing(conference: Conference) -> Conference:
    """The conference whose meeting is as desired already, as far as the provider keeps it."""
    desired = conference.desired
    return done(replace(conference, applied=replace(conference.applied, version=desired.version, spec=desired.spec)))


def _given_up(conference: Conference, applied: Applied) -> Conference:
    """The conference without its meeting. While a second one may still show up, it goes by the same marker."""
    generation = conference.generation + (conference.verify_at is None)
    return done(replace(conference, applied=applied, creating_since=None, generation=generation))


def _still_to_verify(conference: Conference, taken: Conference) -> datetime | None:
    """What a late creator asked for since the lease was taken."""
    return conference.verify_at if conference.verify_at != taken.verify_at else None


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max(filter(None, (one, other)), default=None)
