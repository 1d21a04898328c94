"""One worker's hold on a conference while it makes a step."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from confsync.domain.budget import Budget
from confsync.domain.conference import Conference, ConferenceSpec
from confsync.domain.errors import Busy, StoreConflict
from confsync.domain.host import Host
from confsync.domain.step import Step
from confsync.domain.transitions import taken
from confsync.ports import Clock, Save, Store

Change = Callable[[Conference], Conference]


class ConferenceLease:
    """The lease, and the conference as it was when it was taken."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ttl: timedelta,
        conference: Conference,
        step: Step,
        *,
        sent: ConferenceSpec | None,
        costs: Sequence[Budget | Host],
    ) -> None:
        """Take the lease and record what is about to happen, in one conditional write with what it costs.

        `costs`: what is left of a limit after the step, and who is booked for it. Raises `StoreConflict`, also if this
        took so long that whoever has the lease next would look for what we make before it can be found.
        """
        self._store = store
        self._clock = clock
        self._ttl = ttl
        now = clock.now()
        self.taken = taken(conference, step, holder=clock.new_id(), now=now, ttl=ttl, sent=sent)
        store.commit([Save(record=self.taken), *(Save(record=each) for each in costs)])
        if clock.now() - now > ttl / 2:
            raise StoreConflict(f"conference {conference.id}: this process stood still with its lease")

    def save(self, change: Change) -> Conference:
        """Apply the change to the record as it is now, if the lease is still ours. Returns what was stored.

        Raises `Busy` if it is not.
        """
        while True:
            latest = self._store.get(Conference, self.taken.id)
            now = self._clock.now()
            if latest is None or not latest.lease.holds(self.taken.lease, now):
                raise Busy(f"lost the lease of conference {self.taken.id}; whoever has it now goes on")
            changed = change(replace(latest, lease=latest.lease.extend(now, self._ttl)))
            with suppress(StoreConflict):
                self._store.commit([Save(record=changed)])
                return changed

    def renew(self) -> None:
        """Hold it for longer. Raises `Busy` if it is lost."""
        self.save(lambda conference: conference)
