"""A conference that is taken off its event before any sync has seen it there goes all the same, and at once."""

import base64
import json
from typing import Any

import pytest

from tests.functions.test_events import BY_HAND, ZOOM, Client, api

__all__ = ["api"]


def reconcile(api: Client) -> None:
    """What the queue would call."""
    for task in api.deployed.queued():
        request = task["httpRequest"]
        if request["url"] == api.deployed.project.functions["reconcile_conference"].url:
            assert (
                api.deployed.post("reconcile_conference", json.loads(base64.b64decode(request["body"]))).status_code
                < 300
            )


@pytest.mark.parametrize(
    ("wish", "left"),
    [
        (None, 0),
        (BY_HAND, 0),
        ({"autocreate": {"solution": "jitsi"}}, 0),
        ({"autocreate": {"solution": "zoom-recorded"}}, 1),
    ],
    ids=["null", "by hand", "another vendor", "another solution"],
)
def test_a_meeting_goes_with_its_place_on_the_event(api: Client, wish: Any, left: int) -> None:
    summary = f"Only for a moment: {wish}"
    event = api.create(ZOOM, summary=summary)
    api.patch(event["id"], {"conferencing": wish})
    reconcile(api)
    assert len([each for each in api.deployed.cloud.zoom.meetings() if each["topic"] == summary]) == left
