"""How the account behaves, and what it answers when it refuses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

PERSON_SCOPES = (
    "meeting:write:meeting",
    "meeting:read:meeting",
    "meeting:update:meeting",
    "meeting:delete:meeting",
    "meeting:read:list_meetings",
    "meeting:read:invitation",
    "user:read:user",
)
SCOPES = tuple(f"{scope}:admin" for scope in PERSON_SCOPES if scope.startswith("meeting:"))


@dataclass(frozen=True, kw_only=True)
class Account:
    """How the account behaves. `locked` settings win over what a meeting asks for, those `unavailable` are silently not
    applied, and `defaults` are what the users' own settings have; `missing` users don't exist (any more), those
    `elsewhere` are of another account, those `unlicensed` are Basic and cannot be an alternative host, and for those
    `disabled` an administrator has turned the personal app off; `unknown_zones` are IANA's, but not on Zoom's list.

    `client_id` is the server-to-server app's, `person_client_id` that of the OAuth app to which a person consents;
    `signed_in` is who sits at the browser.

    `per_day` counts creates and updates per host and UTC day; `per_second` counts all calls of the account.
    `list_lag`: seconds until a new meeting shows up in lists.

    Nowhere documented, so choose:
    `occurrence_extras`: what becomes of fields that a PATCH of one occurrence does not support;
    `occurrence_zone`: whether such a PATCH's local `start_time` is read in the PATCH's own `timezone` or the series';
    `moved_ids`: whether a moved occurrence keeps its id;
    `deleted_shown`: whether deleted occurrences stay in `occurrences`, as in jrchamp/moodle-mod_zoom#645;
    `deletions_survive`: whether they stay deleted when the series' recurrence is changed;
    `unknown_occurrence`: None is 3001 to GET and PATCH, and 3000 to DELETE, as the error lists have it;
    `last_deleted`: whether the meeting goes with its last occurrence;
    `others_meeting`: the code by which a GET of another person's meeting is refused (PATCH and DELETE: 3003);
    `bad_code_error`: the `error` for a bad authorization code; `client_status`: the status for a bad client;
    `reauthorising_revokes`: whether a new consent ends the tokens of earlier ones (error 4741 says so);
    `refresh_seconds`: Zoom's own pages say 90 days and 15 years;
    `alternative_host_code`: the code by which a bad alternative host is refused;
    `mails_alternative_hosts`: the account's setting for mails to alternative hosts when they are named;
    `mails_invitees`: whether `meeting_invitees` get mails; `deletion_mails`: whether a DELETE that does not speak of
    `schedule_for_reminder` mails, as it did in devforum 23987.
    """

    account_id: str = "example-account"
    client_id: str = "example-client"
    client_secret: str = "example-client-secret"
    scopes: tuple[str, ...] = SCOPES
    person_client_id: str = "example-person-client"
    person_client_secret: str = "example-person-client-secret"
    person_scopes: tuple[str, ...] = PERSON_SCOPES
    redirect_uris: tuple[str, ...] = ("http://localhost/callback",)
    signed_in: str = "alice@example.com"
    locked: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    unavailable: tuple[str, ...] = ()
    authentication_options: Mapping[str, str] = field(default_factory=lambda: {"signIn_example": "Sign in to Zoom"})
    missing: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()
    unlicensed: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()
    unknown_zones: tuple[str, ...] = ()
    per_day: int = 100
    per_second: int | None = None
    list_lag: float = 0
    token_seconds: int = 3600
    refresh_seconds: int = 90 * 86_400
    occurrence_extras: Literal["ignored", "refused"] = "ignored"
    occurrence_zone: Literal["heard", "ignored"] = "heard"
    moved_ids: Literal["kept", "new"] = "kept"
    deleted_shown: bool = True
    deletions_survive: bool = False
    unknown_occurrence: Literal[3000, 3001] | None = None
    last_deleted: Literal["kept", "gone"] = "kept"
    others_meeting: Literal[3001, 3003] = 3001
    bad_code_error: Literal["invalid_grant", "invalid_request"] = "invalid_grant"
    client_status: Literal[400, 401] = 400
    reauthorising_revokes: bool = True
    alternative_host_code: int = 300
    mails_alternative_hosts: bool = True
    mails_invitees: bool = False
    deletion_mails: bool = True


class ZoomError(Exception):
    """An answer of `{"code", "message"}`."""

    def __init__(
        self, status: int, code: int, message: str, *, fields: Mapping[str, str] | None = None, **headers: str
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {"code": code, "message": message}
        if fields:
            self.body["errors"] = [{"field": name, "message": text} for name, text in fields.items()]
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def invalid(*names: str) -> ZoomError:
    """Error 300, which names every wrong field."""
    return ZoomError(400, 300, "Validation Failed.", fields=dict.fromkeys(names, "Invalid field."))


class TokenRefused(Exception):
    """The token endpoint's own form of an error."""

    def __init__(self, error: str, reason: str, *, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status
        self.body = {"reason": reason, "error": error}
