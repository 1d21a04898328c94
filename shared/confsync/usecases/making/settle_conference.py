"""Have a conference made while somebody waits."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from confsync.domain.conference import Conference
from confsync.domain.errors import Busy, ConfsyncError, Temporary
from confsync.ports import Clock
from confsync.usecases.reconcile_conference import ReconcileConference

PATIENCE = timedelta(seconds=25)
"""People wait, and the add-on's own limit is 30 s. https://developers.google.com/apps-script/guides/services/quotas"""

MOMENT = timedelta(seconds=0.25)


@dataclass(frozen=True, kw_only=True)
class SettleConference:
    """Reconcile until the meeting can be joined."""

    clock: Clock
    reconcile: ReconcileConference
    provider_deadline: timedelta

    def deadline(self) -> datetime:
        """Until when something may be begun that is over in time."""
        return self.clock.now() + PATIENCE - self.provider_deadline

    def __call__(self, conference_id: str, deadline: datetime) -> Conference:
        """The conference, with details. Raises the reason when it can't be made, or takes too long."""
        error: ConfsyncError | None = None
        while True:
            pause = MOMENT
            try:
                outcome = self.reconcile(conference_id)
            except Busy as busy:
                error = error or Temporary(str(busy), service="confsync")
            else:
                conference = outcome.conference
                if conference is not None and conference.applied.details is not None and conference.wanted:
                    return conference
                error = outcome.error or error
                if conference is not None:
                    pause = self._pause(conference, error, deadline)
            if self.clock.now() >= deadline:
                raise error or Temporary(f"conference {conference_id} takes too long", service="confsync")
            self.clock.sleep(pause / timedelta(seconds=1))

    def _pause(self, conference: Conference, error: ConfsyncError | None, deadline: datetime) -> timedelta:
        """How long until it is worth another try. Raises the reason if that is too long, or never."""
        now, retry_at = self.clock.now(), conference.retry_at
        if retry_at is None or retry_at <= now:
            if error is not None:
                raise error
            return MOMENT
        if retry_at > deadline:
            raise error or Temporary(f"an earlier attempt failed: {conference.last_error}", service="confsync")
        return retry_at - now
