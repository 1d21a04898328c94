"""People's accounts at each vendor's simulator, over HTTP, whose clock and ours are moved on by months.

The whole way is the real one: the consent page's answer, codes, renewals, the sweep, the store. Only time is not.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from confsync import config
from confsync.adapters.sealing import FernetSealer
from confsync.adapters.sqlite import SqliteStore
from confsync.domain.connection import Account, Connection, ConnectionState
from confsync.domain.errors import ReauthorizationRequired
from confsync.domain.keys import connection_key
from confsync.usecases.assembly import Limits, UseCases, people_tokens
from confsync.vendors import Applications, Vendors
from playground.server import serve
from playground.vendors import goto_meeting, ringcentral, teams, webex, zoho, zoom
from tests.fakes.clock import FakeClock
from tests.fakes.ports import FakePorts
from tests.fakes.queue import FakeQueue
from tests.fakes.secrets import FakeSecrets

ANN = "ann@example.com"
CALLBACK = "http://localhost/callback"
RING = (b"k" * 43 + b"=",)
DAY = timedelta(days=1)
CONFIG = """\
[google]
project = "p"
[store]
kind = "sqlite"
path = "unused"
[queue]
location = "l"
name = "n"
sync_url = "https://a.example.com"
reconcile_url = "https://a.example.com"
service_account = "s"
[channels]
notifications_url = "https://a.example.com"
[callers]
[solutions.own]
provider = "{name}"
name = "Ours"
secret = "own"
personal = true
[solutions.own.login]
{login}
"""


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """A simulator, and its paths. `ends`: after so long unused a refresh token of it is worth nothing."""

    service: Callable[..., Any]
    app: Callable[[Any], Any]
    authorize: str
    token: str
    account: str
    ends: timedelta | None
    client: tuple[str, str] = ("client_id", "client_secret")
    settings: Mapping[str, Any] = field(default_factory=dict)


VENDORS = {
    "goto_meeting": Vendor(
        service=goto_meeting.GotoService,
        app=goto_meeting.create_app,
        authorize="/oauth/authorize",
        token="/oauth/token",
        account="/admin/rest/v1/me",
        ends=30 * DAY,
        settings={"refresh_tokens": "renewed"},
    ),
    "ringcentral": Vendor(
        service=ringcentral.RingCentralService,
        app=ringcentral.create_app,
        authorize="/restapi/oauth/authorize",
        token="/restapi/oauth/token",
        account="/restapi/v1.0/account/~/extension/~",
        ends=7 * DAY,
    ),
    "teams": Vendor(
        service=teams.TeamsService,
        app=teams.create_app,
        authorize="/{tenant_id}/oauth2/v2.0/authorize",
        token="/{tenant_id}/oauth2/v2.0/token",
        account="/v1.0/me",
        ends=90 * DAY,
    ),
    "webex": Vendor(
        service=webex.WebexService,
        app=webex.create_app,
        authorize="/v1/authorize",
        token="/v1/access_token",
        account="/v1/people/me",
        ends=90 * DAY,
    ),
    "zoho": Vendor(
        service=zoho.ZohoService,
        app=zoho.create_app,
        authorize="/oauth/v2/auth",
        token="/oauth/v2/token",
        account="/api/v2/user.json",
        ends=None,
    ),
    "zoom": Vendor(
        service=zoom.ZoomService,
        app=zoom.create_app,
        authorize="/oauth/authorize",
        token="/oauth/token",
        account="/v2/users/me",
        ends=90 * DAY,
        client=("person_client_id", "person_client_secret"),
    ),
}


@dataclass(kw_only=True)
class Deployment:
    """One vendor, and a deployment whose personal solution is made there."""

    name: str
    service: Any
    usecases: UseCases
    ports: FakePorts
    clock: FakeClock

    def connect(self) -> Account:
        """Ann consents, as whoever she is there."""
        connecting = self.usecases.connect_account
        page = connecting.start(self.name, owner=ANN, state="s", challenge="", redirect_uri=CALLBACK)
        back = requests.get(page, allow_redirects=False, timeout=5)
        if back.status_code == 200:  # Zoom asks
            asked = {name: values[0] for name, values in parse_qs(urlsplit(page).query).items()}
            form = {**asked, "decision": "allow"}
            back = requests.post(page.partition("?")[0], form, allow_redirects=False, timeout=5)
        code = parse_qs(urlsplit(back.headers["Location"]).query)["code"][0]
        return connecting.complete(ANN, self.name, code=code, verifier="", redirect_uri=CALLBACK).account

    @property
    def connection(self) -> Connection:
        found = self.ports.store.get(Connection, connection_key(ANN, self.name))
        assert isinstance(found, Connection)
        return found

    def token(self) -> str:
        return people_tokens(self.ports).token(ANN, self.name)

    def let_pass(self, time: timedelta) -> int:
        """The sweep runs twice a day. How often it renewed the grant."""
        end, kept = self.clock.now() + time, 0
        while self.clock.now() < end:
            self.clock.advance(DAY / 2)
            kept += self.usecases.renew_channels().connections_kept
        return kept


@pytest.fixture(params=VENDORS)
def deployed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Deployment]:
    with running(request.param, tmp_path) as found:
        yield found


@contextmanager
def running(vendor_name: str, directory: Path, more: str = "", **settings: Any) -> Iterator[Deployment]:
    """With these settings of the simulator besides, and more of the solution's `login`."""
    vendor, clock = VENDORS[vendor_name], FakeClock()
    service = vendor.service(clock=clock.now)
    account = service.account
    for name, value in {**vendor.settings, **settings}.items():
        account = service.configure(**{name: value})
    server = serve(vendor.app(service), name=vendor_name)
    paths = {"authorize_url": vendor.authorize, "token_url": vendor.token, "account_url": vendor.account}
    tenant = getattr(account, "tenant_id", "")
    login = "\n".join(f'{key} = "{server.url}{path.format(tenant_id=tenant)}"' for key, path in paths.items())
    told = config.parse(CONFIG.format(name=vendor_name, login=f"{login}\n{more}"))
    id, secret = (getattr(account, name) for name in vendor.client)
    secrets = FakeSecrets({"own": json.dumps({"client_id": id, "client_secret": secret})})
    uses: Any = SimpleNamespace(secrets=secrets, clock=clock, grants=None)
    store = SqliteStore(directory / "confsync.sqlite")
    ports = FakePorts(
        clock=clock,
        store=store,
        calendars=None,
        providers=Vendors(told, uses),
        queue=FakeQueue(),
        sealer=FernetSealer(RING),
        logins=Applications(told, uses),
    )
    usecases = UseCases(ports, Limits(threads=4))
    yield Deployment(name=vendor_name, service=service, usecases=usecases, ports=ports, clock=clock)
    store.close()
    server.stop()


