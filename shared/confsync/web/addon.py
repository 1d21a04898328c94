"""The add-on's request and our answer to it, in both forms.

Google documents conferencing add-ons for Apps Script: our shim sends `{"eventData": {...}}` and gets plain conference
data. For HTTP add-ons it documents the event object and the markup, but not which of them it uses to create a
conference; so both ids' spellings are taken, and the outermost object of the answer is configurable. `?settings` asks
for the address of the add-on's settings instead, which are the pages where people connect accounts of their own.
https://developers.google.com/workspace/add-ons/guides/alternate-runtimes ·
https://developers.google.com/workspace/add-ons/calendar/conferencing/create-conference
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec
import structlog

from confsync.domain import errors
from confsync.domain.caller import Caller
from confsync.domain.entry_point import CODES, EntryPoint, EntryPointType
from confsync.usecases.create_conference import Created, CreateRequest
from confsync.web.callers import ServiceCallers, Verify, bearer
from confsync.web.endpoint import Answer, Call, Handler, answer
from confsync.web.json_body import body

log = structlog.get_logger()

CALENDAR = "google-calendar"
MAX_ID = 1024
MAX_LOGIN_URL = 1300
"""The HTTP markup's limit; Apps Script's is 1800."""
ASK_FOR_CONSENT = {"requesting_google_scopes": {"all_scopes": True}}
"""People may allow an HTTP add-on some of its scopes only. Google then asks them, and comes back:
https://developers.google.com/workspace/add-ons/guides/alternate-runtimes"""


class _EventData(msgspec.Struct, frozen=True, rename="camel"):
    calendar_id: str
    event_id: str


class _CalendarObject(msgspec.Struct, frozen=True, rename="camel"):
    calendar_id: str
    id: str | None = None
    event_id: str | None = None


class _Authorization(msgspec.Struct, frozen=True, rename="camel"):
    user_id_token: str | None = None
    user_o_auth_token: str | None = msgspec.field(default=None, name="userOAuthToken")


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    event_data: _EventData | None = None
    calendar: _CalendarObject | None = None
    authorization_event_object: _Authorization = _Authorization()
    settings: bool = False

    @property
    def from_shim(self) -> bool:
        return self.event_data is not None or self.settings


class ConferenceErrorType(StrEnum):
    """https://developers.google.com/apps-script/reference/conference-data/conference-error-type"""

    AUTHENTICATION = "AUTHENTICATION"
    CONFERENCE_SOLUTION_FORBIDDEN = "CONFERENCE_SOLUTION_FORBIDDEN"
    PERMANENT = "PERMANENT"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    TEMPORARY = "TEMPORARY"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, kw_only=True)
class AddonCallers:
    """Who may ask for conferences. `services` is the add-on's own service account, calling for a user whose token is in
    the body; `clients` are the OAuth clients that those user tokens, and the shim's, are for."""

    services: ServiceCallers
    clients: tuple[str, ...]

    def user(self, call: Call, sent: "_Body", verify: Verify) -> Caller | None:
        """The person who asks; None if they have not allowed the add-on to know. Raises `Unverified`, `Forbidden`."""
        if sent.from_shim:
            return verify(bearer(call.headers), self.clients)
        self.services.check(call.headers, verify)
        token = sent.authorization_event_object.user_id_token
        return verify(token, self.clients) if token else None


def create_conference(
    create: Callable[[CreateRequest], Created],
    callers: AddonCallers,
    verify: Verify,
    *,
    solutions: Collection[str],
    login_url: Callable[[str, str, str], str | None],
    settings_url: Callable[[str], str],
    wrapper: str,
) -> Handler:
    """Create a conference, and answer in the form of the question.

    `login_url`: (service that wants it, solution, person's address) -> where they connect their account;
    `settings_url`: (person's address) -> where they see all of them. A person waits: one line in the log says how long,
    and what `outcome` they got; that of a refusal has the route, too.
    """

    def handle(call: Call) -> Answer:
        structlog.contextvars.bind_contextvars(route="create_conference")
        answered = respond(call)
        log.info("request answered", status=answered[1], ms=call.ms)
        return answered

    def respond(call: Call) -> Answer:
        sent = body(call, _Body)
        user = callers.user(call, sent, verify)
        if user is None:
            return answer(ASK_FOR_CONSENT)
        if call.query.get("settings", ""):
            url = {"settingsUrl": settings_url(user.email)}
            return answer(url if sent.from_shim else _http({"createConferenceSettingUrlActionMarkup": url}, wrapper))
        request = parse(call, sent, user, solutions)
        structlog.contextvars.bind_contextvars(solution=request.solution_id, outcome="CREATED")
        try:
            markup = _markup(create(request))
        except (errors.ServiceError, errors.Busy, errors.StoreConflict, errors.NotConfigured) as error:
            service = error.service if isinstance(error, errors.ServiceError) else ""
            markup = {"error": _error(error, login_url(service, request.solution_id, user.email))}
            structlog.contextvars.bind_contextvars(outcome=markup["error"]["type"])
            _log_failure(request, error)
        if sent.from_shim:
            return answer({"conferenceData": markup})
        return answer(_http({"createConferenceDataActionMarkup": {"createConferenceData": markup}}, wrapper))

    return handle


