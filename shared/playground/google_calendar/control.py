"""`/_playground/...`: what a test or a person at the terminal can do to the simulated Calendar.

| request | what it does |
| --- | --- |
| GET, PATCH settings | see `settings.Settings` |
| GET stats | notifications by outcome, number of mails that Google would have sent |
| GET, DELETE mails | those mails, oldest first: to whom, why, about which event (`mails.Mail`); forget them |
| POST calendars `{id, owner, summary?, time_zone?}` | a secondary calendar, or a primary one if both are the same |
| GET, PATCH calendars/ID | its options: shares, doubts about conferences, watchable, time zone, pages, ... |
| POST calendars/ID/seed `{count, prefix?, summary?, weekly?}` | that many events at once, nobody notified |
| POST calendars/ID/touch `{count}` | that many of its events changed, nobody notified |
| POST calendars/ID/expire-sync-tokens, POST expire-page-tokens | every token given so far is dead |
| GET channels, POST channels/ID/expire | all channels; end one as if its time had come |
| POST notifications/{pause,resume} | hold notifications back, and let them go |
| POST notifications/mishaps `{kind, count?, seconds?}` | drop, double, delay or reorder the next ones |
"""

import time
from typing import Any, TypeVar

import msgspec
from flask import Blueprint, Response, request

from playground.google_api.errors import invalid, not_found
from playground.google_calendar.push import Channel, Mishap
from playground.google_calendar.seeding import Seed, changed, events
from playground.google_calendar.service import CalendarService
from playground.google_calendar.settings import Settings
from playground.google_calendar.store import BesidePoints, Calendar, EchoedMeet, Role, UnsignedMeet, WritePolicy

Json = dict[str, Any]
T = TypeVar("T")


