"""Sync one calendar, for Cloud Tasks."""

from flask import Request

from confsync import bootstrap
from confsync.web.endpoint import Answer, serve


def handle(request: Request) -> Answer:
    """The deployed entry point."""
    return serve(bootstrap.sync_calendar, request)
