"""Who may do what with which calendars through the API, and as whom the calendar is then reached."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from confsync.domain.caller import Caller
from confsync.domain.errors import BadRequest, Forbidden

SERVICE_ACCOUNT = ".gserviceaccount.com"
NOBODYS = ("@group.calendar.google.com", "@resource.calendar.google.com", "@import.calendar.google.com")
"""Calendars that are named after no account."""

PRIMARY = "primary"


class Right(StrEnum):
    """What may be done; whoever may write may read."""

    READ = "read"
    WRITE = "write"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """These callers have this right on these calendars."""

    callers: tuple[str, ...]
    """Addresses; "@example.com" is everybody whose Workspace account is of that domain."""
    calendars: tuple[str, ...]
    """Ids; "@example.com" are those of the domain's people, "own" is each caller's own, "*" is any."""
    right: Right = Right.READ
    account: str | None = None
    """As whom they are reached. None: people as themselves, service accounts as whom the calendar is named after."""

    def holds(self, caller: Caller, calendar_id: str, right: Right) -> bool:
        """Whether it gives the caller this right on this calendar (not "primary")."""
        enough = self.right is Right.WRITE or right is Right.READ
        return enough and self.is_for(caller) and any(_names(each, calendar_id, caller) for each in self.calendars)

    def is_for(self, caller: Caller) -> bool:
        """Whether the caller is one of its callers."""
        # whoever has an address of a domain need not be of it: only Google's claim says so
        domain = f"@{caller.hosted_domain}".lower() if caller.hosted_domain else None
        return any(each.lower() in {caller.email.lower(), domain} for each in self.callers)


@dataclass(frozen=True, kw_only=True)
class Reach:
    """How a calendar is reached."""

    calendar_id: str
    account: Caller


def is_known(rules: Iterable[Rule], caller: Caller) -> bool:
    """Whether the caller may do anything at all."""
    return any(rule.is_for(caller) for rule in rules)


def reach(rules: Iterable[Rule], caller: Caller, calendar_id: str, right: Right, *, workspace: bool = False) -> Reach:
    """By the first rule that gives the right. Raises `Forbidden`, `BadRequest` if "primary" is nobody's.

    `workspace`: everybody whom we can act as is of a Workspace domain, which their address then tells.
    """
    service = caller.email.lower().endswith(SERVICE_ACCOUNT)
    for rule in rules:
        own = rule.account or (None if service else caller.email)
        named = own if calendar_id == PRIMARY else calendar_id
        if named is None or not rule.holds(caller, named, right):
            continue
        account = own or _named_after(named)
        if account is None:
            told = f"calendar {named} is named after no account: its rule in events.access needs `account`"
            raise BadRequest(told, field="calendarId")
        return Reach(calendar_id=calendar_id, account=_acting(account, caller, workspace=workspace))
    if calendar_id == PRIMARY and service:
        raise BadRequest(f"{caller.email} has no primary calendar: name the calendar", field="calendarId")
    raise Forbidden(f"{caller.email} may not {right} calendar {calendar_id}: no rule in events.access says so")


def _names(pattern: str, calendar_id: str, caller: Caller) -> bool:
    name, calendar = pattern.lower(), calendar_id.lower()
    if name == "own":
        return calendar == caller.email.lower()
    return name in {"*", calendar} or (name.startswith("@") and calendar.endswith(name))


def _named_after(calendar_id: str) -> str | None:
    return calendar_id if "@" in calendar_id and not calendar_id.lower().endswith(NOBODYS) else None


def _acting(account: str, caller: Caller, *, workspace: bool) -> Caller:
    if account.lower() == caller.email.lower():
        return caller
    return Caller(email=account.lower(), hosted_domain=account.lower().rpartition("@")[2] if workspace else None)