class NewCalendar(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST calendars`."""

    id: str
    owner: str
    summary: str = ""
    time_zone: str = "UTC"


class Options(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Body of `PATCH calendars/ID`; what is not given stays as it is."""

    acl: dict[str, Role] | msgspec.UnsetType = msgspec.UNSET
    watchable: bool | msgspec.UnsetType = msgspec.UNSET
    auto_add_hangouts: bool | msgspec.UnsetType = msgspec.UNSET
    write_policy: WritePolicy | msgspec.UnsetType = msgspec.UNSET
    unsigned_meet: UnsignedMeet | msgspec.UnsetType = msgspec.UNSET
    echoed_meet: EchoedMeet | msgspec.UnsetType = msgspec.UNSET
    request_beside_points: BesidePoints | msgspec.UnsetType = msgspec.UNSET
    conference_types: list[str] | msgspec.UnsetType = msgspec.UNSET
    empty_page_before: int | msgspec.UnsetType | None = msgspec.UNSET
    largest_page: int | msgspec.UnsetType | None = msgspec.UNSET
    time_zone: str | msgspec.UnsetType = msgspec.UNSET
    summary: str | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET


class Touch(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST calendars/ID/touch`."""

    count: int


class PlannedMishap(msgspec.Struct, forbid_unknown_fields=True):
    """Body of `POST notifications/mishaps`."""

    kind: Mishap
    count: int = 1
    seconds: float = 1.0


def control_blueprint(service: CalendarService) -> Blueprint:
    """The control address."""
    control = Blueprint("control", __name__)
    _add_settings(control, service)
    _add_calendars(control, service)
    _add_seeding(control, service)
    _add_push(control, service)
    return control


def _add_settings(control: Blueprint, service: CalendarService) -> None:
    @control.route("/settings", methods=["GET", "PATCH"])
    def settings() -> Response:
        if request.method == "PATCH":
            current = msgspec.to_builtins(service.settings)
            wanted = _converted(current | _read(dict[str, Any]), Settings)
            for name in Settings.__struct_fields__:
                setattr(service.settings, name, getattr(wanted, name))
        return _shown(service.settings)

    @control.get("/stats")
    def stats() -> Response:
        return _shown({"notifications": dict(service.push.outcomes), "mails": len(service.events.mails.sent)})

    @control.route("/mails", methods=["GET", "DELETE"])
    def mails() -> Response:
        if request.method == "DELETE":
            service.events.mails.sent.clear()
        return _shown({"mails": service.events.mails.sent})


def _add_calendars(control: Blueprint, service: CalendarService) -> None:
    @control.post("/calendars")
    def create_calendar() -> Response:
        new = _read(NewCalendar)
        with service.store.lock:
            if new.id in service.store.calendars:
                raise invalid(f"The calendar {new.id} exists already.")
            summary = new.summary or new.id
            made = Calendar(id=new.id, owner=new.owner, summary=summary, time_zone=new.time_zone)
            service.store.calendars[new.id] = made
        return _shown(_options(made))

    @control.route("/calendars/<calendar_id>", methods=["GET", "PATCH"])
    def change_calendar(calendar_id: str) -> Response:
        calendar = _calendar(service, calendar_id)
        if request.method == "PATCH":
            _change(service, calendar, _read(Options))
        return _shown(_options(calendar))

    @control.post("/calendars/<calendar_id>/expire-sync-tokens")
    def expire_sync_tokens(calendar_id: str) -> Response:
        _calendar(service, calendar_id).sync_epoch += 1
        return Response(status=204)

    @control.post("/expire-page-tokens")
    def expire_page_tokens() -> Response:
        service.listing.forget_pages()
        return Response(status=204)


def _add_seeding(control: Blueprint, service: CalendarService) -> None:
    @control.post("/calendars/<calendar_id>/seed")
    def seed(calendar_id: str) -> Response:
        calendar = _calendar(service, calendar_id)
        with service.store.lock:
            count = service.store.write_silently(calendar, events(calendar, _read(Seed)))
        return _shown({"count": count})

    @control.post("/calendars/<calendar_id>/touch")
    def touch(calendar_id: str) -> Response:
        calendar = _calendar(service, calendar_id)
        with service.store.lock:
            count = service.store.write_silently(calendar, changed(calendar, _read(Touch).count))
        return _shown({"count": count})


def _add_push(control: Blueprint, service: CalendarService) -> None:
    push = service.push

    @control.get("/channels")
    def list_channels() -> Response:
        return _shown({"channels": [_channel(channel) for channel in list(push.channels.values())]})

    @control.post("/channels/<channel_id>/expire")
    def expire_channel(channel_id: str) -> Response:
        if channel_id not in push.channels:
            raise not_found()
        push.channels[channel_id].expiration = int(time.time() * 1000)
        return Response(status=204)

    @control.post("/notifications/pause")
    def pause() -> Response:
        push.pause()
        return Response(status=204)

    @control.post("/notifications/resume")
    def resume() -> Response:
        push.resume()
        return Response(status=204)

    @control.post("/notifications/mishaps")
    def plan_mishaps() -> Response:
        planned = _read(PlannedMishap)
        push.plan_mishaps(planned.kind, planned.count, planned.seconds)
        return Response(status=204)


def _change(service: CalendarService, calendar: Calendar, options: Options) -> None:
    with service.store.lock:
        for name in Options.__struct_fields__:
            if getattr(options, name) is not msgspec.UNSET:
                setattr(calendar, name, getattr(options, name))
        if options.acl is not msgspec.UNSET:
            calendar.sync_epoch += 1  # a change of access ends sync tokens, says the sync guide


def _options(calendar: Calendar) -> Json:
    names = ("id", "owner", *Options.__struct_fields__)
    return {name: getattr(calendar, name) for name in names} | {"events": len(calendar.records)}


def _channel(channel: Channel) -> Json:
    shown = ("id", "user", "calendar_id", "address", "expiration", "resource_id", "live", "number", "delivered")
    return {name: getattr(channel, name) for name in shown} | {"waiting": len(channel.waiting)}


def _calendar(service: CalendarService, calendar_id: str) -> Calendar:
    """Any calendar that exists; an address that was never used gets its primary one now."""
    if calendar_id not in service.store.calendars and "@" not in calendar_id:
        raise not_found()
    return service.store.ensure_primary(calendar_id)


def _read(kind: type[T]) -> T:
    try:
        return msgspec.json.decode(request.get_data() or b"{}", type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise invalid(str(error)) from error


def _converted(value: Json, kind: type[T]) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from error


def _shown(value: Any) -> Response:
    return Response(msgspec.json.encode(value), content_type="application/json")
