"""The fixed parameters of every request with which the sync reads events. (People's own reads are in people.py.)

The first list and every delta must agree on them, "to avoid undefined behavior":
https://developers.google.com/workspace/calendar/api/guides/sync
"""

from collections.abc import Mapping
from typing import Any, Literal

QUERY_VERSION = 3
"""Raise it with any change below: sync tokens made with other parameters are worthless, and dropped by it."""

# Only what translate.py reads: a small mask is most of a fast full sync.
EVENT_FIELDS = (
    "id,status,etag,summary,description,location,visibility,start,end,recurrence,recurringEventId,"
    "originalStartTime,organizer(email,self),attendees/email,conferenceData(conferenceId,conferenceSolution(key,name),entryPoints/uri,"
    "createRequest(conferenceSolutionKey,status))"
)
LIST_FIELDS = f"nextPageToken,nextSyncToken,timeZone,accessRole,items({EVENT_FIELDS})"

# eventTypes: birthdays, working places and focus times have no conferences. On a watch it is off by default: with it,
# channels opened and never delivered in 2024 (closeio/sync-engine#688); without it the price is some empty deltas.
EVENT_TYPES: Literal["default"] = "default"

# Never orderBy (it costs the sync token), nor showDeleted (deltas have tombstones without it). Masters and exceptions,
# not instances. 2500 is the largest page. timeMin may narrow a full list, and is forbidden beside a sync token.
LIST_PARAMETERS: Mapping[str, Any] = {
    "singleEvents": False,
    "maxResults": 2500,
    "eventTypes": EVENT_TYPES,
    "fields": LIST_FIELDS,
}
