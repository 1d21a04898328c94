"""Small things that we give a browser to keep, and believe when they come back: cookies, states, statements."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from confsync.domain.signing import is_signed, mac


@dataclass(frozen=True, kw_only=True)
class Seals:
    """Signs values for a purpose and a time. Whoever has one can read it, and change nothing."""

    keys: Sequence[bytes]
    now: Callable[[], datetime]

    def seal(self, purpose: str, value: Any, *, lasts: timedelta) -> str:
        """The value (as JSON has them), when it ends, and what proves both; safe in cookies and addresses."""
        ends = int((self.now() + lasts).timestamp())
        text = _encoded([value, ends])
        return f"{text}.{mac(self.keys, purpose, text, digits=DIGITS)}"

    def open(self, purpose: str, text: str | None) -> Any:
        """The value; None if it was not made here for this, or is over."""
        told, _, signature = (text or "").partition(".")
        if not is_signed(self.keys, signature, purpose, told, digits=DIGITS):
            return None
        value, ends = _decoded(told)
        return value if ends > self.now().timestamp() else None


def address_for(url: str, email: str, seals: Seals) -> str:
    """The address of a page of ours, for that person: it tells whom it is for, and lets nobody in."""
    return f"{url}?{urlencode({'who': seals.seal(WHO, email.lower(), lasts=ASKED)})}"


WHO = "who"
"""Purpose of a statement for whom a link is."""
ASKED = timedelta(minutes=30)
"""So long a link knows whom it is for; after that people say so themselves."""
DIGITS = 43
"""Of a mac, in hex: 172 bits."""


def _encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def _decoded(text: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
