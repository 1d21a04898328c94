"""Calendar's notifications: headers in, one use case, an empty answer."""

import pytest

from confsync.domain.errors import BadRequest, Forbidden, Temporary
from confsync.usecases.receive_notification import Notification
from confsync.web.endpoint import serve
from confsync.web.notifications import notifications, parse
from tests.unit.http import call, request, told

HEADERS = {
    "X-Goog-Channel-ID": "channel-1",
    "X-Goog-Channel-Token": "v1.key.mac",
    "X-Goog-Resource-State": "exists",
    "X-Goog-Resource-ID": "r",
    "X-Goog-Message-Number": "10",
}


@pytest.mark.parametrize("state", ["sync", "exists", "not_exists"])
def test_a_notification_is_its_headers(state: str) -> None:
    headers = {name.lower(): value for name, value in HEADERS.items()} | {"x-goog-resource-state": state}
    assert parse(call(headers=headers)) == Notification(
        channel_id="channel-1", channel_token="v1.key.mac", resource_state=state
    )


@pytest.mark.parametrize("name", ["X-Goog-Channel-ID", "X-Goog-Channel-Token", "X-Goog-Resource-State"])
@pytest.mark.parametrize("value", [None, "", "x" * 257])
def test_a_header_that_is_missing_or_too_long_is_named(name: str, value: str | None) -> None:
    headers = {key: each for key, each in HEADERS.items() if key != name}
    with pytest.raises(BadRequest) as refused:
        parse(call(headers=headers | ({name: value} if value is not None else {})))
    assert refused.value.field == name


def test_the_longest_token_that_google_carries_is_read() -> None:
    assert parse(call(headers=HEADERS | {"X-Goog-Channel-Token": "x" * 256})).channel_token == "x" * 256


def test_a_state_that_calendar_does_not_send_is_refused() -> None:
    with pytest.raises(BadRequest):
        parse(call(headers=HEADERS | {"X-Goog-Resource-State": "update"}))


def test_accepted_is_204_without_a_body() -> None:
    received: list[Notification] = []
    handler = notifications(received.append)
    assert serve(lambda: handler, request(b"", content_type=None, headers=HEADERS), json_body=False) == ("", 204, {})
    assert len(received) == 1


@pytest.mark.parametrize(
    ("error", "status"), [(Forbidden("not ours"), 403), (Temporary("the queue is full"), 503), (RuntimeError("?"), 500)]
)
def test_google_is_told_to_try_again_only_when_that_helps(error: Exception, status: int) -> None:
    def refuse(notification: Notification) -> None:
        raise error

    answered = serve(lambda: notifications(refuse), request(b"", headers=HEADERS), json_body=False)
    assert answered[1] == status
    assert told(answered)["error"]
