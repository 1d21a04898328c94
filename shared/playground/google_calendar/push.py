"""Watch channels, and the notifications that go out on them.

https://developers.google.com/workspace/calendar/api/guides/push
"""

import hashlib
import random
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

import requests

from playground.google_api.errors import ApiError, invalid, required
from playground.google_calendar.background import Background
from playground.google_calendar.settings import Settings
from playground.google_calendar.store import Calendar

Json = dict[str, Any]
Mishap = Literal["drop", "double", "delay", "reorder"]

REPEATED_ON = frozenset({500, 502, 503, 504})
USER_AGENT = "APIs-Google; (+https://developers.google.com/webmasters/APIs-Google.html)"
_ID_LIMIT, _TOKEN_LIMIT, _DEFAULT_TTL, _TIMEOUT = 64, 256, 604_800, 30
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(kw_only=True)
class Channel:
    """One channel, and what is still to be sent on it, in order."""

    id: str
    user: str
    calendar_id: str
    address: str
    token: str | None
    expiration: int
    resource_id: str
    resource_uri: str
    event_types: tuple[str, ...]
    stopped: bool = False
    number: int = 0
    delivered: int = 0
    waiting: "deque[Message]" = field(default_factory=deque)
    busy: bool = False

    @property
    def live(self) -> bool:
        """True while changes are notified on it."""
        return not self.stopped and self.expiration > time.time() * 1000

    def granted(self) -> Json:
        """The answer to the watch request."""
        answer = {"kind": "api#channel", "id": self.id, "resourceId": self.resource_id}
        answer |= {"resourceUri": self.resource_uri, "expiration": str(self.expiration)}
        return answer | ({"token": self.token} if self.token else {})

    def headers(self, message: "Message") -> dict[str, str]:
        """What a notification says; it has no body."""
        headers = {
            "X-Goog-Channel-ID": self.id,
            "X-Goog-Channel-Expiration": formatdate(self.expiration / 1000, usegmt=True),
            "X-Goog-Message-Number": str(message.number),
            "X-Goog-Resource-ID": self.resource_id,
            "X-Goog-Resource-State": message.state,
            "X-Goog-Resource-URI": self.resource_uri,
            "User-Agent": USER_AGENT,
        }
        return headers | ({"X-Goog-Channel-Token": self.token} if self.token else {})


@dataclass(kw_only=True)
class Message:
    """One notification and how often it was tried."""

    number: int
    state: Literal["sync", "exists"]
    attempts: int = 0
    done: threading.Event = field(default_factory=threading.Event)


