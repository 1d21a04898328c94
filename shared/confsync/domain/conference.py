"""Our record of one meeting at a provider: what it should be, what it is, and what is still to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from confsync.domain.entry_point import ConferenceDetails
from confsync.domain.keys import variant
from confsync.domain.lease import Lease


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One time of a series that is not as the series has it: it was cancelled, moved or renamed."""

    original: datetime
    """When the series has it, aware."""
    start: datetime | None = None
    """None: it does not take place."""
    end: datetime | None = None
    title: str = ""

    @property
    def cancelled(self) -> bool:
        """Whether it does not take place."""
        return self.start is None


@dataclass(frozen=True, kw_only=True)
class ConferenceSpec:
    """What a conference should be."""

    title: str
    """May be empty, which is legal in Calendar; providers put their own there."""
    start: datetime
    """Of the first time, aware."""
    end: datetime
    time_zone: str
    """IANA's name; the times of a series keep its wall clock."""
    all_day: bool = False
    recurrence: tuple[str, ...] = ()
    """The event's RRULE, EXDATE and RDATE lines."""
    occurrences: tuple[Occurrence, ...] = ()
    """Times of the series that differ from it, in their order."""
    description: str = ""
    attendees: tuple[str, ...] = ()
    host: str = ""
    """The account that hosts it: of the person whom it is made for or, if its solution has hosts of its own, one of
    those."""
    open_ended: bool = False
    """Other events have the conference too, and need it after this one's last time."""


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What a provider needs to reach one of its meetings again; never a secret."""

    ids: Mapping[str, str]
    """The vendor's ids of it, by the provider's own names for them; at least one."""
    host: str = ""
    """Whose meeting it is: the account by whose rights it is read, changed and removed. Empty if it is nobody's."""
    more: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What the vendor told of it once, and tells in no later answer; no part of what identifies it."""

    def is_same(self, other: "Reference | None") -> bool:
        """Whether both are of one meeting."""
        return other is not None and (self.ids, self.host) == (other.ids, other.host)


@dataclass(frozen=True, kw_only=True)
class ProviderConference:
    """A meeting as a provider has it."""

    reference: Reference
    details: ConferenceDetails
    fingerprint: str = ""
    """Changes whenever somebody changes at the vendor what we set; empty where that can't be told."""


class ConferenceState(StrEnum):
    """What people see of a conference's progress. How it moves from one to another: see `transitions`."""

    PENDING = "pending"  # something is to do
    ACTIVE = "active"  # applied equals desired
    UNCONFIRMED = "unconfirmed"  # a create was sent and no answer came
    FAILED = "failed"  # refused: tried again hourly or, what the vendor can never take, once a day
    DELETED = "deleted"


BY_AN_OPERATOR = "an operator"
"""In `Conference.kept_by`, in the place of an account's id."""


class CallKind(StrEnum):
    """Calls that are refused, and wait, together."""

    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"
    LOOK = "look"
    PUBLISH = "publish"


@dataclass(frozen=True, kw_only=True)
class Desired:
    """What should be true."""

    version: int
    """Rises with each change of mind."""
    spec: ConferenceSpec | None
    """None: there should be no meeting."""


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What is true at the provider."""

    version: int = 0
    """The desired version that it was made for."""
    spec: ConferenceSpec | None = None
    """None: not known, because a change was begun whose outcome is not recorded."""
    reference: Reference | None = None
    """None: there is no meeting."""
    details: ConferenceDetails | None = None
    fingerprint: str = ""
    """The vendor's copy as it was after our last change (see `ProviderConference`)."""
    touched_at: datetime | None = None
    """When it was last made or changed by us."""
    checked_at: datetime | None = None
    """When we last saw what the vendor has."""


