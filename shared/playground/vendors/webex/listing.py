"""What GET /meetings is asked for: the specification, List Meetings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

from playground.vendors.webex.account import invalid
from playground.vendors.webex.rules import ZONES, moment
from playground.vendors.webex.series import Instance, Occurrence, Series

WEEK = timedelta(days=7)
TYPES = ("meetingSeries", "scheduledMeeting", "meeting")
STATES = ("active", "scheduled", "ready", "lobby", "inProgress", "ended", "missed", "expired")
_ALWAYS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True, kw_only=True)
class Query:
    """The parameters, checked. `kind` None: all kinds, which only happens with `series_id`."""

    series_id: str | None
    number: str | None
    link: str | None
    tag: str | None
    kind: str | None
    state: str | None
    modified: bool | None
    current: bool
    start: datetime
    end: datetime

    @classmethod
    def read(cls, args: Mapping[str, str], now: datetime) -> Self:
        """Raises 400."""
        single = [name for name in ("meetingNumber", "webLink", "roomId") if name in args]
        if len(single) > 1:
            raise invalid(f"The parameters {', '.join(single)} are mutually exclusive.")
        if single == ["roomId"]:
            raise invalid("Meetings of spaces are not simulated.")
        for name, allowed in (("meetingType", TYPES), ("state", STATES)):
            if name in args and args[name] not in allowed:
                raise invalid(f"Parameter '{name}' is invalid.")
        kind = args.get("meetingType")
        start, end = _window(args, kind, now)
        ignored = "meetingSeriesId" in args
        whole = bool(single) and not ignored
        return cls(
            series_id=args.get("meetingSeriesId"),
            number=None if ignored else args.get("meetingNumber"),
            link=None if ignored else args.get("webLink"),
            tag=None if ignored else args.get("integrationTag"),
            kind="meetingSeries" if whole or not (kind or ignored) else kind,
            state=None if whole else args.get("state"),
            modified=None if whole or "isModified" not in args else truth(args, "isModified", default=False),
            current=not ignored and truth(args, "current", default=True),
            start=_ALWAYS[0] if whole else start,
            end=_ALWAYS[1] if whole else end,
        )

    def matches(self, series: Series, client: str, now: datetime) -> list[Series | Occurrence | Instance]:
        """What of the series is asked for."""
        if (
            self.series_id not in {None, series.id}
            or self.number not in {None, series.facts["meetingNumber"]}
            or self.link not in {None, series.facts["webLink"]}
            or (self.tag is not None and self.tag not in series.tags.get(client, ()))
        ):
            return []
        if self.kind == "meetingSeries" and self.series_id is None:
            return [series] if self.start == _ALWAYS[0] or series.between(self.start, self.end) else []
        found: list[Series | Occurrence | Instance] = []
        if self.kind != "meeting":
            scheduled = series.between(self.start, self.end)
            found += [o for o in scheduled if self.modified in {None, o.changes is not None}]
        if self.kind != "scheduledMeeting":
            found += [i for i in series.instances if i.start < self.end and (i.end or now) >= self.start]
        return found


def truth(args: Mapping[str, str], name: str, *, default: bool) -> bool:
    """A parameter that is true or false."""
    given = args.get(name, str(default).lower())
    if given not in {"true", "false"}:
        raise invalid(f"Parameter '{name}' is neither true nor false.")
    return given == "true"


def zone_asked(header: str | None) -> str:
    """The zone of the answer's times: the request header `timezone`, by default UTC whatever the meeting's own is."""
    if header is not None and header not in ZONES:
        raise invalid("The header 'timezone' is invalid.")
    return header or "UTC"


def _window(args: Mapping[str, str], kind: str | None, now: datetime) -> tuple[datetime, datetime]:
    """By default the seven days to come, of instances (`meeting`) the seven past; from one end given, seven days."""
    given = {}
    for name in ("from", "to"):
        if name in args:
            at = moment(args[name])
            if at is None:
                raise invalid(f"Parameter '{name}' is invalid.")
            given[name] = at if at.tzinfo else at.replace(tzinfo=UTC)
    otherwise = now - WEEK if kind == "meeting" else now
    start = given.get("from") or (given["to"] - WEEK if "to" in given else otherwise)
    end = given.get("to") or start + WEEK
    if start > end:
        raise invalid("Parameter 'from' cannot be after 'to'.")
    return start, end