class Push:
    """All channels of the project. Sending happens on background threads, in order within a channel."""

    def __init__(self, settings: Settings, background: Background) -> None:
        self.channels: dict[str, Channel] = {}
        self.outcomes: Counter[str] = Counter()
        self._settings = settings
        self._background = background
        self._lock = threading.RLock()
        self._paused = False
        self._mishaps: deque[tuple[Mishap, float]] = deque()
        self._held: tuple[Channel, Message] | None = None
        self._gaps = random.Random(0)

    def open(self, user: str, calendar: Calendar, body: Json, uri: str, event_types: tuple[str, ...]) -> Channel:
        """A new channel, whose `sync` message is on its way. Raises 400 as Calendar does."""
        self._check(calendar, user, body)
        channel = Channel(
            id=body["id"],
            user=user,
            calendar_id=calendar.id,
            address=body["address"],
            token=body.get("token"),
            expiration=self._expiration(body),
            resource_id=hashlib.sha256(f"events {calendar.id}".encode()).hexdigest()[:27],
            resource_uri=uri,
            event_types=event_types,
        )
        with self._lock:
            if channel.id in self.channels:
                raise ApiError(400, "channelIdNotUnique", f"Channel id {channel.id} not unique")
            self.channels[channel.id] = channel
        return channel

    def greet(self, channel: Channel) -> None:
        """Send the `sync` message, and wait a little: it usually arrives before the watch response."""
        if self._is_dead(channel):
            return
        channel.number = 1
        message = Message(number=1, state="sync")
        self._enqueue(channel, message)
        if not self._paused:
            message.done.wait(timeout=1)

    def stop(self, user: str, channel_id: str, resource_id: str) -> None:
        """End a channel; what waits on it still goes out. Raises 404 unless it is this user's."""
        channel = self.channels.get(channel_id)
        if channel is None or not channel.live or (channel.user, channel.resource_id) != (user, resource_id):
            raise ApiError(404, "notFound", f"Channel '{channel_id}' not found for project 'playground'")
        channel.stopped = True

    def notify(self, calendar: Calendar, resource: Json) -> None:
        """Tell every live channel of the calendar that something changed."""
        with self._lock:
            for channel in self.channels.values():
                if channel.calendar_id == calendar.id and channel.live and self._tells(channel, resource):
                    channel.number += self._gaps.randint(1, 4)
                    self._send(channel, Message(number=channel.number, state="exists"))

    def plan_mishaps(self, kind: Mishap, count: int, seconds: float) -> None:
        """Have something go wrong with the next `count` change notifications. `delay` takes `seconds`."""
        if kind not in get_args(Mishap):
            raise invalid(f"Unknown mishap: {kind}")
        with self._lock:
            self._mishaps.extend([(kind, seconds)] * count)

    def pause(self) -> None:
        """Hold all notifications back."""
        self._paused = True

    def resume(self) -> None:
        """Send what was held back, then go on as usual."""
        self._paused = False
        for channel in list(self.channels.values()):
            self._background.after(0, lambda channel=channel: self._drain(channel))  # type: ignore[misc]

    def _check(self, calendar: Calendar, user: str, body: Json) -> None:
        for name in ("id", "type", "address"):
            if not body.get(name):
                raise required(f"Missing channel {name}.")
        if body["type"] not in ("web_hook", "webhook"):
            raise invalid("Unknown channel type.")
        if len(body["id"]) > _ID_LIMIT or len(body.get("token", "")) > _TOKEN_LIMIT:
            raise invalid("Channel id or token is too long.")
        address = urlsplit(body["address"])
        # Google wants HTTPS always; everything in the playground is plain HTTP on loopback.
        if address.scheme != "https" and (address.scheme != "http" or address.hostname not in _LOOPBACK):
            text = f"WebHook callback must be HTTPS: {body['address']}"
            raise ApiError(400, "push.webhookUrlNotHttps", text)
        if not calendar.watchable or calendar.role_of(user) == "freeBusyReader":
            text = "Push notifications are not supported by this resource."
            raise ApiError(400, "pushNotSupportedForRequestedResource", text)

    def _expiration(self, body: Json) -> int:
        """Milliseconds: what was asked for or the default, but no longer than Calendar allows. Raises 400."""
        now = int(time.time() * 1000)
        ttl = body.get("params", {}).get("ttl", _DEFAULT_TTL)
        try:
            asked = int(body.get("expiration") or now + int(ttl) * 1000)
        except (TypeError, ValueError):
            raise invalid("Invalid channel expiration.") from None
        if asked <= now:
            raise invalid("Channel expiration is in the past.")
        return min(asked, now + self._settings.channel_max_ttl * 1000)

    def _is_dead(self, channel: Channel) -> bool:
        return bool(channel.event_types) and self._settings.filtered_channels_silent

    def _tells(self, channel: Channel, resource: Json) -> bool:
        """Whether a change of this event is notified on the channel."""
        if self._is_dead(channel):
            return False
        return not channel.event_types or resource.get("eventType", "default") in channel.event_types

    def _send(self, channel: Channel, message: Message) -> None:
        kind, seconds = self._mishaps.popleft() if self._mishaps else ("none", 0.0)
        if kind == "drop":
            self.outcomes["dropped"] += 1
        elif kind == "delay":
            self._background.after(seconds, lambda: self._enqueue(channel, message))
        elif kind == "reorder" and self._held is None:
            self._held = (channel, message)
        else:
            self._enqueue(channel, message)
            if kind == "double":
                self._enqueue(channel, Message(number=message.number, state=message.state))
            if self._held:
                held, self._held = self._held, None
                self._enqueue(*held)

    def _enqueue(self, channel: Channel, message: Message) -> None:
        with self._lock:
            channel.waiting.append(message)
            self._background.after(0, lambda: self._drain(channel))

    def _drain(self, channel: Channel) -> None:
        """Send what waits on a channel, unless another thread is at it."""
        while message := self._take(channel):
            if self._deliver(channel, message):
                channel.waiting.appendleft(message)
                pause = self._settings.push_backoff * 2 ** (message.attempts - 1)
                self._background.after(pause, lambda: self._go_on(channel))
                return
            channel.busy = False

    def _take(self, channel: Channel) -> Message | None:
        """The next message, and the channel with it: nobody else sends on it before it is given back."""
        with self._lock:
            if channel.busy or self._paused or not channel.waiting:
                return None
            channel.busy = True
            return channel.waiting.popleft()

    def _go_on(self, channel: Channel) -> None:
        channel.busy = False
        self._drain(channel)

    def _deliver(self, channel: Channel, message: Message) -> bool:
        """POST once. True if it must be tried again, which only some server errors deserve."""
        message.attempts += 1
        status = _post(channel.address, channel.headers(message))
        message.done.set()
        repeat = status in REPEATED_ON and message.attempts < self._settings.push_attempts
        with self._lock:
            channel.delivered += status in (102, 200, 201, 202, 204)
            self.outcomes[f"{message.state} {status}"] += 1
        return repeat


def _post(address: str, headers: dict[str, str]) -> int:
    """The status; 503 when nobody answers, as a load balancer in front of a function would say."""
    try:
        return requests.post(address, headers=headers, timeout=_TIMEOUT, allow_redirects=False).status_code
    except requests.RequestException:
        return 503
