"""Calendar's push notifications: headers only, no body.

https://developers.google.com/workspace/calendar/api/guides/push#receive-notifications
"""

from collections.abc import Callable

from confsync.domain.errors import BadRequest
from confsync.usecases.receive_notification import Notification
from confsync.web.endpoint import Answer, Call, Handler, answer

STATES = frozenset({"sync", "exists", "not_exists"})
MAX_HEADER = 256


def notifications(receive: Callable[[Notification], None]) -> Handler:
    """204 once the work is queued. Google retries 503 only, which is what a refusing queue becomes."""

    def handle(call: Call) -> Answer:
        receive(parse(call))
        return answer(None, status=204)

    return handle


def parse(call: Call) -> Notification:
    """The notification in the headers. Raises `BadRequest`, which names the header."""
    state = _header(call, "X-Goog-Resource-State")
    if state not in STATES:
        raise BadRequest("X-Goog-Resource-State is none that Calendar sends", field="X-Goog-Resource-State")
    return Notification(
        channel_id=_header(call, "X-Goog-Channel-ID"),
        channel_token=_header(call, "X-Goog-Channel-Token"),
        resource_state=state,
    )


def _header(call: Call, name: str) -> str:
    value = call.headers.get(name, "")
    if not 0 < len(value) <= MAX_HEADER:
        raise BadRequest(f"the header {name} is missing or longer than {MAX_HEADER} characters", field=name)
    return value
