"""The add-on's request in both forms, and both answers."""

import inspect
from contextvars import copy_context
from dataclasses import replace
from typing import Any

import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from confsync.domain import errors
from confsync.domain.entry_point import ConferenceDetails, EntryPoint, EntryPointType, Feature
from confsync.domain.solution import Solution
from confsync.usecases.create_conference import Created, CreateRequest
from confsync.web import addon
from confsync.web.callers import ServiceCallers
from confsync.web.endpoint import Answer, Handler, serve
from tests.unit.http import Tokens, call, request, told

ADDON = "service-123456789012@gcp-sa-gsuiteaddons.iam.gserviceaccount.com"
AUDIENCE, CLIENT = "https://create.example.com", "123-addon.apps.googleusercontent.example"
CALLERS = addon.AddonCallers(
    services=ServiceCallers(audiences=(AUDIENCE,), service_accounts=(ADDON,)), clients=(CLIENT, "shim-client")
)
SYSTEM = {"Authorization": f"Bearer {ADDON} for {AUDIENCE}"}
ALICE = f"alice@example.com for {CLIENT}"
HTTP = {
    "commonEventObject": {"hostApp": "CALENDAR", "platform": "WEB"},
    "authorizationEventObject": {"userIdToken": ALICE, "userOAuthToken": "users-token", "systemIdToken": "s"},
    "calendar": {"calendarId": "alice@example.com", "id": "e1", "organizer": {"email": "alice@example.com"}},
}
SHIM = {"eventData": {"calendarId": "primary", "eventId": "e1"}}
SIGNED_BY_ALICE = {"Authorization": f"Bearer {ALICE}"}
LOGIN = "https://connect.example.com/zoom"

DETAILS = ConferenceDetails(
    entry_points=(
        EntryPoint(
            type=EntryPointType.VIDEO,
            uri="https://meet.example.com/1",
            label="meet.example.com/1",
            meeting_code="1",
            passcode="p",
        ),
        EntryPoint(
            type=EntryPointType.PHONE,
            uri="tel:+441234",
            access_code="5",
            pin="7",
            region_code="GB",
            features=(Feature.TOLL_FREE,),
        ),
        EntryPoint(type=EntryPointType.SIP, uri="sip:1@example.com", password="w"),
        EntryPoint(type=EntryPointType.MORE, uri="https://meet.example.com/1/more"),
    ),
    notes="Be <b>early</b>",
    parameters={"meeting": "1"},
)
CREATED = Created(
    conference_id="confsync-1", solution=Solution(id="zoom", name="Zoom", provider="zoom"), details=DETAILS
)
MARKUP = {
    "conferenceId": "confsync-1",
    "conferenceSolutionId": "zoom",
    "entryPoints": [
        {
            "type": "VIDEO",
            "uri": "https://meet.example.com/1",
            "label": "meet.example.com/1",
            "meetingCode": "1",
            "passcode": "p",
        },
        {
            "type": "PHONE",
            "uri": "tel:+441234",
            "accessCode": "5",
            "pin": "7",
            "regionCode": "GB",
            "features": ["TOLL_FREE"],
        },
        {"type": "SIP", "uri": "sip:1@example.com", "password": "w"},
        {"type": "MORE", "uri": "https://meet.example.com/1/more"},
    ],
    "parameters": [{"key": "meeting", "value": "1"}],
    "note": "Be <b>early</b>",
}


class Create:
    """The use case: returns or raises, and remembers what it was asked."""

    def __init__(self, result: Created | Exception = CREATED) -> None:
        self.result = result
        self.requests: list[CreateRequest] = []

    def __call__(self, asked: CreateRequest) -> Created:
        self.requests.append(asked)
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def handler(create: Create, *, verify: Tokens | None = None, login: str | None = LOGIN, wrapper: str = "") -> Handler:
    return addon.create_conference(
        create,
        CALLERS,
        verify or Tokens(),
        solutions={"zoom", "jitsi"},
        login_url=lambda *_: login,
        settings_url=lambda email: f"https://connect.example/{email}",
        wrapper=wrapper,
    )


def ask(create: Create, sent: Any, headers: dict[str, str], solution: str | None = "zoom", **options: Any) -> Answer:
    query = {} if solution is None else {"solution": solution}
    # as `serve` does it: what is bound to log lines is on none of the next request
    return copy_context().run(handler(create, **options), call(sent, headers=headers, query=query))


def http_markup(answered: Answer, wrapper: str = "") -> Any:
    root = told(answered)
    actions = root[wrapper] if wrapper else root
    return actions["hostAppAction"]["calendarAction"]["createConferenceDataActionMarkup"]["createConferenceData"]


# --- the two forms ---------------------------------------------------------------------------------------------------


