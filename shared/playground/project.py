"""Your Google Cloud project on localhost: the simulators, the configuration, and the deployed functions."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playground.cloud import (
    ADDON,
    ADDON_CLIENT,
    APPLICATION,
    JITSI_SECRET,
    LOCATION,
    OWN_ZOOM_SECRET,
    PEOPLE_CLIENT_SECRET,
    PROJECT,
    QUEUE,
    RUNTIME,
    SIGN_IN_CLIENT,
    ZOOM_SECRET,
    Cloud,
    Ports,
)
from playground.functions import NAMES, Function, secrets_of
from playground.person import AddOn, Person, Solution
from playground.server import reserve_port
from playground.vendors.catalogue import CATALOGUE, Entry

Credentials = Literal["delegation", "user"]
CREDENTIALS: dict[Credentials, str] = {
    "delegation": 'credentials = "delegation"\nservice_account = "{runtime}"',
    "user": """\
credentials = "user"
oauth_secret = "{people_secret}"
login.authorize_url = "{issuer}/o/oauth2/v2/auth"
login.account_url = "{issuer}/v1/userinfo"
login.revoke_url = "{oauth}/revoke\"""",
}
"""How calendars are reached."""
ICON = "https://example.com/icon.png"
AT_ZOOM = "ann@example.com"
"""Who is signed in at Zoom, until they say that they are somebody else."""
QUEUES = 3
"""So many has a project that is `scaled`."""
SWEEP_JOB = f"projects/{PROJECT}/locations/{LOCATION}/jobs/renew-channels"

CONFIG = """\
[google]
project = "{project}"
{credentials}
calendar_api = "{calendar}/calendar/v3/"
drive = {drive_too}
drive_api = "{drive}/drive/v3/"
oauth_token_url = "{oauth}/token"
iam_api = "{iam}"
identity_certs_url = "{issuer}/oauth2/v1/certs"

[store]
{store}

[queue]
location = "{location}"
name = "{queue}"
number = {queues}
api = "{tasks}"
sync_url = "{sync_calendar}"
reconcile_url = "{reconcile_conference}"
service_account = "{runtime}"

[secrets]
api = "{secrets}"
cache_seconds = 5

[channels]
notifications_url = "{calendar_notifications}"
ttl = {ttl}
coalesce_seconds = {coalesce}

[join]
url = "{join}/join"
client_id = "{sign_in_client}"
authorize_url = "{issuer}/o/oauth2/v2/auth"

[connect]
url = "{connect}/connect"
client_id = "{sign_in_client}"
authorize_url = "{issuer}/o/oauth2/v2/auth"

[events]
url = "{events}"
requests_per_minute = {requests}
[[events.access]] # an application, for everybody and for the team
callers = ["{application}"]
calendars = ["@example.com"]
may = "write"
[[events.access]]
callers = ["{application}"]
calendars = ["*"]
may = "write"
account = "ann@example.com"
[[events.access]] # people, for themselves
callers = ["@example.com"]
calendars = ["*"]
may = "write"

[[detection.services]]
name = "Example Rooms"
pattern = "https://rooms.example.com/{{code}}"

[sweep]
calendar_interval = {calendar_interval}

[limits]
provider_deadline = {deadline}
lease = {lease}

{callers}
[solutions.zoom]
provider = "zoom"
name = "Zoom Meeting"
icon_url = "{icon}"
secret = "{zoom_secret}"
api = "{zoom}/v2"
token_url = "{zoom}/oauth/token"

[solutions.zoom-recorded]
provider = "zoom"
name = "Recorded Zoom Meeting"
icon_url = "{icon}"
secret = "{zoom_secret}"
api = "{zoom}/v2"
token_url = "{zoom}/oauth/token"
settings = {{ auto_recording = "cloud" }}

[solutions.my-zoom]
provider = "zoom"
name = "My own Zoom"
icon_url = "{icon}"
secret = "{own_zoom_secret}"
api = "{zoom}/v2"
personal = true
[solutions.my-zoom.login]
authorize_url = "{zoom}/oauth/authorize"
token_url = "{zoom}/oauth/token"
revoke_url = "{zoom}/oauth/revoke"
account_url = "{zoom}/v2/users/me"

[solutions.jitsi]
provider = "jitsi"
name = "Jitsi"
icon_url = "{icon}"
secret = "{jitsi_secret}"
api = "https://meet.example.com"
"""


