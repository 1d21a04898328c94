"""The wire: Calendar API v3 paths, parameters and answers as a Flask app.

https://developers.google.com/workspace/calendar/api/v3/reference
"""

from typing import Any

import msgspec
from flask import Blueprint, Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from playground.google_api.callers import bearer, caller, check_scopes
from playground.google_api.errors import ApiError, invalid, required
from playground.google_api.fields import select
from playground.google_calendar import calendars, mails, query
from playground.google_calendar.access import Call, calendar_for
from playground.google_calendar.control import control_blueprint
from playground.google_calendar.service import CalendarService

Json = dict[str, Any]

API = "calendar.v3"
UI_HEADER = "X-Playground-Calendar-Ui"
"""Marks what Calendar's own web UI does (`playground.person`); no such thing exists on the real API."""
_METHODS = {
    "get_event": "events.get",
    "insert_event": "events.insert",
    "import_event": "events.import",
    "write_event": "events.patch",
    "delete_event": "events.delete",
    "move_event": "events.move",
    "list_events": "events.list",
    "list_instances": "events.instances",
    "watch_events": "events.watch",
    "stop_channel": "channels.stop",
    "get_calendar": "calendars.get",
    "get_calendar_list_entry": "calendarList.get",
    "list_calendars": "calendarList.list",
    "get_setting": "settings.get",
    "list_settings": "settings.list",
}
"""What the functions below are in Google's discovery document."""


def create_app(service: CalendarService) -> Flask:
    """Calendar under `/calendar/v3/`, its controls under `/_playground/`."""
    app = Flask("playground.google_calendar")
    app.register_blueprint(_api(service), url_prefix="/calendar/v3")
    app.register_blueprint(control_blueprint(service), url_prefix="/_playground")
    app.register_error_handler(ApiError, ApiError.response)
    app.register_error_handler(HTTPException, _no_such_method)
    return app


def _api(service: CalendarService) -> Blueprint:
    api = Blueprint("calendar", __name__)
    api.before_request(lambda: _admit(service))
    _add_events(api, service)
    _add_lists(api, service)
    _add_channels(api, service)
    _add_calendars(api, service)
    return api


def _add_events(api: Blueprint, service: CalendarService) -> None:
    events = service.events

    @api.get("/calendars/<calendar_id>/events/<event_id>")
    def get_event(calendar_id: str, event_id: str) -> Response:
        return _answer(events.get(_call(), calendar_id, event_id))

    @api.post("/calendars/<calendar_id>/events")
    def insert_event(calendar_id: str) -> Response:
        return _answer(events.insert(_call(), calendar_id, _body()))

    @api.post("/calendars/<calendar_id>/events/import")
    def import_event(calendar_id: str) -> Response:
        return _answer(events.import_(_call(), calendar_id, _body()))

    @api.route("/calendars/<calendar_id>/events/<event_id>", methods=["PUT", "PATCH"])
    def write_event(calendar_id: str, event_id: str) -> Response:
        return _answer(events.write(_call(), calendar_id, event_id, _body(), patch=request.method == "PATCH"))

    @api.delete("/calendars/<calendar_id>/events/<event_id>")
    def delete_event(calendar_id: str, event_id: str) -> Response:
        events.delete(_call(), calendar_id, event_id)
        return Response(status=204)

    @api.post("/calendars/<calendar_id>/events/<event_id>/move")
    def move_event(calendar_id: str, event_id: str) -> Response:
        destination = request.args.get("destination")
        if not destination:
            raise required("Required parameter: destination")
        return _answer(events.move(_call(), calendar_id, event_id, destination))


def _add_lists(api: Blueprint, service: CalendarService) -> None:
    @api.get("/calendars/<calendar_id>/events")
    def list_events(calendar_id: str) -> Response:
        return _answer(service.listing.page(g.user, calendar_id, query.parse(request.args)))

    @api.get("/calendars/<calendar_id>/events/<event_id>/instances")
    def list_instances(calendar_id: str, event_id: str) -> Response:
        return _answer(service.listing.instances(g.user, calendar_id, event_id, query.parse(request.args)))


