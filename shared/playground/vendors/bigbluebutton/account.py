"""How the server behaves, and what it takes in a call."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote_plus

from playground.vendors.fields import Check, matching, text

ALGORITHMS = {40: "sha1", 64: "sha256", 96: "sha384", 128: "sha512"}


@dataclass(frozen=True, kw_only=True)
class Account:
    """How the server behaves. `algorithms` are `supportedChecksumAlgorithms`, all since 2.5.

    `longest_name`: the page says 64 ("Updated in 2.4"), later code takes 256. `unjoined_minutes` and `left_minutes`:
    the server's defaults for meetings that nobody joined, and that all have left.

    `compares`: on what a second `create` of a meeting must agree with the first; the page says "the other parameters",
    the code compares only passwords. `without_passwords`: such a `create` is a duplicate of any (PR #17937, 2023-05),
    or refused since passwords are made up (issue #16690). Nowhere documented, so choose: `end_seconds` until `end` is
    done ("several seconds"), and `ended_seconds` for which an ended meeting is still shown.
    """

    secret: str = "639259d4-9dd8-4b25-bf01-95f9567eaf4b"
    algorithms: tuple[str, ...] = tuple(ALGORITHMS.values())
    longest_name: int = 64
    unjoined_minutes: float = 5
    left_minutes: float = 1
    compares: Literal["passwords", "everything"] = "passwords"
    without_passwords: Literal["duplicate", "refused"] = "duplicate"
    end_seconds: float = 0
    ended_seconds: float = 0
    dial_number: str = "613-555-1234"


class BigBlueButtonError(Exception):
    """An answer of returncode FAILED; `listed`: in the other of the two forms."""

    def __init__(self, key: str, message: str, *, listed: bool = False) -> None:
        super().__init__(message)
        self.key, self.message, self.listed = key, message, listed


def check_checksum(account: Account, call: str, query: str, checksum: str) -> None:
    """The digest of call, query string without the checksum, and secret: "API Security Model"."""
    algorithm = ALGORITHMS.get(len(checksum), "")
    signed = f"{call}{query}{account.secret}".encode()
    if algorithm not in account.algorithms or hashlib.new(algorithm, signed).hexdigest() != checksum.lower():
        raise BigBlueButtonError("checksumError", "Checksums do not match")


def query_of(form: Mapping[str, str]) -> str:
    """The query string of a form without one, as Java's URLEncoder writes it (`buildQueryStringFromParamsMap`)."""
    parts = (f"{name}={quote_plus(form[name], safe='*').replace('~', '%7E')}" for name in sorted(form))
    return "&".join(part for part in parts if not part.startswith("checksum="))


_BOOLEAN = (matching("true|false"), "validationError", "must be a boolean value (true or false)")
_NUMBER = (matching("[0-9]+"), "validationError", "must be an integral value")
"""A Number "must only contain the digits" ("API Data Types"); what comes of other text is nowhere documented."""
_PASSWORD = (text(64, shortest=2), "invalidPassword", "must be between 2 and 64 characters in length")
CREATE: Mapping[str, tuple[Check, str, str]] = {
    **dict.fromkeys(("attendeePW", "moderatorPW"), _PASSWORD),
    **dict.fromkeys(("voiceBridge", "duration", "maxParticipants"), _NUMBER),
    **dict.fromkeys(("meetingExpireIfNoUserJoinedInMinutes", "meetingExpireWhenLastUserLeftInMinutes"), _NUMBER),
    "record": _BOOLEAN,
}
JOIN: Mapping[str, tuple[Check, str, str]] = {
    "fullName": (text(255), "fullNameTooLong", "must be at most 255 characters"),
    "guest": _BOOLEAN,
    "createTime": _NUMBER,
}


def check_meeting_id(given: Mapping[str, str]) -> str:
    """The call's meetingID: 2 to 256 characters, no comma."""
    meeting_id = given.get("meetingID", "")
    if not meeting_id:
        raise BigBlueButtonError("missingParamMeetingID", "You must provide a meeting ID")
    if not text(256, shortest=2)(meeting_id):
        raise BigBlueButtonError("validationError", "Meeting ID must be between 2 and 256 characters")
    if "," in meeting_id:
        raise BigBlueButtonError("validationError", "Meeting ID cannot contain ','")
    return meeting_id


def check_name(name: str, longest: int) -> None:
    if not name:
        raise BigBlueButtonError("validationError", "You must provide a meeting name")
    if not text(longest, shortest=2)(name):
        raise BigBlueButtonError("validationError", f"Meeting name must be between 2 and {longest} characters")


def check_parameters(given: Mapping[str, str], checks: Mapping[str, tuple[Check, str, str]]) -> None:
    """Raise for the first that is not taken; those that the server does not know, it ignores."""
    for name, (check, key, message) in checks.items():
        if name in given and not check(given[name]):
            raise BigBlueButtonError(key, f"{name} {message}")
