"""Access tokens of the organisation's application, by Microsoft's own library."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import msal
import msgspec

from confsync.domain.errors import ReauthorizationRequired, Temporary
from confsync.providers.access import Access
from confsync.providers.teams.settings import Credentials
from confsync.transport.errors import UNREADABLE, safe, unreadable
from confsync.transport.messages import Reply, Request
from confsync.transport.oauth import Token
from confsync.transport.session import Deadline, NoAuth, Session

LOGIN = "https://login.microsoftonline.com"
SCOPE = "https://graph.microsoft.com/.default"


def fetch(access: Access, deadline: Deadline) -> Token:
    """A token for Graph. Raises `ReauthorizationRequired` when the credentials are refused."""
    app = access.credentials(Credentials)
    try:
        application = msal.ConfidentialClientApplication(
            app.client_id,
            client_credential=app.client_secret,
            authority=f"{LOGIN}/{app.tenant_id}",
            instance_discovery=False,
            http_client=_Http(access.session, deadline, access.config.token_url or LOGIN),
        )
        told: Mapping[str, Any] = application.acquire_token_for_client([SCOPE])
    except ValueError as error:  # msal's for a tenant that there is not; not chained: it quotes what was answered
        raise ReauthorizationRequired(f"teams: {safe(str(error))}", service="teams") from None
    if "access_token" not in told:
        words = safe(f"{told.get('error', '')}: {told.get('error_description', 'no reason')}")
        raise ReauthorizationRequired(f"teams would not issue an access token: {words}", service="teams")
    lasts = timedelta(seconds=int(told.get("expires_in", 3600)))
    return Token(value=str(told["access_token"]), expires_at=access.outside.clock.now() + lasts)


@dataclass(frozen=True)
class _Answer:
    """As much of a `requests.Response` as msal reads."""

    status_code: int
    text: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)

    def raise_for_status(self) -> None:
        """Nothing: what has no answer raised before, and msal reads the others' bodies."""


class _Http:
    """msal's way to the network: our session, with its deadline.

    msal takes no other than Microsoft's own addresses, and asks for them; `login` is where they are.
    """

    def __init__(self, session: Session, deadline: Deadline, login: str) -> None:
        self._session = session
        self._deadline = deadline
        self._login = login.rstrip("/")

    def get(self, url: str, headers: Mapping[str, str] | None = None, **_: Any) -> _Answer:
        return self._answered("GET", url, headers, None)

    def post(
        self, url: str, data: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None, **_: Any
    ) -> _Answer:
        return self._answered("POST", url, headers, urlencode(data or {}).encode())

    def close(self) -> None:
        """The session is shared."""

    def _answered(self, method: str, url: str, headers: Mapping[str, str] | None, body: bytes | None) -> _Answer:
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        request = Request(
            service="teams",
            action="issue an access token",
            method=method,
            url=url.replace(LOGIN, self._login, 1),
            repeatable=True,
            auth=NoAuth(),
            headers={"Accept": "application/json", **kind, **(headers or {})},
            body=body,
        )
        reply: Reply = self._session.send(request, self._deadline)
        if reply.status >= 500 or reply.status in {408, 429}:
            message = f"teams would not issue an access token: HTTP {reply.status}"
            raise Temporary(message, service="teams", status=reply.status)
        try:
            msgspec.json.decode(reply.body, type=dict)
        except UNREADABLE:  # msal would take it for the account's fault, and write all of it into the log
            raise unreadable(request, reply, "not with JSON") from None
        return _Answer(reply.status, reply.body.decode(errors="replace"), reply.headers)
