"""Conferences that live by a person's own account at a vendor."""

from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from confsync.domain.conference import Conference
from confsync.domain.connection import Connection
from confsync.domain.errors import NotConfigured, ServiceError
from confsync.domain.transitions import thawed, waits_for_account
from confsync.ports import Clock, Providers, Queue, Store
from confsync.usecases.records.change import change
from confsync.usecases.records.tasks import queued

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Dependents:
    """What depends on a connection, and what becomes of it."""

    store: Store
    providers: Providers
    queue: Queue
    clock: Clock

    def of(self, owner: str, vendor: str) -> Iterator[Conference]:
        """Those that are wanted, or still have a meeting."""
        for conference in self.store.conferences_of_host(owner):
            alive = conference.wanted or conference.applied.reference is not None
            if alive and self._personal(conference, vendor):
                yield conference

    def mark(self, connection: Connection) -> None:
        """They say what they wait for. What can't be marked now says so when it is worked on."""
        reason = f"{connection.owner} has to connect their account at {connection.vendor} again"
        try:
            for each in self.of(connection.owner, connection.vendor):
                change(self.store, Conference, each.key, lambda c: waits_for_account(c, reason))
        except ServiceError as error:
            log.warning("what depends on a connection is not marked", connection=connection.key, error=str(error))

    def resume(self, owner: str, vendor: str, *, same_account: bool = False) -> int:
        """Whatever waited goes on at once. How many.

        `same_account`: what was to stay as it is, because its account was left, follows its events again.
        """
        count, now = 0, self.clock.now()
        for each in self.of(owner, vendor):
            if each.frozen and not same_account:
                continue
            if change(self.store, Conference, each.key, lambda c: thawed(c, now)) is not None:
                queued(self.queue.reconcile_conference, each.key)
                count += 1
        return count

    def _personal(self, conference: Conference, vendor: str) -> bool:
        try:
            solution = self.providers.solution(conference.solution)
        except NotConfigured:
            return False
        return solution.personal and solution.provider == vendor
