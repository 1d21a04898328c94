"""What the functions answer when all is well, and when a service behind them is not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from confsync import bootstrap
from confsync.domain import channel, keys
from confsync.domain.calendar import Calendar
from confsync.domain.conference import ConferenceState
from confsync.ports import Save
from tests.functions.conftest import ANN, Deployment

Json = dict[str, Any]


def markup(answer: Any) -> Json:
    """The ConferenceDataMarkup in an HTTP add-on's answer."""
    assert answer.status_code == 200, answer.text
    action = answer.get_json()["hostAppAction"]["calendarAction"]
    found: Json = action["createConferenceDataActionMarkup"]["createConferenceData"]
    return found


def shim(deployed: Deployment, event_id: str, solution: str, *, email: str = ANN, **claims: Any) -> Any:
    """The Apps Script shim's request: the person's own identity token, ids only."""
    return deployed.post(
        "create_conference",
        {"eventData": {"calendarId": email, "eventId": event_id}},
        token=deployed.user_token(email, **claims),
        query_string={"solution": solution},
    )


# --- create_conference ---------------------------------------------------------------------------


@pytest.mark.parametrize("solution", ["jitsi", "zoom"])
def test_an_http_add_on_gets_the_markup(deployed: Deployment, solution: str) -> None:
    found = markup(deployed.create("unsaved1", solution))

    assert found["conferenceSolutionId"] == solution
    assert found["conferenceId"] == keys.conference_id(keys.calendar_key(ANN), "unsaved1", solution)
    assert "VIDEO" in {point["type"] for point in found["entryPoints"]}


def test_the_shim_gets_plain_conference_data(deployed: Deployment) -> None:
    answer = shim(deployed, "unsaved2", "jitsi")

    assert answer.status_code == 200
    assert set(answer.get_json()) == {"conferenceData"}
    assert answer.get_json()["conferenceData"]["entryPoints"][0]["uri"].startswith("https://meet.example.com/")


def test_both_ways_lead_to_the_same_conference(deployed: Deployment) -> None:
    by_http = markup(deployed.create("unsaved3", "zoom"))
    by_shim = shim(deployed, "unsaved3", "zoom").get_json()["conferenceData"]

    assert by_http == by_shim


def test_the_other_spelling_of_the_event_id_is_taken(deployed: Deployment) -> None:
    body = {
        "authorizationEventObject": {"userIdToken": deployed.user_token()},
        "calendar": {"calendarId": ANN, "eventId": "unsaved3"},
    }

    found = markup(deployed.post("create_conference", body, query_string={"solution": "zoom"}))

    assert found == markup(deployed.create("unsaved3", "zoom"))


def test_the_first_sync_is_queued(deployed: Deployment) -> None:
    deployed.forget_tasks()

    deployed.create("unsaved4", email="new@example.com")

    (task,) = deployed.queued()
    request = task["httpRequest"]
    assert request["url"] == deployed.project.functions["sync_calendar"].url
    assert request["oidcToken"]["audience"] == request["url"]


def error_of(answer: Any) -> Json:
    found: Json = markup(answer)["error"]
    return found


def test_a_calendar_out_of_reach_is_a_matter_of_permission(deployed: Deployment) -> None:
    deployed.accounts.revoke("gone@example.com")
    token = deployed.user_token("gone@example.com")
    body = {
        "authorizationEventObject": {"userIdToken": token},
        "calendar": {"calendarId": "gone@example.com", "id": "event1"},
    }

    answer = deployed.post("create_conference", body, query_string={"solution": "jitsi"})

    assert error_of(answer) == {"type": "PERMISSION_DENIED"}


def test_somebody_elses_calendar_is_a_matter_of_permission(deployed: Deployment) -> None:
    body = {
        "authorizationEventObject": {"userIdToken": deployed.user_token("eve@example.com")},
        "calendar": {"calendarId": ANN, "id": "event1"},
    }

    answer = deployed.post("create_conference", body, query_string={"solution": "jitsi"})

    assert error_of(answer) == {"type": "PERMISSION_DENIED"}


def test_a_user_whom_zoom_does_not_know(deployed: Deployment) -> None:
    deployed.cloud.zoom.configure(missing=("unlicensed@example.com",))

    answer = deployed.create("unsaved5", "zoom", email="unlicensed@example.com")

    assert error_of(answer)["type"] == "CONFERENCE_SOLUTION_FORBIDDEN"


def test_wrong_credentials_are_nothing_that_the_person_can_mend(deployed: Deployment) -> None:
    zoom = deployed.cloud.zoom
    zoom.revoke_tokens()
    zoom.configure(client_secret="rotated")

    answer = deployed.create("unsaved6", "zoom")

    zoom.configure(client_secret="example-client-secret")
    assert error_of(answer) == {"type": "PERMANENT"}
    (line,) = [line for line in deployed.logs if line["event"] == "conference not created"]
    assert line["error_class"] == "ReauthorizationRequired"


# --- sync, reconcile, renew ----------------------------------------------------------------------


def test_a_sync_says_what_it_read(deployed: Deployment) -> None:
    deployed.create("unsaved7")

    first = deployed.post("sync_calendar", {"calendar_key": keys.calendar_key(ANN)})
    again = deployed.post("sync_calendar", {"calendar_key": keys.calendar_key(ANN)})

    assert first.status_code == again.status_code == 200
    assert again.get_json() == {"full": False, "events": 0, "reconcile": 0}


def test_what_no_repetition_mends_is_recorded_and_answered(deployed: Deployment) -> None:
    deployed.create("unsaved8", email="leaving@example.com")
    deployed.accounts.revoke("leaving@example.com")

    answer = deployed.post("sync_calendar", {"calendar_key": keys.calendar_key("leaving@example.com")})

    deployed.accounts.restore("leaving@example.com")
    assert (answer.status_code, answer.get_json()) == (200, {"recorded": "ReauthorizationRequired"})


