"""Every table of the file but the solutions', and every key of each."""

from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from confsync.config.addresses import check_addresses
from confsync.domain.errors import NotConfigured

if TYPE_CHECKING:
    from confsync.domain.own_service import OwnService

Count = Annotated[int, msgspec.Meta(ge=1)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Account = Annotated[str, msgspec.Meta(min_length=1)]


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the file."""


class Login(Section, frozen=True, kw_only=True):
    """Where people consent at a vendor, if not at the vendor's own addresses.

    `idle_days`: so long a refresh token is good unused, where the vendor's answers do not say; by default what its
    pages say. It is renewed halfway.
    """

    authorize_url: str | None = None
    token_url: str | None = None
    account_url: str | None = None
    revoke_url: str | None = None
    idle_days: Annotated[float, msgspec.Meta(gt=0)] | None = None

    @property
    def addresses(self) -> dict[str, str | None]:
        """Those of the vendor, by name; None: its own."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name.endswith("_url")}


class Google(Section, frozen=True, kw_only=True):
    """How Google is reached.

    `credentials`: "delegation" acts as anybody of a Workspace domain, whose administrator allows it; `service_account`
    signs for it, through IAM, without a key file. "user" acts as each person who has connected their Google account;
    `oauth_secret` names the secret with the client_id and client_secret of an OAuth client of type "Web application",
    whose redirect URI is `connect.url` and "/google/callback". "application-default" is the runtime's own account, with
    whom people share their calendars. `drive`: titles and types of files on events are read from Drive, which needs a
    scope of its own. `login`: where people consent, if not at Google itself.
    """

    project: str
    credentials: Literal["delegation", "application-default", "user"] = "application-default"
    service_account: str | None = None
    oauth_secret: str | None = None
    login: Login = Login()
    calendar_api: str = "https://www.googleapis.com/calendar/v3/"
    oauth_token_url: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    iam_api: str = "https://iamcredentials.googleapis.com"
    identity_certs_url: str = "https://www.googleapis.com/oauth2/v1/certs"
    conference_data: Literal["auto", "native", "description"] = "auto"
    drive: bool = False
    drive_api: str = "https://www.googleapis.com/drive/v3"

    def __post_init__(self) -> None:
        if self.credentials == "user" and not self.oauth_secret:
            raise ValueError(
                '`google.oauth_secret` is missing: with credentials = "user" it names the secret of an OAuth client'
            )
        check_addresses(login_addresses(self.login))


class Store(Section, frozen=True, kw_only=True):
    """Where records live: Firestore, or one SQLite file.

    `sharded`: Firestore keeps when a record is due in an index that takes 16 times as many writes a second. More than
    300,000 calendars want it (deploy/capacity.md); deploy/README.md, "Upgrading", says when it may be set.
    """

    kind: Literal["firestore", "sqlite"]
    database: str = "(default)"
    path: str | None = None
    sharded: bool = False

    def __post_init__(self) -> None:
        if self.sharded and self.kind != "firestore":
            raise ValueError("`store.sharded` is for Firestore: one SQLite file has no such limit")


class Queue(Section, frozen=True, kw_only=True):
    """The Cloud Tasks queue, and where its tasks go. `service_account` signs them.

    `number`: of queues, which share the tasks; Cloud Tasks lets 500 a second out of each. More than 500,000 calendars
    want several (deploy/capacity.md). The first has the name itself, the others a number after it.
    """

    location: str
    name: str
    sync_url: str
    reconcile_url: str
    service_account: str
    number: Count = 1
    api: str = "https://cloudtasks.googleapis.com"

    @property
    def names(self) -> tuple[str, ...]:
        """Of all queues: with a higher number those there were are among them, with their tasks."""
        return (self.name, *(f"{self.name}-{number}" for number in range(2, self.number + 1)))


class Secrets(Section, frozen=True, kw_only=True):
    """Where third-party credentials live: Secret Manager, or a directory with one file per secret."""

    kind: Literal["secret-manager", "file"] = "secret-manager"
    api: str = "https://secretmanager.googleapis.com"
    path: str | None = None
    cache_seconds: Seconds = 60


class Channels(Section, frozen=True, kw_only=True):
    """Watch channels. `ttl` is in seconds; notifications within `coalesce_seconds` become one sync.

    `filter_event_types`: no notifications of birthdays and the like; there were channels that then told nothing at all.
    """

    notifications_url: str
    ttl: Count = 604_800
    filter_event_types: bool = False
    coalesce_seconds: Seconds = 1.0


class Sweep(Section, frozen=True, kw_only=True):
    """How often things are looked at without being asked, in seconds, and how much one run does itself.

    `watched_interval`: for calendars whose watch channel tells of all that changes, as often as the others by default.
    What it does not tell once is found that late; more than 10,000 calendars want it longer (deploy/capacity.md).
    `batch` bounds how many of each kind one run hands out, `per_second` how many of their tasks begin in a second: less
    than the queue lets out, so that people's changes do not wait behind them. `threads`: how many hand out at once.
    `full_sync_days`: how far back a full list of a calendar goes; everything by default. Google does not say whether
    the changes that follow are limited to it too, so a limit is safe only for events that end after it.
    `check_hours`: about how often each meeting to come is compared with what its vendor should have, 14 to 23 hours by
    default, which is one more call a day and meeting.
    """

    calendar_interval: Count = 900
    watched_interval: Count | None = None
    full_sync_days: Count | None = None
    inline_renewals: Count = 20
    batch: Count = 10_000
    per_second: Seconds = 20
    threads: Count = 16
    check_hours: Seconds | None = 18


class Limits(Section, frozen=True, kw_only=True):
    """In seconds. `provider_deadline` bounds one provider call as a whole; a lease outlives several of them.

    A person who chooses a conference waits for two calls at most, and a look in between: 25 s in all.
    """

    provider_deadline: Seconds = 8
    lease: Seconds = 60

    def __post_init__(self) -> None:
        if self.lease < 3 * self.provider_deadline:
            raise ValueError("`limits.lease` must be at least three times `limits.provider_deadline`")


class Join(Section, frozen=True, kw_only=True):
    """`url` is our address that leads each person on to their own link, for vendors that need one: ".../join".

    `client_id`: of an OAuth client of type "Web application", by which organizers show who they are, to lead their
    meeting; its redirect URI is `url` and "/signed-in". Without it everybody joins as a guest.
    """

    url: str | None = None
    client_id: str | None = None
    authorize_url: str = "https://accounts.google.com/o/oauth2/v2/auth"


class Connect(Section, frozen=True, kw_only=True):
    """`url` is where people connect their own accounts: ".../connect".

    `client_id`: of an OAuth client of type "Web application", by which they show who they are; its redirect URI is
    `url` and "/signed-in". At each vendor the redirect URI is `url`, the vendor's name and "/callback".
    """

    url: str | None = None
    client_id: str | None = None
    authorize_url: str = "https://accounts.google.com/o/oauth2/v2/auth"


class Access(Section, frozen=True, kw_only=True):
    """Who may do what through the HTTP API; what no rule says is forbidden.

    `callers`: addresses of service accounts and people, "@example.com" for everybody of that Workspace domain.
    `calendars`: their ids, "@example.com" for those of the domain's people, "own" for each caller's own, "*" for any.
    `account`: as whom they are reached; else people as themselves, service accounts as whom the calendar is named
    after.
    """

    callers: Annotated[tuple[Account, ...], msgspec.Meta(min_length=1)]
    calendars: Annotated[tuple[Account, ...], msgspec.Meta(min_length=1)]
    may: Literal["read", "write"] = "read"
    account: Account | None = None


class Events(Section, frozen=True, kw_only=True):
    """The HTTP API. `url` is its address, for which callers' identity tokens are, or one of `audiences`.

    `requests_per_minute`: of each caller, in each instance.
    """

    url: str | None = None
    audiences: tuple[str, ...] = ()
    requests_per_minute: Count = 600
    access: tuple[Access, ...] = ()


class OwnServiceSettings(Section, frozen=True, kw_only=True):
    """A server of one's own, and the addresses of its meetings: `https://meet.example.com/{code}`.

    `{code}` is one segment of the path, and `*` at the end whatever follows.
    """

    name: str
    pattern: str

    def __post_init__(self) -> None:
        self.service()

    def service(self) -> "OwnService":
        """The service as detection knows it. Raises `ValueError`, which says what is wrong with the pattern."""
        # the notification function has no use for it, and its cold start no time
        from confsync.domain.own_service import OwnService

        try:
            return OwnService(name=self.name, pattern=self.pattern)
        except NotConfigured as error:
            raise ValueError(f"`pattern`: {error}") from error


class Detection(Section, frozen=True, kw_only=True):
    """Meetings that are found in events beside those of known services: `[[detection.services]]`, one each."""

    services: tuple[OwnServiceSettings, ...] = ()

    @property
    def own(self) -> tuple["OwnService", ...]:
        """The services as detection knows them."""
        return tuple(each.service() for each in self.services)


class Addon(Section, frozen=True, kw_only=True):
    """The add-on in Calendar. `name`: as people know it. `logo_url`: of the add-on, and of solutions that have no
    `icon_url`; it must be hosted by Google, deploy/addon/README.md says how.

    `action_wrapper`: the outermost object of an HTTP answer. Other triggers' answers are read as `RenderActions` itself
    and refused with it ("Cannot find field: renderActions"); Google's pages show it for those of buttons.
    """

    name: str = "confsync"
    logo_url: str | None = None
    action_wrapper: Literal["", "renderActions"] = ""


class Tracing(Section, frozen=True, kw_only=True):
    """Where spans go besides the logs, by OTLP over HTTP; nowhere by default. Of requests that are sampled, as Google's
    front door or the caller decides.

    `otlp_url`: the whole address. Cloud Trace's is "https://telemetry.googleapis.com/v1/traces"; what another collector
    has to be told is in `OTEL_EXPORTER_OTLP_HEADERS`.
    """

    otlp_url: str | None = None

    def __post_init__(self) -> None:
        check_addresses({"otlp_url": self.otlp_url})

    @property
    def to_google(self) -> bool:
        """Whether they go to Google, who is told which account of ours sends them."""
        return (urlsplit(self.otlp_url or "").hostname or "").endswith(".googleapis.com")


class Callers(Section, frozen=True, kw_only=True):
    """Who may call a function: the tokens' audiences, and the service accounts or OAuth clients they are from."""

    audiences: tuple[str, ...]
    service_accounts: tuple[str, ...]
    clients: tuple[str, ...] = ()


class Monitoring(Section, frozen=True, kw_only=True):
    """`emails`: whom alerts are mailed; without any they show in the console alone. For deploy.py, not functions."""

    emails: tuple[Annotated[str, msgspec.Meta(pattern=r"^[^@\s,=]+@[^@\s,=]+$")], ...] = ()


def login_addresses(login: Login) -> dict[str, str | None]:
    return {f"login.{name}": address for name, address in login.addresses.items()}
