"""The whole file, and a table of each solution that people can choose."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from confsync.config.addresses import check_addresses
from confsync.config.sections import (
    Account,
    Addon,
    Callers,
    Channels,
    Connect,
    Count,
    Detection,
    Events,
    Google,
    Join,
    Limits,
    Login,
    Monitoring,
    Queue,
    Secrets,
    Section,
    Store,
    Sweep,
    Tracing,
    login_addresses,
)
from confsync.domain.errors import NotConfigured

if TYPE_CHECKING:
    from confsync.domain.solution import Solution

ORGANIZER = "organizer"


class SolutionSettings(Section, frozen=True, kw_only=True):
    """A configured solution. `secret` is a name in the secret store; addresses default to the provider's own.

    `private`: its server is in a private network of yours; without it, calls go to public addresses alone, whatever a
    name leads to. `login_url` is where a person connects their account when the provider asks for it. `personal`:
    meetings are made with each host's own account. `hosts`: "organizer", whose event it is; or one account, or several
    of which one is taken that has fewer than `at_once` other meetings of ours at that time. `copies`: an event that is
    copied shares the conference, or gets a new one. `login`: where people consent, if the solution is personal;
    `secret` then holds the application's client_id and client_secret.
    """

    provider: str
    name: str
    icon_url: str | None = None
    login_url: str | None = None
    secret: str | None = None
    api: str | None = None
    token_url: str | None = None
    private: bool = False
    personal: bool = False
    hosts: Account | Annotated[tuple[Account, ...], msgspec.Meta(min_length=1)] = ORGANIZER
    at_once: Count = 1
    copies: Literal["share", "new"] = "share"
    login: Login = Login()
    settings: dict[str, Any] = msgspec.field(default_factory=dict)

    def __post_init__(self) -> None:
        addresses = {"api": self.api, "token_url": self.token_url, "login_url": self.login_url}
        check_addresses(addresses | login_addresses(self.login))
        accounts = [self.hosts] if isinstance(self.hosts, str) else list(self.hosts)
        for account in accounts:
            if "@" not in account and self.hosts != ORGANIZER:
                raise ValueError(f"`hosts` is {ORGANIZER!r}, or addresses of accounts: {account!r} is none")
        if len({account.lower() for account in accounts}) < len(accounts):
            raise ValueError("`hosts` names an account twice")
        if self.hosts == ORGANIZER and self.at_once > 1:
            raise ValueError("`at_once` is for `hosts` of the solution's own: an organizer is never turned away")

    def solution(self, solution_id: str) -> "Solution":
        """The solution as the rest of confsync knows it."""
        # the notification function has no use for it, and its cold start no time
        from confsync.domain.solution import Solution

        return Solution(
            id=solution_id,
            name=self.name,
            provider=self.provider,
            icon_uri=self.icon_url,
            personal=self.personal,
            hosts=() if self.hosts == ORGANIZER else (self.hosts,) if isinstance(self.hosts, str) else self.hosts,
            at_once=self.at_once,
            settings=self.settings,
        )


class Settings(Section, frozen=True, kw_only=True):
    """The whole file."""

    google: Google
    store: Store
    queue: Queue
    channels: Channels
    callers: dict[str, Callers]
    """By the function's name. Calendar's notifications prove themselves by their channel token, and have none."""
    solutions: dict[str, SolutionSettings]
    secrets: Secrets = Secrets()
    sweep: Sweep = Sweep()
    limits: Limits = Limits()
    addon: Addon = Addon()
    join: Join = Join()
    connect: Connect = Connect()
    events: Events = Events()
    detection: Detection = Detection()
    tracing: Tracing = Tracing()
    monitoring: Monitoring = Monitoring()

    def __post_init__(self) -> None:
        if self.google.credentials == "user" and not self.connect.url:
            raise ValueError('`connect.url` is missing: with google.credentials = "user" people connect their accounts')

    def callers_of(self, function: str) -> Callers:
        """Who may call that function. Raises `NotConfigured`, which names the key."""
        if function not in self.callers:
            raise NotConfigured(f"callers.{function} is missing: it says who may call that function")
        return self.callers[function]