def test_a_calendar_that_is_down_has_a_later_task(deployed: Deployment) -> None:
    deployed.create("unsaved9", email="busy@example.com")
    deployed.forget_tasks()
    deployed.cloud.faults("calendar").add(path="/calendar/v3", status=503, times=20)

    answer = deployed.post("sync_calendar", {"calendar_key": keys.calendar_key("busy@example.com")})

    deployed.cloud.faults("calendar").clear()
    assert (answer.status_code, answer.get_json()) == (200, {"recorded": "Temporary"})
    (task,) = deployed.queued()
    assert task["scheduleTime"] > task["createTime"]


def test_a_calendar_that_is_being_synced_has_the_queue_come_back(deployed: Deployment) -> None:
    deployed.create("unsaved10", email="worked-on@example.com")
    key = keys.calendar_key("worked-on@example.com")
    store, now = bootstrap.process.adapters.store, bootstrap.process.adapters.clock.now()
    stored = store.get(Calendar, key)
    assert stored is not None
    lease = stored.lease.take("somebody", now, timedelta(minutes=1))
    store.commit([Save(record=replace(stored, lease=lease))])

    answer = deployed.post("sync_calendar", {"calendar_key": key})

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (503, "busy")


def test_a_reconciliation_says_the_state(deployed: Deployment) -> None:
    created = markup(deployed.create("unsaved11", "zoom"))

    known = deployed.post("reconcile_conference", {"conference_id": created["conferenceId"]})
    unknown = deployed.post("reconcile_conference", {"conference_id": "confsync-none"})

    assert (known.status_code, known.get_json()) == (200, {"state": ConferenceState.ACTIVE})
    assert (unknown.status_code, unknown.get_json()) == (200, {"state": "unknown"})


def test_a_recorded_failure_is_an_answer(deployed: Deployment) -> None:
    deployed.cloud.zoom.configure(missing=("nobody@example.com",))
    deployed.create("unsaved12", "zoom", email="nobody@example.com")
    conference = keys.conference_id(keys.calendar_key("nobody@example.com"), "unsaved12", "zoom")

    answer = deployed.post("reconcile_conference", {"conference_id": conference})

    assert answer.status_code == 200
    assert answer.get_json()["state"] in {ConferenceState.FAILED, ConferenceState.PENDING}


def test_the_sweep_says_what_it_did(deployed: Deployment) -> None:
    answer = deployed.post("renew_channels", {})

    assert answer.status_code == 200
    report = answer.get_json()
    assert (report["channels_due"], report["channels_renewed"], report["failed"]) == (0, 0, 0)
    assert report["more_due"] == []


def test_the_sweep_takes_no_body_at_all(deployed: Deployment) -> None:
    assert deployed.post("renew_channels", data=b"").status_code == 200


# --- calendar_notifications ----------------------------------------------------------------------


def notification(deployed: Deployment, state: str = "exists", *, calendar: str = ANN, **headers: str) -> dict[str, str]:
    ring = [deployed.project.channel_keys.encode()]
    sent = {
        "X-Goog-Channel-ID": "channel1",
        "X-Goog-Channel-Token": channel.token(ring, "channel1", keys.calendar_key(calendar)),
        "X-Goog-Resource-State": state,
        "X-Goog-Message-Number": "1",
        **{f"X-Goog-{name.replace('_', '-')}": value for name, value in headers.items()},
    }
    return {name: value for name, value in sent.items() if value}


def notify(deployed: Deployment, headers: dict[str, str]) -> Any:
    return deployed.post("calendar_notifications", data=b"", token="", headers=headers)


def test_a_notification_is_accepted_once_its_task_is_queued(deployed: Deployment) -> None:
    deployed.forget_tasks()

    answer = notify(deployed, notification(deployed, calendar="watched@example.com"))

    assert (answer.status_code, answer.data) == (204, b"")
    (task,) = deployed.queued()
    assert task["name"].rpartition("/")[2].startswith(keys.calendar_key("watched@example.com"))


def test_the_sync_message_is_accepted_and_queues_nothing(deployed: Deployment) -> None:
    deployed.forget_tasks()

    assert notify(deployed, notification(deployed, "sync")).status_code == 204
    assert deployed.queued() == []


@pytest.mark.parametrize(
    ("headers", "field"),
    [
        ({"Channel_ID": ""}, "X-Goog-Channel-ID"),
        ({"Channel_Token": ""}, "X-Goog-Channel-Token"),
        ({"Channel_Token": "v1." + "a" * 300}, "X-Goog-Channel-Token"),
        ({"Resource_State": "exploded"}, "X-Goog-Resource-State"),
    ],
)
def test_a_malformed_notification(deployed: Deployment, headers: dict[str, str], field: str) -> None:
    answer = notify(deployed, notification(deployed, **headers))

    assert answer.status_code == 400
    assert answer.get_json()["error"]["field"] == field


def test_a_notification_that_is_not_from_our_channel(deployed: Deployment) -> None:
    forged = channel.token([b"f" * 32], "channel1", keys.calendar_key(ANN))

    answer = notify(deployed, notification(deployed, Channel_Token=forged))

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "forbidden")
    assert forged not in answer.text + str(deployed.logs)


def test_a_refusing_queue_makes_google_repeat_the_notification(deployed: Deployment) -> None:
    deployed.cloud.faults("tasks").add(path="/v2/", status=503, times=20)

    answer = notify(deployed, notification(deployed, calendar="unlucky@example.com"))

    deployed.cloud.faults("tasks").clear()
    assert answer.status_code == 503
