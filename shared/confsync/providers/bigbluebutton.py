"""BigBlueButton, self-hosted: meetings are made when somebody comes, for those that nobody is in are dropped.

https://docs.bigbluebutton.org/development/api/
So a conference is an id that follows from the marker, and people go through our own address: that makes the meeting if
it is not there, and gives each of them a link of their own. Every call carries a checksum over its exact query.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import msgspec
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from confsync.domain import derived
from confsync.domain.conference import ConferenceSpec, ProviderConference, Reference
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType
from confsync.domain.errors import Conflict, Invalid, NotFound, PermissionDenied, Temporary
from confsync.domain.solution import Capabilities, Solution
from confsync.domain.text import cut
from confsync.ports import Visitor
from confsync.providers import Outside, ProviderConfig, Vendor, credential, of_the_organisation, required, settings_of
from confsync.transport.errors import Refusal, from_reply, safe
from confsync.transport.messages import Reply, Request
from confsync.transport.session import Deadline, NoAuth

MIN_NAME, MAX_NAME = 2, 64
MAX_FULL_NAME = 255
MAX_KEY = 40  # more is none of BigBlueButton's
MAX_ANSWER = 64 * 1024


VENDOR = Vendor(
    name="BigBlueButton, self-hosted",
    capabilities=Capabilities(drifts=False, join_redirect=True),
    addresses={"api": ""},
    accounts=("the server's",),
    marker="the meeting's id, which follows from it",
    series="one meeting for all",
    cannot="times; a meeting is there once somebody comes",
)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of `create`, by BigBlueButton's names, and which checksum the server takes."""

    checksum: Literal["sha1", "sha256", "sha384", "sha512"] = "sha256"
    record: bool | None = None
    autoStartRecording: bool | None = None  # noqa: N815
    allowStartStopRecording: bool | None = None  # noqa: N815
    muteOnStart: bool | None = None  # noqa: N815
    webcamsOnlyForModerator: bool | None = None  # noqa: N815
    maxParticipants: Annotated[int, msgspec.Meta(ge=0)] | None = None  # noqa: N815
    guestPolicy: Literal["ALWAYS_ACCEPT", "ALWAYS_DENY", "ASK_MODERATOR"] | None = None  # noqa: N815
    welcome: str | None = None
    logoutURL: str | None = None  # noqa: N815


