"""What each vendor's refusals mean, row by row: one table for all vendors, so that none forgets a row.

A cell is an answer of the vendor, in its own form, and what it becomes; `RENEWED` is a token that is replaced unseen.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from confsync.domain.errors import (
    Invalid,
    NotFound,
    PermissionDenied,
    RateLimited,
    ReauthorizationRequired,
    ServiceError,
    Temporary,
)
from playground.server import serve
from playground.vendors import daily, goto_meeting, ringcentral, teams, webex, whereby, zoho, zoom
from tests.contracts.provider import MARKER, SPEC
from tests.providers.simulated import NOW
from tests.providers.test_daily import DailyVendor
from tests.providers.test_goto_meeting import GoToVendor
from tests.providers.test_ringcentral import JWT, LAVISH, OWNER, RingCentralVendor
from tests.providers.test_teams import TeamsVendor
from tests.providers.test_webex import WebexVendor
from tests.providers.test_whereby import WherebyVendor
from tests.providers.test_zoho import ZohoVendor
from tests.providers.test_zoom import ZoomVendor

RENEWED = None
Cell = tuple[int, Any, dict[str, str], type[ServiceError] | None]


def cell(status: int, body: Any, expected: type[ServiceError] | None, **headers: str) -> Cell:
    """An answer, and what it means."""
    return status, body, {name.replace("_", "-"): value for name, value in headers.items()}, expected


def graph(code: str, message: str = "") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def cisco(message: str) -> dict[str, Any]:
    return {"message": message, "errors": [{"description": message}], "trackingId": "ROUTER_1"}


def logmein(code: str) -> dict[str, Any]:
    return {"int_err_code": code, "msg": code}


def ring(code: str) -> dict[str, Any]:
    return {"errorCode": code, "message": code, "errors": [{"errorCode": code, "message": code}]}


def zoho_said(code: int, message: str, **key: str) -> dict[str, Any]:
    return {"error": {"errorCode" if key else "code": code, "message": message, **key}}


HTML = "<html>oops</html>"
EVERYBODY = ("zoom", "teams", "webex", "goto_meeting", "ringcentral", "zoho", "daily", "whereby")
ISO = "2099-01-01T00:00:00Z"
ROWS: dict[str, dict[str, list[Cell]]] = {
    "a token that ended": {
        "zoom": [cell(401, {"code": 124, "message": "Invalid access token."}, RENEWED)],
        "teams": [cell(401, graph("InvalidAuthenticationToken"), RENEWED)],
        "webex": [cell(401, cisco("The request requires a valid access token"), RENEWED)],
        "goto_meeting": [cell(401, logmein("InvalidToken"), RENEWED), cell(403, logmein("InvalidToken"), RENEWED)],
        "ringcentral": [cell(401, ring("OAU-128"), RENEWED), cell(401, ring("OAU-129"), RENEWED)],
        "zoho": [
            cell(400, zoho_said(2000, "INVALID_OAUTHTOKEN"), RENEWED),
            cell(401, zoho_said(2000, "INVALID_OAUTHTOKEN"), RENEWED),
        ],
        "daily": [cell(401, {"error": "authentication-error"}, ReauthorizationRequired)],
        "whereby": [cell(401, {"error": "Invalid token"}, ReauthorizationRequired)],
    },
    "not allowed": {
        "zoom": [
            cell(400, {"code": 4711, "message": "does not contain scopes"}, PermissionDenied),
            cell(400, {"code": 4700, "message": "Invalid access token"}, PermissionDenied),
            cell(400, {"code": 3161, "message": "not allowed to host"}, PermissionDenied),
            cell(404, {"code": 1001, "message": "User does not exist"}, PermissionDenied),
        ],
        "teams": [
            cell(403, graph("Forbidden", "No application access policy found"), PermissionDenied),
            cell(403, graph("Authorization_RequestDenied"), PermissionDenied),
            cell(404, graph("UnknownError"), PermissionDenied),
        ],
        "webex": [cell(403, cisco("missing required scopes or roles or licenses"), PermissionDenied)],
        "goto_meeting": [cell(403, logmein("AccessDenied"), PermissionDenied)],
        "ringcentral": [
            cell(403, ring("CMN-401"), PermissionDenied),
            cell(403, ring("CMN-408"), PermissionDenied),
            cell(403, ring("OAU-101"), PermissionDenied),
        ],
        "zoho": [
            cell(400, zoho_said(2001, "INVALID_OAUTHSCOPE"), PermissionDenied),
            cell(401, zoho_said(3001, "no permission", key="UNAUTHORIZED_USER"), PermissionDenied),
        ],
        "daily": [cell(403, {"error": "forbidden-error"}, PermissionDenied)],
        "whereby": [cell(403, {"error": "Not allowed"}, PermissionDenied)],
    },
    "gone": {
        "zoom": [cell(404, {"code": 3001, "message": "Meeting does not exist"}, NotFound)],
        "teams": [cell(404, graph("NotFound"), NotFound)],
        "webex": [cell(404, cisco("Meeting is not found."), NotFound)],
        "goto_meeting": [cell(404, logmein("NotFound"), NotFound), cell(404, "", NotFound)],
        "ringcentral": [cell(404, ring("CMN-102"), NotFound), cell(400, ring("CMN-102"), NotFound)],
        "zoho": [cell(400, zoho_said(4000, "invalid", key="INVALID_MEETING_KEY"), NotFound)],
        "daily": [cell(404, {"error": "not-found", "info": "room not found"}, NotFound)],
        "whereby": [cell(404, {"error": "Not found"}, NotFound)],
    },
    "too much": {
        "zoom": [
            cell(429, {"code": 429, "message": "per-second"}, RateLimited, X_RateLimit_Type="QPS"),
            cell(429, {"code": 429, "message": "daily"}, RateLimited, Retry_After=ISO),
        ],
        "teams": [cell(429, graph("TooManyRequests"), RateLimited, Retry_After="10")],
        "webex": [
            cell(429, cisco("Too many requests"), RateLimited, Retry_After="10"),
            cell(423, cisco("temporarily unavailable"), RateLimited, Retry_After="10"),
        ],
        "goto_meeting": [cell(429, logmein("TooManyRequests"), RateLimited)],
        "ringcentral": [cell(429, ring("CMN-301"), RateLimited, Retry_After="60")],
        "zoho": [cell(429, zoho_said(1026, "Rate limit", key="RATE_LIMIT"), RateLimited)],
        "daily": [cell(429, {"error": "rate-limiting-error"}, RateLimited, Retry_After="5")],
        "whereby": [cell(429, {"error": "Throttled", "data": {"msLeft": 900}}, RateLimited, Retry_After="1")],
    },
    "later": {
        name: [
            cell(500, HTML, Temporary),
            cell(502, "", Temporary),
            cell(503, HTML, Temporary),
            cell(504, "", Temporary),
        ]
        for name in ("zoom", "teams", "webex", "goto_meeting", "ringcentral", "zoho", "daily", "whereby")
    },
    "a stranger's 404": {name: [cell(404, HTML, Temporary)] for name in EVERYBODY},
    "never": {
        "zoom": [cell(400, {"code": 300, "message": "Validation Failed."}, Invalid)],
        "teams": [cell(400, graph("BadRequest", "Invalid value"), Invalid)],
        "webex": [cell(400, cisco("invalid items"), Invalid)],
        "goto_meeting": [cell(400, logmein("InvalidRequest"), Invalid)],
        "ringcentral": [cell(400, ring("CMN-101"), Invalid)],
        "zoho": [cell(400, zoho_said(1002, "Invalid value", key="INVALID_INPUT"), Invalid)],
        "daily": [cell(400, {"error": "invalid-request-error", "info": "unknown parameter"}, Invalid)],
        "whereby": [cell(400, {"error": "Invalid value"}, Invalid)],
    },
}
CELLS = [
    pytest.param(name, *answer, id=f"{name}: {row} {answer[0]}-{number}")
    for row, vendors in ROWS.items()
    for name, answers in vendors.items()
    for number, answer in enumerate(answers)
]


def _ringcentral() -> Any:
    service = ringcentral.RingCentralService(lambda: NOW)
    service.configure(limits=LAVISH, jwts={JWT: OWNER})
    return RingCentralVendor(service, ringcentral.create_app)


def _served(vendor: Callable[..., Any], service: Any, app: Any) -> Any:
    """For those that are given their server."""
    server = serve(app(service), name="vendor")
    made = vendor(service, server)
    made.server = server
    return made


OPEN: dict[str, Callable[[], Any]] = {
    "zoom": lambda: _served(ZoomVendor, zoom.ZoomService(lambda: NOW), zoom.create_app),
    "teams": lambda: _served(TeamsVendor, teams.TeamsService(lambda: NOW), teams.create_app),
    "webex": lambda: WebexVendor(webex.WebexService(lambda: NOW), webex.create_app),
    "goto_meeting": lambda: GoToVendor(goto_meeting.GotoService(lambda: NOW), goto_meeting.create_app),
    "ringcentral": _ringcentral,
    "zoho": lambda: ZohoVendor(zoho.ZohoService(lambda: NOW), zoho.create_app),
    "daily": lambda: DailyVendor(daily.DailyService(lambda: NOW), daily.create_app),
    "whereby": lambda: WherebyVendor(whereby.WherebyService(lambda: NOW), whereby.create_app),
}


@pytest.fixture(scope="module")
def opened() -> Iterator[dict[str, Any]]:
    """Each vendor, its provider, and a meeting there."""
    made: dict[str, Any] = {}
    for name, opening in OPEN.items():
        vendor = opening()
        provider = vendor.provider()
        made[name] = (vendor, provider, provider.create(SPEC, MARKER).reference)
    yield made
    for vendor, _, _ in made.values():
        vendor.server.stop()


def test_every_row_has_every_vendor() -> None:
    assert all(set(vendors) == set(EVERYBODY) for vendors in ROWS.values())


@pytest.mark.parametrize(("name", "status", "body", "headers", "expected"), CELLS)
def test_what_an_answer_means(
    opened: dict[str, Any],
    name: str,
    status: int,
    body: Any,
    headers: dict[str, str],
    expected: type[ServiceError] | None,
) -> None:
    vendor, provider, reference = opened[name]
    vendor.faults.clear()
    if expected is RENEWED:
        vendor.faults.add(path=vendor.api, status=status, body=body, headers=headers)
        provider.get(reference)
        assert vendor.faults.left() == []
        return
    again = 2 if expected is PermissionDenied and status == 403 else 1  # GoTo is asked once more with another token
    vendor.faults.add(path=vendor.api, status=status, body=body, headers=headers, times=again)
    with pytest.raises(ServiceError) as caught:
        provider.get(reference)
    assert type(caught.value) is expected
    if isinstance(caught.value, RateLimited) and "Retry-After" in headers:
        assert caught.value.retry_at is not None
        assert caught.value.retry_at > datetime.now(UTC) - timedelta(seconds=5)


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client"])
@pytest.mark.parametrize("name", [name for name in EVERYBODY if name not in {"daily", "whereby"}])
def test_a_refused_token_needs_a_person(opened: dict[str, Any], name: str, error: str) -> None:
    vendor, _, reference = opened[name]
    vendor.faults.clear()
    vendor.faults.add(path=vendor.token, status=400, body={"error": error, "error_description": "no"})
    with pytest.raises(ReauthorizationRequired):
        vendor.provider().get(reference)


NO_TOKENS = {
    "a page to sign in": (200, "<html><body>Sign in</body></html>"),
    "a proxy's page": (404, "<html><body>Not Found</body></html>"),
    "nothing": (200, ""),
    "nested without end": (200, '{"more": ' * 100_000),
    "nested without end, a refusal": (503, '{"more": ' * 100_000),
}


@pytest.mark.parametrize(("status", "body"), NO_TOKENS.values(), ids=NO_TOKENS)
@pytest.mark.parametrize("name", [name for name in EVERYBODY if name not in {"daily", "whereby"}])
def test_what_is_no_token_is_no_fault_of_the_account(opened: dict[str, Any], name: str, status: int, body: str) -> None:
    vendor, _, reference = opened[name]
    vendor.faults.clear()
    vendor.faults.add(path=vendor.token, status=status, body=body)
    with pytest.raises(ServiceError) as caught:
        vendor.provider().get(reference)
    assert isinstance(caught.value, Temporary if status != 404 else Temporary | ReauthorizationRequired)
    assert not any(word in str(caught.value) for word in ("<", "Sign in", "more"))
