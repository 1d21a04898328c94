"""The `Drive` port: what Google Drive tells of a file.

https://developers.google.com/workspace/drive/api/reference/rest/v3/files/get
"""

import threading
from urllib.parse import quote

import httplib2
import msgspec
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient.http import HttpRequest

from confsync.adapters.google_calendar.errors import FAILURES, domain_error
from confsync.adapters.google_credentials import AccountCredentials, Purpose
from confsync.ports import Clock, DriveFile

FIELDS = "name,mimeType,webViewLink,iconLink"
TIMEOUT = 10.0


class _File(msgspec.Struct, rename="camel"):
    name: str
    mime_type: str
    web_view_link: str
    icon_link: str | None = None


class GoogleDrive:
    """Files as any account sees them, those of shared drives among them. `api` is the base URL."""

    def __init__(self, *, api: str, credentials: AccountCredentials, clock: Clock) -> None:
        self._api = api.rstrip("/")
        self._credentials = credentials
        self._clock = clock
        self._local = threading.local()

    def file(self, account: str, file_id: str) -> DriveFile:
        """The file. Raises `NotFound`, `PermissionDenied`, `ReauthorizationRequired`, `Temporary`."""
        uri = f"{self._api}/files/{quote(file_id, safe='')}?fields={FIELDS}&supportsAllDrives=true"
        http = AuthorizedHttp(self._credentials.of(account, Purpose.DRIVE), http=self._http())
        request = HttpRequest(http, lambda _response, content: content, uri, methodId="drive.files.get")
        try:
            told = msgspec.json.decode(request.execute(num_retries=1), type=_File)
        except FAILURES as error:
            raise domain_error(error, "drive.files.get", self._clock.now(), service="google-drive") from error
        return DriveFile(title=told.name, mime_type=told.mime_type, url=told.web_view_link, icon_url=told.icon_link)

    def _http(self) -> httplib2.Http:
        """This thread's connections: httplib2 is not thread-safe."""
        pool: httplib2.Http | None = getattr(self._local, "http", None)
        if pool is None:
            pool = self._local.http = httplib2.Http(timeout=TIMEOUT)
        return pool