def _add_channels(api: Blueprint, service: CalendarService) -> None:
    @api.post("/calendars/<calendar_id>/events/watch")
    def watch_events(calendar_id: str) -> Response:
        query.parse(request.args)
        calendar = calendar_for(service.store, g.user, calendar_id, "freeBusyReader")
        uri = f"{request.url_root}calendar/v3/calendars/{calendar.id}/events?alt=json"
        event_types = tuple(request.args.getlist("eventTypes"))
        channel = service.push.open(g.user, calendar, _body(), uri, event_types)
        service.push.greet(channel)
        return _answer(channel.granted())

    @api.post("/channels/stop")
    def stop_channel() -> Response:
        body = _body()
        service.push.stop(g.user, body.get("id", ""), body.get("resourceId", ""))
        return Response(status=204)


def _add_calendars(api: Blueprint, service: CalendarService) -> None:
    store = service.store

    @api.get("/calendars/<calendar_id>")
    def get_calendar(calendar_id: str) -> Response:
        return _answer(calendars.calendar(calendar_for(store, g.user, calendar_id, "freeBusyReader")))

    @api.get("/users/me/calendarList/<calendar_id>")
    def get_calendar_list_entry(calendar_id: str) -> Response:
        return _answer(calendars.entry(calendar_for(store, g.user, calendar_id, "freeBusyReader"), g.user))

    @api.get("/users/me/calendarList")
    def list_calendars() -> Response:
        return _answer(calendars.entries(store, g.user, request.args.get("minAccessRole", "freeBusyReader")))

    @api.get("/users/me/settings/<name>")
    def get_setting(name: str) -> Response:
        return _answer(calendars.setting(store.ensure_primary(g.user), name))

    @api.get("/users/me/settings")
    def list_settings() -> Response:
        return _answer(calendars.settings(store.ensure_primary(g.user)))


def _admit(service: CalendarService) -> None:
    """Find out who asks. Raises 401 for nobody, 403 for a token without the scope, 403 or 429 for too often."""
    token = bearer()
    g.user = caller(service.accounts, token)
    _check_scopes(service.accounts.scopes(token))
    service.store.ensure_primary(g.user)
    service.quota.spend(g.user, request.method)


def _check_scopes(granted: frozenset[str]) -> None:
    method = _METHODS[str(request.endpoint).rpartition(".")[2]]
    called = ".".join(part[0].upper() + part[1:] for part in method.split("."))
    check_scopes(granted, API, method, service="calendar-json.googleapis.com", called=f"calendar.v3.{called}")


def _call() -> Call:
    version = request.args.get("conferenceDataVersion", "0")
    if version not in ("0", "1"):
        raise invalid(f"Invalid value '{version}'. Values must be within the range: [0, 1]")
    return Call(
        user=g.user,
        by_calendar_itself=UI_HEADER in request.headers,
        if_match=request.headers.get("If-Match"),
        conferences=version == "1",
        attachments=request.args.get("supportsAttachments") == "true",
        send_updates=mails.asked(request.args.get("sendUpdates"), request.args.get("sendNotifications")),
    )


def _body() -> Json:
    try:
        return msgspec.json.decode(request.get_data(), type=Json)
    except msgspec.DecodeError:
        raise ApiError(400, "parseError", "Parse Error") from None


def _answer(document: bytes | Json) -> Response:
    body = document if isinstance(document, bytes) else msgspec.json.encode(document)
    etag = str(msgspec.json.decode(body, type=_Versioned).etag)
    if request.method == "GET" and etag and etag == request.headers.get("If-None-Match"):
        return Response(status=304, headers={"ETag": etag})
    mask = request.args.get("fields")
    headers = {"ETag": etag} if etag else {}
    return Response(select(body, mask, API) if mask else body, content_type="application/json", headers=headers)


class _Versioned(msgspec.Struct):
    etag: str = ""


def _no_such_method(error: HTTPException) -> Response:
    return ApiError(error.code or 500, "notFound", str(error.description)).response()