def test_the_event_object_is_read_and_answered_with_markup() -> None:
    create, verify = Create(), Tokens()
    answered = ask(create, HTTP, SYSTEM, verify=verify)
    (asked,) = create.requests
    assert (asked.solution_id, asked.calendar_id, asked.event_id) == ("zoom", "alice@example.com", "e1")
    assert (asked.user.email, asked.user_token) == ("alice@example.com", "users-token")
    assert (answered[1], http_markup(answered)) == (200, MARKUP)
    assert verify.asked == [(f"{ADDON} for {AUDIENCE}", (AUDIENCE,)), (ALICE, CALLERS.clients)]


def test_the_shims_request_is_answered_with_plain_conference_data() -> None:
    create = Create()
    answered = ask(create, SHIM, SIGNED_BY_ALICE)
    (asked,) = create.requests
    assert (asked.calendar_id, asked.event_id, asked.user.email) == ("primary", "e1", "alice@example.com")
    assert asked.user_token is None
    assert (answered[1], told(answered)) == (200, {"conferenceData": MARKUP})


def test_both_spellings_of_the_event_id_are_read() -> None:
    create = Create()
    ask(create, HTTP | {"calendar": {"calendarId": "c", "eventId": "e2"}}, SYSTEM)
    assert create.requests[0].event_id == "e2"


@pytest.mark.parametrize("wrapper", ["renderActions", ""])
def test_the_outermost_object_is_configurable(wrapper: str) -> None:
    answered = ask(Create(), HTTP, SYSTEM, wrapper=wrapper)
    assert http_markup(answered, wrapper) == MARKUP
    assert len(told(answered)) == 1


def test_what_a_conference_does_not_have_is_not_told() -> None:
    bare = ConferenceDetails(entry_points=(EntryPoint(type=EntryPointType.VIDEO, uri="https://meet.example.com/1"),))
    answered = ask(Create(replace(CREATED, details=bare)), SHIM, SIGNED_BY_ALICE)
    assert told(answered)["conferenceData"] == {
        "conferenceId": "confsync-1",
        "conferenceSolutionId": "zoom",
        "entryPoints": [{"type": "VIDEO", "uri": "https://meet.example.com/1"}],
    }


# --- who asks --------------------------------------------------------------------------------------------------------

MALLORY = {"Authorization": f"Bearer mallory@example.com for {AUDIENCE}"}
ELSEWHERE = {"Authorization": f"Bearer {ADDON} for https://another.example.com"}
NO_USER = HTTP | {"authorizationEventObject": {"userOAuthToken": "users-token"}}
FORGED_USER = HTTP | {"authorizationEventObject": {"userIdToken": "bob@example.com for another-client"}}


@pytest.mark.parametrize(
    ("sent", "headers", "status"),
    [
        (HTTP, {}, 401),
        (HTTP, ELSEWHERE, 401),
        (HTTP, MALLORY, 403),
        (HTTP, SIGNED_BY_ALICE, 401),
        (NO_USER, {}, 401),
        (FORGED_USER, SYSTEM, 401),
        (SHIM, {}, 401),
        (SHIM, SYSTEM, 401),
        (SHIM, ELSEWHERE, 401),
    ],
    ids=[
        "no token",
        "the add-on's token for another function",
        "another service account",
        "a user's token in place of the add-on's",
        "neither the add-on's token nor a user's",
        "a user token of another client",
        "shim without a token",
        "the add-on's token in place of the user's",
        "a token for another function",
    ],
)
def test_nobody_gets_a_conference_without_proof(sent: Any, headers: dict[str, str], status: int) -> None:
    create = Create()
    answered = serve(lambda: handler(create), request(_json(sent), headers=headers, query="solution=zoom"))
    assert (answered[1], create.requests) == (status, [])


def test_who_has_not_allowed_to_be_known_is_asked_for_it() -> None:
    create = Create()
    assert told(ask(create, NO_USER, SYSTEM)) == {"requesting_google_scopes": {"all_scopes": True}}
    assert create.requests == []


def _json(sent: Any) -> bytes:
    return call(sent).body


# --- what is asked for -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("solution", [None, "", "teams", "Zoom", "zoom "])
@pytest.mark.parametrize(("sent", "headers"), [(HTTP, SYSTEM), (SHIM, SIGNED_BY_ALICE)])
def test_an_unknown_solution_is_refused_and_the_known_ones_named(
    sent: Any, headers: dict[str, str], solution: str | None
) -> None:
    with pytest.raises(errors.BadRequest, match="jitsi, zoom") as refused:
        ask(Create(), sent, headers, solution)
    assert refused.value.field == "solution"


def http(**calendar: Any) -> dict[str, Any]:
    return HTTP | {"calendar": calendar}


