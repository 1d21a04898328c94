"""The providers: one module each, imported only when a solution uses it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, TypeVar, cast

import msgspec

from confsync.domain.errors import NotConfigured, NotFound
from confsync.domain.solution import Capabilities, Solution
from confsync.ports import Clock, ConferenceProvider, Grants, Secrets
from confsync.transport.addresses import Reach
from confsync.transport.oauth import EARLY, Token
from confsync.transport.session import Deadline, Session

if TYPE_CHECKING:
    from confsync.transport.login import Login

PROVIDERS: Mapping[str, str] = {
    "bigbluebutton": "BigBlueButton",
    "custom": "Custom",
    "daily": "Daily",
    "goto_meeting": "GoToMeeting",
    "jaas": "JaaS",
    "jitsi": "Jitsi",
    "ringcentral": "RingCentral",
    "teams": "Teams",
    "webex": "Webex",
    "whereby": "Whereby",
    "zoho": "Zoho",
    "zoom": "Zoom",
}
"""Module and class of every provider; the module's name is what a solution's `provider` says."""

S = TypeVar("S", bound=msgspec.Struct)


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """What a provider's module says of its vendor, for people who choose one: its `VENDOR`."""

    name: str
    capabilities: Capabilities
    """Without what depends on a solution's settings."""
    accounts: tuple[str, ...]
    """Whose accounts can make the meetings, in plain words."""
    marker: str
    """By what a meeting is found whose create gave no answer."""
    addresses: Mapping[str, str] = field(default_factory=dict)
    """Where its calls go unless the solution's own keys of these names say so; none if nothing is asked of it."""
    dial_in: str = "none"
    series: str = ""
    """Which series it keeps as series, where that takes words."""
    scopes: tuple[str, ...] = ()
    limits: str = ""
    cannot: str = ""
    provider: str = ""
    """The module's name."""


@dataclass(frozen=True, kw_only=True)
class ProviderConfig:
    """How a solution reaches its provider. `secret` is a secret's name; the addresses default to the vendor's own.

    `deadline` is how long one call of the port may take, all its HTTP requests together. `private`: its servers are in
    a private network.
    """

    deadline: timedelta
    secret: str | None = None
    api: str | None = None
    token_url: str | None = None
    private: bool = False

    def session(self) -> Session:
        """Connections to where its calls may go."""
        return Session(Reach.configured(self.api, self.token_url, private=self.private))


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What a provider may use besides its vendor: credentials, people's own accounts, time and chance."""

    secrets: Secrets
    grants: Grants
    clock: Clock


class Factory(Protocol):
    """What every provider class is called with."""

    def __call__(self, solution: Solution, config: ProviderConfig, outside: Outside) -> ConferenceProvider: ...


def build(solution: Solution, config: ProviderConfig, outside: Outside) -> ConferenceProvider:
    """The provider that makes this solution's conferences. Raises `NotConfigured`, which names the key."""
    if solution.provider not in PROVIDERS:
        known = ", ".join(sorted(PROVIDERS))
        raise NotConfigured(f"solutions.{solution.id}.provider: no provider {solution.provider!r}, there are {known}")
    module = import_module(f"{__name__}.{solution.provider}")
    factory = cast("Factory", getattr(module, PROVIDERS[solution.provider]))
    return factory(solution, config, outside)


def vendor(provider: str) -> Vendor:
    """What that provider's module says of its vendor."""
    told: Vendor = import_module(f"{__name__}.{provider}").VENDOR
    return replace(told, provider=provider)


def login(provider: str) -> "Login | None":
    """How people let us use their own accounts there, None if they have none."""
    found: Login | None = getattr(import_module(f"{__name__}.{provider}"), "LOGIN", None)
    return found


def settings_of(solution: Solution, kind: type[S]) -> S:
    """The solution's settings as a provider's own type. Raises `NotConfigured`, which names the key."""
    try:
        return msgspec.convert(dict(solution.settings), kind)
    except msgspec.ValidationError as error:
        raise NotConfigured(f"solutions.{solution.id}.settings: {str(error).replace('$.', '')}") from None


def required(solution: Solution, key: str, value: str | None) -> str:
    """The value of that key of the solution's table. Raises `NotConfigured` if there is none."""
    if not value:
        raise NotConfigured(f"solutions.{solution.id}.{key} is missing")
    return value


def of_the_organisation(solution: Solution) -> None:
    """For a provider that knows no accounts of people. Raises `NotConfigured` if the solution wants them."""
    if solution.personal:
        raise NotConfigured(f"solutions.{solution.id}.personal: {solution.provider} has no accounts of people's own")


def credential(secrets: Secrets, name: str) -> str:
    """The secret's newest value. Raises `NotConfigured` if there is none: to callers, `NotFound` is a meeting's."""
    try:
        return secrets.get(name)
    except NotFound as error:
        raise NotConfigured(f"there is no secret {name}") from error


class ApiKey:
    """A secret that is an API key, and every request's access token. (See `transport.oauth.Tokens`.)"""

    def __init__(self, outside: Outside, name: str) -> None:
        self._outside = outside
        self._name = name

    def get(self, deadline: Deadline) -> Token:  # noqa: ARG002 - a secret is read, nothing is sent
        # it is read for each request, so that a new one is used at once
        return Token(value=credential(self._outside.secrets, self._name), expires_at=self._outside.clock.now() + EARLY)

    def forget(self, token: Token) -> None:
        """There is no other one."""


def credentials(secrets: Secrets, name: str, kind: type[S]) -> S:
    """A secret that is a JSON object, as a provider's own type. Raises `NotConfigured`, which names what is missing."""
    try:
        return msgspec.json.decode(credential(secrets, name), type=kind)
    except msgspec.ValidationError as error:
        raise NotConfigured(f"the secret {name}: {str(error).replace('$.', '')}") from None
    except msgspec.DecodeError:
        raise NotConfigured(f"the secret {name} is not a JSON object") from None
