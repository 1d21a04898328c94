"""Reconcile one conference with its provider, for Cloud Tasks."""

from flask import Request

from confsync import bootstrap
from confsync.web.endpoint import Answer, serve


def handle(request: Request) -> Answer:
    """The deployed entry point."""
    return serve(bootstrap.reconcile_conference, request)