def shim(**event_data: Any) -> dict[str, Any]:
    return {"eventData": event_data}


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "calendar"),
        ({"authorizationEventObject": {"userIdToken": ALICE}}, "calendar"),
        (http(), "calendar.calendarId"),
        (http(calendarId="", id="e"), "calendar.calendarId"),
        (http(calendarId="c" * 1025, id="e"), "calendar.calendarId"),
        (http(calendarId="c"), "calendar.id"),
        (http(calendarId="c", id="e" * 1025), "calendar.id"),
        (http(calendarId="c", id=5), "calendar.id"),
        (shim(calendarId="c"), "eventData.eventId"),
        (shim(calendarId="c", eventId=""), "eventData.eventId"),
        (shim(calendarId="c", eventId="e" * 1025), "eventData.eventId"),
        (shim(calendarId="c" * 1025, eventId="e"), "eventData.calendarId"),
        (shim(calendarId=None, eventId="e"), "eventData.calendarId"),
    ],
)
def test_what_is_missing_or_too_long_is_named(sent: Any, field: str) -> None:
    create = Create()
    signed = SIGNED_BY_ALICE if "eventData" in sent else SYSTEM
    body = sent if "eventData" in sent else {"authorizationEventObject": {"userIdToken": ALICE}} | sent
    answered = serve(lambda: handler(create), request(_json(body), headers=signed, query="solution=zoom"))
    assert (answered[1], told(answered)["error"]["field"], create.requests) == (400, field, [])


def test_the_longest_ids_are_taken() -> None:
    create = Create()
    ask(create, shim(calendarId="c" * 1024, eventId="e" * 1024), SIGNED_BY_ALICE)
    assert len(create.requests[0].event_id) == 1024


# --- failures --------------------------------------------------------------------------------------------------------

FROM_A_PROVIDER = {
    errors.AuthExpired: "AUTHENTICATION",
    errors.ReauthorizationRequired: "AUTHENTICATION",
    errors.PermissionDenied: "CONFERENCE_SOLUTION_FORBIDDEN",
    errors.NotFound: "CONFERENCE_SOLUTION_FORBIDDEN",
    errors.Conflict: "UNKNOWN",
    errors.PreconditionFailed: "TEMPORARY",
    errors.SyncTokenExpired: "UNKNOWN",
    errors.Unwatchable: "UNKNOWN",
    errors.RateLimited: "TEMPORARY",
    errors.Temporary: "TEMPORARY",
    errors.Ambiguous: "TEMPORARY",
    errors.Invalid: "PERMANENT",
    errors.ServiceError: "UNKNOWN",
}
FROM_CALENDAR = FROM_A_PROVIDER | {
    errors.AuthExpired: "PERMISSION_DENIED",
    errors.ReauthorizationRequired: "PERMISSION_DENIED",
    errors.PermissionDenied: "PERMISSION_DENIED",
    errors.NotFound: "PERMISSION_DENIED",
}
OUR_OWN = {errors.Busy: "TEMPORARY", errors.StoreConflict: "TEMPORARY", errors.NotConfigured: "PERMANENT"}
FAILURES = [
    *((kind("no", service="zoom"), said) for kind, said in FROM_A_PROVIDER.items()),
    *((kind("no", service="google-calendar"), said) for kind, said in FROM_CALENDAR.items()),
    *((kind("no"), said) for kind, said in OUR_OWN.items()),
]


def test_the_table_of_failures_is_whole() -> None:
    services = {
        kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.ServiceError)
    }
    assert set(FROM_A_PROVIDER) == services
    assert {said for _, said in FAILURES} == set(addon.ConferenceErrorType)


@pytest.mark.parametrize(
    ("error", "said"), FAILURES, ids=lambda each: type(each).__name__ if isinstance(each, Exception) else each
)
@pytest.mark.parametrize("form", ["http", "shim"])
def test_a_failure_is_told_to_the_person_and_logged_once(error: Exception, said: str, form: str) -> None:
    with capture_logs(processors=[merge_contextvars]) as lines:
        if form == "http":
            answered = ask(Create(error), HTTP, SYSTEM)
            markup = http_markup(answered)
        else:
            answered = ask(Create(error), SHIM, SIGNED_BY_ALICE)
            markup = told(answered)["conferenceData"]
    expected = {"type": said} | ({"authenticationUrl": LOGIN} if said == "AUTHENTICATION" else {})
    assert (answered[1], markup) == (200, {"error": expected})
    assert [line["event"] for line in lines] == ["conference not created", "request answered"]
    assert lines[0]["error_class"] == type(error).__name__
    assert {(line["outcome"], line["solution"]) for line in lines} == {(said, "zoom")}


@pytest.mark.parametrize(("length", "told_so"), [(1299, True), (1300, True), (1301, False)])
def test_a_login_address_is_told_if_calendar_takes_it(length: int, told_so: bool) -> None:
    login = LOGIN.ljust(length, "x")
    error = http_markup(ask(Create(errors.ReauthorizationRequired("connect")), HTTP, SYSTEM, login=login))["error"]
    expected = {"type": "AUTHENTICATION", "authenticationUrl": login} if told_so else {"type": "PERMANENT"}
    assert error == expected


def test_nobody_is_told_to_log_in_without_an_address_for_it() -> None:
    answered = ask(Create(errors.AuthExpired("old")), HTTP, SYSTEM, login=None)
    assert http_markup(answered)["error"] == {"type": "PERMANENT"}


def test_what_nobody_expected_is_not_the_persons_to_read() -> None:
    with pytest.raises(RuntimeError):
        ask(Create(RuntimeError("a bug")), HTTP, SYSTEM)
