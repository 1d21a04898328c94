"""Webex Meetings: of an organisation's service app or integration, or of people's own accounts.

https://developer.webex.com/docs/api/v1/meetings
The marker is one of the meeting's `integrationTags`, which only our own application sees. Webex mails people about a
meeting unless each create, change and deletion says otherwise. The secret is a JSON object with client_id,
client_secret and refresh_token.
"""

from confsync.providers.webex.login import LOGIN
from confsync.providers.webex.provider import VENDOR, Webex

__all__ = ["LOGIN", "VENDOR", "Webex"]
