"""Everything that a Calendar in memory consists of, put together."""

from playground.google_api.callers import Whois
from playground.google_calendar.access import Quota
from playground.google_calendar.background import Background
from playground.google_calendar.events import Events
from playground.google_calendar.listing import Listing
from playground.google_calendar.push import Push
from playground.google_calendar.settings import Settings
from playground.google_calendar.store import Store


class CalendarService:
    """One simulated Google Calendar. `stop` ends its threads."""

    def __init__(self, accounts: Whois, settings: Settings | None = None) -> None:
        self.accounts = accounts
        self.settings = settings or Settings()
        self.store = Store()
        self.quota = Quota(self.settings)
        self.listing = Listing(self.store, self.settings)
        self._background = Background()
        self.events = Events(self.store, self.settings, self._background)
        self.push = Push(self.settings, self._background)
        self.store.on_change = self.push.notify

    def stop(self) -> None:
        """End the background threads; what was not sent yet is lost."""
        self._background.stop()
