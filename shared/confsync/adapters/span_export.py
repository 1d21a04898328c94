"""Spans on their way to whoever speaks OTLP (`otlp`): Cloud Trace, or a collector of yours.

Nobody waits for it. What ends is kept, and sent some seconds later by a thread of its own; OpenTelemetry's packages are
loaded there, long after the first answer. Between requests an instance has next to no CPU, so the rest may go with the
next request, or when the instance ends.
"""

from __future__ import annotations

import atexit
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence

from confsync.tracing import Span

DELAY = 5.0
"""Seconds from a span's end until it is sent, with those that ended meanwhile."""
KEPT = 4096
"""Spans. Where a collector does not answer, the oldest go."""

_log = logging.getLogger(__name__)  # structlog would have to be set up first, which the notification function leaves

Send = Callable[[Sequence[Span]], None]


class SpanExport:
    """Call it with each span: it neither waits nor raises. `open_exporter` gives what sends them; it may be slow."""

    def __init__(self, open_exporter: Callable[[], Send], *, delay: float = DELAY) -> None:
        self._open = open_exporter
        self._delay = delay
        self._send: Send | None = None
        self._ended: deque[Span] = deque(maxlen=KEPT)
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        atexit.register(self.flush)  # Cloud Run gives 10 s from SIGTERM on

    def __call__(self, span: Span) -> None:
        with self._lock:
            self._ended.append(span)
            if self._timer is None:
                self._timer = threading.Timer(self._delay, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Send what there is, now. What can't be sent is gone."""
        with self._sending:
            with self._lock:
                spans, self._timer = list(self._ended), None
                self._ended.clear()
            if not spans:
                return
            try:
                self._send = self._send or self._open()
                self._send(spans)
            except Exception as error:  # noqa: BLE001 - whatever it is, the requests go on
                _log.warning("%s spans not sent: %s", len(spans), error)
