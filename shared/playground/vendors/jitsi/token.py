"""Who may come into a room by a token, and as what."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import jwt
from jwt.types import Options

from playground.vendors.fields import Check, one_of, wrong

FEATURES = (
    *("livestreaming", "recording", "transcription", "sip-inbound-call", "sip-outbound-call", "inbound-call"),
    *("outbound-call", "file-upload", "list-visitors", "send-groupchat", "create-polls"),
)
_SIGNATURE_ONLY: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
_SIGNATURE_ONLY |= {"verify_iss": False, "verify_sub": False, "verify_jti": False}
"""The claims are checked here, by the service's clock."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """How the server and the JaaS application behave.

    Jitsi Meet: `plugin`: tokens are looked at at all (jitsi-meet-tokens is installed); without, the first in a room is
    its moderator. `guests` come in without a token (`allow_empty_token`). With `HS256` the key is `app_secret`, with
    `RS256` the one of the header's `kid` in `public_keys` (PEM). `issuers` (none: the `app_id`) and `audiences` are
    taken, "*" is any. `required` claims must be there; the plugin itself does without `exp` and `sub`.

    JaaS: `jaas_app_id`, and `jaas_keys` by their key id, what follows the "AppID/" in `kid`. `jaas_required` are the
    claims that 8x8's page expects. `jaas_guests`: 8x8's pages say that everybody needs a token.

    Nowhere documented, so choose: `moderators`, who moderates at Jitsi Meet: those whose `context.user.moderator` says
    so, or everybody with a token; `booleans`: true and false are as good as "true" and "false", which 8x8's page wants
    (tokens that its console makes were seen with the former).
    """

    domain: str = "meet.example.com"
    plugin: bool = True
    guests: bool = False
    app_id: str = "example_app_id"
    app_secret: str = "example-app-secret-of-at-least-32-bytes"
    algorithm: Literal["HS256", "RS256"] = "HS256"
    public_keys: Mapping[str, str] = field(default_factory=dict)
    issuers: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ("jitsi",)
    required: tuple[str, ...] = ("iss", "aud", "sub", "room", "exp")
    moderators: Literal["claim", "token"] = "claim"
    jaas_app_id: str = "vpaas-magic-cookie-1fc542a3e4414a44b2611668195e2bfe"
    jaas_keys: Mapping[str, str] = field(default_factory=dict)
    jaas_guests: bool = False
    jaas_required: tuple[str, ...] = ("aud", "iss", "sub", "room", "exp", "nbf", "context")
    booleans: bool = False

    def is_jaas(self, tenant: str) -> bool:
        return tenant != "" and tenant == self.jaas_app_id


class Refused(Exception):
    """Who does not come in, and why."""


def verify(account: Account, tenant: str, room: str, token: str, now: float) -> dict[str, Any]:
    """The claims of a token that is good for this room at that time. Raises `Refused`."""
    if account.is_jaas(tenant):
        claims = _signed(token, "RS256", {f"{tenant}/{key_id}": key for key_id, key in account.jaas_keys.items()})
        required, expected = account.jaas_required, {"iss": ["chat"], "aud": ["jitsi"], "sub": [tenant]}
    else:
        claims = _signed(token, account.algorithm, account.public_keys, account.app_secret)
        required, issuers = account.required, [*account.issuers] or [account.app_id]
        expected = {"iss": issuers, "aud": [*account.audiences], "sub": [tenant.lower() or account.domain, "*"]}
    if missing := [name for name in required if name not in claims]:
        raise Refused(f"'{missing[0]}' claim is missing")
    _check_times(claims, now)
    for name, accepted in expected.items():
        anything = "*" in accepted and name != "sub"
        if name in claims and not anything and claims[name] not in accepted:
            raise Refused(f"invalid '{name}' claim")
    context = claims.get("context", {})
    _check_context(context, account)
    if not _is_for(claims.get("room"), context, room):
        raise Refused("Room and token mismatched")
    return claims


def _signed(token: str, algorithm: str, keys: Mapping[str, str], secret: str = "") -> dict[str, Any]:
    """The claims of a token of this algorithm, with the secret or the key of its `kid`."""
    try:
        header = jwt.get_unverified_header(token)
        if header.get("typ") != "JWT":
            raise Refused("Invalid typ")
        if header.get("alg") != algorithm:
            raise Refused("Invalid or incorrect alg")
        key = secret if algorithm == "HS256" else keys.get(header.get("kid", ""))
        if key is None:
            raise Refused("could not obtain public key")
        return jwt.decode(token, key, algorithms=[algorithm], options=_SIGNATURE_ONLY)
    except jwt.PyJWTError as error:
        raise Refused(str(error)) from None


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    """To the second, without leeway."""
    for name in ("exp", "nbf"):
        if name in claims and type(claims[name]) not in {int, float}:
            raise Refused(f"{name} must be number")
    if "exp" in claims and now >= claims["exp"]:
        raise Refused("Not acceptable by exp")
    if now < claims.get("nbf", now):
        raise Refused("Not acceptable by nbf")


def _check_context(context: Any, account: Account) -> None:
    """Anything but text in `user` makes an exception (lib-jitsi-meet's doc/tokens.md)."""
    says: Check = one_of("true", "false", *((True, False) if account.booleans else ()))
    context = context if isinstance(context, dict) else {"user": None}
    user, features = context.get("user", {}), context.get("features", {})
    if not all(isinstance(each, dict) for each in (user, features, context.get("room", {}))):
        raise Refused("context must be an object of objects")
    texts = {name: lambda value: isinstance(value, str) for name in ("id", "name", "email", "avatar")}
    found = [*wrong(user, {**texts, "moderator": says}, "user."), *wrong(features, dict.fromkeys(features, says))]
    if found:
        raise Refused(f"context has a wrong {found[0]}")


def _is_for(claimed: Any, context: Mapping[str, Any], room: str) -> bool:
    """Rooms are written small. `context.room.regex` is JaaS's."""
    if not isinstance(claimed, str):
        return False
    if context.get("room", {}).get("regex") is True:
        try:
            return re.fullmatch(claimed, room, re.IGNORECASE) is not None
        except re.error:
            return False
    return claimed == "*" or claimed.lower() == room.lower()


def is_moderator(account: Account, tenant: str, claims: Mapping[str, Any]) -> bool:
    """Whether somebody with these claims moderates."""
    if not account.is_jaas(tenant) and account.moderators == "token":
        return True
    return claims.get("context", {}).get("user", {}).get("moderator") in {"true", True}


def granted_features(claims: Mapping[str, Any]) -> list[str]:
    """What a moderator may do besides; other features than these there are none."""
    features = claims.get("context", {}).get("features", {})
    return [name for name in FEATURES if features.get(name) in {"true", True}]
