"""An event's attachments: what clients may write, and what Calendar makes of it.

https://developers.google.com/workspace/calendar/api/v3/reference/events (attachments). Reading gives them always: no
reading method has a `supportsAttachments`, whatever https://github.com/clawvisor/clawvisor/pull/308 says.
"""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playground.google_api.errors import invalid, required

Json = dict[str, Any]

MOST = 25
_KEPT = ("fileUrl", "title", "mimeType")
_IN_PATH = re.compile(r"/(?:d|folders)/([\w-]{10,})")
_DRIVE = ("drive.google.com", "docs.google.com")


def stored(written: list[Json]) -> list[Json]:
    """The attachments as Calendar keeps them.

    Raises 400 for more than 25, and for one without a `fileUrl` or with one that is no web address; which words and
    reasons Google has for these is nowhere written.
    """
    if len(written) > MOST:
        raise invalid("Too many attachments.")
    return [_attachment(item) for item in written]


def check_in_drive(written: list[Json]) -> None:
    """Raise 400 unless all of them are files in Drive: an account that takes no others."""
    if not all(drive_id(str(item.get("fileUrl"))) for item in written):
        raise invalid("Invalid attachment file URL.")


def drive_id(url: str) -> str | None:
    """The id of the file that a Drive address leads to, None for any other address."""
    parts = urlsplit(url)
    if parts.hostname not in _DRIVE:
        return None
    found = _IN_PATH.search(parts.path)
    return found[1] if found else next(iter(parse_qs(parts.query).get("id", ())), None)


def _attachment(item: Json) -> Json:
    """`fileId`, and the icon of a file in Drive, are Calendar's own; of others the icon is what the client says."""
    url = item.get("fileUrl")
    if not url:
        raise required("Missing attachment file URL.")
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https"):
        raise invalid("Invalid attachment file URL.")
    kept = {key: item[key] for key in _KEPT if item.get(key)}
    file_id = drive_id(url)
    if file_id:
        kind = item.get("mimeType") or "application/octet-stream"
        icon = f"https://drive-thirdparty.googleusercontent.com/16/type/{kind}"
        return kept | {"iconLink": icon, "fileId": file_id}
    return kept | ({"iconLink": item["iconLink"]} if item.get("iconLink") else {})
