"""Secret Manager v1: secrets with numbered versions.

https://cloud.google.com/secret-manager/docs/reference/rest
"""

from __future__ import annotations

import base64
import binascii
import re
import threading
import time
from dataclasses import dataclass, field

from flask import request

from playground.accounts import Accounts
from playground.google_cloud.api import Body, GoogleError, check_fields, format_time, google_api, invalid, json_body
from playground.google_cloud.api import not_found as google_not_found

MAX_PAYLOAD = 65_536  # bytes; https://cloud.google.com/secret-manager/quotas
_SECRETS = "/v1/projects/<project>/secrets"
_SECRET = f"{_SECRETS}/<secret>"
_VERSION = f"{_SECRET}/versions/<version>"
_SECRET_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_ACTIONS = {"enable": "ENABLED", "disable": "DISABLED", "destroy": "DESTROYED"}


@dataclass(kw_only=True)
class _Version:
    payload: bytes
    state: str = "ENABLED"
    created: float = field(default_factory=time.time)


class SecretManager:
    """All secrets of all projects; `app` is the API, `put` its short form for a script."""

    def __init__(self, accounts: Accounts) -> None:
        self._lock = threading.Lock()
        self._secrets: dict[str, list[_Version]] = {}
        self.app = google_api("secret-manager", accounts)
        for rule, method, view in (
            (_SECRETS, "POST", self._create),
            (_SECRET, "GET", self._get),
            (f"{_SECRET}:addVersion", "POST", self._add_version),
            (_VERSION, "GET", self._get_version),
            (f"{_VERSION}:access", "GET", self._access),
            (f"{_VERSION}:<action>", "POST", self._set_state),
        ):
            self.app.add_url_rule(rule, f"{method} {rule}", view, methods=[method])

    def put(self, project: str, secret: str, payload: bytes) -> str:
        """Add a version, of a new secret if need be, and return its full name."""
        with self._lock:
            versions = self._secrets.setdefault(f"projects/{project}/secrets/{secret}", [])
            versions.append(_Version(payload=payload))
            return f"projects/{project}/secrets/{secret}/versions/{len(versions)}"

    def _create(self, project: str) -> Body:
        secret = request.args.get("secretId", "")
        if not _SECRET_ID.fullmatch(secret):
            raise invalid(f"The provided Secret ID [{secret}] does not match the expected format [[a-zA-Z_0-9]+]")
        name = f"projects/{project}/secrets/{secret}"
        if not json_body().get("replication"):
            raise invalid("Secret replication must be specified.")
        with self._lock:
            if name in self._secrets:
                raise GoogleError(409, "ALREADY_EXISTS", f"Secret [{name}] already exists.")
            self._secrets[name] = []
        return _secret(name)

    def _get(self, project: str, secret: str) -> Body:
        name = f"projects/{project}/secrets/{secret}"
        self._versions(name)
        return _secret(name)

    def _add_version(self, project: str, secret: str) -> Body:
        name = f"projects/{project}/secrets/{secret}"
        payload = _payload(json_body({"payload", "parent"}).get("payload") or {})
        with self._lock:
            versions = self._versions(name)
            versions.append(_Version(payload=payload))
            return _version(name, len(versions), versions[-1])

    def _get_version(self, project: str, secret: str, version: str) -> Body:
        return _version(*self._find(project, secret, version))

    def _access(self, project: str, secret: str, version: str) -> Body:
        name, number, found = self._find(project, secret, version)
        if found.state != "ENABLED":
            message = f"Secret Version [{name}/versions/{number}] is in {found.state} state."
            raise GoogleError(400, "FAILED_PRECONDITION", message)
        data = base64.b64encode(found.payload).decode()
        payload = {"data": data, "dataCrc32c": str(crc32c(found.payload))}
        return {"name": f"{name}/versions/{number}", "payload": payload}

    def _set_state(self, project: str, secret: str, version: str, action: str) -> Body:
        name, number, found = self._find(project, secret, version)
        if action not in _ACTIONS:
            raise google_not_found()
        if found.state == "DESTROYED":
            raise GoogleError(400, "FAILED_PRECONDITION", f"Secret Version [{name}/versions/{number}] is destroyed.")
        found.state = _ACTIONS[action]
        if action == "destroy":
            found.payload = b""
        return _version(name, number, found)

    def _versions(self, name: str) -> list[_Version]:
        if name not in self._secrets:
            raise google_not_found(f"Secret [{name}] not found or has no versions.")
        return self._secrets[name]

    def _find(self, project: str, secret: str, version: str) -> tuple[str, int, _Version]:
        """Return the version by its number, or the newest for `latest`, whatever state that one is in."""
        name = f"projects/{project}/secrets/{secret}"
        versions = self._versions(name)
        if version != "latest" and not version.isdigit():
            raise invalid(f"The provided version [{version}] is neither a number nor an alias.")
        number = len(versions) if version == "latest" else int(version)
        if not 1 <= number <= len(versions):
            raise google_not_found(f"Secret Version [{name}/versions/{version}] not found.")
        return name, number, versions[number - 1]


def _payload(payload: Body) -> bytes:
    check_fields(payload, {"data", "dataCrc32c"}, "payload")
    try:
        data = base64.b64decode(payload.get("data", ""), validate=True)
    except (TypeError, binascii.Error):
        raise invalid("Invalid value at 'payload.data' (TYPE_BYTES), Base64 decoding failed.") from None
    if len(data) > MAX_PAYLOAD:
        raise invalid(f"The payload is {len(data)} bytes, more than the maximum of {MAX_PAYLOAD}.")
    if "dataCrc32c" in payload and int(payload["dataCrc32c"]) != crc32c(data):
        raise invalid("The checksum of the payload does not match the provided one.")
    return data


def _secret(name: str) -> Body:
    return {"name": name, "replication": {"automatic": {}}}


def _version(name: str, number: int, version: _Version) -> Body:
    return {
        "name": f"{name}/versions/{number}",
        "state": version.state,
        "createTime": format_time(version.created),
        "replicationStatus": {"automatic": {}},
    }


def _crc_entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_CRC_TABLE = [_crc_entry(byte) for byte in range(256)]


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) checksum, https://datatracker.ietf.org/doc/html/rfc3720#appendix-B.4"""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF
