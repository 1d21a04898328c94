"""What Zoom sends by itself, signed as Zoom signs it.

https://developers.zoom.us/docs/api/webhooks/#verify-with-zooms-header
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def signed_webhook(event: str, payload: Mapping[str, Any], secret: str, at: datetime) -> tuple[dict[str, str], bytes]:
    """Headers and body of a webhook that is sent at that time."""
    stamp = str(int(at.timestamp()))
    told = {"event": event, "event_ts": int(at.timestamp() * 1000), "payload": payload}
    body = json.dumps(told, separators=(",", ":")).encode()
    signature = hmac.new(secret.encode(), b"v0:%s:%s" % (stamp.encode(), body), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "x-zm-request-timestamp": stamp,
        "x-zm-signature": f"v0={signature}",
    }
    return headers, body
