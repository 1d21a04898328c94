"""Nothing secret that passes through any function shows up in a log line or an answer.

Real functions-framework processes live through a conference's life and through every kind of trouble; every secret that
anybody minted meanwhile is then looked for.
"""

import json
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from confsync.domain import channel, keys
from playground.cloud import ADDON, ADDON_CLIENT, RUNTIME
from playground.person import ConferenceError, Person
from playground.project import Project, Tempo, running

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("secrets")]  # one worker: they look at one life

ANN = "ann@example.com"
START = datetime(2027, 3, 1, 10, 0, tzinfo=UTC)
TOKENS = re.compile(r"eyJ[\w-]{10,}\.[\w-]+\.[\w-]*|ya29\.[\w-]+|zak=[\w-]+", re.IGNORECASE)


@dataclass(kw_only=True)
class Life:
    """What happened: the secrets that went around, and all that was said."""

    project: Project
    minted: set[str] = field(default_factory=set)
    private: set[str] = field(default_factory=set)
    """What people who may join are told, and nobody else: not for logs."""
    answers: list[str] = field(default_factory=list)

    @property
    def logs(self) -> str:
        return "".join(function.log.read_text() for function in self.project.functions.values())

    def call(self, name: str, body: object, token: str, **more: Any) -> requests.Response:
        """Call a function; its answer is kept."""
        answer = requests.post(
            self.project.functions[name].url,
            json=body,
            headers={"Authorization": f"Bearer {token}", **more.pop("headers", {})},
            timeout=30,
            **more,
        )
        self.answers.append(f"{answer.headers} {answer.text}")
        return answer

    def note_meetings(self) -> None:
        """Remember what Zoom has, and what is secret about it."""
        for meeting in self.project.cloud.zoom.meetings():
            self.minted.add(meeting["start_url"])
            self.minted.add(meeting["start_url"].partition("zak=")[2])
            self.private |= {meeting["password"], meeting["encrypted_password"], meeting["pstn_password"]}
        self.minted.update(self.project.cloud.zoom.tokens())


def recorded(minted: set[str], mint: Callable[..., str]) -> Callable[..., str]:
    def minting(*args: Any, **kwargs: Any) -> str:
        token = mint(*args, **kwargs)
        minted.add(token)
        return token

    return minting


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    directory: Path = tmp_path_factory.mktemp("secrets")
    with running(directory, tempo=Tempo(coalesce=0.1)) as project:
        life = Life(project=project)
        cloud = project.cloud
        for service, method in ((cloud.issuer, "mint"), (cloud.accounts, "issue")):
            setattr(service, method, recorded(life.minted, getattr(service, method)))
        life.minted |= {project.channel_keys, cloud.zoom.account.client_secret}
        live(life)
        yield life


def live(life: Life) -> None:
    """A conference's life, then the trouble."""
    person = life.project.person(ANN)
    event_id = all_is_well(life, person)
    zoom_is_in_trouble(life, person)
    google_is_in_trouble(life, person, event_id)
    strangers_call(life)
    life.note_meetings()


def all_is_well(life: Life, person: Person) -> str:
    cloud = life.project.cloud
    event_id = person.begin_event()
    create(life, person.email, event_id, "zoom")
    create(life, person.email, person.begin_event(), "jitsi")
    person.choose_conference(event_id, "zoom")
    person.save(event_id, summary="Planning", start=START)
    life.note_meetings()
    cloud.tasks.wait_idle(20)
    person.rename(event_id, "Retro")
    person.move_in_time(event_id, timedelta(hours=1))
    cloud.tasks.wait_idle(20)
    life.project.sweep()
    key, conference_id = keys.calendar_key(ANN), keys.conference_id(keys.calendar_key(ANN), event_id, "zoom")
    service(life, "sync_calendar", {"calendar_key": key, "renew": True})
    service(life, "reconcile_conference", {"conference_id": conference_id})
    service(life, "renew_channels", {})
    notify(life, [life.project.channel_keys.encode()])
    return event_id


def zoom_is_in_trouble(life: Life, person: Person) -> None:
    zoom, faults = life.project.cloud.zoom, life.project.cloud.faults("zoom")
    zoom.revoke_tokens()
    zoom.configure(client_secret="rotated-client-secret")
    life.minted.add("rotated-client-secret")
    create(life, person.email, person.begin_event(), "zoom")
    zoom.configure(client_secret="example-client-secret")
    faults.add(path="/v2/users", status=500, body="<html>oops</html>")
    faults.add(path="/v2/users", cut="after")
    with ThreadPoolExecutor() as pool:  # each waits for Zoom's lists to settle
        waiting = [pool.submit(create, life, person.email, person.begin_event(), "zoom") for _ in range(2)]
        for each in waiting:
            each.result()
    faults.clear()


