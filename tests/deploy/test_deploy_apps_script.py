"""The Apps Script project as Calendar runs it: under Node, between Google's services and the playground's functions.

`apps_script/` plays Calendar, and the services within the limits that Google documents.
"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
import requests

from addon import render
from confsync import config
from confsync.domain.entry_point import (
    MAX_CODE,
    MAX_ENTRY_POINTS,
    MAX_NOTES,
    MAX_PARAMETER_KEY,
    MAX_PARAMETER_VALUE,
    MAX_PARAMETERS,
    MAX_URI,
    ConferenceDetails,
    EntryPoint,
    EntryPointType,
    Feature,
)
from confsync.domain.solution import Solution
from confsync.usecases.create_conference import Created
from confsync.web import addon
from playground.cloud import ADDON_CLIENT
from playground.functions import ROOT
from playground.person import Person
from playground.project import Project, Tempo
from playground.server import reserve_port
from tests.unit.http import Tokens, call

CALENDAR = ROOT / "tests" / "deploy" / "apps_script" / "calendar.js"
pytestmark = pytest.mark.xdist_group("apps script")

HOST = "create-123.europe-west1.run.app"
LOGO = "https://lh3.googleusercontent.com/logo"
ANN = "ann@example.com"

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class AppsScript:
    """The add-on that is installed, in Calendar."""

    node: str
    directory: Path
    project: Project

    def asked(self, *questions: Json) -> list[Json]:
        """What Calendar gets for each question."""
        whole = [{"hosts": {HOST: self.project.functions["create_conference"].url}, **each} for each in questions]
        command = [self.node, str(CALENDAR), str(self.directory)]
        done = subprocess.run(command, input=json.dumps(whole), check=True, capture_output=True, text=True)
        answers: list[Json] = json.loads(done.stdout)
        return answers

    def choose(self, event_id: str, solution: str = "zoom", email: str = ANN, **more: Any) -> Json:
        """Somebody chooses that solution for an event on their calendar."""
        event = {"calendarId": email, "eventId": event_id}
        (answer,) = self.asked({"solution": solution, "event": event, "token": self.token(email), **more})
        return answer

    def answered(self, *answers: tuple[int, str]) -> list[Json]:
        """What Calendar gets if confsync answered so."""
        event = {"calendarId": ANN, "eventId": "event"}
        told = [{"status": status, "body": body} for status, body in answers]
        return self.asked(*({"solution": "zoom", "event": event, "token": "t", "answer": each} for each in told))

    def token(self, email: str) -> str:
        """The identity token that a script gets for the person who uses it."""
        return self.project.cloud.identity_token(email, ADDON_CLIENT)


@pytest.fixture(scope="module")
def project(node: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """With the functions that people reach: Calendar's, and the pages of their accounts."""
    project = Project(directory=tmp_path_factory.mktemp("project"), tempo=Tempo(provider_deadline=1, lease=3))
    functions = [project.functions[name] for name in ("create_conference", "connect")]
    try:
        for function in functions:
            function.start()
        for function in functions:
            function.wait()
        yield project
    finally:
        project.stop()


@pytest.fixture(scope="module")
def settings(project: Project) -> config.Settings:
    """The project's, at an address as Google Cloud gives it."""
    there = config.parse(project.config.read_text(encoding="utf-8"))
    create = msgspec.structs.replace(there.callers["create_conference"], audiences=(f"https://{HOST}",))
    return msgspec.structs.replace(
        there, addon=config.Addon(logo_url=LOGO), callers={**there.callers, "create_conference": create}
    )


@pytest.fixture(scope="module")
def script(
    node: str, project: Project, settings: config.Settings, tmp_path_factory: pytest.TempPathFactory
) -> AppsScript:
    return installed(node, project, settings, tmp_path_factory.mktemp("addon"))


def installed(node: str, project: Project, settings: config.Settings, directory: Path) -> AppsScript:
    for name, text in render.render(settings).items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_text(text, encoding="utf-8")
    return AppsScript(node=node, directory=directory / "apps-script", project=project)


@pytest.fixture
def person(project: Project) -> Person:
    return project.person(ANN)


@pytest.fixture(autouse=True)
def no_faults(project: Project) -> Iterator[None]:
    yield
    project.cloud.faults("zoom").clear()


