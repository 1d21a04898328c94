"""An application that writes events through the API's use cases: it knows its requests by keys, and repeats them."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from confsync.domain import description_block, keys
from confsync.domain.access import Reach, Right
from confsync.domain.caller import Caller
from confsync.domain.conference import Conference
from confsync.domain.errors import Conflict, PreconditionFailed
from confsync.ports import EventResource
from confsync.usecases.writing.event_writer import Request, Written
from confsync.usecases.writing.wishes import FINAL
from tests.simulation.gate import promised
from tests.simulation.google import is_ours

if TYPE_CHECKING:
    from tests.simulation.cloud import Cloud, Functions

NAME = "app@project.iam.gserviceaccount.com"
BODY = {"start": {"dateTime": "2026-03-03T09:00:00Z"}, "end": {"dateTime": "2026-03-03T09:30:00Z"}}
MEET = {"provider": "Google Meet", "autocreate": {}}
BY_HAND = {"provider": "Rooms", "details": {"url": "https://rooms.example.com/r1"}}

REFUSED = (*FINAL, Conflict, PreconditionFailed)

Json = dict[str, Any]
Work = Callable[["Functions"], None]


def made_with(solution: str) -> Json:
    return {"autocreate": {"solution": solution}}


def copied_from(event_id: str, calendar_id: str) -> Json:
    return {"copy_from": {"calendar_id": calendar_id, "event_id": event_id}}


class Application:
    """Ann's calendars are open to it. `over`: requests that it need not repeat, well done or refused for good."""

    def __init__(self, cloud: "Cloud", account: str) -> None:
        self._cloud = cloud
        self._account = account
        self.over: set[str] = set()
        self.refused: dict[str | None, str] = {}
        """The conferences of ours that were refused for good, each with the reason."""
        self.made: dict[tuple[str, str], str] = {}
        """The event that each key gave, on each calendar."""

    def event_id(self, key: str, calendar_id: str) -> str:
        """Of the event that a request with this key makes."""
        return keys.event_id(keys.repeat_key(NAME, keys.calendar_key(calendar_id), f"key {key}"))

    # --- what it asks for: each is the work of one function -----------------------------------------------------------

    def create(self, key: str, wanted: Json | None, calendar_id: str, *, title: str = "Standup") -> Work:
        event_id = self.event_id(key, calendar_id)
        self._cloud.promises.keys.add((calendar_id, event_id))
        made = any(event.id == event_id for event in self._cloud.google.events(calendar_id))

        def work(functions: "Functions") -> None:
            request = self._request(calendar_id, {**BODY, "summary": title, "conferencing": wanted})
            written = functions.create_event(request, key)
            with promised():
                first = self.made.setdefault((key, calendar_id), written.event.id)
                assert written.event.id == first, f"{key} made two events"
            self._answered(written, wanted)

        return self._until_over(key, work) if made else self._asking(key, event_id, calendar_id, wanted, work)

    def change(self, name: str, event_id: str, wanted: Json | None, calendar_id: str, **fields: Any) -> Work:
        """`name`: what the request is called here; nothing knows it by that."""

        def work(functions: "Functions") -> None:
            request = self._request(calendar_id, {**fields, "conferencing": wanted})
            self._answered(functions.change_event(request, event_id), wanted)

        return self._asking(name, event_id, calendar_id, wanted, work)

    def delete(self, name: str, event_id: str, calendar_id: str) -> Work:
        def work(functions: "Functions") -> None:
            functions.delete_event(self._request(calendar_id, {}), event_id)

        return self._asking(name, event_id, calendar_id, None, work)

    # --- below -------------------------------------------------------------------------------------------------------

    def _asking(self, name: str, event_id: str, calendar_id: str, wanted: Json | None, work: Work) -> Work:
        def asking(functions: "Functions") -> None:
            conference_id = self._conference_id(event_id, calendar_id, wanted)
            if conference_id is None:
                self._cloud.google.wishes.pop((calendar_id, event_id), None)
                self._cloud.promises.release(calendar_id, event_id)
            else:
                self._cloud.promises.ask(calendar_id, event_id, conference_id)
            self.refused.pop(conference_id, None)
            try:
                self._until_over(name, work)(functions)
            except REFUSED as error:
                self.refused[conference_id] = str(error)
                self._cloud.promises.wanted.pop((calendar_id, event_id), None)
                raise
            finally:
                self._came_to(event_id, calendar_id, conference_id)

        return asking

    def check(self) -> None:
        """Where nobody else chooses conferences, and one thing goes wrong: no event waits for one that it asked for,
        and of what was refused for good nothing is left.
        """
        showing = {event.conference_id for _, event in self._cloud.events() if not event.cancelled}
        for place, conference_id in self._cloud.promises.wanted.items():
            left = self._cloud.vendor.of(conference_id)
            bare = self._cloud.shows(*place) is None and self._cloud.has(*place)
            assert not (left and bare) or conference_id in showing, f"{place} has no conference, but {left} is there"
        for conference in self._cloud.store._records(Conference):
            if conference.id in self.refused and conference.id not in showing:
                assert not conference.wanted, f"{conference} is left: {self.refused[conference.id]}"

    def _came_to(self, event_id: str, calendar_id: str, conference_id: str | None) -> None:
        """The request is over, well or not: the link that its event shows now is the one that people have."""
        promises, place = self._cloud.promises, (calendar_id, event_id)
        if conference_id is None:
            promises.release(*place)
            return
        promises.chosen[conference_id] = self._cloud.clock.now()
        if self._cloud.shows(*place) != conference_id:
            return
        promises.links.pop(place, None)
        if promises.wanted.get(place) == conference_id:  # else somebody wants something else by now
            for meeting in self._cloud.vendor.of(conference_id):
                for uri in self._cloud.addresses(*place) & self._cloud.vendor.uris_on_events(meeting):
                    promises.promise(*place, uri)

    def _until_over(self, name: str, work: Work) -> Work:
        def told(functions: "Functions") -> None:
            try:
                work(functions)
            except REFUSED:
                self.over.add(name)
                raise
            self.over.add(name)

        return told

    def _request(self, calendar_id: str, body: Json) -> Request:
        return Request(caller=NAME, find=self._find, calendar_id=calendar_id, body=body)

    def _find(self, calendar_id: str, _right: Right) -> Reach:
        domain = self._account.partition("@")[2]
        return Reach(calendar_id=calendar_id, account=Caller(email=self._account, hosted_domain=domain))

    def _conference_id(self, event_id: str, calendar_id: str, wanted: Json | None) -> str | None:
        """Of the conference of ours that the event is to have."""
        if wanted is None or not wanted.keys() & {"autocreate", "copy_from"} or wanted == MEET:
            return None
        if "autocreate" in wanted:
            return self._cloud.conference_id(calendar_id, event_id, wanted["autocreate"]["solution"])
        source = wanted["copy_from"]
        shown = {e.id: e.conference_id for e in self._cloud.google.events(source["calendar_id"])}
        found = shown.get(source["event_id"])
        return found if is_ours(found) else None

    def _answered(self, written: Written, wanted: Json | None) -> None:
        """Whoever is told that it is done sees it; a repeated request may find that it will be."""
        event_id, calendar_id = written.event.id, written.calendar_id
        conference_id = self._conference_id(event_id, calendar_id, wanted)
        if conference_id is None:
            return
        with promised():
            told = {_shown(written.event), conference_id if written.repeated or written.event.cancelled else None}
            assert conference_id in told, f"{event_id} was written without {conference_id}"


def _shown(event: EventResource) -> str | None:
    """The id of the conference that it shows, natively or as text."""
    if event.conference is not None:
        return event.conference.conference_id
    return description_block.conference_id(str(event.resource.get("description", "")))
