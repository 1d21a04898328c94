"""What RingCentral takes in a bridge, and what it makes of it.

Spec: CreateBridgeRequest, UpdateBridgeRequest, BridgeRequestSecurity, BridgePreferences.
"""

import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from playground.vendors.fields import Check, flag, matching, one_of, text
from playground.vendors.ringcentral.account import Account, invalid

Shape = Mapping[str, "Check | Shape"]

_LOCKABLE: Shape = {"enabled": flag, "locked": flag}
_PREFERENCES: Shape = {
    "join": {
        "audioMuted": flag,
        "videoMuted": flag,
        "waitingRoomRequired": one_of("Nobody", "Everybody", "GuestsOnly", "OtherAccount"),
        "pstn": {"promptAnnouncement": flag, "promptParticipants": flag},
    },
    "playTones": one_of("On", "Off", "ExitOnly", "EnterOnly"),
    "musicOnHold": flag,
    "joinBeforeHost": flag,
    "screenSharing": flag,
    "recordingsMode": one_of("Auto", "ForceAuto", "User"),
    "transcriptionsMode": one_of("Auto", "ForceAuto", "User"),
    "recordings": {"everyoneCanControl": _LOCKABLE, "autoShared": _LOCKABLE},
    "allowEveryoneTranscribeMeetings": flag,
}


def require_valid(body: Mapping[str, Any], account: Account, *, creating: bool) -> dict[str, Any]:
    """The body without what is ignored. Raises error CMN-101, which names the first wrong field."""
    pin = matching(account.pin_pattern)
    pins: Shape = {"web": pin, "pstn": {"host": pin, "participant": pin}} if creating else {"web": pin}
    security: Shape = {
        "password": matching(account.password_pattern),
        **dict.fromkeys(("passwordProtected", "noGuests", "sameAccount", "e2ee"), flag),
    }
    shape: Shape = {
        "name": text(account.longest_name),
        "pins": pins,
        "security": security,
        "preferences": _PREFERENCES,
        **({"type": one_of("Instant", "Scheduled", "PMI")} if creating else {}),
    }
    return _checked(body, shape, strict=account.unknown_fields == "refused")


def _checked(given: Mapping[str, Any], shape: Shape, *, strict: bool, prefix: str = "") -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in given.items():
        rule = shape.get(name)
        if rule is None:
            if strict:
                raise invalid(prefix + name)
        elif isinstance(rule, Mapping):
            if not isinstance(value, Mapping):
                raise invalid(prefix + name)
            kept[name] = _checked(value, rule, strict=strict, prefix=f"{prefix}{name}.")
        elif rule(value):
            kept[name] = value
        else:
            raise invalid(prefix + name)
    return kept


def new_pin() -> str:
    return f"{secrets.randbelow(10**12):012}"


def defaults(kind: str) -> dict[str, Any]:
    """Security and preferences of a bridge that asks for none."""
    pmi = kind == "PMI"
    return {
        "security": {"passwordProtected": pmi, "noGuests": False, "sameAccount": False, "e2ee": False},
        "preferences": {
            "join": {
                "audioMuted": False,
                "videoMuted": False,
                "waitingRoomRequired": "OtherAccount" if pmi else "Nobody",
                "pstn": {"promptAnnouncement": True, "promptParticipants": True},
            },
            "playTones": "Off",
            "musicOnHold": True,
            "joinBeforeHost": not pmi,
            "screenSharing": True,
            "recordingsMode": "User",
            "transcriptionsMode": "User",
            "recordings": {
                "everyoneCanControl": {"enabled": True, "locked": False},
                "autoShared": {"enabled": True, "locked": False},
            },
            "allowEveryoneTranscribeMeetings": True,
        },
    }


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The old values with the new ones, at every depth."""
    both = {
        name: merged(old[name], value) if isinstance(value, Mapping) and isinstance(old.get(name), Mapping) else value
        for name, value in new.items()
    }
    return {**old, **both}


def secured(old: Mapping[str, Any], asked: Mapping[str, Any], account: Account, bridge_id: str) -> dict[str, Any]:
    """A bridge's security after that request: a password alone protects it, `passwordProtected: false` opens it."""
    changes = {"passwordProtected": True, **asked} if "password" in asked else dict(asked)
    changes |= account.locked.get("security", {})
    given = changes.pop("password", None)
    security = {**old, **changes}
    if not security["passwordProtected"]:
        security.pop("password", None)
    elif given is not None or "password" not in old:
        if given is None and asked.get("passwordProtected") and not account.generates_password:
            raise invalid("security.password")
        security["password"] = _password(given or secrets.token_hex(5), bridge_id)
    return security


def _password(plain: str, bridge_id: str) -> dict[str, str]:
    digest = sha256(f"{bridge_id} {plain}".encode()).hexdigest()
    return {"plainText": plain, "pstn": f"{int(digest, 16) % 10**10:010}", "joinQuery": digest[:32]}


def shown(bridge: Mapping[str, Any], *, trusted: bool) -> dict[str, Any]:
    """The bridge as it is answered: its password only to the owner, delegates and super admins (BridgeDiscovery)."""
    security = dict(bridge["security"])
    link = f"https://v.ringcentral.com/join/{bridge['pins']['web']}"
    if not trusted:
        security.pop("password", None)
    elif "password" in security:
        link += f"?pw={security['password']['joinQuery']}"
    return {**bridge, "security": security, "discovery": {"web": link}}
