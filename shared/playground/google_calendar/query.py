"""The parameters of `events.list`, read and checked.

https://developers.google.com/workspace/calendar/api/v3/reference/events/list
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from werkzeug.datastructures import MultiDict

from playground.google_api.errors import ApiError, invalid
from playground.google_calendar.times import moment, rfc3339

Json = dict[str, Any]

DEFAULT_PAGE, LARGEST_PAGE = 250, 2500
FORBIDDEN_WITH_SYNC_TOKEN = (
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMax",
    "timeMin",
    "updatedMin",
)


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """One request for a list of events."""

    max_results: int
    page_token: str | None
    sync_token: str | None
    show_deleted: bool
    single_events: bool
    order_by: str | None
    time_min: datetime | None
    time_max: datetime | None
    updated_min: datetime | None
    q: str | None
    ical_uid: str | None
    private_properties: tuple[str, ...]
    shared_properties: tuple[str, ...]
    event_types: tuple[str, ...]
    time_zone: str | None
    max_attendees: int | None
    original_start: str | None
    shape: tuple[str, ...]
    """What must be the same in the first list and in every delta: all but paging, masks and what is forbidden there."""

    @property
    def gives_sync_token(self) -> bool:
        """A filtered or ordered list cannot be continued by a delta; a time window can (Google's own sample does)."""
        filters = (self.order_by, self.updated_min, self.q, self.ical_uid)
        return not any((*filters, self.private_properties, self.shared_properties))

    @property
    def takes_everything(self) -> bool:
        """True if no event has to be read to know whether and how it is listed."""
        shaping = (self.time_zone, self.max_attendees, self.time_min, self.time_max, self.event_types, self.order_by)
        return self.gives_sync_token and not self.single_events and not any(shaping)

    def matches(self, resource: Json) -> bool:
        """The filters that look at one event alone; times are not among them."""
        properties = resource.get("extendedProperties", {})
        return (
            (not self.event_types or resource.get("eventType", "default") in self.event_types)
            and (not self.ical_uid or resource.get("iCalUID") == self.ical_uid)
            and (not self.q or _holds(resource, self.q))
            and _has_all(properties.get("private", {}), self.private_properties)
            and _has_all(properties.get("shared", {}), self.shared_properties)
        )

    def overlaps(self, resource: Json) -> bool:
        """True if the event lies at least in part between timeMin and timeMax."""
        return not (
            (self.time_min and moment(resource["end"]) <= self.time_min)
            or (self.time_max and moment(resource["start"]) >= self.time_max)
        )


def parse(args: MultiDict[str, str]) -> ListQuery:
    """The query. Raises 400 for values and combinations that Calendar refuses."""
    query = ListQuery(
        max_results=min(_number(args, "maxResults", DEFAULT_PAGE), LARGEST_PAGE),
        page_token=args.get("pageToken"),
        sync_token=args.get("syncToken"),
        show_deleted=_flag(args, "showDeleted"),
        single_events=_flag(args, "singleEvents"),
        order_by=args.get("orderBy"),
        time_min=_time(args, "timeMin"),
        time_max=_time(args, "timeMax"),
        updated_min=_time(args, "updatedMin"),
        q=args.get("q"),
        ical_uid=args.get("iCalUID"),
        private_properties=tuple(args.getlist("privateExtendedProperty")),
        shared_properties=tuple(args.getlist("sharedExtendedProperty")),
        event_types=tuple(sorted(args.getlist("eventTypes"))),
        time_zone=args.get("timeZone"),
        max_attendees=_number(args, "maxAttendees", 0) or None,
        original_start=args.get("originalStart"),
        shape=_shape(args),
    )
    _check(query, args)
    return query


def _shape(args: MultiDict[str, str]) -> tuple[str, ...]:
    flags = (_flag(args, "singleEvents"), _flag(args, "showHiddenInvitations"), _flag(args, "alwaysIncludeEmail"))
    rest = (args.get("maxAttendees", ""), args.get("timeZone", ""), *sorted(args.getlist("eventTypes")))
    return (*map(str, flags), *rest)


def _check(query: ListQuery, args: MultiDict[str, str]) -> None:
    if query.order_by not in (None, "startTime", "updated"):
        raise invalid("Invalid value for: orderBy", location="orderBy")
    if query.order_by == "startTime" and not query.single_events:
        raise invalid("The requested ordering is not available for the particular query.", location="orderBy")
    if query.time_min and query.time_max and query.time_min >= query.time_max:
        raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
    if not query.sync_token:
        return
    if any(name in args for name in FORBIDDEN_WITH_SYNC_TOKEN) or args.get("showDeleted") == "false":
        raise invalid("Sync token cannot be used with the requested filters or ordering.", location="syncToken")


def _holds(resource: Json, terms: str) -> bool:
    """Free text search: every term stands in one of the fields that the reference names."""
    people = [*resource.get("attendees", ()), resource.get("organizer", {})]
    texts = [resource.get(name, "") for name in ("summary", "description", "location")]
    texts += [person.get(name, "") for person in people for name in ("displayName", "email")]
    text = "\n".join(texts).lower()
    return all(term in text for term in terms.lower().split())


def _has_all(properties: Json, constraints: tuple[str, ...]) -> bool:
    """Repeated constraints must all match (the reference; Google's guide contradicts it)."""
    pairs = (constraint.partition("=") for constraint in constraints)
    return all(properties.get(name) == value for name, _, value in pairs)


def _flag(args: MultiDict[str, str], name: str) -> bool:
    value = args.get(name, "false").lower()
    if value not in ("true", "false"):
        raise invalid(f"Invalid boolean value: '{value}'.", location=name)
    return value == "true"


def _number(args: MultiDict[str, str], name: str, default: int) -> int:
    text = args.get(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise invalid(f"Invalid value '{text}'. Values must be within the range: [1, 2147483647]", location=name)
    return int(text)


def _time(args: MultiDict[str, str], name: str) -> datetime | None:
    return rfc3339(args[name], location=name) if args.get(name) else None