@dataclass(frozen=True, kw_only=True)
class Conference:
    """One conference. All times are aware UTC."""

    id: str
    """Also `conferenceData.conferenceId`."""
    solution: str
    tenant: str
    """Whose events may share it (see `Caller`)."""
    host: str
    """The Google account that it is made for."""
    desired: Desired
    created_at: datetime
    settings: str | None = None
    """In place of its solution's, if it was asked for with some: a JSON object, as no store takes every value."""
    account: str = ""
    """Who is to host it, if it was asked for with somebody; else its solution says."""
    applied: Applied = field(default_factory=Applied)
    state: ConferenceState = ConferenceState.PENDING
    links: tuple[str, ...] = ()
    """Keys of its links, oldest first: the first of them drives `desired`."""
    generation: int = 1
    """Rises when a meeting has to be made anew, so that `marker` never finds one that was given up."""
    creating_since: datetime | None = None
    """Set before a create is sent, cleared when its outcome is recorded: while it stands, look before creating."""
    sent_spec: ConferenceSpec | None = None
    """What the last create was sent with."""
    verify_at: datetime | None = None
    """When to look for a second meeting that a slow first attempt may have left."""
    remake: bool = False
    """Whether its meeting has to be made anew, by another account; until that has made it."""
    kept_by: str = ""
    """The vendor's id of the account by which its meeting stays as it is: it was disconnected, and its person wanted
    that; or `BY_AN_OPERATOR`. Empty: it follows its events."""
    meeting_key: str | None = None
    """By which what the vendor tells of its meeting finds this record (see `keys.meeting_key`)."""
    lease: Lease = field(default_factory=Lease)
    attempts: int = 0
    """How many steps failed in a row."""
    pauses: Mapping[CallKind, datetime] = field(default_factory=dict)
    """Until when calls of a kind wait that was refused."""
    due_at: datetime | None = None
    """When the sweep should look at it, None when nothing is left to do."""
    last_error: str | None = None
    expire_at: datetime | None = None
    version: str | None = None

    @property
    def key(self) -> str:
        """Its document id."""
        return self.id

    @property
    def variant(self) -> str:
        """What tells it from a conference that is as its solution has it (see `keys.variant`)."""
        return variant(self.settings, self.account)

    @property
    def marker(self) -> str:
        """The idempotency key that the provider's copy carries."""
        return f"{self.id}.{self.generation}"

    @property
    def searched_by(self) -> ConferenceSpec:
        """Where to look for its meetings: what the last create was sent with, by which a vendor would list them."""
        # a record from before `sent_spec` was kept may have nothing but its host
        return (
            self.sent_spec
            or self.applied.spec
            or self.desired.spec
            or ConferenceSpec(
                title="", start=self.created_at, end=self.created_at, time_zone="UTC", host=self.host, open_ended=True
            )
        )

    @property
    def wanted(self) -> bool:
        """Whether there should be a meeting."""
        return self.desired.spec is not None

    @property
    def retry_at(self) -> datetime | None:
        """When the first of what was refused is tried again, None if nothing waits."""
        return min(self.pauses.values(), default=None)

    @property
    def frozen(self) -> bool:
        """Whether its meeting stays as it is."""
        return bool(self.kept_by)

    @property
    def at_vendor(self) -> bool:
        """Whether there is a meeting, or may be one."""
        return self.applied.reference is not None or self.creating_since is not None

    @property
    def settled(self) -> bool:
        """Whether the provider has what is desired (whether events show it is the links' matter)."""
        return self.applied.version == self.desired.version and self.creating_since is None

    def differs_in(self, kept: Callable[[ConferenceSpec], Mapping[str, Any]]) -> frozenset[str]:
        """Names of what the meeting has, or may have, otherwise than desired.

        `kept` tells what the vendor keeps of a spec, by name.
        """
        assert self.desired.spec is not None, "there should be a meeting"
        known = kept(self.applied.spec) if self.applied.spec is not None else {}
        return frozenset(name for name, value in kept(self.desired.spec).items() if known.get(name, ...) != value)
