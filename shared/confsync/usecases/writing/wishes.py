"""What a wish for a conference comes to: what is written with the event, and what was made for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from confsync.domain import description_block, keys
from confsync.domain.access import Reach, Right
from confsync.domain.by_hand import copied
from confsync.domain.conference import Conference
from confsync.domain.conferencing import Source, Status
from confsync.domain.detection import OwnService, detect
from confsync.domain.entry_point import ConferenceDetails
from confsync.domain.errors import (
    BadRequest,
    ConfsyncError,
    Forbidden,
    Invalid,
    NotConfigured,
    NotFound,
    PermissionDenied,
    ReauthorizationRequired,
)
from confsync.domain.event import Event
from confsync.domain.plan import Choice
from confsync.domain.solution import Solution
from confsync.domain.wish import MODULES, Autocreate, ByHand, CopyFrom, Remove, Wish
from confsync.ports import Calendars, Clock, ConferenceOnEvent, EventResource, Providers, Store
from confsync.usecases.making.choose_conference import ChooseConference, Chosen
from confsync.usecases.making.settle_conference import SettleConference
from confsync.usecases.writing.put_conference import without_text

MEET = "Google Meet"
MEET_TYPE = "hangoutsMeet"

PUT_AFTER = timedelta(minutes=1)
"""A request is over by then, whether it put the conference on its event or not."""

FINAL = (BadRequest, Forbidden, Invalid, NotConfigured, NotFound, PermissionDenied, ReauthorizationRequired)
"""What does not get better by itself: what was made for the request is taken back."""

Find = Callable[[str, Right], Reach]
"""How the caller may reach a calendar. Raises `Forbidden`."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """The event that a wish is for. `event` is as it is to be, `old` as it is (empty: there is none yet)."""

    reach: Reach
    event_id: str
    event: Event | None
    old: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Granted:
    """What is written with the event, so that it is as wished."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    shown: ConferenceOnEvent | None = None
    chosen: Chosen | None = None
    """What is on record, if the conference is ours."""
    asks_calendar: bool = False
    """Whether Calendar is to make it."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """Have a wish come true, as far as that is done before the event is written."""

    store: Store
    calendars: Calendars
    providers: Providers
    clock: Clock
    choose: ChooseConference
    settle: SettleConference
    own: tuple[OwnService, ...] = ()

    def __call__(self, wish: Wish, place: Place, find: Find) -> Granted:
        """Raises `BadRequest`, which names the field, and service errors; those tell the step that failed."""
        match wish:
            case Remove():
                return Granted(fields=removal(place.old))
            case ByHand():
                return self._by_hand(wish.provider, wish.details)
            case Autocreate() if not wish.solution and wish.provider == MEET:
                return self._meet(place)
            case Autocreate():
                return self._made(self._choice(wish, place, find), place)
            case CopyFrom():
                return self._copied(wish, place, find)

    # --- each of them ------------------------------------------------------------------------------------------------

    @staticmethod
    def _by_hand(provider: str, told: ConferenceDetails) -> Granted:
        uri = told.video_uri or next(iter(sorted(told.uris)))
        solution = Solution(id="", name=provider, provider="")
        shown = ConferenceOnEvent(conference_id=keys.by_hand_id(uri), solution=solution, details=told)
        return Granted(shown=shown)

    def _meet(self, place: Place) -> Granted:
        """Calendar ignores a request whose id it has seen: one that is sent twice gives one Meet.

        https://developers.google.com/workspace/calendar/api/guides/create-events#conferencing
        """
        shown = detect(place.old, self.own).conferencing
        native = shown is not None and (shown.provider, shown.source) == (MEET, Source.CONFERENCE_DATA)
        if shown is not None and native and shown.status is not Status.FAILURE:
            return Granted()  # it has one, or will
        request_id = keys.meet_request_id(place.event_id, str(place.old.get("etag") or ""))
        request = {"requestId": request_id, "conferenceSolutionKey": {"type": MEET_TYPE}}
        fields = {**without_text({}, place.old), "conferenceData": {"createRequest": request}}
        return Granted(fields=fields, asks_calendar=True)

    def _copied(self, wish: CopyFrom, place: Place, find: Find) -> Granted:
        source = self._source(wish, find)
        shown = source.conference
        ours = self._ours(shown.conference_id if shown else None) or self._ours_in_text(source)
        if ours is not None:
            return self._made(self._shared(ours, place), place)
        if shown is not None and shown.signature and shown.entry_points:
            data = {k: v for k, v in source.resource["conferenceData"].items() if k != "createRequest"}
            return Granted(fields={**without_text({}, place.old), "conferenceData": data})
        found = detect(source.resource, self.own).conferencing
        details = copied(found) if found else None
        if found is None or details is None:
            raise BadRequest(
                f"event {wish.event_id} has no conference that could be copied", field="conferencing.copy_from"
            )
        return self._by_hand(found.provider, details)

    def _source(self, wish: CopyFrom, find: Find) -> EventResource:
        reach = find(wish.calendar_id, Right.READ)
        google = self.calendars.acting_as(reach.account.email)
        try:
            source = google.read_event(reach.calendar_id, wish.event_id)
        except NotFound as error:
            raise BadRequest(f"there is no such event: {error}", field="conferencing.copy_from.event_id") from error
        if source.cancelled:
            raise BadRequest(f"event {wish.event_id} was deleted", field="conferencing.copy_from.event_id")
        return source

    def _ours_in_text(self, source: EventResource) -> Conference | None:
        if source.conference is not None:
            return None
        return self._ours(description_block.conference_id(str(source.resource.get("description") or "")))

    def _ours(self, conference_id: str | None) -> Conference | None:
        """Our record of the conference, if it is one of ours. (One that was given up meanwhile is made anew.)"""
        return self.store.get(Conference, conference_id) if keys.is_conference_id(conference_id) else None

    def _shared(self, ours: Conference, place: Place) -> Choice:
        return Choice(
            event_id=place.event_id,
            solution=ours.solution,
            person=place.reach.account,
            event=place.event,
            shared=ours.id,
            put_at=self.clock.now() + PUT_AFTER,
        )

    # --- ours --------------------------------------------------------------------------------------------------------

    def _choice(self, wish: Autocreate, place: Place, find: Find) -> Choice:
        solution = self._solution(wish)
        self._check_settings(solution, wish.settings)
        self._check_account(solution, wish.account, place, find)
        return Choice(
            event_id=place.event_id,
            solution=solution.id,
            person=place.reach.account,
            event=place.event,
            settings=wish.settings,
            account=wish.account,
            put_at=self.clock.now() + PUT_AFTER,
        )

    def _solution(self, wish: Autocreate) -> Solution:
        offered = {each.id: each for each in self.providers.offered()}
        if wish.solution:
            if wish.solution not in offered:
                told = f"there is no solution {wish.solution!r}"
                raise BadRequest(told, field="conferencing.autocreate.solution").telling(allowed=offered)
            return offered[wish.solution]
        named = wish.provider.lower()
        called = [each for each in offered.values() if named in {each.id.lower(), each.name.lower()}]
        of_vendor = [each for each in offered.values() if each.provider == MODULES.get(named, named)]
        found = called or of_vendor
        if not found:
            names = dict.fromkeys([*(each.name for each in offered.values()), MEET])
            raise BadRequest(f"no solution is of {wish.provider!r}", field="conferencing.provider").telling(
                allowed=names
            )
        if len(found) > 1:
            told = f"there are several solutions of {wish.provider!r}: name one in conferencing.autocreate.solution"
            raise BadRequest(told, field="conferencing.provider").telling(allowed=[each.id for each in found])
        return found[0]

    def _check_settings(self, solution: Solution, settings: str | None) -> None:
        """A vendor says itself which settings there are. Raises `BadRequest`."""
        if settings is None:
            return
        self.providers.provider(solution.id)  # what is wrong with the configuration is not the caller's fault
        try:
            self.providers.provider(solution.id, settings)
        except NotConfigured as error:
            told = str(error).removeprefix(f"solutions.{solution.id}.settings").lstrip(":. ")
            raise BadRequest(told, field="conferencing.autocreate.settings") from error

    @staticmethod
    def _check_account(solution: Solution, account: str, place: Place, find: Find) -> None:
        """Nobody's account is used by whoever may not write to that person's calendar."""
        own = place.reach.account.email.lower()
        if not account or account == own or account in {each.lower() for each in solution.hosts}:
            return
        try:
            find(account, Right.WRITE)
        except Forbidden as error:
            told = (
                f"{account} is neither {own} nor a host of {solution.id}, and their calendar is not yours to write to"
            )
            raise Forbidden(f"conferencing.autocreate.account: {told}") from error

    def _made(self, choice: Choice, place: Place) -> Granted:
        """The meeting is there once this returns."""
        deadline = self.settle.deadline()
        calendar_id = place.reach.calendar_id
        chosen = self.choose(calendar_id, place.event_id, place.reach.account, lambda: choice)
        self.choose.begin_following(chosen.calendar_key)
        try:
            conference = self.settle(chosen.conference_id, deadline)
        except FINAL as error:
            self.choose.take_back(chosen, place.event_id)
            error.telling(step="conference", next="nothing was changed", reason=str(error))
            raise
        except ConfsyncError as error:
            error.telling(step="conference", next=_then(place), reason=str(error))
            raise
        assert conference.applied.details is not None
        shown = ConferenceOnEvent(
            conference_id=conference.id,
            solution=self.providers.solution(conference.solution),
            details=conference.applied.details,
        )
        return Granted(shown=shown, chosen=chosen)


def _then(place: Place) -> str:
    if place.old:
        return "the meeting is made as soon as its vendor answers, and then put on the event"
    return "no event was made: repeat the request with the same Idempotency-Key; what was begun is removed in a day"


def removal(old: Mapping[str, Any]) -> dict[str, Any]:
    """Fields by which the event shows no conference any more. Raises `Invalid` where people's own words tell of one."""
    fields = without_text({}, old)
    if old.get("conferenceData") or old.get("hangoutLink"):
        return {**fields, "conferenceData": None}
    if fields:
        return fields
    location = str(old.get("location") or "").strip()
    if location and not any(mark.isspace() for mark in location) and "://" in location:
        return {"location": ""}
    raise Invalid(
        "the conference stands in the words of its location or description, which are nobody's but their author's: "
        "change those fields"
    )
