"""What Calendar and Zoom show: the story looks here for whether they agree."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

import requests

from playground.cloud import Cloud
from playground.person import Person

Json = dict[str, Any]


class View:
    """Both sides as they are at this moment; events are seen with that person's eyes.

    Raises LookupError or ValueError for what is asked of a meeting that is not there.
    """

    def __init__(self, cloud: Cloud, person: Person) -> None:
        self._cloud = cloud
        self._person = person

    # --- an event and its meeting ------------------------------------------------------------------------------------

    def agree(self, event_id: str) -> bool:
        """Whether the event has one meeting, with its title, time and recurrence, and shows that meeting's link."""
        event, (meeting, *others) = self._person.event(event_id), self.meetings(event_id)
        start = datetime.fromisoformat(event["start"]["dateTime"]).astimezone(UTC)
        minutes = (datetime.fromisoformat(event["end"]["dateTime"]).astimezone(UTC) - start).seconds // 60
        return (
            not others
            and meeting["topic"] == event["summary"]
            and _instant(meeting) == start
            and meeting["duration"] == minutes
            and ("recurrence" in event) == (meeting["type"] == 8)
            and meeting["join_url"] in self.uris(event_id)
        )

    def share(self, one: str, other: str) -> bool:
        """Whether both events show the same conference, and it is the only meeting at Zoom."""
        return self.uris(one) == self.uris(other) and len(self._cloud.zoom.meetings()) == 1

    def shows_new_link(self, event_id: str, old: set[str]) -> bool:
        """Whether the event shows its meeting's link and none of the `old` ones."""
        uris = self.uris(event_id)
        return not uris & old and self.meeting(event_id)["join_url"] in uris

    def meetings(self, event_id: str) -> list[Json]:
        """Meetings at Zoom that carry the event's conference id."""
        conference_id = self._person.event(event_id).get("conferenceData", {}).get("conferenceId") or "none"
        return [meeting for meeting in self._cloud.zoom.meetings() if conference_id in meeting["agenda"]]

    def meeting(self, event_id: str) -> Json:
        """The event's meeting."""
        return self.meetings(event_id)[0]

    def uris(self, event_id: str) -> set[str]:
        """Every entry point that the event shows."""
        points = self._person.event(event_id).get("conferenceData", {}).get("entryPoints", [])
        return {point["uri"] for point in points}

    # --- all of them -------------------------------------------------------------------------------------------------

    def events(self) -> list[Json]:
        """Every event and series of the person's calendar, without single instances."""
        url = f"{self._person.calendar_url}/calendars/{self._person.calendar_id}/events"
        found = requests.get(url, headers={"Authorization": f"Bearer {self._person.token}"}, timeout=10).json()
        return [event for event in found["items"] if "recurringEventId" not in event]

    def live_channels(self) -> set[str]:
        """Ids of the watch channels that Calendar notifies."""
        return {channel.id for channel in list(self._cloud.calendar.push.channels.values()) if channel.live}

    def one_new_channel(self, before: set[str]) -> bool:
        """Whether there is a single live channel, which is none of those `before`."""
        live = self.live_channels()
        return len(live) == 1 and not live & before

    def watched_throughout(self) -> bool:
        """Whether a channel was stopped by now, and each only once the one after it was open."""
        calls = self._cloud.faults("calendar").requests(method="POST", path="/watch|/channels/stop")
        balance = list(accumulate(1 if "/watch" in call.path else -1 for call in calls))
        return balance != sorted(balance) and min(balance) >= 1

    def zoom_calls(self, method: str) -> int:
        """How many calls of the API Zoom has had."""
        return len(self._cloud.faults("zoom").requests(method=method, path="/v2/"))


def _instant(meeting: Json) -> datetime:
    at = datetime.fromisoformat(meeting["start_time"])
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=ZoneInfo(meeting["timezone"])).astimezone(UTC)
