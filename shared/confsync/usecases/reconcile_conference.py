"""Make what the provider has equal to what is desired.

It may be run at any time, any number of times, by anyone. Each round takes the conference's lease in a conditional
write that also records the intent, makes one step, and records its result on the condition that the lease is still
held. So a crash at any point leaves a record from which the next run knows what to look for.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog

from confsync.domain.conference import Conference
from confsync.domain.errors import (
    Ambiguous,
    Busy,
    ConfsyncError,
    NotConfigured,
    RateLimited,
    ServiceError,
    StoreConflict,
    Unexpected,
)
from confsync.domain.fitting import fit
from confsync.domain.hosting import hosted_by
from confsync.domain.link import Link
from confsync.domain.step import KINDS, Step, steps
from confsync.domain.transitions import agreed, done, failed, next_visit, rested, waiting
from confsync.domain.upkeep import Upkeep
from confsync.ports import Clock, ConferenceProvider, Providers, Queue, Save, Store
from confsync.usecases.reconciling.budgets import Budgets, Spending
from confsync.usecases.reconciling.conference_lease import Change, ConferenceLease
from confsync.usecases.reconciling.give_up_links import GiveUpLinks
from confsync.usecases.reconciling.hosts import Hosting, Hosts
from confsync.usecases.reconciling.provider_steps import ProviderSteps
from confsync.usecases.reconciling.publish_conference import PublishConference
from confsync.usecases.records.ledgers import unpublished
from confsync.usecases.records.tasks import queued
from confsync.usecases.records.took import took

log = structlog.get_logger()

ROUNDS = 6

FOLLOW_UP_WITHIN = timedelta(hours=1)
"""What is due sooner gets a task of its own; the rest is left to the sweep."""

Unready = NotConfigured | ServiceError
"""Why there is no provider to make a step with."""

Error = Unready | Unexpected


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The conference as stored afterwards (None: there is no such record), and why it is not settled, if it isn't."""

    conference: Conference | None
    error: Error | None = None


@dataclass(frozen=True, kw_only=True)
class ReconcileConference:
    """Bring one conference to its desired state."""

    store: Store
    providers: Providers
    queue: Queue
    clock: Clock
    publish: PublishConference
    give_up_links: GiveUpLinks
    budgets: Budgets
    hosts: Hosts
    lease: timedelta
    join_link: Callable[[str], str]
    """Our address of a conference, that leads each person on to their own link. Raises `NotConfigured`."""
    check_every: timedelta | None = None
    """About how often a meeting is compared with what was applied (see `Upkeep`)."""

    def __call__(self, conference_id: str, *, check: bool = False) -> Outcome:
        """Raises `Busy` while another worker holds the lease, and what the store raises.

        Errors of providers and of Calendar are recorded, not raised. `check`: look at the vendor's copy now.
        """
        began, tried = self.clock.now(), list[Step]()
        outcome = self._reconciled(conference_id, tried, check=check)
        if outcome.conference is not None:
            log.info(
                "reconciliation completed",
                conference_id=conference_id,
                ms=took(self.clock, began),
                solution=outcome.conference.solution,
                state=outcome.conference.state,
                steps=tried,
                error_class=type(outcome.error).__name__ if outcome.error else None,
            )
        return outcome

    def _reconciled(self, conference_id: str, tried: list[Step], *, check: bool) -> Outcome:
        error: Error | None = None
        for _ in range(ROUNDS):
            conference = self.store.get(Conference, conference_id)
            if conference is None:
                return Outcome(conference=None)
            if conference.lease.taken(self.clock.now()):
                raise Busy(f"conference {conference_id} is being worked on")
            with suppress(StoreConflict):  # somebody wrote between our read and our write: look again
                ended = _Round(self, conference, tried).run(check=check, earlier=error)
                if isinstance(ended, Outcome):
                    return ended
                error, check = error or ended, False
        self.follow_up(conference_id, self.clock.now())
        return Outcome(conference=self.store.get(Conference, conference_id), error=error)

    def follow_up(self, conference_id: str, at: datetime | None) -> None:
        """A task for what is due soon, so that it need not wait for the sweep."""
        if at is not None and at - self.clock.now() <= FOLLOW_UP_WITHIN:
            queued(partial(self.queue.reconcile_conference, at=at), conference_id)