def google_is_in_trouble(life: Life, person: Person, event_id: str) -> None:
    for service_name, path in (("calendar", "/calendar/v3"), ("secrets", "/v1/"), ("tasks", "/v2/")):
        life.project.cloud.faults(service_name).add(path=path, status=503, times=6)
        create(life, person.email, event_id, "zoom")
        service(life, "sync_calendar", {"calendar_key": keys.calendar_key(ANN)})
        notify(life, [life.project.channel_keys.encode()])
        life.project.cloud.faults(service_name).clear()
    person.delete(event_id)
    life.project.cloud.tasks.wait_idle(20, within=2)


def strangers_call(life: Life) -> None:
    cloud = life.project.cloud
    create_url = life.project.functions["create_conference"].url
    for claims in ({"expires_in": -300}, {"issuer": "https://accounts.example.com"}, {"email_verified": False}):
        life.call("create_conference", {}, cloud.issuer.mint(ADDON, create_url, **claims))
    for name in ("sync_calendar", "reconcile_conference", "renew_channels"):
        url = life.project.functions[name].url
        life.call(name, {}, cloud.issuer.mint("eve@example.com", url))
        life.call(name, {}, cloud.issuer.mint(RUNTIME, "https://elsewhere.example.com"))
        life.call(name, {"unexpected": cloud.accounts.issue("eve@example.com")}, cloud.issuer.mint(RUNTIME, url))
    body = {"authorizationEventObject": {"userIdToken": cloud.issuer.mint(ANN, "another-client"), "userOAuthToken": 7}}
    life.call("create_conference", body, cloud.issuer.mint(ADDON, create_url), params={"solution": "zoom"})
    notify(life, [b"f" * 32])


def create(life: Life, email: str, event_id: str, solution: str) -> None:
    cloud = life.project.cloud
    body = {
        "authorizationEventObject": {
            "systemIdToken": cloud.issuer.mint(ADDON, life.project.functions["create_conference"].url),
            "userIdToken": cloud.issuer.mint(email, ADDON_CLIENT),
            "userOAuthToken": cloud.accounts.issue(email),
        },
        "calendar": {"id": event_id, "calendarId": email},
    }
    system = cloud.issuer.mint(ADDON, life.project.functions["create_conference"].url)
    life.call("create_conference", body, system, params={"solution": solution})
    life.note_meetings()


def service(life: Life, name: str, body: object) -> None:
    life.call(name, body, life.project.cloud.issuer.mint(RUNTIME, life.project.functions[name].url))


def notify(life: Life, ring: list[bytes]) -> None:
    token = channel.token(ring, "channel1", keys.calendar_key(ANN))
    life.minted.add(token)
    headers = {"X-Goog-Channel-ID": "channel1", "X-Goog-Channel-Token": token, "X-Goog-Resource-State": "exists"}
    life.call("calendar_notifications", None, "none", headers=headers)


def test_the_life_was_worth_looking_at(life: Life) -> None:
    """The checks below are about something: secrets went around, and functions spoke of it all."""
    assert len(life.minted) > 50
    assert len(life.private) >= 3
    for told in ("conference created", "calendar synced", "sweep completed", "request refused", "not reconciled"):
        assert told in life.logs
    statuses = re.findall(r'"status": (\d+)', life.logs)
    assert {"401", "403", "503"} <= set(statuses)


def test_no_secret_is_in_a_log(life: Life) -> None:
    assert [secret for secret in life.minted | life.private if secret in life.logs] == []
    assert TOKENS.findall(life.logs) == []


def test_no_secret_is_in_an_answer(life: Life) -> None:
    answers = "\n".join(life.answers)

    assert [secret for secret in life.minted if secret in answers] == []
    assert TOKENS.findall(answers) == []


def test_passcodes_are_told_to_those_who_create_and_to_nobody_else(life: Life) -> None:
    others = [text for text in life.answers if "createConferenceData" not in text]

    assert any(secret in text for secret in life.private for text in life.answers)
    assert [secret for secret in life.private for text in others if secret in text] == []


def test_our_lines_are_json_with_severity_and_trace(life: Life) -> None:
    lines = [json.loads(line) for line in life.logs.splitlines() if line.startswith("{")]

    assert len(lines) > 10
    assert all(line["severity"] and line["message"] for line in lines)
    spoken = [line for line in lines if line["message"] in {"conference created", "calendar synced", "request refused"}]
    assert all("logging.googleapis.com/trace" in line for line in spoken)


def test_nothing_secret_is_stored_in_clear(life: Life) -> None:
    stored = b"".join(path.read_bytes() for path in life.project.directory.glob("confsync.sqlite*"))

    assert stored
    assert [secret for secret in life.minted if secret.encode() in stored] == []


def test_errors_reach_the_person_as_types_only(life: Life) -> None:
    person = life.project.person(ANN).on_calendar("out-of-reach@example.com")

    with pytest.raises(ConferenceError) as raised:
        person.choose_conference("event1", "zoom")

    assert (raised.value.kind, raised.value.authentication_url) == ("PERMISSION_DENIED", None)
