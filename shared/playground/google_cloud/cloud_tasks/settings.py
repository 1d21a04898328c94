"""A queue's settings: how fast, how many at once, how often again.

https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues
"""

from __future__ import annotations

from dataclasses import dataclass

from playground.google_cloud.api import Body, check_fields, format_duration, invalid, parse_duration
from playground.google_cloud.delivery import backoff

_QUEUE_FIELDS = {"name", "rateLimits", "retryConfig", "state", "purgeTime"}
_RATE_FIELDS = {"maxDispatchesPerSecond", "maxBurstSize", "maxConcurrentDispatches"}
_RETRY_FIELDS = {"maxAttempts", "maxRetryDuration", "minBackoff", "maxBackoff", "maxDoublings"}


@dataclass(frozen=True, kw_only=True)
class QueueSettings:
    """The defaults are those of `gcloud tasks queues create`. Times are seconds; -1 attempts are unlimited ones."""

    max_dispatches_per_second: float = 500
    max_concurrent_dispatches: int = 1000
    max_attempts: int = 100
    max_retry_duration: float = 0
    min_backoff: float = 0.1
    max_backoff: float = 3600
    max_doublings: int = 16

    @classmethod
    def parse(cls, queue: Body) -> QueueSettings:
        """Read a Queue resource; raise GoogleError for unknown fields and values that Google refuses."""
        check_fields(queue, _QUEUE_FIELDS, "queue")
        rate, retry = queue.get("rateLimits", {}), queue.get("retryConfig", {})
        check_fields(rate, _RATE_FIELDS, "queue.rate_limits")
        check_fields(retry, _RETRY_FIELDS, "queue.retry_config")
        settings = cls(
            max_dispatches_per_second=float(rate.get("maxDispatchesPerSecond", cls.max_dispatches_per_second)),
            max_concurrent_dispatches=int(rate.get("maxConcurrentDispatches", cls.max_concurrent_dispatches)),
            max_attempts=int(retry.get("maxAttempts", cls.max_attempts)),
            max_retry_duration=_seconds(retry, "maxRetryDuration", cls.max_retry_duration),
            min_backoff=_seconds(retry, "minBackoff", cls.min_backoff),
            max_backoff=_seconds(retry, "maxBackoff", cls.max_backoff),
            max_doublings=int(retry.get("maxDoublings", cls.max_doublings)),
        )
        settings._check()
        return settings

    def _check(self) -> None:
        if not 0 < self.max_dispatches_per_second <= 500:
            raise invalid("Queue.rateLimits.maxDispatchesPerSecond must be greater than 0 and at most 500.")
        if not 0 < self.max_concurrent_dispatches <= 5000:
            raise invalid("Queue.rateLimits.maxConcurrentDispatches must be between 1 and 5000.")
        if self.max_attempts == 0 or self.max_attempts < -1:
            raise invalid("Queue.retryConfig.maxAttempts must be -1 or positive.")
        if self.min_backoff > self.max_backoff:
            raise invalid("Queue.retryConfig.minBackoff must not be greater than maxBackoff.")

    def to_json(self) -> Body:
        return {
            "rateLimits": {
                "maxDispatchesPerSecond": self.max_dispatches_per_second,
                "maxBurstSize": max(1, int(self.max_dispatches_per_second)),
                "maxConcurrentDispatches": self.max_concurrent_dispatches,
            },
            "retryConfig": {
                "maxAttempts": self.max_attempts,
                "maxRetryDuration": format_duration(self.max_retry_duration),
                "minBackoff": format_duration(self.min_backoff),
                "maxBackoff": format_duration(self.max_backoff),
                "maxDoublings": self.max_doublings,
            },
        }

    def delay(self, attempts: int) -> float:
        """Return the seconds from the `attempts`-th failure to the next attempt."""
        return backoff(attempts, minimum=self.min_backoff, maximum=self.max_backoff, doublings=self.max_doublings)

    def exhausted(self, attempts: int, age: float) -> bool:
        """Tell whether a task that failed so often, for so many seconds, is given up: both limits must be reached."""
        return self.max_attempts != -1 and attempts >= self.max_attempts and age >= self.max_retry_duration


def _seconds(message: Body, field: str, default: float) -> float:
    return parse_duration(message[field], field) if field in message else default