def parse(call: Call, sent: "_Body", user: Caller, solutions: Collection[str]) -> CreateRequest:
    """The question in either form. Raises `BadRequest`, which names the field."""
    solution = call.query.get("solution", "")
    if solution not in solutions:
        known = ", ".join(sorted(solutions))
        raise errors.BadRequest(f"?solution={solution!r} is not configured; there are: {known}", field="solution")
    if sent.event_data is not None:
        calendar_id, event_id, path = sent.event_data.calendar_id, sent.event_data.event_id, "eventData"
    elif sent.calendar is not None:
        calendar_id, path = sent.calendar.calendar_id, "calendar"
        event_id = sent.calendar.id or sent.calendar.event_id or ""
    else:
        raise errors.BadRequest("the body has neither `calendar` nor `eventData`", field="calendar")
    for field, value in (("calendarId", calendar_id), ("id" if path == "calendar" else "eventId", event_id)):
        if not 0 < len(value) <= MAX_ID:
            raise errors.BadRequest(f"{path}.{field} must have 1 to {MAX_ID} characters", field=f"{path}.{field}")
    token = sent.authorization_event_object.user_o_auth_token if path == "calendar" else None
    return CreateRequest(solution_id=solution, calendar_id=calendar_id, event_id=event_id, user=user, user_token=token)


# --- answers ---------------------------------------------------------------------------------------------------------


def _http(markup: dict[str, Any], wrapper: str) -> dict[str, Any]:
    action = {"hostAppAction": {"calendarAction": markup}}
    return {wrapper: action} if wrapper else action


def _markup(created: Created) -> dict[str, Any]:
    """ConferenceDataMarkup: https://developers.google.com/workspace/add-ons/reference/rpc/apps.extensions.markup"""
    details = created.details
    markup = {
        "conferenceId": created.conference_id,
        "conferenceSolutionId": created.solution.id,
        "entryPoints": [_entry_point(point) for point in details.entry_points],
        "parameters": [{"key": key, "value": value} for key, value in details.parameters.items()],
        "note": details.notes,
    }
    return {key: value for key, value in markup.items() if value}


def _entry_point(point: EntryPoint) -> dict[str, Any]:
    names = {"meeting_code": "meetingCode", "access_code": "accessCode"}
    codes = {names.get(name, name): getattr(point, name) for name in CODES}
    is_phone = point.type is EntryPointType.PHONE
    markup = {
        "type": point.type.upper(),
        "uri": point.uri,
        "label": point.label,
        **codes,
        "regionCode": point.region_code if is_phone else None,
        "features": [feature.upper() for feature in point.features],
    }
    return {key: value for key, value in markup.items() if value}


def _error(error: errors.ConfsyncError, login_url: str | None) -> dict[str, Any]:
    """AUTHENTICATION only where the person can log in: it must come with an address for that.
    https://developers.google.com/apps-script/reference/conference-data/conference-error#setauthenticationurlauthenticationurl
    """
    kind = error_type(error)
    if kind is not ConferenceErrorType.AUTHENTICATION:
        return {"type": kind.value}
    if not login_url or len(login_url) > MAX_LOGIN_URL:
        return {"type": ConferenceErrorType.PERMANENT.value}
    return {"type": kind.value, "authenticationUrl": login_url}


def error_type(error: errors.ConfsyncError) -> ConferenceErrorType:
    """What Calendar should tell the person. A calendar out of reach is a matter of permission, a provider that refuses
    a user one of the solution."""
    calendar = isinstance(error, errors.ServiceError) and error.service == CALENDAR
    match error:
        case errors.AuthExpired() | errors.ReauthorizationRequired() | errors.PermissionDenied() if calendar:
            return ConferenceErrorType.PERMISSION_DENIED
        case errors.NotFound() if calendar:
            return ConferenceErrorType.PERMISSION_DENIED
        case errors.AuthExpired() | errors.ReauthorizationRequired():
            return ConferenceErrorType.AUTHENTICATION
        case errors.PermissionDenied() | errors.NotFound():
            return ConferenceErrorType.CONFERENCE_SOLUTION_FORBIDDEN
        case (
            errors.RateLimited()
            | errors.Temporary()
            | errors.Ambiguous()
            | errors.Busy()
            | errors.StoreConflict()
            | errors.PreconditionFailed()
        ):
            return ConferenceErrorType.TEMPORARY
        case errors.Invalid() | errors.NotConfigured():
            return ConferenceErrorType.PERMANENT
        case _:
            return ConferenceErrorType.UNKNOWN


def _log_failure(request: CreateRequest, error: errors.ConfsyncError) -> None:
    log.warning(
        "conference not created",
        event_id=request.event_id,
        error_class=type(error).__name__,
        error=str(error),
    )