def conference(answer: Json) -> Json:
    assert set(answer) == {"conferenceData", "logged"}, answer
    assert answer["logged"] == []
    found: Json = answer["conferenceData"]
    return found


def error(answer: Json) -> Json:
    found: Json = answer["conferenceData"]["error"]
    return found


# --- conferences -----------------------------------------------------------------------------------------------------


def test_a_meeting_of_a_saved_event_is_made_at_zoom(script: AppsScript, person: Person) -> None:
    event_id = person.begin_event()
    person.save(event_id, summary="Planning", start=datetime.now(UTC) + timedelta(days=1))

    found = conference(script.choose(event_id))

    (meeting,) = [each for each in script.project.cloud.zoom.meetings() if each["topic"] == "Planning"]
    assert found["conferenceSolutionId"] == "zoom"
    (video,) = [each for each in found["entryPoints"] if each["type"] == "VIDEO"]
    assert (video["uri"], video["meetingCode"]) == (meeting["join_url"], str(meeting["id"]))
    assert {each["type"] for each in found["entryPoints"]} >= {"VIDEO", "PHONE"}


def test_an_event_that_is_not_saved_has_a_meeting_too_and_only_one(script: AppsScript) -> None:
    first, second = (conference(script.choose("unsaved")) for _ in range(2))
    assert first == second


def test_every_solution_of_the_manifest_leads_to_its_own(script: AppsScript, settings: config.Settings) -> None:
    shared = [solution_id for solution_id, each in settings.solutions.items() if not each.personal]
    for solution_id in shared:
        assert conference(script.choose("each", solution_id))["conferenceSolutionId"] == solution_id


def test_both_ways_of_the_add_on_give_the_same_conference(script: AppsScript, person: Person) -> None:
    event_id = person.begin_event()
    person.choose_conference(event_id, "zoom")
    person.save(event_id, summary="By HTTP", start=datetime.now(UTC) + timedelta(days=1))
    by_http = person.event(event_id)["conferenceData"]

    by_script = conference(script.choose(event_id))

    assert by_script["conferenceId"] == by_http["conferenceId"]
    assert [each["uri"] for each in by_script["entryPoints"]] == [each["uri"] for each in by_http["entryPoints"]]


# --- accounts of one's own -------------------------------------------------------------------------------------------


def test_whoever_has_no_account_is_led_to_where_they_connect_one(script: AppsScript, settings: config.Settings) -> None:
    found = error(script.choose("event", "my-zoom", "new@example.com"))

    assert found["type"] == "AUTHENTICATION"
    assert found["authenticationUrl"].startswith(f"{settings.connect.url}/zoom/start?who=")
    page = requests.get(found["authenticationUrl"], allow_redirects=False, timeout=10)
    assert page.status_code < 400, page.text


def test_the_add_ons_settings_are_the_pages_of_peoples_accounts(script: AppsScript, settings: config.Settings) -> None:
    (answer,) = script.asked({"token": script.token(ANN)})

    url = answer["url"]
    assert urlsplit(url)._replace(query="").geturl() == settings.connect.url
    assert parse_qs(urlsplit(url).query).keys() == {"who"}
    assert requests.get(url, allow_redirects=False, timeout=10).status_code < 400


# --- refusals --------------------------------------------------------------------------------------------------------


def test_an_event_on_somebody_elses_calendar_is_a_matter_of_permission(script: AppsScript) -> None:
    answer = script.choose("event", token=script.token("eve@example.com"))
    assert error(answer) == {"type": "PERMISSION_DENIED"}


def test_a_token_of_another_client_is_a_matter_of_permission_and_logged(script: AppsScript) -> None:
    answer = script.choose("event", token=script.project.cloud.identity_token(ANN, "another-client"))
    assert error(answer) == {"type": "PERMISSION_DENIED"}
    assert "confsync answers 401" in answer["logged"][0]


def test_somebody_whom_zoom_does_not_know_may_choose_another_solution(script: AppsScript) -> None:
    script.project.cloud.zoom.configure(missing=("unlicensed@example.com",))
    answer = script.choose("event", email="unlicensed@example.com")
    assert error(answer) == {"type": "CONFERENCE_SOLUTION_FORBIDDEN"}


def test_zooms_bad_hour_passes(script: AppsScript) -> None:
    script.project.cloud.faults("zoom").add(status=503, times=None)
    assert error(script.choose("bad-hour")) == {"type": "TEMPORARY"}


