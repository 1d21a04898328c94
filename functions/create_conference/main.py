"""Make a conference for an event, for Calendar's add-on."""

from flask import Request

from confsync import bootstrap
from confsync.web.endpoint import Answer, serve


def handle(request: Request) -> Answer:
    """The deployed entry point."""
    return serve(bootstrap.create_conference, request)