def test_an_account_that_nobody_needs_for_half_a_year_is_there(deployed: Deployment) -> None:
    account = deployed.connect()
    connected = deployed.connection
    kept = deployed.let_pass(200 * DAY)
    assert kept >= 200 * DAY / (0.5 * (VENDORS[deployed.name].ends or 30 * DAY)) - 1
    found = deployed.connection
    assert (found.state, found.connected_at) == (ConnectionState.ACTIVE, connected.connected_at)
    assert found.used_at is None
    assert deployed.ports.logins.account(deployed.name, deployed.token()) == account
    assert not any(secret in str(found) for secret in deployed.service.hidden())


def test_without_the_sweep_it_is_lost(deployed: Deployment) -> None:
    """Or there is no end: then nothing is."""
    deployed.connect()
    ends = VENDORS[deployed.name].ends
    deployed.clock.advance(ends or 400 * DAY)
    if ends is None:
        assert deployed.token()
        return
    with pytest.raises(ReauthorizationRequired, match="the vendor does not accept it any more"):
        deployed.token()


@pytest.mark.parametrize(("more", "lost"), [("", True), ("idle_days = 6", False)])
def test_what_no_vendor_says_the_configuration_can_say(tmp_path: Path, more: str, lost: bool) -> None:
    with running("goto_meeting", tmp_path, more, refresh_seconds=6 * 86_400) as deployed:
        deployed.connect()
        deployed.let_pass(20 * DAY)
        assert deployed.connection.usable is not lost


def test_a_grant_that_was_taken_back_is_found_before_anybody_needs_it(deployed: Deployment) -> None:
    deployed.connect()
    deployed.service.revoke_tokens(refresh=True)
    deployed.let_pass(50 * DAY)
    found = deployed.connection
    assert (found.state, found.renew_at, found.due_at) == (ConnectionState.EXPIRED, None, None)