def test_what_zoom_can_never_take_is_permanent(script: AppsScript) -> None:
    script.project.cloud.faults("zoom").add(method="POST", path="/meetings", status=400, body={"code": 300}, times=None)
    assert error(script.choose("refused")) == {"type": "PERMANENT"}


@pytest.mark.parametrize("known", [False, True], ids=["no name", "nobody there"])
def test_a_network_that_fails_passes(script: AppsScript, known: bool) -> None:
    with reserve_port() as nobody:
        hosts = {HOST: f"http://127.0.0.1:{nobody.getsockname()[1]}"} if known else {}
        answer = script.choose("event", hosts=hosts)
    assert error(answer) == {"type": "TEMPORARY"}
    assert len(answer["logged"]) == 1


def test_settings_without_an_answer_are_an_error_of_the_script(script: AppsScript) -> None:
    (answer,) = script.asked({"token": "nobody's"})
    assert "confsync answers 401" in answer["thrown"]


STATUSES = {
    401: "PERMISSION_DENIED",
    403: "PERMISSION_DENIED",
    302: "PERMANENT",
    400: "PERMANENT",
    404: "PERMANENT",
    429: "TEMPORARY",
    500: "TEMPORARY",
    503: "TEMPORARY",
}
KINDS = [each.value for each in addon.ConferenceErrorType]


def test_each_status_is_told_to_the_person(script: AppsScript) -> None:
    answers = script.answered(*((status, "no") for status in STATUSES))
    assert [error(each)["type"] for each in answers] == [*STATUSES.values()]


def test_each_type_of_error_is_one_of_googles(script: AppsScript) -> None:
    told = [{"type": each} | ({"authenticationUrl": "https://c"} if each == "AUTHENTICATION" else {}) for each in KINDS]
    answers = script.answered(*((200, json.dumps({"conferenceData": {"error": each}})) for each in told))
    assert [error(each) for each in answers] == told


@pytest.mark.parametrize("body", ["<html>", "{}", '{"conferenceData": {"error": {"type": "NEW"}}}'])
def test_what_nobody_understands_is_unknown(script: AppsScript, body: str) -> None:
    (answer,) = script.answered((200, body))
    assert error(answer) == {"type": "UNKNOWN"}


# --- limits ----------------------------------------------------------------------------------------------------------


def largest() -> Created:
    """As much as confsync ever tells of a conference."""
    codes = {name: name[0] * MAX_CODE for name in ("meeting_code", "access_code", "passcode", "password", "pin")}
    link = "https://example.com/"
    points = [
        EntryPoint(type=EntryPointType.VIDEO, uri=link.ljust(MAX_URI, "v"), label="example.com", **codes),
        EntryPoint(type=EntryPointType.SIP, uri="sip:".ljust(MAX_URI, "s"), label="sip", **codes),
        EntryPoint(type=EntryPointType.MORE, uri=link.ljust(MAX_URI, "m"), **codes),
    ]
    numbers = [
        EntryPoint(
            type=EntryPointType.PHONE,
            uri=f"tel:+{number}".ljust(MAX_URI, ","),
            region_code="GB",
            features=(Feature.TOLL_FREE if number % 2 else Feature.TOLL,),
            **codes,
        )
        for number in range(MAX_ENTRY_POINTS - len(points))
    ]
    keys = (str(number).rjust(MAX_PARAMETER_KEY, "k") for number in range(MAX_PARAMETERS))
    details = ConferenceDetails(
        entry_points=(*points, *numbers),
        notes="n" * MAX_NOTES,
        parameters=dict.fromkeys(keys, "v" * MAX_PARAMETER_VALUE),
    )
    return Created(conference_id="c" * 64, solution=Solution(id="zoom", name="Zoom", provider="zoom"), details=details)


def markup(created: Created) -> str:
    """confsync's answer to the script."""
    handler = addon.create_conference(
        lambda _: created,
        addon.AddonCallers(services=None, clients=("client",)),  # type: ignore[arg-type]  # the script's are people
        Tokens(),
        solutions={"zoom"},
        login_url=lambda *_: None,
        settings_url=lambda _: "",
        wrapper="",
    )
    sent = {"eventData": {"calendarId": ANN, "eventId": "event"}}
    asked = call(sent, headers={"Authorization": f"Bearer {ANN} for client"}, query={"solution": "zoom"})
    return handler(asked)[0]