class BigBlueButton:
    """Meetings on one server: `api` is its address up to `/bigbluebutton`."""

    capabilities = VENDOR.capabilities

    def __init__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> None:
        of_the_organisation(solution)
        self._solution = solution
        self._settings = settings_of(solution, Settings)
        self._base = required(solution, "api", config.api).rstrip("/")
        self._secret = required(solution, "secret", config.secret)
        self._config = config
        self._outside = outside
        self._session = config.session()

    def create(self, spec: ConferenceSpec, marker: str) -> ProviderConference:  # noqa: ARG002 - it is made later
        return self._conference(derived.name(self._shared(), marker))

    def kept(self, spec: ConferenceSpec) -> Mapping[str, Any]:  # noqa: ARG002
        return {}

    def find(self, marker: str, spec: ConferenceSpec) -> list[ProviderConference]:
        """Always the one: it exists as soon as it can be named."""
        return [self.create(spec, marker)]

    def get(self, reference: Reference) -> ProviderConference:
        return self._conference(_meeting(reference))

    def update(
        self,
        reference: Reference,
        spec: ConferenceSpec,  # noqa: ARG002
        changed: frozenset[str],  # noqa: ARG002
        marker: str,  # noqa: ARG002
    ) -> ProviderConference:
        """Nothing of an event is stored there before somebody comes."""
        return self.get(reference)

    def delete(self, reference: Reference) -> None:
        """Have those go who are in it now; a meeting without people goes by itself."""
        meeting = _meeting(reference)
        try:
            self._call("end", {"meetingID": meeting}, action="end a meeting")
        except NotFound:
            return

    def join(self, reference: Reference, spec: ConferenceSpec, visitor: Visitor) -> str:
        """Make the meeting if it is not there, and give this person their link: as a moderator, or not."""
        meeting = _meeting(reference)
        asked = {"meetingID": meeting, "name": self._name(spec), **self._options()}
        try:
            made = self._call("create", asked, action="create a meeting")
        except Conflict:  # it is there, made when its event had another name, or the solution other settings
            made = {}
        entering = {
            "meetingID": meeting,
            "fullName": cut(visitor.name, MAX_FULL_NAME),
            "role": "MODERATOR" if visitor.moderator else "VIEWER",
            # the policy is for those alone who say that they are guests
            "guest": "true" if self._settings.guestPolicy and not visitor.moderator else "",
            "createTime": made.get("createTime", ""),
            "redirect": "true",
        }
        return self._address("join", {name: value for name, value in entering.items() if value})

    # --- calls -------------------------------------------------------------------------------------------------------

    def _call(self, call: str, query: Mapping[str, str], *, action: str) -> dict[str, str]:
        """The fields of the answer. Raises what its message means; `NotFound` for a meeting that is not there."""
        request = Request(
            service="bigbluebutton",
            action=action,
            method="GET",
            url=self._address(call, query),
            repeatable=True,  # a second `create` of the same id is told of the first
            auth=NoAuth(),
        )
        reply = self._session.send(request, Deadline(self._config.deadline))
        if not reply.ok:
            raise from_reply(request, reply, Refusal(kind=PROXYS.get(reply.status)), self._outside.clock.now())
        said = _fields(reply)
        if said.get("returncode") == "SUCCESS":
            return said
        key, words = cut(said.get("messageKey", ""), MAX_KEY), safe(said.get("message", "no answer of BigBlueButton's"))
        message = f"bigbluebutton would not {action}: {key or 'no reason'}, {words}"
        raise KINDS.get(key, Temporary)(message, service="bigbluebutton", status=reply.status)

    def _address(self, call: str, query: Mapping[str, str]) -> str:
        """The call's address, its query exactly as the checksum is over it."""
        encoded = urlencode(query)
        signed = f"{call}{encoded}{self._shared()}".encode()
        checksum = hashlib.new(self._settings.checksum, signed).hexdigest()
        return f"{self._base}/api/{call}?{encoded}{'&' if encoded else ''}checksum={checksum}"

    def _shared(self) -> str:
        return credential(self._outside.secrets, self._secret)

    # --- values ------------------------------------------------------------------------------------------------------

    def _name(self, spec: ConferenceSpec) -> str:
        name = cut(" ".join(spec.title.split()), MAX_NAME)
        return name if len(name) >= MIN_NAME else cut(self._solution.name, MAX_NAME).ljust(MIN_NAME, ".")

    def _options(self) -> dict[str, str]:
        chosen = msgspec.structs.asdict(self._settings)
        del chosen["checksum"]
        return {name: _text(value) for name, value in chosen.items() if value is not None}

    def _conference(self, meeting: str) -> ProviderConference:
        # events show our own address in place of this one, which lets nobody in
        video = EntryPoint(type=EntryPointType.VIDEO, uri=f"{self._base}/")
        return ProviderConference(
            reference=Reference(ids={"meeting": meeting}), details=ConferenceDetails(entry_points=(video,))
        )


KINDS = {
    "notFound": NotFound,
    "invalidMeetingIdentifier": NotFound,
    "checksumError": PermissionDenied,  # the secret, or the kind of checksum: a person can mend both
    "idNotUnique": Conflict,
    "unsupportedRequest": Invalid,
    "validationError": Invalid,
}
"""What a `messageKey` means; others pass."""

PROXYS = {401: PermissionDenied, **dict.fromkeys((404, 409, 410), Temporary)}
"""Statuses that tell nothing of a meeting or a token: BigBlueButton itself answers 200."""


def _meeting(reference: Reference) -> str:
    if "meeting" not in reference.ids:
        raise NotFound("bigbluebutton: this is not a reference to a meeting", service="bigbluebutton")
    return reference.ids["meeting"]


def _fields(reply: Reply) -> dict[str, str]:
    """The answer's fields; none if it is not BigBlueButton's, or larger than any of its answers to what we ask.

    defusedxml refuses entities, whose expansion has no end, and here any declaration in which they could stand.
    https://docs.python.org/3/library/xml.html#xml-security
    """
    if len(reply.body) > MAX_ANSWER:  # of elements alone, a tree takes a hundred times their size
        return {}
    try:
        root = ElementTree.fromstring(reply.body, forbid_dtd=True)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError):  # the last: an unknown encoding
        return {}
    return {child.tag: child.text or "" for child in root}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
