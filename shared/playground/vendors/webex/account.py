"""How the site behaves, and Webex's form of a refusal."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import uuid4

READ, WRITE = "meeting:schedules_read", "meeting:schedules_write"
ADMIN = {READ: "meeting:admin_schedule_read", WRITE: "meeting:admin_schedule_write"}
PEOPLE = "spark:people_read"
SCOPES = (READ, WRITE, ADMIN[READ], ADMIN[WRITE], "spark:kms", PEOPLE)


@dataclass(frozen=True, kw_only=True)
class Account:
    """How the site behaves. People are named by their mail address; everybody exists who is not `missing`.

    `scopes`: what the integration (or service app) asks for, and still has. `other_clients`: ids and secrets of more
    of them. `signed_in`: who sits at the browser. `unlicensed` may not host. `connector_made` meetings (by id) came
    through a calendar connector; `locked` ones are busy for 5 s. `regular_per_day` and so on count creates, failed ones
    too, in any 24 hours; `per_minute` counts all calls of a token's owner, whose number Webex does not tell.

    Nowhere documented, so choose: `default_timezone` of a meeting without one; `unknown_zones`, IANA's that Webex does
    not take; `mismatch_status`, when timezone and offset disagree (the one report, cal.diy#7651, speaks of 404);
    `busy_status`, when a meeting is in progress or has ended; `bad_client_status`; `refresh_renews`, whether a refresh
    token lives anew from each use; `too_many`, what becomes of a COUNT above the limits; `deletions_survive`, whether
    deleted occurrences stay so when the series moves; `own_links`, whether a changed occurrence gets a link and number
    of its own (the specification's words on `meetingNumber` hint at it). `password_rule` is up to the site.
    """

    client_id: str = "C0123456789abcdef"
    client_secret: str = "example-client-secret"
    other_clients: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = SCOPES
    redirect_uris: tuple[str, ...] = ("http://localhost/callback",)
    signed_in: str = "alice@example.com"
    site: str = "example.webex.com"
    missing: tuple[str, ...] = ()
    unlicensed: tuple[str, ...] = ()
    connector_made: tuple[str, ...] = ()
    locked: tuple[str, ...] = ()
    telephony: bool = True
    password_rule: str = r"(?=.*[a-z])(?=.*[A-Z]).{4,32}"
    regular_per_day: int = 100
    admin_per_day: int = 3000
    admin_per_host: int = 800
    per_minute: int | None = None
    token_seconds: int = 1_209_599
    refresh_seconds: int = 7_776_000
    default_timezone: str = "UTC"
    unknown_zones: tuple[str, ...] = ()
    mismatch_status: int = 400
    busy_status: int = 400
    bad_client_status: int = 401
    refresh_renews: bool = True
    too_many: Literal["cut", "refused"] = "cut"
    deletions_survive: bool = False
    own_links: bool = False


class WebexError(Exception):
    """An answer of `{"message", "errors": [{"description"}], "trackingId"}`: the specification, POST of meetings."""

    def __init__(self, status: int, message: str, *descriptions: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.tracking_id = f"ROUTER_{str(uuid4()).upper()}"
        self.body: dict[str, Any] = {
            "message": message,
            "errors": [{"description": text} for text in descriptions or (message,)],
            "trackingId": self.tracking_id,
        }
        self.headers = {"trackingId": self.tracking_id}
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)


def invalid(*descriptions: str) -> WebexError:
    """The refusal of a request's content."""
    return WebexError(400, "The input parameters contain invalid items.", *descriptions)


def forbidden(description: str) -> WebexError:
    """The refusal of a request by who makes it."""
    message = (
        "The server understood the request, but refused to fulfill it because the access token is missing required"
        " scopes or the user is missing required roles or licenses."
    )
    return WebexError(403, message, description)