def test_the_largest_conference_is_one_that_calendar_takes(script: AppsScript) -> None:
    created = largest()
    (answer,) = script.answered((200, markup(created)))
    found = conference(answer)
    assert len(found["entryPoints"]) == len(created.details.entry_points)
    assert len(found["parameters"]) == MAX_PARAMETERS
    assert found["notes"] == created.details.notes
    assert {each["regionCode"] for each in found["entryPoints"] if each["type"] == "PHONE"} == {"GB"}


def test_an_address_that_apps_script_does_not_take_is_left_out(script: AppsScript) -> None:
    points = (
        EntryPoint(type=EntryPointType.VIDEO, uri="https://meet.example.com/1"),
        EntryPoint(type=EntryPointType.SIP, uri="sips:1@example.com"),
    )
    created = Created(conference_id="c", solution=largest().solution, details=ConferenceDetails(entry_points=points))
    (answer,) = script.answered((200, markup(created)))
    assert [each["type"] for each in conference(answer)["entryPoints"]] == ["VIDEO"]


TOO_MUCH: dict[str, Json] = {
    "a long id": {"conferenceId": "c" * 513},
    "another solution": {"conferenceSolutionId": "none-such"},
    "no entry point": {"entryPoints": []},
    "more entry points": {"entryPoints": [{"type": "PHONE", "uri": "tel:+1"}] * 301},
    "two videos": {"entryPoints": [{"type": "VIDEO", "uri": "https://example.com"}] * 2},
    "a long uri": {"entryPoints": [{"type": "VIDEO", "uri": "https://example.com/".ljust(1301, "u")}]},
    "a wrong uri": {"entryPoints": [{"type": "VIDEO", "uri": "tel:+1"}]},
    "a long code": {"entryPoints": [{"type": "VIDEO", "uri": "https://example.com", "pin": "1" * 129}]},
    "a region of a link": {"entryPoints": [{"type": "VIDEO", "uri": "https://example.com", "regionCode": "GB"}]},
    "a toll of a link": {"entryPoints": [{"type": "VIDEO", "uri": "https://example.com", "features": ["TOLL"]}]},
    "a new type": {"entryPoints": [{"type": "VR", "uri": "https://example.com"}]},
    "long notes": {"note": "n" * 2049},
    "a long key": {"parameters": [{"key": "k" * 51, "value": "v"}]},
    "an empty value": {"parameters": [{"key": "k", "value": ""}]},
    "a long login": {"error": {"type": "AUTHENTICATION", "authenticationUrl": "https://c".ljust(1801, "c")}},
    "a login for nothing": {"error": {"type": "TEMPORARY", "authenticationUrl": "https://c"}},
    "no login": {"error": {"type": "AUTHENTICATION"}},
}


def test_what_google_would_refuse_is_refused_here(script: AppsScript) -> None:
    """Or else the tests above would prove nothing: the services are strict, and the script says that it failed."""
    fine = {
        "conferenceId": "c",
        "conferenceSolutionId": "zoom",
        "entryPoints": [{"type": "VIDEO", "uri": "https://example.com"}],
    }
    bodies = [json.dumps({"conferenceData": fine | each}) for each in ({}, *TOO_MUCH.values())]
    taken, *refused = script.answered(*((200, body) for body in bodies))
    assert conference(taken)
    for name, answer in zip(TOO_MUCH, refused, strict=True):
        told = answer.get("conferenceData", {}).get("error", {}).get("type", answer.get("thrown"))
        assert told == "UNKNOWN", f"{name}: {answer}"
        assert len(answer["logged"]) == 1


# --- what the manifest allows ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scope", ["openid", *(f"{render.GOOGLE}{it}" for it in ("userinfo.email", "script.external_request"))]
)
def test_no_scope_is_asked_for_in_vain(
    script: AppsScript, settings: config.Settings, node: str, project: Project, tmp_path: Path, scope: str
) -> None:
    bare = installed(node, project, settings, tmp_path)
    path = bare.directory / "appsscript.json"
    manifest = json.loads(path.read_text())
    manifest["oauthScopes"].remove(scope)
    path.write_text(json.dumps(manifest))
    assert "error" in bare.choose("event")["conferenceData"]
