"""What Zoom writes to people about a meeting.

`email_notification`, `alternative_hosts_email_notification` and `schedule_for_reminder` in
https://developers.zoom.us/docs/api/meetings/
"""

from collections.abc import Mapping
from typing import Any

from playground.vendors.zoom.account import Account
from playground.vendors.zoom.settings import alternative_hosts


def invitations(before: Mapping[str, Any] | None, after: Mapping[str, Any], account: Account) -> list[str]:
    """Mails to those whom a create or an update has named anew."""
    settings, earlier = after["settings"], (before or {}).get("settings", {})
    told = settings["email_notification"] and settings["alternative_hosts_email_notification"]
    hosts = alternative_hosts(settings) if told and account.mails_alternative_hosts else []
    guests = _invitees(settings) if account.mails_invitees else []
    subject = f"{after['topic']} {after['join_url']}"
    return [
        *(f"To {each}: you are an alternative host of {subject}" for each in _new(hosts, alternative_hosts(earlier))),
        *(f"To {each}: you are invited to {subject}" for each in _new(guests, _invitees(earlier))),
    ]


def cancellations(meeting: Mapping[str, Any], account: Account, *, asked: bool | None) -> list[str]:
    """Mails to the host and the alternative hosts about the end of a meeting, or of one of its occurrences."""
    if not (account.deletion_mails if asked is None else asked):
        return []
    people = [meeting["host_email"], *alternative_hosts(meeting["settings"])]
    return [f"To {each}: {meeting['topic']} at {meeting.get('start_time', 'no fixed time')} is off" for each in people]


def _invitees(settings: Mapping[str, Any]) -> list[str]:
    return [each["email"].lower() for each in settings.get("meeting_invitees", ()) if "email" in each]


def _new(now: list[str], before: list[str]) -> list[str]:
    return [each for each in now if each not in before]
