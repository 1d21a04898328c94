"""Google Cloud, Calendar, Drive and Zoom on loopback: every simulator of the playground, started together."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_urlsafe

from playground.accounts import Accounts
from playground.faults import Faults
from playground.google_calendar import CalendarService, create_app
from playground.google_cloud.cloud_tasks import CloudTasks
from playground.google_cloud.cloud_tasks.settings import QueueSettings
from playground.google_cloud.consent import Consents
from playground.google_cloud.iam_credentials import ServiceAccounts, iam_credentials
from playground.google_cloud.metadata import metadata
from playground.google_cloud.oauth import TokenEndpoint
from playground.google_cloud.oidc import Issuer
from playground.google_cloud.scheduler import Scheduler
from playground.google_cloud.secret_manager import SecretManager
from playground.google_drive import DriveService
from playground.google_drive import create_app as drive_app
from playground.server import Server, serve
from playground.vendors.catalogue import CATALOGUE
from playground.vendors.zoom import ZoomService
from playground.vendors.zoom import create_app as zoom_app

PROJECT = "playground"
LOCATION = "europe-west1"
QUEUE = "confsync"
RUNTIME = f"confsync@{PROJECT}.iam.gserviceaccount.com"
APPLICATION = f"recruiting@{PROJECT}.iam.gserviceaccount.com"
"""An application that calls the API."""
ADDON = "service-123456789012@gcp-sa-gsuiteaddons.iam.gserviceaccount.com"
ADDON_CLIENT = "123456789012-playground.apps.googleusercontent.com"
SIGN_IN_CLIENT = "123456789012-sign-in.apps.googleusercontent.com"
"""Of people who sign in on our pages."""
PEOPLE_CLIENT = "123456789012-people.apps.googleusercontent.com"
"""By which people let us use their own Google accounts, where the project does so."""
PEOPLE_CLIENT_SECRET = "google-oauth-client"
ZOOM_SECRET = "zoom-credentials"
OWN_ZOOM_SECRET = "zoom-people-app"
"""Of the application by which people let us use their own Zoom accounts."""
JITSI_SECRET = "jitsi-key"


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where the simulators listen; 0 is any free port, as the vendors of the catalogue have."""

    calendar: int = 0
    drive: int = 0
    tasks: int = 0
    secrets: int = 0
    issuer: int = 0
    oauth: int = 0
    metadata: int = 0
    iam: int = 0
    scheduler: int = 0
    zoom: int = 0


@dataclass(kw_only=True)
class Cloud:
    """All simulators, running. The services are also reachable in this process, for a script to look into."""

    ports: Ports = field(default_factory=Ports)
    queues: int = 1
    """How many there are: the first has the name itself, the others a number after it."""
    accounts: Accounts = field(default_factory=Accounts, init=False)
    servers: dict[str, Server] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.consents = Consents(self.accounts)
        self.issuer = Issuer(self.consents)
        self.service_accounts = ServiceAccounts()
        self.service_accounts.add(RUNTIME)
        self.oauth = TokenEndpoint(self.accounts, self.service_accounts, self.consents)
        self.calendar = CalendarService(self.accounts)
        self.drive = DriveService(self.accounts)
        self.tasks = CloudTasks(self.accounts, self.issuer)
        for name in self.queue_names:
            self.tasks.create_queue(name, QueueSettings(min_backoff=0.2, max_backoff=5, max_doublings=5))
        self.secrets = SecretManager(self.accounts)
        self.scheduler = Scheduler(self.accounts, self.issuer)
        self.zoom = ZoomService()
        opened = {entry.name: entry.open() for entry in CATALOGUE}
        self.vendors = {name: service for name, (service, _) in opened.items()}
        """The other vendors' services, by name."""
        self.vendor_secrets = {name: secret for name, (_, secret) in opened.items()}
        for name, secret in self.vendor_secrets.items():
            self.secrets.put(PROJECT, name, secret.encode())
        self._fill_secrets()
        self._serve()

    @property
    def queue_name(self) -> str:
        """The (first) task queue's full name."""
        return f"projects/{PROJECT}/locations/{LOCATION}/queues/{QUEUE}"

    @property
    def queue_names(self) -> list[str]:
        """The full names of all task queues."""
        return [self.queue_name, *(f"{self.queue_name}-{number}" for number in range(2, self.queues + 1))]

    def url(self, name: str) -> str:
        """Base address of a simulator, without a slash at the end."""
        return self.servers[name].url

    def faults(self, name: str) -> Faults:
        """What can go wrong at a simulator, by its control address."""
        return Faults(self.url(name))

    def environment(self, directory: Path) -> dict[str, str]:
        """The variables by which google-auth takes this machine for Google Cloud, and no key on it for its own."""
        empty = directory / "no-gcloud"
        empty.mkdir(parents=True, exist_ok=True)
        address = f"127.0.0.1:{self.servers['metadata'].port}"
        return {
            "GCE_METADATA_HOST": address,
            "GCE_METADATA_IP": address,
            "CLOUDSDK_CONFIG": str(empty),
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "GOOGLE_APPLICATION_CREDENTIALS": "",
            "NO_PROXY": "127.0.0.1",
        }

    def identity_token(self, email: str, audience: str) -> str:
        """What a caller of a function at `audience` proves itself with: a service account, or a person of Workspace."""
        domain = email.partition("@")[2]
        person = not domain.endswith(".gserviceaccount.com") and domain != "gmail.com"
        return self.issuer.mint(email, audience, hd=domain if person else None)

    def let_people_consent(self, *redirect_uris: str) -> None:
        """Create the OAuth client by which people let us use their own Google accounts, and its secret."""
        client = {"client_id": PEOPLE_CLIENT, "client_secret": f"GOCSPX-{token_urlsafe(21)}"}
        self.consents.register(client["client_id"], client["client_secret"], *redirect_uris)
        self.secrets.put(PROJECT, PEOPLE_CLIENT_SECRET, json.dumps(client).encode())

    def stop(self) -> None:
        """End every simulator."""
        self.scheduler.close()
        self.tasks.close()
        self.calendar.stop()
        for server in self.servers.values():
            server.stop()

    def _fill_secrets(self) -> None:
        account = self.zoom.account
        names = ("account_id", "client_id", "client_secret")
        zoom = {name: getattr(account, name) for name in names}
        self.secrets.put(PROJECT, ZOOM_SECRET, json.dumps(zoom).encode())
        own = {"client_id": account.person_client_id, "client_secret": account.person_client_secret}
        self.secrets.put(PROJECT, OWN_ZOOM_SECRET, json.dumps(own).encode())
        self.secrets.put(PROJECT, JITSI_SECRET, b"a-key-that-only-the-playground-uses-0000")

    def _serve(self) -> None:
        runtime = metadata(RUNTIME, project=PROJECT, accounts=self.accounts, issuer=self.issuer)
        apps = {
            "calendar": create_app(self.calendar),
            "drive": drive_app(self.drive),
            "tasks": self.tasks.app,
            "secrets": self.secrets.app,
            "issuer": self.issuer.app,
            "oauth": self.oauth.app,
            "metadata": runtime,
            "iam": iam_credentials(self.service_accounts, self.accounts, self.issuer),
            "scheduler": self.scheduler.app,
            "zoom": zoom_app(self.zoom),
            **{entry.name: entry.app(self.vendors[entry.name]) for entry in CATALOGUE},
        }
        for name, app in apps.items():
            self.servers[name] = serve(app, port=getattr(self.ports, name, 0), name=name)
