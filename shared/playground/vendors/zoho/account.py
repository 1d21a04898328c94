"""How the organisation behaves, and Zoho's forms of a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

MEETING_SCOPES = tuple(f"ZohoMeeting.meeting.{verb}" for verb in ("CREATE", "READ", "UPDATE", "DELETE"))
SCOPES = (*MEETING_SCOPES, "ZohoMeeting.manageOrg.READ")


@dataclass(frozen=True, kw_only=True)
class Account:
    """How the organisation `zsoid` behaves. `users` are its people, mail address by Zoho user ID (zuid); `user` is the
    one who consented to the application, and who `refresh_token` speaks for; the `unlicensed` cannot be presenters.

    Of tokens (help.zoho.com, Kaizen #43, and zoho.com/crm/developer/docs/api/v8/token-validity.html): so many access
    tokens `per_ten_minutes` and refresh token, else "Access Denied" at status 200 (public code has also met 400, so
    `throttled_status`); `active_access` per refresh token and `active_refresh` per user, the oldest goes. A wrong code,
    refresh token or client is told at `refused_status` 200. `api_domain` is not where the Meeting API is.

    Of meetings (meeting-api/participant-report.html): a dead token is `invalid_token_status` 400, not 401; a key that
    is not there `unknown_key_status` 400, not 404. That page is another call's: the meetings' pages tell no errors.

    Nowhere documented, so choose: `scope_status` without the scope (public code met 400 at user.json), the number and
    text of any error besides 2000, 3001 and 4000; whether participants get mail (`mails_participants`: the interface
    does, API v1 had `sendMail`), and a presenter who is somebody else (`mails_presenter`); the limits (`longest_*`,
    `most_*`, `per_minute` with the `retry_after` that its 429 tells), `takes_past` starts; what the list counts with
    `index` (from `first_index`), how late it is (`list_lag` seconds); whether an edit's participants are all or
    more (`edited_participants`), whether a change of the zone `zone_alone` keeps the clock or the instant; whether a
    running meeting can be changed and deleted (`running_locked`; the edit page says "at anytime"); `delete_status`;
    `unknown_fields`; `unknown_zones` that are IANA's, but not Zoho's.

    Zoho's pages differ: keys are numbers on the meetings' pages, text on the SDK's (`numeric_keys`); links are
    `meeting.zoho.com/join?key=` or `meet.zoho.com/...` (`short_links`); GET and PUT answer few of the fields that
    POST does (`full_answers`: all).
    """

    client_id: str = "1000.EXAMPLECLIENT"
    client_secret: str = "example-client-secret"
    refresh_token: str = "1000.example.refresh.token"
    redirect_uris: tuple[str, ...] = ("http://localhost/callback",)
    api_domain: str = "https://www.zohoapis.com"
    zsoid: str = "77994516"
    user: str = "71158042"
    users: Mapping[str, str] = field(
        default_factory=lambda: {"71158042": "alice@example.com", "71158043": "bob@example.com"}
    )
    unlicensed: tuple[str, ...] = ()
    scopes: tuple[str, ...] = SCOPES
    timezone: str = "America/Los_Angeles"
    token_seconds: int = 3600
    code_seconds: int = 180
    per_ten_minutes: int = 10
    active_access: int = 15
    active_refresh: int = 20
    throttled_status: int = 200
    refused_status: int = 200
    invalid_token_status: int = 400
    scope_status: int = 400
    unknown_key_status: int = 400
    delete_status: int = 204
    numeric_keys: bool = True
    short_links: bool = False
    full_answers: bool = False
    mails_participants: bool = True
    mails_presenter: bool = False
    takes_past: bool = False
    running_locked: bool = False
    edited_participants: Literal["all", "more"] = "all"
    zone_alone: Literal["clock", "instant"] = "clock"
    unknown_fields: Literal["ignored", "refused"] = "ignored"
    unknown_zones: tuple[str, ...] = ()
    index: Literal["record", "page"] = "record"
    first_index: int = 1
    list_lag: float = 0
    longest_topic: int = 255
    longest_agenda: int = 2000
    longest_hours: int = 24
    most_participants: int = 100
    most_listed: int = 100
    per_minute: int | None = None
    retry_after: int | None = None


class ZohoError(Exception):
    """An answer of `{"error": {"errorCode", "message", "key"}}`; those of the token check have `code` and no key."""

    def __init__(self, status: int, code: int, message: str, key: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status = status
        error: dict[str, Any] = {"errorCode": code, "message": message, "key": key}
        self.body = {"error": error if key else {"code": code, "message": message}}
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class TokenRefused(Exception):
    """The token endpoint's own form of an error; its status says nothing."""

    def __init__(self, http_status: int, error: str, **more: str) -> None:
        super().__init__(error)
        self.http_status, self.body = http_status, {"error": error, **more}


def invalid(what: str) -> ZohoError:
    """The refusal of a value; its form is not documented."""
    return ZohoError(400, 1002, f"Invalid value for {what}", "INVALID_INPUT")
