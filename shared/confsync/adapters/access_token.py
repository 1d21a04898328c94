"""The runtime's own access token, asked of the metadata server by the standard library alone.

It is on the notification function's way from cold start to first answer: importing google.auth and requests costs more
than the whole function does. Where there is no metadata server, or a key file is named, google.auth takes over.
"""

import http.client
import json
import os
import threading
import time

from confsync.domain.errors import Temporary

SERVICE = "metadata-server"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 - an address
# A link-local server answers at once or is not there. It hands out tokens of at least 5 minutes.
TIMEOUT = 3.0
MARGIN = 60.0
# google.auth's own refresh threshold is 3:45, so a token of its is good for a minute more
FALLBACK_LIFE = 60.0


class RuntimeToken:
    """Call it for an access token that is good for another minute. Thread-safe; one per process.

    https://cloud.google.com/compute/docs/metadata/default-metadata-values, and for the variables
    https://google-auth.readthedocs.io/en/stable/reference/google.auth.environment_vars.html
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = float("-inf")

    def __call__(self) -> str:
        """The token. Raises `Temporary`."""
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._token, life = _fetch()
                self._good_until = time.monotonic() + life
            return self._token


def _fetch() -> tuple[str, float]:
    """A token, and for how many seconds to use it."""
    if os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return _from_google_auth()
    try:
        status, body = _ask_metadata_server()
    except OSError:
        return _from_google_auth()
    if status != 200:
        raise Temporary(
            f"the metadata server answered {status} to a request for a token", service=SERVICE, status=status
        )
    answer = json.loads(body)
    return answer["access_token"], answer["expires_in"] - MARGIN


def _ask_metadata_server() -> tuple[int, bytes]:
    host = os.environ.get("GCE_METADATA_HOST") or "metadata.google.internal"
    connection = http.client.HTTPConnection(host, timeout=TIMEOUT)
    try:
        connection.request("GET", TOKEN_PATH, headers={"Metadata-Flavor": "Google"})
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise Temporary(f"the metadata server's answer broke off: {error!r}", service=SERVICE) from error
    finally:
        connection.close()


def _from_google_auth() -> tuple[str, float]:
    # heavy, and not needed in the cloud: see above
    import google.auth
    from google.auth.exceptions import GoogleAuthError
    from google.auth.transport.requests import Request

    try:
        credentials, _project = google.auth.default(scopes=[SCOPE])
        credentials.refresh(Request())
    except GoogleAuthError as error:
        raise Temporary(f"no access token for this process: {error}", service="google-auth") from error
    return str(credentials.token), FALLBACK_LIFE
