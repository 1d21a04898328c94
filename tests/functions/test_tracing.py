"""One trace shows a change from Calendar's push to the vendor."""

import base64
import json
from typing import Any

from tests.functions.conftest import ANN, TRACE, Deployment
from tests.functions.test_answers import notification, notify
from tests.functions.test_events import ZOOM, Client


def deliver(deployed: Deployment, name: str) -> list[str]:
    """Empty the queue, and call this function with each task that waited for it; the traces that these named."""
    url, tasks = deployed.project.functions[name].url, deployed.queued()
    deployed.forget_tasks()
    traces = []
    for task in tasks:
        asked: dict[str, Any] = task["httpRequest"]
        if asked["url"] == url:
            parent = asked["headers"]["traceparent"]
            headers = {"traceparent": parent, "X-Cloud-Trace-Context": ""}
            answer = deployed.post(name, json.loads(base64.b64decode(asked["body"])), headers=headers)
            assert answer.status_code < 300, answer.text
            traces.append(parent.split("-")[1])
    return traces


def test_a_trace_goes_along_from_the_push_to_the_vendor(deployed: Deployment) -> None:
    event = Client(deployed=deployed).create(ZOOM, summary="Traced")
    deliver(deployed, "sync_calendar")
    deployed.project.person(ANN).rename(event["id"], "Traced, and renamed")
    for name in ("calendar", "zoom"):
        deployed.cloud.faults(name).forget_requests()
    deployed.forget_tasks()
    deployed.logs.clear()

    assert notify(deployed, notification(deployed)).status_code == 204
    assert deliver(deployed, "sync_calendar") == [TRACE]
    assert deliver(deployed, "reconcile_conference") == [TRACE]

    (patched,) = deployed.cloud.faults("zoom").requests(method="PATCH")
    assert patched.trace == TRACE
    (listed,) = deployed.cloud.faults("calendar").requests(method="GET", path=r"/events\?")
    assert listed.trace == TRACE
    assert {line["trace"] for line in deployed.logs} == {TRACE}


def test_each_call_is_a_span_of_its_own(deployed: Deployment) -> None:
    """Whoever shows the trace tells the calls apart."""
    deployed.forget_tasks()
    for number in range(2):
        notify(deployed, notification(deployed, calendar=f"span{number}@example.com"))
    parents = [task["httpRequest"]["headers"]["traceparent"].split("-") for task in deployed.queued()]
    assert [parent[1] for parent in parents] == [TRACE, TRACE]
    assert parents[0][2] != parents[1][2]
    deployed.forget_tasks()
