"""A conferencing system of one's own: all that `deploy/custom-provider.yaml` asks of a vendor, with rooms in memory.

`python -m playground.custom_provider --port 9000` prints its address and the secret to share with confsync: what
`CUSTOM_PROVIDER_SECRET` holds, or a new one.
"""

import argparse
import base64
import hashlib
import hmac
import json
import os
import secrets
import threading
import time
from collections.abc import Callable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIServer, make_server

MAX_BODY, TOLERANCE = 2**20, 300  # bytes, seconds
Json = dict[str, Any]
Answer = tuple[str, Json]


class Refusal(Exception):
    """What is answered in place of what was asked for."""

    def __init__(self, status: str, error: str, message: str, **more: str) -> None:
        super().__init__(status, {"error": error, "message": message, **more})


class CustomProvider:
    """The server, as a WSGI application: so many `rooms`, for hosts whose addresses end with `accounts`."""

    def __init__(self, secret: str, *, accounts: str = "@example.com", rooms: int = 10_000) -> None:
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        self._accounts, self._max_rooms = accounts, rooms
        self._rooms: dict[str, Json] = {}  # by id, oldest first
        self._lock = threading.Lock()
        calls = (self.capabilities, self.create, self.find, self.get, self.update, self.delete)
        self._calls = {call.__name__: call for call in calls}

    def __call__(self, environ: Json, start_response: Callable[..., object]) -> list[bytes]:
        try:
            status, answer = self._answer(environ)
        except Refusal as refusal:
            status, answer = refusal.args
        except (AttributeError, KeyError, TypeError, ValueError):
            status, answer = "400 Bad Request", {"error": "malformed", "message": "This is no call of contract 1."}
        wait = [("Retry-After", "600")] if status.startswith("503") else []
        start_response(status, [("Content-Type", "application/json"), *wait])
        return [json.dumps(answer).encode()]

    def _answer(self, environ: Json) -> Answer:
        body = environ["wsgi.input"].read(min(int(environ.get("CONTENT_LENGTH") or 0), MAX_BODY))
        if not self._verified(environ, body):
            raise Refusal("401 Unauthorized", "unverified", "The signature does not hold.")
        sent = json.loads(body)
        # only the body is signed: the path and the key may do no more than repeat what it says
        key = environ.get("HTTP_IDEMPOTENCY_KEY", sent.get("marker"))
        if (sent["contract"], f"/{sent['operation']}", sent.get("marker")) != (1, environ["PATH_INFO"], key):
            raise ValueError
        with self._lock:  # so that, of two calls with one marker, the second sees what the first has made
            return self._calls[sent["operation"]](sent)

    def _verified(self, environ: Json, body: bytes) -> bool:
        """Whether a signature is ours, over exactly these bytes, at about this time."""
        name, at = environ.get("HTTP_WEBHOOK_ID", ""), environ.get("HTTP_WEBHOOK_TIMESTAMP", "")
        ours = b"v1," + base64.b64encode(hmac.digest(self._key, f"{name}.{at}.".encode() + body, "sha256"))
        signatures = environ.get("HTTP_WEBHOOK_SIGNATURE", "").encode().split()
        signed = any(hmac.compare_digest(ours, each) for each in signatures)
        return signed and name != "" and abs(time.time() - int(at)) <= TOLERANCE

    def meetings(self) -> list[Json]:
        """What each room is for, oldest first."""
        return [room["spec"] for room in self._rooms.values()]

    def capabilities(self, sent: Json) -> Answer:  # noqa: ARG002 - every call is given what was sent
        able = {"updates": True, "deletes": True, "recurrence": "rrule", "occurrences": True}
        return "200 OK", {"contract": 1, "name": "Example Rooms", **able}

    def create(self, sent: Json) -> Answer:
        if known := self._marked(sent["marker"]):
            return self.update({**sent, "id": known[0]})
        self._check(sent["spec"])
        if len(self._rooms) >= self._max_rooms:
            raise Refusal("503 Service Unavailable", "broken", "All rooms are taken.")
        name, pin = secrets.token_urlsafe(16), f"{secrets.randbelow(10**9):09}"  # whoever knows one of them can join
        self._rooms[name] = {"marker": sent["marker"], "spec": sent["spec"], "pin": pin}
        return "201 Created", self._shown(name)

    def find(self, sent: Json) -> Answer:
        return "200 OK", {"conferences": [self._shown(name) for name in self._marked(sent["marker"])]}

    def get(self, sent: Json) -> Answer:
        return "200 OK", self._shown(sent["id"])

    def update(self, sent: Json) -> Answer:
        self._shown(sent["id"])
        self._check(sent["spec"])
        self._rooms[sent["id"]]["spec"] = sent["spec"]
        return self.get(sent)

    def delete(self, sent: Json) -> Answer:
        self._shown(sent["id"])
        del self._rooms[sent["id"]]
        return "200 OK", {"deleted": True}

    def _marked(self, marker: str) -> list[str]:
        return [name for name, room in self._rooms.items() if room["marker"] == marker]

    def _check(self, spec: Json) -> None:
        if not spec["host"].endswith(self._accounts):
            where = "https://rooms.example/sign-up"
            raise Refusal("403 Forbidden", "needs_permission", "Open an account with us first.", address=where)
        if spec["start"] >= "2100":
            raise Refusal("422 Unprocessable Content", "refused", "Rooms can be booked until 2099.")

    def _shown(self, name: str) -> Json:
        if (room := self._rooms.get(name)) is None:
            raise Refusal("404 Not Found", "not_found", "There is no such room.")
        video = {"entryPointType": "video", "uri": f"https://rooms.example/{name}"}
        phone = {"entryPointType": "phone", "uri": f"tel:+12025550100,,{room['pin']}%23", "pin": room["pin"]}
        fingerprint = hashlib.sha256(json.dumps(room["spec"], sort_keys=True).encode()).hexdigest()
        return {"id": name, "entryPoints": [video, phone], "fingerprint": fingerprint}


class Server(ThreadingMixIn, WSGIServer):
    """Answers each request in a thread of its own."""

    daemon_threads = True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A conferencing system of one's own, on loopback.")
    parser.add_argument("--port", type=int, default=9000)
    secret = os.environ.get("CUSTOM_PROVIDER_SECRET") or f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    with make_server("127.0.0.1", parser.parse_args().port, CustomProvider(secret), server_class=Server) as server:
        print(f"http://127.0.0.1:{server.server_port} {secret}", flush=True)
        server.serve_forever()
