"""Meetings as Webex answers them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from playground.vendors.webex.account import Account
from playground.vendors.webex.series import Instance, Occurrence, Series, occurrence_id

CALL_IN = (
    {"label": "US Toll", "callInNumber": "+1-415-655-0001", "tollType": "toll"},
    {"label": "US Toll Free", "callInNumber": "+1-844-531-0958", "tollType": "tollFree"},
)


@dataclass(frozen=True, kw_only=True)
class View:
    """What a client sees just now; of a series with `current`, the times of the occurrence that is on or next.

    An integration tag is seen by the client that made it: the specification, List Meetings, `integrationTag`.
    """

    account: Account
    now: datetime
    client: str
    zone: str
    current: bool = False

    def of(self, series: Series, what: Series | Occurrence | Instance) -> dict[str, Any]:
        if isinstance(what, Occurrence):
            return self._occurrence(series, what)
        if isinstance(what, Instance):
            return self._instance(series, what)
        return self._series(series)

    def _series(self, series: Series) -> dict[str, Any]:
        at = (series.current(self.now) if self.current else None) or series.times
        return self._shown(
            series.facts,
            id=series.id,
            meetingType="meetingSeries",
            state=series.state(self.now),
            recurrence=series.times.rule,
            integrationTags=series.tags.get(self.client) or None,
            **self._times(at.start, at.end),
        )

    def _occurrence(self, series: Series, what: Occurrence) -> dict[str, Any]:
        return self._shown(
            {**series.facts, **(what.changes or {})},
            id=occurrence_id(series.id, what.key),
            meetingSeriesId=series.id,
            meetingType="scheduledMeeting",
            state=series.state_of(what, self.now),
            isModified=what.changes is not None,
            integrationTags=series.tags.get(self.client) or None,
            **self._times(what.start, what.end),
        )

    def _instance(self, series: Series, what: Instance) -> dict[str, Any]:
        """Passwords are not told of what has ended: the specification, Get a Meeting."""
        return self._shown(
            series.facts,
            id=what.id,
            meetingSeriesId=series.id,
            scheduledMeetingId=occurrence_id(series.id, what.key),
            meetingType="meeting",
            state="ended" if what.end else "inProgress",
            **dict.fromkeys(("password", "phoneAndVideoSystemPassword") if what.end else ()),
            **self._times(what.start, what.end),
        )

    def _times(self, start: datetime, end: datetime | None) -> dict[str, Any]:
        """Times with the zone's offset; Z where it is none."""
        texts = {
            name: at and at.astimezone(ZoneInfo(self.zone)).isoformat(timespec="seconds").replace("+00:00", "Z")
            for name, at in (("start", start), ("end", end))
        }
        return {"timezone": self.zone, **texts}

    def _shown(self, facts: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Attributes that are null are hidden."""
        answer = {**facts, **more}
        if self.account.telephony:
            by_phone = facts["audioConnectionOptions"].get("audioConnectionType") != "VoIP"
            numbers = f"/api/v1/meetings/{answer['id']}/globalCallinNumbers"
            answer["telephony"] = {
                "accessCode": facts["meetingNumber"],
                "callInNumbers": [dict(each) for each in CALL_IN] if by_phone else [],
                "links": [{"rel": "globalCallinNumbers", "href": numbers, "method": "GET"}] if by_phone else [],
            }
        return {name: value for name, value in answer.items() if value is not None}
