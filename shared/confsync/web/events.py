"""The HTTP API: events with their conferences. `openapi.yaml` says what each route takes and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar, cast
from urllib.parse import quote

import structlog

from confsync.domain.access import Reach, Right, Rule, is_known, reach
from confsync.domain.caller import Caller
from confsync.domain.conferencing import Detected
from confsync.domain.detection import OwnService, detect, detect_text
from confsync.domain.errors import BadRequest, ConfsyncError, Forbidden, ReauthorizationRequired
from confsync.usecases.change_event import ChangeEvent
from confsync.usecases.create_event import CreateEvent
from confsync.usecases.delete_event import DeleteEvent
from confsync.usecases.read_events import Offer, Options, ReadEvents, Shown, Window
from confsync.usecases.writing.event_writer import Request, Written
from confsync.web.callers import Verify, bearer
from confsync.web.endpoint import Answer, Call, Handler, HttpError
from confsync.web.event_answers import event, options, page, told
from confsync.web.headers import idempotency_key, if_match
from confsync.web.json_body import json_object
from confsync.web.problems import from_error
from confsync.web.query import Query
from confsync.web.rate import RateLimit, with_limits
from confsync.web.routing import router

EVENTS = "/v1/calendars/{calendarId}/events"
MAX_PAGE = 2500
MAX_WAIT = 25
LISTED_BY = ("timeMin", "timeMax", "q", "singleEvents", "orderBy", "showDeleted", "maxResults", "pageToken")
UPDATES = ("all", "externalOnly", "none")

Json = dict[str, Any]
T = TypeVar("T")

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Who:
    """A caller, and how they may reach calendars."""

    caller: Caller
    find: Callable[[str, Right], Reach]


Route = Callable[[Call, Who], Answer]


def refused(error: HttpError | ConfsyncError, trace: str) -> Answer:
    """How callers are told of errors."""
    return with_limits(from_error(error, trace))


@dataclass(frozen=True, kw_only=True)
class Api:
    """The handlers. `url`: the function's address. `audiences`: whom callers' identity tokens are for.

    `workspace`: everybody whom we can act as is of a Workspace domain. `reference`: routes that need no caller.
    """

    read: ReadEvents
    create: CreateEvent
    change: ChangeEvent
    delete: DeleteEvent
    verify: Verify
    url: str
    audiences: Sequence[str]
    rules: Sequence[Rule]
    limit: RateLimit
    now: Callable[[], datetime]
    reference: Mapping[tuple[str, str], Handler]
    own: tuple[OwnService, ...] = ()
    workspace: bool = False
    connect_url: Callable[[str, str, Caller], str | None] = lambda _service, _account, _caller: None
    """(vendor, account, caller) -> where that account is connected."""

    def handler(self) -> Handler:
        """All routes."""
        routes: Mapping[tuple[str, str], Route] = {
            ("GET", EVENTS): self._list,
            ("POST", EVENTS): self._create,
            ("GET", f"{EVENTS}/{{eventId}}"): self._get,
            ("GET", f"{EVENTS}/{{eventId}}.ics"): self._ics,
            ("PATCH", f"{EVENTS}/{{eventId}}"): self._change,
            ("DELETE", f"{EVENTS}/{{eventId}}"): self._delete,
            ("GET", "/v1/calendars/{calendarId}/conferencing"): self._options,
            ("POST", "/v1/conferencing:detect"): self._detect,
        }
        known = {
            (method, path): partial(self._identified, f"{method} {path}", each)
            for (method, path), each in routes.items()
        }
        handle = router({**known, **self.reference})
        return lambda call: with_limits(handle(call))

    def _identified(self, name: str, route: Route, call: Call) -> Answer:
        """What the route answers. One line in the log says so; it, or that of the refusal, has the route and caller."""
        began = self.now()
        structlog.contextvars.bind_contextvars(route=name)
        caller = self.verify(bearer(call.headers), self.audiences)
        if not is_known(self.rules, caller):
            raise Forbidden(f"{caller.email} is in no rule of events.access")
        structlog.contextvars.bind_contextvars(caller=caller.email)
        self.limit.take(caller.email)

        def find(calendar_id: str, right: Right) -> Reach:
            return reach(self.rules, caller, calendar_id, right, workspace=self.workspace)

        try:
            answered = route(call, Who(caller=caller, find=find))
        except ReauthorizationRequired as error:
            url = self.connect_url(error.service, caller.email, caller)
            if url is not None:
                error.telling(connect_url=url)
            raise
        ms = round((self.now() - began) / timedelta(milliseconds=1))
        log.info("request answered", status=answered[1], ms=ms, bytes=len(answered[0]))
        return answered

    # --- reading -----------------------------------------------------------------------------------------------------

    def _list(self, call: Call, who: Who) -> Answer:
        query = Query(call, LISTED_BY)
        expand = query.flag("singleEvents")
        if query.one_of("orderBy", ("startTime",)) and not expand:
            raise BadRequest("an order by startTime needs singleEvents=true", field="orderBy")
        since, until = query.time("timeMin"), query.time("timeMax")
        if since and until and since >= until:
            raise BadRequest("it is not after timeMin", field="timeMax")
        window = Window(
            since=since,
            until=until,
            text=query.text("q"),
            expand=expand,
            deleted=query.flag("showDeleted"),
            page_size=query.number("maxResults", low=1, high=MAX_PAGE, default=250),
            page_token=query.text("pageToken"),
        )
        found = self.read.page(who.find, call.parameters["calendarId"], window)
        structlog.contextvars.bind_contextvars(events=len(found.events))
        return told(page(found))

    def _get(self, call: Call, who: Who) -> Answer:
        wait = Query(call, ["wait"]).number("wait", low=0, high=MAX_WAIT, default=0)
        shown = self.read.one(who.find, call.parameters["calendarId"], call.parameters["eventId"], wait=wait)
        return told(event(shown), headers={"ETag": shown.event.etag})

    def _ics(self, call: Call, who: Who) -> Answer:
        from confsync.domain.ics import event_ics  # it is heavy, and seldom asked for

        Query(call, [])
        shown = self.read.one(who.find, call.parameters["calendarId"], call.parameters["eventId"])
        content = event_ics(shown.event.resource, shown.conferencing, time_zone="UTC", now=self.now())
        return content.decode(), 200, {"Content-Type": "text/calendar; charset=utf-8", "ETag": shown.event.etag}

    def _options(self, call: Call, who: Who) -> Answer:
        Query(call, [])
        found = self.read.options(who.find, call.parameters["calendarId"])
        return told(options(found, partial(self._connect_page, found, who)))

    def _connect_page(self, found: Options, who: Who, offer: Offer) -> str | None:
        return self.connect_url(offer.solution.provider, found.account, who.caller)

    def _detect(self, call: Call, who: Who) -> Answer:  # noqa: ARG002 - anybody who may do anything
        Query(call, [])
        given = json_object(call)
        if len(given) != 1 or not given.keys() <= {"event", "text", "ics"}:
            raise BadRequest("say one of `event`, `text`, `ics`", field=next(iter(given.keys() - {"event"}), "event"))
        found = self._found(*next(iter(given.items())))
        answer: Json = {"conferencing": found.conferencing.json() if found.conferencing else None}
        return told(answer | ({"unresolved": list(found.unresolved)} if found.unresolved else {}))

    def _found(self, kind: str, value: Any) -> Detected:
        if kind == "event":
            return detect(self._of(dict, value, kind, "a JSON object"), self.own)
        text = self._of(str, value, kind, "a text")
        if kind == "text":
            return detect_text(text, self.own)
        from confsync.domain.ics import detect_ics  # it is heavy, and seldom asked for

        return detect_ics(text, self.own)

    @staticmethod
    def _of(wanted: type[T], value: Any, field: str, words: str) -> T:
        if not isinstance(value, wanted):
            raise BadRequest(f"it is not {words}", field=field)
        return value

    # --- writing -----------------------------------------------------------------------------------------------------

    def _create(self, call: Call, who: Who) -> Answer:
        query = Query(call, ["sendUpdates", "wait"])
        wait = query.number("wait", low=0, high=MAX_WAIT, default=0)
        made = self.create(self._request(call, who, query), key=idempotency_key(call.headers))
        shown = self._waited(made, who, wait)
        # not a path alone: the platform takes a function's name off the path
        place = f"/v1/calendars/{quote(made.calendar_id, safe='')}/events/{quote(made.event.id, safe='')}"
        headers = {"ETag": shown.event.etag, "Location": self.url.rstrip("/") + place}
        return told(event(shown), status=200 if made.repeated else 201, headers=headers)

    def _change(self, call: Call, who: Who) -> Answer:
        query = Query(call, ["sendUpdates", "wait", "replaceAttachments"])
        wait = query.number("wait", low=0, high=MAX_WAIT, default=0)
        written = self.change(
            self._request(call, who, query),
            call.parameters["eventId"],
            if_match=if_match(call.headers),
            replace_attachments=query.flag("replaceAttachments"),
        )
        shown = self._waited(written, who, wait)
        return told(event(shown), headers={"ETag": shown.event.etag})

    def _delete(self, call: Call, who: Who) -> Answer:
        request = self._request(call, who, Query(call, ["sendUpdates"]), body={})
        self.delete(request, call.parameters["eventId"], if_match=if_match(call.headers))
        return "", 204, {}

    def _request(self, call: Call, who: Who, query: Query, body: Json | None = None) -> Request:
        return Request(
            caller=who.caller.email,
            find=who.find,
            calendar_id=call.parameters["calendarId"],
            body=json_object(call) if body is None else body,
            send_updates=cast("Any", query.one_of("sendUpdates", UPDATES) or "none"),
        )

    def _waited(self, written: Written, who: Who, wait: float) -> Shown:
        event = self.read.wait_for(who.find, written.calendar_id, written.event, wait)
        return self.read.shown(event, written.calendar_id)
