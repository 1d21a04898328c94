"""How the account behaves, and RingCentral's forms of a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
GRANTS = ("authorization_code", "refresh_token", JWT_GRANT)
OWNER = "664307016"
LIMITS: Mapping[str, int] = {"Light": 50, "Medium": 40, "Heavy": 10, "Auth": 5}
"""Calls of a person and minute: guide, basics/rate-limits."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """How the account behaves. People are named by their extension's id; everybody exists who is not `missing`.

    `jwts`: each JWT credential and whose it is. `signed_in`: who sits at the browser. `permissions` are those of the
    application, `grants` what it may log in with; `refresh_tokens`: it is set up to get them.
    `max_sessions`: of a person; one more login ends the oldest (guide, authentication/tokens).
    `delegates`: who may act for whom; `super_admins` may for everybody.
    `unlicensed` have no video, `without_audio` lack the permission OrganizeConference.
    `limits` count a person's calls in `window_seconds`, then refuse for `penalty_seconds`; `per_account` counts all
    calls, and its refusal has neither X-Rate-Limit headers nor Retry-After (guide, basics/rate-limits).
    `locked` settings (`security`, `preferences`) win over what a bridge asks for.
    `instant_days`: how long an Instant bridge is kept.

    Nowhere documented, so choose:
    `idle_days`, the "prolonged period of inactivity" after which a Scheduled bridge is deleted;
    `created_status`, of a create; `deleted_status`, of a delete; `grant_status`, of an invalid grant, where the guide's
    table says 403 and the same page's text 400; `named_errors`, whether the outer errorCode is a name as in
    ringcentral-embeddable#591, else it is that of the first of `errors`;
    `unknown_fields`, what becomes of a field that is not in the spec; RingCentral's own widgets take `type` out before
    they change a bridge, as if it were refused;
    `longest_name`; `password_pattern`, which is that of RingCentral's own widgets; `pin_pattern`, like every example;
    `chosen_pins`, whether chosen PINs are heeded; `taken_pin_status`;
    `second_pmi`, whether a create of type PMI answers the person's default bridge, changed as asked for;
    `generates_password`, where the guide says that protection without a password makes one up, and the spec that the
    password is to be given.
    """

    account_id: str = "664287016"
    client_id: str = "example-client"
    client_secret: str = "example-client-secret"
    jwts: Mapping[str, str] = field(default_factory=lambda: {"example.jwt.credential": OWNER})
    signed_in: str = OWNER
    redirect_uris: tuple[str, ...] = ("http://localhost/callback",)
    grants: tuple[str, ...] = GRANTS
    permissions: tuple[str, ...] = ("ReadAccounts", "Video")
    refresh_tokens: bool = True
    token_seconds: int = 3600
    refresh_seconds: int = 604_800
    max_sessions: int = 5
    delegates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    super_admins: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unlicensed: tuple[str, ...] = ()
    without_audio: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=lambda: dict(LIMITS))
    window_seconds: int = 60
    penalty_seconds: int = 60
    per_account: int | None = None
    locked: Mapping[str, Any] = field(default_factory=dict)
    instant_days: float = 3
    idle_days: float | None = 365
    created_status: int = 201
    deleted_status: int = 204
    grant_status: int = 400
    named_errors: bool = True
    unknown_fields: Literal["refused", "ignored"] = "refused"
    longest_name: int = 255
    password_pattern: str = "[A-Za-z0-9]{1,10}"
    pin_pattern: str = r"\d{12}"
    chosen_pins: bool = True
    taken_pin_status: int = 400
    second_pmi: Literal["answered", "refused"] = "answered"
    generates_password: bool = True


_NAMES = {
    "CMN-401": "InsufficientPermissions",
    "CMN-408": "InsufficientPermissions",
    "OAU-128": "TokenExpired",
    "OAU-129": "TokenInvalid",
}


class RingCentralError(Exception):
    """An answer of `{"errorCode", "message", "errors"}`; the codes are those of guide, basics/errors."""

    def __init__(self, status: int, code: str, message: str, **more: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.more = status, code, message, more
        self.headers: dict[str, str] = {}

    def body(self, *, named: bool) -> dict[str, Any]:
        outer = _NAMES.get(self.code, self.code) if named else self.code
        one = {"errorCode": self.code, "message": self.message, **self.more}
        return {"errorCode": outer, "message": self.message, "errors": [one], **self.more}


class TokenRefused(Exception):
    """The token endpoint's own form of an error, as in ringcentral-api-docs#33."""

    def __init__(self, status: int, error: str, code: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        inner = {"errorCode": code, "message": description}
        self.body: dict[str, Any] = {"error": error, "error_description": description, "errors": [inner]}


def invalid(name: str, status: int = 400) -> RingCentralError:
    """The refusal of a parameter's value."""
    return RingCentralError(status, "CMN-101", f"Parameter [{name}] value is invalid", parameterName=name)


def not_found(name: str) -> RingCentralError:
    """The refusal of what the path names, but there is not."""
    return RingCentralError(404, "CMN-102", f"Resource for parameter [{name}] is not found", parameterName=name)


def lacking(code: str, whose: str, permission: str) -> RingCentralError:
    """The refusal for want of a permission, in the words of ringcentral-embeddable#591."""
    message = f"In order to call this API endpoint, {whose} needs to have [{permission}] permission"
    return RingCentralError(403, code, message, permissionName=permission)
