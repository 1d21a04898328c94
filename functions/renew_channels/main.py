"""Renew watch channels and sweep what is due, for Cloud Scheduler."""

from flask import Request

from confsync import bootstrap
from confsync.web.endpoint import Answer, serve


def handle(request: Request) -> Answer:
    """The deployed entry point."""
    return serve(bootstrap.renew_channels, request, json_body=False)
