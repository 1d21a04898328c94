"""Google access tokens for reading and writing calendars, without a key file.

Delegation: a Workspace administrator lets the service account act as any user
(https://developers.google.com/identity/protocols/oauth2/service-account#delegatingauthority); IAM signs the assertion
on behalf of the runtime's own credentials. Own grants: each person has allowed it for their own account.
Application-default: calendars are shared with the service account.
"""

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

import google.auth
from google.auth.crypt import Signer
from google.auth.exceptions import TransportError
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import service_account
from google.oauth2.credentials import Credentials

from confsync.domain.connection import GOOGLE
from confsync.domain.errors import PermissionDenied
from confsync.ports import Grants

# events: list, get, insert, patch, delete, watch. calendars.readonly: calendars.get, which tells what "primary" is and
# which conferences Calendar makes there. calendarlist.readonly: calendarList.list, to find an event that was moved to
# another calendar. https://developers.google.com/workspace/calendar/api/auth
CALENDAR_SCOPES = (
    "https://www.googleapis.com/auth/calendar.events",
    "https://www.googleapis.com/auth/calendar.calendars.readonly",
    "https://www.googleapis.com/auth/calendar.calendarlist.readonly",
)
DRIVE_SCOPE = "https://www.googleapis.com/auth/drive.metadata.readonly"
"""files.get, for the title and type of what is attached to an event. Asked for apart, as the settings' scope is."""
SETTINGS_SCOPE = "https://www.googleapis.com/auth/calendar.settings.readonly"
"""settings.get, for whether Calendar adds a Meet unasked. Asked for apart: with one scope that an administrator has not
allowed Google gives no token at all, and nothing else must depend on this one."""


class Purpose(StrEnum):
    """What an account's token is for."""

    CALENDAR = "calendar"
    SETTINGS = "settings"
    DRIVE = "drive"


SCOPES: Mapping[Purpose, tuple[str, ...]] = {
    Purpose.CALENDAR: CALENDAR_SCOPES,
    Purpose.SETTINGS: (SETTINGS_SCOPE,),
    Purpose.DRIVE: (DRIVE_SCOPE,),
}

IAM_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
MAX_ACCOUNTS = 1024
SIGN_TIMEOUT = 10.0


class CallCredentials(Protocol):
    """What `AuthorizedHttp` and `AuthorizedSession` ask of credentials, and no more."""

    def before_request(self, _request: Any, _method: str, _url: str, headers: dict[str, str]) -> None:
        """Add the access token to the headers; a new one if need be."""
        ...

    def refresh(self, _request: Any) -> None:
        """Have another token for the same request: Google said 401 to this one."""
        ...


class SharedCredentials:
    """Credentials that several threads use: only one of them refreshes at a time, on a connection of its own."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials
        self._request = Request()
        self._lock = threading.Lock()

    def before_request(self, _request: Any, _method: str, _url: str, headers: dict[str, str]) -> None:
        """Add the access token to the headers; a new one if need be. Raises google.auth's errors."""
        with self._lock:
            if not self._credentials.valid:
                self._credentials.refresh(self._request)
            self._credentials.apply(headers)

    def refresh(self, _request: Any) -> None:
        """Get a new token though the old one looks good: Google said 401. Raises google.auth's errors."""
        with self._lock:
            self._credentials.refresh(self._request)


class AccountCredentials(Protocol):
    """Where access tokens come from. `impersonates`: they are the account's own, with its rights and no others."""

    impersonates: bool

    def of(self, account: str, purpose: Purpose = Purpose.CALENDAR) -> CallCredentials:
        """Credentials to act as this account, for nothing else; nothing is asked of Google yet."""
        ...


class ApplicationDefault:
    """Everybody is the runtime's service account, with whom the calendars are shared."""

    impersonates = False

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._credentials: dict[tuple[str, ...], SharedCredentials] = {}

    def of(self, account: str, purpose: Purpose = Purpose.CALENDAR) -> SharedCredentials:  # noqa: ARG002 - for all
        """The runtime's credentials. Raises google.auth's `DefaultCredentialsError` where there are none."""
        scopes = SCOPES[Purpose.DRIVE] if purpose is Purpose.DRIVE else CALENDAR_SCOPES
        with self._lock:
            if scopes not in self._credentials:
                self._credentials[scopes] = SharedCredentials(google.auth.default(scopes=list(scopes))[0])
            return self._credentials[scopes]


