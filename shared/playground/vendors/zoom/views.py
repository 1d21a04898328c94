"""What a new meeting is, and how meetings and users are told."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from playground.vendors.zoom.account import Account
from playground.vendors.zoom.rules import utc_text

LISTED_AGENDA = 250


def made(host: str, body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """A meeting before what was asked for is applied to it."""
    number = 10_000_000_000 + secrets.randbelow(90_000_000_000)
    digits = str(100_000 + secrets.randbelow(900_000))
    return {
        "uuid": secrets.token_urlsafe(16),
        "id": number,
        "host_id": _host_id(host),
        "host_email": host,
        "topic": "Zoom Meeting",
        "type": 2,
        "status": "waiting",
        "timezone": "UTC",
        "duration": 60,
        "agenda": "",
        "created_at": utc_text(now),
        "start_url": f"https://zoom.us/s/{number}?zak={secrets.token_urlsafe(64)}",
        "password": secrets.token_hex(3) if body.get("default_password", True) else "",
        "pstn_password": digits,
        "h323_password": digits,
        "dynamic_host_key": str(10**9 + secrets.randbelow(9 * 10**9)),
        "chat_join_url": f"https://us02web.zoom.us/launch/jc/{number}",
        "pre_schedule": False,
        "creation_source": "open_api",
        "settings": {},
    }


def relinked(meeting: dict[str, Any]) -> None:
    """Give it the links that follow from its number, passcode and settings."""
    settings = meeting["settings"]
    for name in ("pmi", "registration_url"):
        meeting.pop(name, None)
    number = str(meeting["id"])
    if settings["use_pmi"] and meeting["type"] in (2, 3):
        number = meeting["pmi"] = _digits("pmi", meeting["host_email"])
    hashed = sha256(f"{meeting['id']} {meeting['password']}".encode()).hexdigest()[:32]
    passcode = f"?pwd={hashed}.1" if meeting["password"] else ""
    meeting |= {"join_url": f"https://us02web.zoom.us/j/{number}{passcode}", "encrypted_password": hashed}
    if settings["approval_type"] != 2:
        meeting["registration_url"] = f"https://us02web.zoom.us/meeting/register/{hashed[:22]}"


def listed(meeting: Mapping[str, Any]) -> dict[str, Any]:
    """As it is in a list of meetings."""
    names = ("uuid", "id", "host_id", "topic", "type", "start_time", "duration", "timezone", "created_at", "join_url")
    told = {name: meeting[name] for name in names if name in meeting}
    return {**told, "agenda": meeting["agenda"][:LISTED_AGENDA]} if meeting["agenda"] else told


def user(email: str, account: Account) -> dict[str, Any]:
    """ "Get a user" in https://developers.zoom.us/docs/api/users/, as far as it matters to meetings."""
    return {
        "id": _host_id(email),
        "email": email,
        "display_name": email.partition("@")[0],
        "type": 1 if email in account.unlicensed else 2,
        "status": "active",
        "account_id": account.account_id,
        "pmi": int(_digits("pmi", email)),
        "host_key": _digits("host key", email),
        "timezone": "UTC",
        "verified": 1,
    }


def _host_id(email: str) -> str:
    return sha256(email.encode()).hexdigest()[:22]


def _digits(kind: str, email: str) -> str:
    return str(10**9 + int(sha256(f"{kind} {email}".encode()).hexdigest(), 16) % (9 * 10**9))
