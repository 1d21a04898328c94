"""Which adapters stand behind the ports, and one door per function: the only place that chooses.

Imports are inside the builders, so that the notification function loads neither Firestore nor the Calendar client.
Everything is built once per process, when it is first needed, whichever request comes first.
"""

from confsync.bootstrap.adapters import Adapters
from confsync.bootstrap.handlers import Process
from confsync.web.endpoint import Handler

__all__ = [
    "Adapters",
    "Process",
    "calendar_notifications",
    "connect",
    "create_conference",
    "events",
    "join",
    "process",
    "reconcile_conference",
    "renew_channels",
    "sync_calendar",
]

process = Process()


def calendar_notifications() -> Handler:
    """The handler of Calendar's push notifications. Raises `NotConfigured`, like all of these."""
    return process.calendar_notifications


def create_conference() -> Handler:
    """The handler of the add-on's requests."""
    return process.create_conference


def sync_calendar() -> Handler:
    """The handler of sync tasks."""
    return process.sync_calendar


def reconcile_conference() -> Handler:
    """The handler of reconcile tasks."""
    return process.reconcile_conference


def renew_channels() -> Handler:
    """The handler of the scheduled sweep."""
    return process.renew_channels


def join() -> Handler:
    """The handler of people who join a meeting."""
    return process.join


def connect() -> Handler:
    """The handler of people who connect their own accounts."""
    return process.connect


def events() -> Handler:
    """The handler of applications: the HTTP API."""
    return process.events
