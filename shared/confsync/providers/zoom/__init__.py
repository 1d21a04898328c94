"""Zoom meetings, made by a server-to-server OAuth app of the organisation's Zoom account.

https://developers.zoom.us/docs/api/meetings/ and https://developers.zoom.us/docs/internal-apps/s2s-oauth/
The app needs the scopes in `settings.py`. The secret is a JSON object with account_id, client_id and client_secret.
"""

from confsync.providers.zoom.login import LOGIN
from confsync.providers.zoom.provider import VENDOR, Zoom
from confsync.providers.zoom.webhooks import parse_webhook

__all__ = ["LOGIN", "VENDOR", "Zoom", "parse_webhook"]
