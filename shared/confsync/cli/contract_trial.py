"""A server of our HTTP contract on trial: what it is asked, what that may have made, and that nothing of it stays."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from confsync.domain.conference import ConferenceSpec
from confsync.domain.errors import Ambiguous, ConfsyncError, NotFound
from confsync.domain.fitting import fit
from confsync.domain.solution import Capabilities
from confsync.providers.custom import ACTIONS, Declared, Deleted, Found, Meeting, Server, capabilities, spec_of
from confsync.transport.messages import Reply, Request
from confsync.transport.session import Deadline

T = TypeVar("T")

ANSWER = timedelta(seconds=8)
"""By then a server has to have answered."""
Id = Annotated[str, Meta(pattern=r"\A[ -~]{1,256}\Z")] | int
"""A meeting's name as the server wrote it, also against the contract: it is only sent back."""


class _Named(msgspec.Struct, frozen=True):
    """The least that can be read of an answer that breaks the contract."""

    id: Id | None = None


class _AllNamed(msgspec.Struct, frozen=True):
    conferences: tuple[_Named, ...]


@dataclass(kw_only=True)
class _Made:
    """What the creates with one marker came to."""

    ids: set[Id] = field(default_factory=set)
    nameless: bool = False
    """One succeeded, and its answer has no id that can be read."""
    lost: bool = False
    """One had no answer, or one that leaves open what was done."""


@dataclass(frozen=True, kw_only=True)
class NamedServer(Server):
    """A server whose errors say its own name."""

    name: str

    def request(self, operation: str, /, **fields: Any) -> Request:
        return replace(super().request(operation, **fields), service=self.name)


@dataclass(kw_only=True)
class Trial:
    """A server that is tried, and the meetings that it was asked for."""

    server: NamedServer
    declared: Declared
    spec: ConferenceSpec
    made: dict[str, _Made] = field(default_factory=dict)
    """By marker."""
    marker: str = ""
    meeting: Meeting | None = None
    """The one that most rules are tried on."""

    # --- calls ---

    def send(self, request: Request) -> Reply:
        """The reply. What a create may have made is noted, whatever it was expected to do."""
        marker = request.headers.get("Idempotency-Key")
        if marker is None:
            return self.server.session.send(request, Deadline(ANSWER))
        made = self.made.setdefault(marker, _Made())
        try:
            reply = self.server.session.send(request, Deadline(ANSWER))
        except Ambiguous:
            made.lost = True
            raise
        named = _read(reply, _Named) if reply.ok else None
        if named is not None and named.id is not None:
            made.ids.add(named.id)
        elif reply.ok:
            made.nameless = True
        elif reply.status >= 500 and reply.status != 503:
            made.lost = True
        return reply

    def create(self, marker: str, spec: ConferenceSpec | None = None) -> tuple[Meeting, int]:
        """The meeting, and the status that it came with."""
        request = self.server.request("create", marker=marker, spec=self.asked(spec or self.spec))
        reply = self.send(request)
        return self.server.read(request, reply, Meeting), reply.status

    def find(self, marker: str) -> tuple[Meeting, ...]:
        spec = self.asked(self.spec)
        return self.server.ask("find", Found, Deadline(ANSWER), marker=marker, spec=spec).conferences

    def get(self, meeting_id: Id) -> Meeting:
        return self.server.ask("get", Meeting, Deadline(ANSWER), id=meeting_id)

    def update(self, spec: ConferenceSpec) -> Meeting:
        fields = {"id": self.the_meeting.id, "marker": self.marker, "spec": self.asked(spec)}
        return self.server.ask("update", Meeting, Deadline(ANSWER), **fields)

    def delete(self, meeting_id: Id) -> None:
        self.server.ask("delete", Deleted, Deadline(ANSWER), id=meeting_id)

    # --- values ---

    @property
    def the_meeting(self) -> Meeting:
        assert self.meeting is not None, "the rule is tried on a meeting"
        return self.meeting

    @property
    def able(self) -> Capabilities:
        return capabilities(self.declared, "")

    def asked(self, spec: ConferenceSpec) -> dict[str, object]:
        """The spec as confsync sends it to this server."""
        return spec_of(fit(spec, self.able, self.server.clock.now()), self.able.recurrence)

    def new_marker(self) -> str:
        return f"confsync-conform-{self.server.clock.new_id()}.1"

    def fields(self, operation: str) -> dict[str, object]:
        """A call about a meeting that there is not."""
        marker, spec = self.new_marker(), self.asked(self.spec)
        about: dict[str, object] = {"id": f"confsync-conform-{self.server.clock.new_id()}"}
        named: dict[str, object] = {"marker": marker, "spec": spec}
        fields = {
            "create": named,
            "find": named,
            "get": about,
            "update": {**about, **named},
            "delete": about,
        }
        return fields.get(operation, {})

    def operations(self) -> list[str]:
        """The calls that it declares."""
        undeclared = {"update": not self.declared.updates, "delete": not self.declared.deletes}
        return [each for each in ACTIONS if not undeclared.get(each)]

    # --- what is left ---

    def clean(self) -> tuple[list[str], list[str]]:
        """Remove all that was made, also by a create whose answer was lost, or could not be read.

        Returns ids of what is still there, and markers of what may be.
        """
        left, doubtful = [], []
        for marker, made in self.made.items():
            found = self._found(marker)
            ids = made.ids | (found or set())
            left += [str(each) for each in sorted(ids, key=str) if self._stays(each)]
            if (made.nameless and (found is None or not ids)) or (made.lost and found is None and not ids):
                doubtful.append(marker)
        return left, doubtful

    def _found(self, marker: str) -> set[Id] | None:
        """Ids of what has that marker; None if the answer does not tell."""
        with suppress(ConfsyncError):
            reply = self.send(self.server.request("find", marker=marker, spec=self.asked(self.spec)))
            told = _read(reply, _AllNamed) if reply.ok else None
            if told is not None and (ids := {each.id for each in told.conferences if each.id is not None}):
                return ids
            return set() if told == _AllNamed(()) else None
        return None

    def _stays(self, meeting_id: Id) -> bool:
        """Whether it is there all the same: a deletion may be confirmed and not done."""
        with suppress(ConfsyncError):
            if self.declared.deletes:
                self.delete(meeting_id)
        try:
            self.get(meeting_id)
        except NotFound:
            return False
        except ConfsyncError:  # not known, so it is told
            pass
        return True


def _read(reply: Reply, into: type[T]) -> T | None:
    """The reply's body, None if it is another."""
    try:
        return msgspec.json.decode(reply.body, type=into)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
