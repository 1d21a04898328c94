"""Third-party conferences in Google Calendar, created and kept true to their events."""