class Delegation:
    """Acts as any user of the Workspace domain. The latest 1,024 accounts keep their tokens."""

    impersonates = True

    def __init__(self, *, service_account: str, token_url: str, iam_api: str) -> None:
        self._service_account = service_account
        self._token_url = token_url
        self._signer = IamSigner(iam_api, service_account)
        self._lock = threading.Lock()
        self._accounts: OrderedDict[tuple[str, Purpose], SharedCredentials] = OrderedDict()

    def of(self, account: str, purpose: Purpose = Purpose.CALENDAR) -> SharedCredentials:
        """Credentials with that account as the assertion's subject."""
        key = account, purpose
        with self._lock:
            found = self._accounts.get(key) or self.asking_for(account, SCOPES[purpose])
            self._accounts[key] = found
            self._accounts.move_to_end(key)
            if len(self._accounts) > MAX_ACCOUNTS:
                self._accounts.popitem(last=False)
            return found

    def asking_for(self, account: str, scopes: Sequence[str]) -> SharedCredentials:
        """New credentials to act as that account, with these scopes and no others."""
        credentials = service_account.Credentials(
            signer=self._signer,
            service_account_email=self._service_account,
            token_uri=self._token_url,
            scopes=list(scopes),
            subject=account,
        )
        return SharedCredentials(credentials)


class OwnGrants:
    """Acts as each person who has connected their Google account."""

    impersonates = True

    def __init__(self, grants: Grants) -> None:
        self._grants = grants

    def of(self, account: str, purpose: Purpose = Purpose.CALENDAR) -> "GrantCredentials":  # noqa: ARG002 - for all
        """Credentials for one call; its token is asked for when it is made.

        Settings and files are not among what people are asked to allow: Google refuses to tell them.
        """
        return GrantCredentials(self._grants, account)


class GrantCredentials:
    """One person's grant, for one call. Raises the errors of `Grants`, which are the domain's own."""

    def __init__(self, grants: Grants, account: str) -> None:
        self._grants = grants
        self._account = account
        self._token: str | None = None
        self._refused: str | None = None

    def before_request(self, _request: Any, _method: str, _url: str, headers: dict[str, str]) -> None:
        """Add the access token to the headers. Raises `ReauthorizationRequired`, `Temporary`, `NotConfigured`."""
        self._token = self._grants.token(self._account, GOOGLE, refused=self._refused)
        headers["authorization"] = f"Bearer {self._token}"

    def refresh(self, _request: Any) -> None:
        """Have another one next time. One is enough: what Google says to that is its answer."""
        self._refused = self._refused or self._token


def runtime_credentials(access_token: Callable[[], str]) -> Credentials:
    """The runtime's own credentials for a Google Cloud client, from a source of tokens that are good for a minute.

    google.auth.default()'s would ask the real IAM for the token's allowed locations on the side, in whatever project
    and on whatever address; nothing that is not configured is called here.
    """

    def refresh(_request: Any, scopes: Any) -> tuple[str, datetime]:  # noqa: ARG001 - google-auth's signature
        # google-auth takes a token for expired 3:45 before its time: this one for 45 s from now
        return access_token(), datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=4, seconds=30)

    return Credentials(token=None, refresh_handler=refresh)


class IamSigner(Signer):
    """Signs as a service account through IAM; google-auth's own signer can't be pointed to another address.

    https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/signBlob
    """

    key_id = None  # IAM picks the key

    def __init__(self, api: str, service_account: str) -> None:
        self._service_account = service_account
        self._url = f"{api.rstrip('/')}/v1/projects/-/serviceAccounts/{service_account}:signBlob"
        self._lock = threading.Lock()
        self._session: AuthorizedSession | None = None

    def sign(self, message: str | bytes) -> bytes:
        """The signature. Raises `PermissionDenied` if we may not sign as the service account, else `TransportError`."""
        payload = message.encode() if isinstance(message, str) else message
        body = {"payload": base64.b64encode(payload).decode()}
        response = self._authorized().post(self._url, json=body, timeout=SIGN_TIMEOUT)
        if response.status_code in (403, 404):
            raise PermissionDenied(
                f"may not sign as {self._service_account}: it needs to exist, and the function's service account needs "
                "roles/iam.serviceAccountTokenCreator on it",
                service="iam",
                status=response.status_code,
            )
        if response.status_code != 200:
            raise TransportError(f"IAM signBlob answered {response.status_code}")
        return base64.b64decode(response.json()["signedBlob"])

    def _authorized(self) -> AuthorizedSession:
        with self._lock:
            if self._session is None:
                self._session = AuthorizedSession(SharedCredentials(google.auth.default(scopes=[IAM_SCOPE])[0]))
            return self._session
