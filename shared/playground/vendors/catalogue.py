"""The vendors besides Zoom: their simulators, and the solutions that people of the playground choose from."""

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from playground.custom_provider import CustomProvider
from playground.vendors import bigbluebutton, daily, goto_meeting, jitsi, ringcentral, teams, webex, whereby, zoho

Opened = tuple[Any, str]
"""A vendor's service, and what stands in Secret Manager to use it."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A vendor. Its name is also its server's, its solution's, and its secret's."""

    name: str
    title: str
    """What people see."""
    open: Callable[[], Opened]
    app: Callable[[Any], Any]
    """The service as a WSGI application."""
    solution: str
    """More of the solution's table; `{url}` is where the simulator is."""
    creates: str = ""
    """The path by which a meeting is made; none if that is not before somebody joins."""
    titled: Callable[[Mapping[str, Any]], str] | None = None
    """The title of one of its meetings, None if they have none."""


def _by(service: Callable[[], Any], *names: str, **more: str) -> Callable[[], Opened]:
    """With these fields of the account, and what is given besides, as a JSON object."""

    def opened() -> Opened:
        made = service()
        return made, json.dumps({**{name: getattr(made.account, name) for name in names}, **more})

    return opened


def _by_field(service: Callable[[], Any], name: str) -> Callable[[], Opened]:
    def opened() -> Opened:
        made = service()
        return made, str(getattr(made.account, name))

    return opened


def _webex() -> Opened:
    service = webex.WebexService()
    refresh_token = service.consent("administrator@example.com")
    return service, _by(lambda: service, "client_id", "client_secret", refresh_token=refresh_token)()[1]


def _jaas() -> Opened:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    service = jitsi.JitsiService()
    app_id = service.configure(jaas_keys={"1": public.decode()}).jaas_app_id
    return service, json.dumps({"app_id": app_id, "key_id": "1", "private_key": private.decode()})


def _custom() -> Opened:
    secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    return CustomProvider(secret), secret


def _with_meetings(server: CustomProvider) -> Callable[..., list[bytes]]:
    """The server, and what it holds at `/_playground/meetings`: the contract has nothing that lists all."""

    def app(environ: dict[str, Any], start_response: Callable[..., object]) -> list[bytes]:
        if (environ["REQUEST_METHOD"], environ["PATH_INFO"]) != ("GET", "/_playground/meetings"):
            return server(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps(server.meetings()).encode()]

    return app


def _named(name: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda meeting: str(meeting[name])


CATALOGUE = (
    Entry(
        name="bigbluebutton",
        title="BigBlueButton",
        open=_by_field(bigbluebutton.BigBlueButtonService, "secret"),
        app=bigbluebutton.create_app,
        solution='provider = "bigbluebutton"\napi = "{url}/bigbluebutton"',
    ),
    Entry(
        name="custom",
        title="Rooms of our own",
        open=_custom,
        app=_with_meetings,
        solution='provider = "custom"\napi = "{url}"',
        creates="/create",
        titled=_named("title"),
    ),
    Entry(
        name="daily",
        title="Daily",
        open=_by_field(daily.DailyService, "api_key"),
        app=daily.create_app,
        solution='provider = "daily"\napi = "{url}/v1"',
        creates="/rooms",
    ),
    Entry(
        name="goto_meeting",
        title="GoTo Meeting",
        open=_by(
            goto_meeting.GotoService,
            "client_id",
            "client_secret",
            personal_access_token="example-personal-access-token",
        ),
        app=goto_meeting.create_app,
        solution='provider = "goto_meeting"\napi = "{url}/G2M/rest"\ntoken_url = "{url}/oauth/token"',
        creates="/meetings",
        titled=lambda meeting: str(meeting["subject"]).rpartition(" [")[0],
    ),
    Entry(
        name="jaas",
        title="JaaS",
        open=_jaas,
        app=jitsi.create_app,
        solution='provider = "jaas"\napi = "{url}"',
    ),
    Entry(
        name="ringcentral",
        title="RingCentral Video",
        open=_by(ringcentral.RingCentralService, "client_id", "client_secret", jwt="example.jwt.credential"),
        app=ringcentral.create_app,
        solution='provider = "ringcentral"\napi = "{url}"\ntoken_url = "{url}/restapi/oauth/token"',
        creates="/bridges",
        titled=_named("name"),
    ),
    Entry(
        name="teams",
        title="Microsoft Teams",
        open=_by(teams.TeamsService, "tenant_id", "client_id", "client_secret"),
        app=teams.create_app,
        solution='provider = "teams"\napi = "{url}/v1.0"\ntoken_url = "{url}"',
        creates="/onlineMeetings",
        titled=_named("subject"),
    ),
    Entry(
        name="webex",
        title="Webex",
        open=_webex,
        app=webex.create_app,
        solution='provider = "webex"\napi = "{url}/v1"\ntoken_url = "{url}/v1/access_token"',
        creates="/meetings",
        titled=_named("title"),
    ),
    Entry(
        name="whereby",
        title="Whereby",
        open=_by_field(whereby.WherebyService, "api_key"),
        app=whereby.create_app,
        solution='provider = "whereby"\napi = "{url}/v1"',
        creates="/meetings",
    ),
    Entry(
        name="zoho",
        title="Zoho Meeting",
        open=_by(zoho.ZohoService, "client_id", "client_secret", "refresh_token"),
        app=zoho.create_app,
        solution='provider = "zoho"\napi = "{url}"\ntoken_url = "{url}/oauth/v2/token"',
        creates="/sessions",
        titled=_named("topic"),
    ),
)
