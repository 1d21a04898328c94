"""How the tenant behaves, and Graph's form of a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import uuid4

ROLES = ("OnlineMeetings.ReadWrite.All", "User.Read.All")
DELEGATED = ("OnlineMeetings.ReadWrite", "User.Read")


@dataclass(frozen=True, kw_only=True)
class Account:
    """How the tenant behaves. People are named by their mail address; everybody exists who is not `missing`.

    `roles`: what the application may do by itself; `delegated`: what a person can consent to.
    `other_upns`: sign-in names of those whom Graph does not find by their mail address.
    `unlicensed` have no Teams, `without_audio` no Audio Conferencing; `interop`: a video interop partner is there.
    `without_policy` have no application access policy, that of the people in `fresh_policy` is not yet effective.
    `must_sign_in`: their refresh tokens need a sign-in first. `signed_in`: who sits at the browser.
    `locked` settings win over what a meeting asks for. `short_links`: new meetings get the links of January 2026.
    `per_month` counts creates per person; `per_ten_seconds` all calls.

    Nowhere documented, so choose: `after_delete`, what createOrGet does with the externalId of a deleted meeting;
    `unknown_link`, what the filter by link answers when there is no such meeting. `seven_digits` writes times as
    `10:00:00.0000000Z`; answers seen in public (microsoft-graph-docs#13046, #16874) leave trailing zeros out.
    """

    tenant_id: str = "79a788bf-86f1-41af-91ab-0123456789ab"
    domain: str = "example.onmicrosoft.com"
    client_id: str = "6dc40383-30fc-42e5-8fb1-0123456789ab"
    client_secret: str = "example-client-secret"
    roles: tuple[str, ...] = ROLES
    delegated: tuple[str, ...] = DELEGATED
    redirect_uris: tuple[str, ...] = ("http://localhost/callback",)
    signed_in: str = "alice@example.com"
    missing: tuple[str, ...] = ()
    other_upns: Mapping[str, str] = field(default_factory=dict)
    unlicensed: tuple[str, ...] = ()
    without_audio: tuple[str, ...] = ()
    without_policy: tuple[str, ...] = ()
    fresh_policy: tuple[str, ...] = ()
    must_sign_in: tuple[str, ...] = ()
    interop: bool = True
    locked: Mapping[str, Any] = field(default_factory=dict)
    short_links: bool = False
    after_delete: Literal["refused", "new", "revived"] = "refused"
    unknown_link: Literal["empty", "not found"] = "empty"
    seven_digits: bool = False
    per_month: int = 2000
    per_ten_seconds: int | None = None
    token_seconds: int = 3599


class GraphError(Exception):
    """An answer of `{"error": {"code", "message", "innerError"}}`: learn.microsoft.com/graph/errors."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def body(self, at: datetime) -> dict[str, Any]:
        """The answer's body, as of that time."""
        request_id = str(uuid4())
        inner = {
            "date": at.strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": request_id,
        }
        return {"error": {"code": self.code, "message": self.message, "innerError": inner}}


def bad_request(message: str) -> GraphError:
    """The refusal of a request that cannot be read."""
    return GraphError(400, "BadRequest", message)


def not_found(message: str = "Not Found") -> GraphError:
    """The refusal of a meeting that is not there; the text of the plain one is nowhere documented."""
    return GraphError(404, "NotFound", message)


def unknown_error() -> GraphError:
    """What is said, and it is all, of a person who is not found: msgraph-sdk-dotnet#1215."""
    return GraphError(404, "UnknownError", "")
