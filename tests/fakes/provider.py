"""A conferencing system in a dictionary, with the lost answers and slow indexes that real ones have."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.errors import NotConfigured, NotFound, RateLimited
from confsync.domain.solution import CallLimit, Capabilities, Solution
from tests.fakes.clock import FakeClock

SETTLE = timedelta(seconds=5)
WATCHED = frozenset({"title", "start", "end", "time_zone", "all_day", "recurrence", "open_ended"})


@dataclass(kw_only=True)
class Meeting:
    """One meeting as the vendor has it. `find` does not show it before `shows_at`."""

    id: str
    marker: str
    spec: ConferenceSpec
    shows_at: datetime

    secret: int = 0
    """Rises when its passcode changes, which is part of its link."""

    @property
    def conference(self) -> ProviderConference:
        code = f"?pwd={self.secret}" if self.secret else ""
        uri = f"https://meet.example.com/{self.id}{code}"
        return ProviderConference(
            reference=Reference(ids={"id": self.id}, host=self.spec.host),
            details=ConferenceDetails(
                entry_points=(EntryPoint(type=EntryPointType.VIDEO, uri=uri, meeting_code=self.id),)
            ),
            fingerprint=repr(sorted((name, str(getattr(self.spec, name))) for name in WATCHED)),
        )


class FakeProvider:
    """The `ConferenceProvider` port. `meetings` is what exists, `calls` what was asked, in order.

    A meeting shows up in `find` after `lag`, which a test may set longer than `capabilities.settle` admits. `counted`
    are creations and changes by host and UTC day; under `limit_days` the vendor refuses what is too many of them.
    """

    def __init__(self, clock: FakeClock, *, settle: timedelta = SETTLE, lag: timedelta = timedelta(0)) -> None:
        self.capabilities = Capabilities(settle=settle)
        self.lag = lag
        self.meetings: dict[str, Meeting] = {}
        self.calls: list[str] = []
        self.changes: list[frozenset[str]] = []
        self.counted: Counter[tuple[str, date]] = Counter()
        self._clock = clock
        self._made = 0
        self._before: dict[str, deque[Callable[[], None]]] = {}
        self._after: dict[str, deque[Callable[[], None]]] = {}

    # --- what tests do

    def fail(self, method: str, *errors: Exception) -> None:
        """The next calls of `method` raise these errors, one each, and do nothing."""
        self._before.setdefault(method, deque()).extend(_raising(error) for error in errors)

    def lose_answer(self, method: str, *errors: Exception) -> None:
        """The next calls of `method` do their work, and raise these errors all the same."""
        self._after.setdefault(method, deque()).extend(_raising(error) for error in errors)

    def during(self, method: str, action: Callable[[], None]) -> None:
        """What happens elsewhere while the next call of `method` is answered."""
        self._after.setdefault(method, deque()).append(action)

    def ahead_of(self, method: str, action: Callable[[], None]) -> None:
        """What happens elsewhere before the next call of `method` reaches the vendor."""
        self._before.setdefault(method, deque()).append(action)

    def limit_days(self, calls: int) -> None:
        """From now on the vendor takes so many creations and changes per host and UTC day."""
        self.capabilities = replace(self.capabilities, limit=CallLimit(calls=calls, account="acme"))

    def edit(self, **changes: Any) -> None:
        """Somebody changes the only meeting at the vendor."""
        self.only.spec = replace(self.only.spec, **changes)

    @property
    def only(self) -> Meeting:
        """The one meeting that exists."""
        (meeting,) = self.meetings.values()
        return meeting

    # --- what use cases see

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:
        self._begin("create")
        self._count(spec.host)
        self._made += 1
        meeting = Meeting(id=f"m{self._made}", marker=marker, spec=spec, shows_at=self._clock.now() + self.lag)
        self.meetings[meeting.id] = meeting
        self._end("create")
        return self.shown(meeting)

    def kept(self, spec: ConferenceSpec) -> dict[str, Any]:
        return {name: getattr(spec, name) for name in WATCHED}

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        self._begin("find")
        now = self._clock.now()
        found = [
            m for m in self.meetings.values() if (m.marker, m.spec.host) == (marker, spec.host) and m.shows_at <= now
        ]
        self._end("find")
        return [self.shown(meeting) for meeting in found]

    def get(self, reference: Reference) -> ProviderConference:
        self._begin("get")
        return self.shown(self._existing(reference))

    def update(
        self, reference: Reference, spec: ConferenceSpec, changed: frozenset[str], marker: str
    ) -> ProviderConference:
        self._begin("update")
        meeting = self._existing(reference)
        self._count(meeting.spec.host)
        meeting.spec, meeting.marker = replace(spec, host=meeting.spec.host), marker
        self.changes.append(changed)
        self._end("update")
        return self.shown(meeting)

    def delete(self, reference: Reference) -> None:
        self._begin("delete")
        del self.meetings[self._existing(reference).id]
        self._end("delete")

    def shown(self, meeting: Meeting) -> ProviderConference:
        """The meeting as the port tells it."""
        return meeting.conference

    def _existing(self, reference: Reference) -> Meeting:
        if reference.ids["id"] not in self.meetings:
            raise NotFound(f"meeting {reference.ids['id']}", service="fake")
        return self.meetings[reference.ids["id"]]

    def _count(self, host: str) -> None:
        today, daily = (host, self._clock.now().date()), self.capabilities.limit
        if daily is not None and self.counted[today] >= daily.calls:
            raise RateLimited("Daily-limit", service="fake", status=429)
        self.counted[today] += 1

    def _begin(self, method: str) -> None:
        self.calls.append(method)
        _next(self._before, method)

    def _end(self, method: str) -> None:
        _next(self._after, method)


class FakeProviders:
    """The `Providers` port: solutions by id, all of them made by one provider."""

    def __init__(
        self, provider: FakeProvider, *solutions: str, hosts: tuple[str, ...] = (), personal: bool = False
    ) -> None:
        self._provider = provider
        self.asked_with: list[str | None] = []
        """The settings that each call brought."""
        self.solutions = {
            id: Solution(id=id, name=id.title(), provider="fake", hosts=hosts, personal=personal) for id in solutions
        }

    def solution(self, solution_id: str) -> Solution:
        if solution_id not in self.solutions:
            raise NotConfigured(f"solutions.{solution_id}")
        return self.solutions[solution_id]

    def offered(self) -> list[Solution]:
        return list(self.solutions.values())

    def provider(self, solution_id: str, settings: str | None = None) -> FakeProvider:
        self.solution(solution_id)
        if settings and "colour" in settings:
            raise NotConfigured(f"solutions.{solution_id}.settings: Object contains unknown field `colour`")
        self.asked_with.append(settings)
        return self._provider


def _raising(error: Exception) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def _next(planned: dict[str, deque[Callable[[], None]]], method: str) -> None:
    if actions := planned.get(method):
        actions.popleft()()
