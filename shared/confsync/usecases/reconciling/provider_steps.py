"""The steps at a provider. Each makes at most one change there, and returns how to record it. Nobody else calls one."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from confsync.domain import keys
from confsync.domain.conference import Conference, Desired, ProviderConference, Reference
from confsync.domain.errors import Ambiguous, NotFound
from confsync.domain.fitting import fit, notes
from confsync.domain.solution import Capabilities, Solution
from confsync.domain.step import Step
from confsync.domain.transitions import checked, given_up, made, not_found, removed, to_verify, verified
from confsync.ports import Clock, ConferenceProvider, Store
from confsync.usecases.reconciling.conference_lease import Change
from confsync.usecases.records.change import change

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class ProviderSteps:
    """The steps of one conference. `before`: as it was before its lease was taken; `taken`: as it is since."""

    store: Store
    clock: Clock
    provider: ConferenceProvider
    solution: Solution
    join_link: Callable[[str], str]
    """Our address of a conference, that leads each person on to their own link. Raises `NotConfigured`."""
    before: Conference
    taken: Conference

    @property
    def capabilities(self) -> Capabilities:
        return self.provider.capabilities

    def make(self, step: Step, host: str) -> Change:
        """Make the step, and return how to record it and give the lease back. Raises what providers raise.

        `host`: who is to host the meeting.
        """
        if step is Step.REMOVE:
            return self._remove()
        self._joined_at()  # before anything is made that nobody could join
        match step:
            case Step.LOOK:
                return self._look()
            case Step.CREATE:
                return self._create()
            case Step.UPDATE:
                return self._make_way(step) if self._needs_another(host) else self._update(step, self._changed())
            case Step.VERIFY:
                return self._verify()
            case Step.TOUCH:
                return self._make_way(step) if self._needs_another(host) else self._update(step, self._all())
            case Step.CHECK:
                return self._check()
            case _:
                raise AssertionError(f"to {step} is no provider's matter")

    # --- making ------------------------------------------------------------------------------------------------------

    def _create(self) -> Change:
        assert self.taken.sent_spec is not None, "it was recorded before"
        meeting = self.provider.create(self.taken.sent_spec, self.taken.marker)
        return self._made(Step.CREATE, meeting, self.taken.desired)

    def _look(self) -> Change:
        found = self._find(self.taken.creating_since)
        if found:
            self._delete_all(found[1:])
            # made for a desired state that is not known any more: the next round updates it
            return self._made(Step.LOOK, found[0], Desired(version=0, spec=None))
        # it may still show up, when another one is made already
        again = self.clock.now() + 2 * self.capabilities.settle if self.taken.creating_since else None
        return lambda c: not_found(c, self.before, look_again_at=again)

    def _update(self, step: Step, changed: frozenset[str]) -> Change:
        spec, reference = self.taken.desired.spec, self.taken.applied.reference
        assert spec is not None
        assert reference is not None
        fitted = fit(spec, self.capabilities, self.clock.now())
        try:
            meeting = self.provider.update(reference, fitted, changed, self.taken.marker)
        except NotFound:
            return self._lost(step)
        return self._made(step, meeting, self.taken.desired)

    def _changed(self) -> frozenset[str]:
        """What the meeting has, or may have, otherwise than desired."""
        return self.before.differs_in(lambda each: self.provider.kept(fit(each, self.capabilities)))

    def _all(self) -> frozenset[str]:
        """All that the vendor keeps: whatever somebody changed there is right again."""
        assert self.taken.desired.spec is not None
        return frozenset(self.provider.kept(self.taken.desired.spec))

    def _needs_another(self, host: str) -> bool:
        """Whether this meeting can't become what is desired: its vendor changes none, or its host has no time then, or
        it is to be another account's."""
        reference = self.taken.applied.reference
        return (
            self.taken.remake
            or not self.capabilities.updates
            or (reference is not None and reference.host not in {"", host})
        )

    def _make_way(self, step: Step) -> Change:
        """A meeting that can't be changed goes, so that the next round makes it anew."""
        assert self.taken.applied.reference is not None
        self._delete(self.taken.applied.reference)
        return lambda c: given_up(c, step)

    def _made(self, step: Step, meeting: ProviderConference, sent: Desired) -> Change:
        key = keys.meeting_key(self.solution.provider, meeting.reference.ids)
        shown, now = self._as_shown(meeting), self.clock.now()
        return lambda c: made(replace(c, meeting_key=key), step, shown, sent, now)

    def _as_shown(self, meeting: ProviderConference) -> ProviderConference:
        """The meeting with the details that events show."""
        details, link = meeting.details, self._joined_at()
        if link is not None:
            details = details.joined_at(link, link.partition("://")[2].partition("/")[0])
        if self.taken.desired.spec is not None:
            details = details.noting(notes(self.taken.desired.spec, self.capabilities))
        return replace(meeting, details=details)

    def _joined_at(self) -> str | None:
        """Where everybody begins, None if the meeting has one link for all."""
        return self.join_link(self.taken.id) if self.capabilities.join_redirect else None

    # --- looking -----------------------------------------------------------------------------------------------------

    def _check(self) -> Change:
        """Whether the vendor still has what was applied."""
        assert self.taken.applied.reference is not None
        try:
            meeting = self.provider.get(self.taken.applied.reference)
        except NotFound:
            return self._lost(Step.CHECK)
        shown, now = self._as_shown(meeting), self.clock.now()
        return lambda c: checked(c, shown, now)

    def _lost(self, step: Step) -> Change:
        log.warning("meeting is gone at the provider; making a new one", conference_id=self.taken.id)
        return lambda c: given_up(c, step)

    def _verify(self) -> Change:
        """After an unconfirmed first attempt: whatever it made in the end, later than the one we know, goes."""
        found = self.provider.find(self.taken.marker, self.taken.searched_by)
        self._delete_all([each for each in found if not each.reference.is_same(self.taken.applied.reference)])
        return lambda c: verified(c, self.taken)

    def _find(self, since: datetime | None) -> list[ProviderConference]:
        """What an unconfirmed create made.

        Looking too early would miss it: raises `Ambiguous` until it had time to settle.
        """
        if since is not None and self.clock.now() < since + self.capabilities.settle:
            raise Ambiguous("a create whose answer was lost needs time to settle", service=self.taken.solution)
        return self.provider.find(self.taken.marker, self.taken.searched_by)

    # --- removing ----------------------------------------------------------------------------------------------------

    def _remove(self) -> Change:
        if self.taken.applied.reference is not None:
            self._delete(self.taken.applied.reference)
        # a meeting of a slow first attempt may show up until `verify_at`, and nobody would look for it after this
        since = self.taken.creating_since or (self.taken.verify_at and self.taken.verify_at - self.capabilities.settle)
        if since is not None:
            self._delete_all(self._find(since))
        return lambda c: removed(c, self.taken)

    def _delete(self, reference: Reference) -> None:
        if not self.capabilities.deletes:
            log.info("the vendor removes no meetings; this one is left to itself", conference_id=self.taken.id)
            return
        with suppress(NotFound):  # what we want is so already
            self.provider.delete(reference)

    def _delete_all(self, meetings: Sequence[ProviderConference]) -> None:
        for each in meetings:
            log.warning("deleting a second meeting of an unconfirmed create", reference=dict(each.reference.ids))
            self._delete(each.reference)

    def disown(self, meeting: Reference | None) -> None:
        """The lease was lost meanwhile. What was made (None: not known) may be a second meeting: have it looked for.

        Nobody would look for one of a generation that was given up: that goes at once.
        """
        verify_at = self.clock.now() + self.capabilities.settle

        def decide(latest: Conference) -> Conference | None:
            return to_verify(latest, verify_at) if latest.marker == self.taken.marker else None

        if change(self.store, Conference, self.taken.id, decide) is not None:
            return
        if meeting is not None:
            self._delete(meeting)
        else:
            self._delete_all(self.provider.find(self.taken.marker, self.taken.searched_by))