class _Round:
    """One look at the conference, and one step, which is added to those that were `tried`."""

    def __init__(self, usecase: ReconcileConference, conference: Conference, tried: list[Step]) -> None:
        self._usecase = usecase
        self._tried = tried
        self._clock = usecase.clock
        self._conference = conference
        self._provider = self._ready_provider()
        self._upkeep = self._upkeep_of(self._provider)

    def run(self, *, check: bool, earlier: Error | None) -> Outcome | Error | None:
        """How it ended; an error, if there is something else to do all the same; None, if there may be more to do.

        `earlier`: the first error of the rounds before. Raises `Busy`, `StoreConflict`.
        """
        conference, now = self._conference, self._clock.now()
        possible = steps(conference, now, self._upkeep, unpublished=True)
        if not check and self._all_wait(list(possible)):
            return Outcome(conference=conference, error=earlier)
        links = self._usecase.store.get_many(Link, conference.links)
        if self._collected(links):
            return None
        needed = list(steps(conference, now, self._upkeep, unpublished=bool(unpublished(conference, links, now))))
        if check and conference.wanted and conference.applied.reference is not None:
            needed = list(dict.fromkeys([*needed, Step.CHECK]))
        postponed: RateLimited | None = None
        for step in needed:
            if self._waits(step) and not (check and step is Step.CHECK):
                continue
            if step is Step.UPDATE and self._agrees():
                self._usecase.store.commit([Save(record=agreed(conference))])
                return None
            try:
                hosting = self._hosting(step, links)
                spending = self._spending(step, hosting)
            except RateLimited as error:
                postponed = error
                continue
            refused = self._do(step, links, hosting, spending)
            if refused is None:
                return None
            stored, failure = refused
            others = [each for each in needed if KINDS[each] is not KINDS[step] and not self._waits(each)]
            return failure if others else Outcome(conference=stored, error=earlier or failure)
        return self._ended(needed, links, postponed, earlier)

    # --- what there is to do -----------------------------------------------------------------------------------------

    def _ready_provider(self) -> ConferenceProvider | Unready:
        """The provider, which knows what it can do: some have to ask. Else why there is none, for the step to raise."""
        try:
            provider = self._usecase.providers.provider(self._conference.solution, self._conference.settings)
            _ = provider.capabilities
        except (NotConfigured, ServiceError) as error:
            return error
        return provider

    def _upkeep_of(self, provider: ConferenceProvider | Unready) -> Upkeep:
        if isinstance(provider, NotConfigured):
            return Upkeep()
        if isinstance(provider, ServiceError):
            return Upkeep(check_every=self._usecase.check_every)
        capabilities = provider.capabilities
        check_every = self._usecase.check_every if capabilities.drifts else None
        return Upkeep(check_every=check_every, lifetime=capabilities.lifetime)

    def _waits(self, step: Step) -> bool:
        until = self._conference.pauses.get(KINDS[step])
        return until is not None and self._clock.now() < until

    def _all_wait(self, possible: list[Step]) -> bool:
        return bool(possible) and all(map(self._waits, possible))

    def _collected(self, links: dict[str, Link]) -> bool:
        """Whether a choice was given up.

        A calendar out of reach is no reason to leave the rest undone, nor is what nobody expected: it is looked at
        later.
        """
        try:
            return self._usecase.give_up_links(self._conference, links)
        except ServiceError as error:
            told = "could not look whether the event was saved"
            log.warning(told, conference_id=self._conference.id, error=str(error))
        except ConfsyncError:
            raise
        except Exception:
            log.exception("unexpected error over whether the event was saved", conference_id=self._conference.id)
        return False

    def _agrees(self) -> bool:
        """Whether what changed is nothing that the vendor keeps."""
        provider = self._provider
        conference = self._conference
        if isinstance(provider, Unready) or conference.applied.spec is None or conference.remake:
            return False
        return not conference.differs_in(lambda spec: provider.kept(fit(spec, provider.capabilities)))

    def _hosting(self, step: Step, links: dict[str, Link]) -> Hosting:
        """Who is to host the meeting."""
        conference = self._conference
        if isinstance(self._provider, Unready) or step not in {Step.CREATE, Step.UPDATE}:
            return Hosting(account=hosted_by(conference) or conference.host)
        solution = self._usecase.providers.solution(conference.solution)
        return self._usecase.hosts.of(conference, solution, [link.spec for link in links.values()])

    def _spending(self, step: Step, hosting: Hosting) -> Spending | None:
        """What the step is counted in. Raises `RateLimited` if it has to wait."""
        if isinstance(self._provider, Unready) or hosting.refused is not None:
            return None
        return self._usecase.budgets.of(step, self._provider.capabilities.limit, self._conference, hosting.account)

    def _ended(
        self, needed: list[Step], links: dict[str, Link], postponed: RateLimited | None, earlier: Error | None
    ) -> Outcome:
        """Nothing is left to do, or all of it has to wait: store that, and when to look again."""
        conference, now = self._conference, self._clock.now()
        visit = next_visit(conference, links, self._upkeep, now)
        pauses = [conference.pauses[KINDS[step]] for step in needed if self._waits(step)]
        if not needed:
            ended, soon = rested(conference, due_at=visit, now=now), conference.verify_at
        else:
            times = (visit, *pauses, postponed.retry_at if postponed else None)
            due_at = min(filter(None, times), default=None)
            ended, soon = waiting(conference, due_at=due_at, postponed=postponed), due_at if postponed else None
        if ended != conference:
            self._usecase.store.commit([Save(record=ended)])
            self._usecase.follow_up(conference.id, soon)
        return Outcome(conference=ended, error=postponed or earlier)

    # --- a step ------------------------------------------------------------------------------------------------------

    def _do(
        self, step: Step, links: dict[str, Link], hosting: Hosting, spending: Spending | None
    ) -> tuple[Conference, Error] | None:
        """Make the step. If it failed: the conference as stored then, and why."""
        now = self._clock.now()
        lease = self._take(step, hosting, spending, now)
        self._tried.append(step)
        try:
            if step is Step.PUBLISH:
                change = self._publish(lease, links)
            else:
                change = self._at_provider(lease).make(step, hosting.checked)
        except (ServiceError, NotConfigured) as error:
            failure: Error = error
        except ConfsyncError:
            raise
        except Exception as error:
            log.exception("unexpected error in a step", conference_id=self._conference.id, step=step)
            failure = Unexpected.of(error)
        else:
            self._save(lease, change)
            return None
        stored = self._fail(lease, step, failure, links)
        if spending is not None:
            self._usecase.budgets.refund(spending, failure, now)
        return stored, failure

    def _take(self, step: Step, hosting: Hosting, spending: Spending | None, now: datetime) -> ConferenceLease:
        sent = self._conference.desired.spec
        if sent is not None and not isinstance(self._provider, Unready):
            sent = replace(fit(sent, self._provider.capabilities, now), host=hosting.account)
        spent = spending.budget.spent(spending.limit, now) if spending else None
        return ConferenceLease(
            self._usecase.store,
            self._clock,
            self._usecase.lease,
            self._conference,
            step,
            sent=sent,
            costs=[each for each in (spent, hosting.booking) if each is not None],
        )

    def _at_provider(self, lease: ConferenceLease) -> ProviderSteps:
        """Raises why there is no provider."""
        if isinstance(self._provider, Unready):
            raise self._provider
        return ProviderSteps(
            store=self._usecase.store,
            clock=self._clock,
            provider=self._provider,
            solution=self._usecase.providers.solution(self._conference.solution),
            join_link=self._usecase.join_link,
            before=self._conference,
            taken=lease.taken,
        )

    def _save(self, lease: ConferenceLease, change: Change) -> None:
        """Record the result of a step. Raises `Busy` if the lease was lost: what was made is looked for then."""
        try:
            lease.save(change)
        except Busy:
            made = change(lease.taken).applied.reference
            if lease.taken.applied.reference is None and made is not None:
                self._at_provider(lease).disown(made)
            raise

    def _fail(self, lease: ConferenceLease, step: Step, error: Error, links: dict[str, Link]) -> Conference:
        """Record the failure of a step. Raises `Busy` if the lease was lost."""
        settle = timedelta(0) if isinstance(self._provider, Unready) else self._provider.capabilities.settle
        now = self._clock.now()
        visit = next_visit(lease.taken, links, self._upkeep, now)
        try:
            stored = lease.save(
                lambda c: failed(c, self._conference, step, error, now=now, settle=settle, next_visit=visit)
            )
        except Busy:
            if step is Step.CREATE and isinstance(error, Ambiguous | Unexpected):
                self._at_provider(lease).disown(None)
            raise
        log.warning(
            "conference not reconciled",
            conference_id=stored.id,
            solution=stored.solution,
            step=step,
            state=stored.state,
            attempts=stored.attempts,
            error=str(error),
            error_class=type(error).__name__,
            due_at=stored.due_at.isoformat() if stored.due_at else None,
        )
        self._usecase.follow_up(stored.id, stored.due_at)
        return stored

    def _publish(self, lease: ConferenceLease, links: dict[str, Link]) -> Change:
        """Have every event show the meeting. One out of reach keeps none of the others; raises the first error."""
        first: Exception | None = None
        for number, link in enumerate(unpublished(lease.taken, links, self._clock.now())):
            if number:
                lease.renew()
            try:
                self._usecase.publish(lease.taken, link)
            except (StoreConflict, Busy):
                raise
            except Exception as error:  # noqa: BLE001 - raised below
                log.warning("details not published", event_id=link.event_id, error=str(error))
                first = first or error
        if first is not None:
            raise first
        return lambda c: done(c, Step.PUBLISH)
