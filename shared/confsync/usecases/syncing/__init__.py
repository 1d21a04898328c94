"""The parts of `sync_calendar`: reading a calendar, applying its events, and what becomes of one that can't be read."""
