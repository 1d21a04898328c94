"""Our record of one meeting at a provider: what it should be, what it is, and what is still to do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any

from confsync.domain.entry_point import ConferenceDetails
from confsync.domain.lease import Lease


@dataclass(frozen=True, kw_only=True)
class ConferenceSpec:
    """What a conference should be. Times are aware; `recurrence` holds the event's RRULE, EXDATE and RDATE lines.

    `host` is the Google account it is made for. An empty title is legal in Calendar; providers put their own there.
    `open_ended`: other events have the conference too, and need it after this one's last time.
    """

    title: str
    start: datetime
    end: datetime
    time_zone: str
    all_day: bool = False
    recurrence: tuple[str, ...] = ()
    description: str = ""
    attendees: tuple[str, ...] = ()
    host: str = ""
    open_ended: bool = False

    def changed_from(self, other: "ConferenceSpec") -> frozenset[str]:
        """Names of the fields in which they differ. The time zone counts: it moves a series across DST."""
        return frozenset(f.name for f in fields(self) if getattr(self, f.name) != getattr(other, f.name))


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What a provider needs to reach one of its meetings again; never a secret."""

    ids: Mapping[str, str]
    """The vendor's ids of it, by the provider's own names for them; at least one."""
    host: str = ""
    """Whose meeting it is: the account by whose rights it is read, changed and removed. Empty if it is nobody's."""


@dataclass(frozen=True, kw_only=True)
class ProviderConference:
    """A meeting as a provider has it."""

    reference: Reference
    details: ConferenceDetails


class ConferenceState(StrEnum):
    """What people see of a conference's progress."""

    PENDING = "pending"  # something is to do
    ACTIVE = "active"  # applied equals desired
    UNCONFIRMED = "unconfirmed"  # a create was sent and no answer came
    FAILED = "failed"  # refused: tried again hourly or, what can never be taken, when the desired state changes
    DELETED = "deleted"


@dataclass(frozen=True, kw_only=True)
class Desired:
    """What should be true. `spec` None: no meeting. Each change of mind raises `version`."""

    version: int
    spec: ConferenceSpec | None


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What is true at the provider. `version` is the desired version it was made for; `reference` None: no meeting.

    `spec` None: not known, because a change was begun whose outcome is not recorded.
    """

    version: int = 0
    spec: ConferenceSpec | None = None
    reference: Reference | None = None
    details: ConferenceDetails | None = None


@dataclass(frozen=True, kw_only=True)
class Conference:
    """`id` is also `conferenceData.conferenceId`. `links` are link keys, oldest first: the first drives `desired`.

    `generation` rises when a meeting has to be made anew, so that `marker` never finds one that was given up.
    `creating_since` is set before a create is sent and cleared when its outcome is recorded: while it stands, look for
    the marker before creating. `verify_at`: when to look for a second meeting that a slow first attempt may have left.
    `retry_at`: no provider call before this. `due_at`: when the sweep should look at it, None when nothing is left to
    do.
    """

    id: str
    solution: str
    tenant: str
    host: str
    desired: Desired
    created_at: datetime
    applied: Applied = field(default_factory=Applied)
    state: ConferenceState = ConferenceState.PENDING
    links: tuple[str, ...] = ()
    generation: int = 1
    creating_since: datetime | None = None
    sent_spec: ConferenceSpec | None = None
    verify_at: datetime | None = None
    lease: Lease = field(default_factory=Lease)
    attempts: int = 0
    retry_at: datetime | None = None
    due_at: datetime | None = None
    last_error: str | None = None
    expire_at: datetime | None = None
    version: str | None = None

    @property
    def key(self) -> str:
        """Its document id."""
        return self.id

    @property
    def marker(self) -> str:
        """The idempotency key that the provider's copy carries."""
        return f"{self.id}.{self.generation}"

    @property
    def searched_by(self) -> ConferenceSpec:
        """Where to look for its meetings: what the last create was sent with, by which a vendor would list them."""
        return self.sent_spec or self.applied.spec or self.desired.spec or self._nothing_but_its_host

    @property
    def _nothing_but_its_host(self) -> ConferenceSpec:
        # a record of before `sent_spec` was kept
        return ConferenceSpec(
            title="", start=self.created_at, end=self.created_at, time_zone="UTC", host=self.host, open_ended=True
        )

    @property
    def wanted(self) -> bool:
        """Whether there should be a meeting."""
        return self.desired.spec is not None

    @property
    def refused(self) -> bool:
        """Whether the provider refuses it for good: until something changes, nothing is tried again."""
        return self.state is ConferenceState.FAILED and self.retry_at is None

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