def _callers(function: str, url: str) -> str:
    """Who may call a function: the project's own runtime, or the add-on and people through it."""
    people = function == "create_conference"
    account, clients = (ADDON, [ADDON_CLIENT]) if people else (RUNTIME, [])
    told = {"audiences": [url], "service_accounts": [account], **({"clients": clients} if people else {})}
    return "\n".join([f"[callers.{function}]", *(f"{key} = {json.dumps(value)}" for key, value in told.items()), ""])


@dataclass(frozen=True, kw_only=True)
class Tempo:
    """How fast the playground lives, in seconds; a cloud's values would make people wait."""

    ttl: int = 3600
    coalesce: float = 0.5
    provider_deadline: float = 2
    lease: float = 6
    calendar_interval: int = 900
    """How long a calendar may go unread without a notification; the sweep then reads it."""
    requests: int = 6000
    """Of each caller of the API, a minute."""
    sweep: float | None = None
    """Period of the scheduled sweep, None: only when somebody runs it."""


@dataclass(kw_only=True)
class Project:
    """The running project. `directory` holds its configuration, its logs and, with SQLite, its records."""

    directory: Path
    tempo: Tempo = field(default_factory=Tempo)
    firestore: str | None = None
    """`host:port` of a Firestore emulator; None keeps records in SQLite."""
    database: str = "(default)"
    """Which of the emulator's databases: projects that share an emulator keep apart by it."""
    scaled: bool = False
    """As for very many calendars: several queues, and in Firestore what is due over shards."""
    ports: Ports = field(default_factory=Ports)
    credentials: Credentials = "delegation"
    """How calendars are reached: as anybody in the domain, or as each person who has connected their account."""

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.cloud = Cloud(ports=self.ports, queues=QUEUES if self.scaled else 1)
        self.channel_keys = secrets.token_hex(24)
        self.config = self.directory / "playground.toml"
        self.environment = {**self.cloud.environment(self.directory), "CONFSYNC_CONFIG": str(self.config)}
        if self.firestore:
            self.environment["FIRESTORE_EMULATOR_HOST"] = self.firestore
        self.connection_keys = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        mounted = {
            "confsync-channel-keys": self.channel_keys,
            "confsync-join-keys": secrets.token_hex(24),
            "confsync-connection-keys": self.connection_keys,
        }
        for name, value in mounted.items():
            self.cloud.secrets.put(PROJECT, name, value.encode())
        self._reserved = {name: reserve_port() for name in NAMES}
        self.functions = {
            name: Function(
                name=name,
                port=self._reserved[name].getsockname()[1],
                environment={**self.environment, **secrets_of(name, mounted)},
                log=self.directory / f"{name}.log",
            )
            for name in NAMES
        }
        callback = f"{self.functions['connect'].url}/connect/zoom/callback"
        self.cloud.zoom.configure(redirect_uris=(callback,), signed_in=AT_ZOOM)
        self.cloud.let_people_consent(f"{self.functions['connect'].url}/connect/google/callback")
        self.config.write_text(self._config(), encoding="utf-8")

    def start(self) -> None:
        """Deploy: start every function and the scheduled sweep. Raises `FunctionFailed`."""
        for function in self.functions.values():
            function.start()
        with ThreadPoolExecutor() as pool:
            list(pool.map(Function.wait, self.functions.values()))
        self.cloud.scheduler.create_job(self._sweep_job())

    def stop(self) -> None:
        """End all of it."""
        self.cloud.scheduler.close()
        for function in self.functions.values():
            function.kill()
        for reserved in self._reserved.values():
            reserved.close()
        self.cloud.stop()

    def person(self, email: str) -> Person:
        """A user of Calendar who has the add-on installed."""
        return Person(
            email=email,
            calendar_url=f"{self.cloud.url('calendar')}/calendar/v3",
            token=self.cloud.accounts.issue(email),
            addon=self.addon(),
        )

    def addon(self) -> AddOn:
        """The add-on as its manifest would describe it: one create address per solution."""
        create = self.functions["create_conference"].url
        named = {
            "zoom": "Zoom Meeting",
            "zoom-recorded": "Recorded Zoom Meeting",
            "my-zoom": "My own Zoom",
            "jitsi": "Jitsi",
        }
        named |= {entry.name: entry.title for entry in CATALOGUE}
        return AddOn(
            solutions=tuple(
                Solution(id=key, name=name, on_create_url=f"{create}?solution={key}", icon_uri=ICON)
                for key, name in named.items()
            ),
            audience=create,
            service_account=ADDON,
            oauth_client_id=ADDON_CLIENT,
            id_tokens=self.cloud.issuer,
        )

    def sweep(self) -> None:
        """Let Cloud Scheduler run the sweep now, and wait for its answer."""
        self.cloud.scheduler.run(SWEEP_JOB)
        self.cloud.scheduler.wait_idle(15)

    def _config(self) -> str:
        store = (
            f'kind = "firestore"\ndatabase = "{self.database}"\nsharded = {str(self.scaled).lower()}'
            if self.firestore
            else f'kind = "sqlite"\npath = "{self.directory / "confsync.sqlite"}"'
        )
        addresses = {name: server.url for name, server in self.cloud.servers.items()}
        addresses |= {name: function.url for name, function in self.functions.items()}
        told = CREDENTIALS[self.credentials].format(runtime=RUNTIME, people_secret=PEOPLE_CLIENT_SECRET, **addresses)
        return CONFIG.format(
            credentials=told,
            project=PROJECT,
            location=LOCATION,
            application=APPLICATION,
            drive_too=str(self.credentials == "delegation").lower(),
            requests=self.tempo.requests,
            queue=QUEUE,
            queues=self.cloud.queues,
            runtime=RUNTIME,
            sign_in_client=SIGN_IN_CLIENT,
            zoom_secret=ZOOM_SECRET,
            own_zoom_secret=OWN_ZOOM_SECRET,
            jitsi_secret=JITSI_SECRET,
            icon=ICON,
            store=store,
            ttl=self.tempo.ttl,
            coalesce=self.tempo.coalesce,
            deadline=self.tempo.provider_deadline,
            lease=self.tempo.lease,
            calendar_interval=self.tempo.calendar_interval,
            callers="\n".join(
                _callers(name, url) for name, url in addresses.items() if name in NAMES and name != "events"
            ),
            **addresses,
        ) + "".join(self._solution(entry) for entry in CATALOGUE)

    def _solution(self, entry: Entry) -> str:
        head = f'\n[solutions.{entry.name}]\nname = "{entry.title}"\nicon_url = "{ICON}"\nsecret = "{entry.name}"\n'
        return head + entry.solution.format(url=self.cloud.url(entry.name)) + "\n"

    def _sweep_job(self) -> dict[str, object]:
        url = self.functions["renew_channels"].url
        return {
            "name": SWEEP_JOB,
            # without a period it waits to be run: by the demo, or by hand
            "schedule": f"every {self.tempo.sweep:g} seconds" if self.tempo.sweep else "every 24 hours",
            "httpTarget": {
                "uri": url,
                "httpMethod": "POST",
                "oidcToken": {"serviceAccountEmail": RUNTIME, "audience": url},
            },
        }


@contextmanager
def running(
    directory: Path,
    *,
    tempo: Tempo | None = None,
    firestore: str | None = None,
    database: str = "(default)",
    credentials: Credentials = "delegation",
    scaled: bool = False,
) -> Iterator[Project]:
    """A project that runs as long as the block does. Raises `FunctionFailed`."""
    project = Project(
        directory=directory,
        tempo=tempo or Tempo(),
        firestore=firestore,
        database=database,
        credentials=credentials,
        scaled=scaled,
    )
    try:
        project.start()
        yield project
    finally:
        project.stop()
