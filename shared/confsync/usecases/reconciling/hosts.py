"""Choosing who hosts a meeting, such that two meetings never need one host at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from confsync.domain.conference import Conference, ConferenceSpec
from confsync.domain.errors import PermissionDenied
from confsync.domain.host import Host
from confsync.domain.hosting import has_room, hosted_by, over
from confsync.domain.keys import host_key
from confsync.domain.solution import Solution
from confsync.ports import Clock, Store


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """Who hosts."""

    account: str
    booking: Host | None = None
    """To be stored in the commit that takes the lease, so that nobody else takes this host for that time."""
    refused: PermissionDenied | None = None
    """Why nobody can."""

    @property
    def checked(self) -> str:
        """The account. Raises why nobody can."""
        if self.refused is not None:
            raise self.refused
        return self.account


@dataclass(frozen=True, kw_only=True)
class Hosts:
    """The hosts of solutions that have some of their own."""

    store: Store
    clock: Clock

    def of(self, conference: Conference, solution: Solution, specs: Sequence[ConferenceSpec]) -> Hosting:
        """Who is to host the conference at these times: whoever hosts it already, if they have room.

        Of one host it is not asked whether they have room: there is no other.
        """
        current = hosted_by(conference)
        if conference.account:
            return Hosting(account=current or conference.account)
        if len(solution.hosts) <= 1:
            return Hosting(account=current or next(iter(solution.hosts), conference.host))
        now = self.clock.now()
        candidates = self._candidates(solution, current)
        for host in candidates:
            free = self._with_room(host, conference.id, specs, at_once=solution.at_once)
            if free is not None:
                kept = free.without(over(free, now))
                return Hosting(account=host.account, booking=kept.booking(conference.id, specs, now))
        told = (
            f"all {len(candidates)} hosts of {solution.name} have another meeting at that time: choose another one, or "
            f"add to solutions.{solution.id}.hosts"
        )
        refused = PermissionDenied(told, service=solution.provider)
        return Hosting(account=current or conference.host, refused=refused)

    def _candidates(self, solution: Solution, current: str | None) -> list[Host]:
        """Whoever hosts it now comes first, then those with the fewest bookings."""
        keys = {account: host_key(solution.provider, account) for account in solution.hosts}
        stored = self.store.get_many(Host, list(keys.values()))
        now = self.clock.now()
        known = [
            stored.get(key) or Host(key=key, provider=solution.provider, account=account, expire_at=now)
            for account, key in keys.items()
        ]
        return sorted(known, key=lambda host: (host.account != current, len(host.booked)))

    def _with_room(
        self, host: Host, conference_id: str, specs: Sequence[ConferenceSpec], *, at_once: int
    ) -> Host | None:
        """The host, if it has room: perhaps once bookings are forgotten of which nothing came."""
        now = self.clock.now()
        if has_room(host, conference_id, specs, now, at_once=at_once):
            return host
        cleared = self._cleared(host, conference_id)
        return cleared if has_room(cleared, conference_id, specs, now, at_once=at_once) else None

    def _cleared(self, host: Host, conference_id: str) -> Host:
        """Without bookings of conferences that are gone, or that somebody else hosts by now."""
        others = [each for each in host.booked if each != conference_id]
        known = self.store.get_many(Conference, others) if others else {}
        return host.without(each for each in others if each not in known or hosted_by(known[each]) != host.account)
