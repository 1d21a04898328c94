"""Receive Calendar's push notifications."""

from flask import Request

from confsync import bootstrap
from confsync.web.endpoint import Answer, serve


def handle(request: Request) -> Answer:
    """The deployed entry point."""
    return serve(bootstrap.calendar_notifications, request, json_body=False)
