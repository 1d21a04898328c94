"""Files in memory: who sees them, and how Drive tells of them.

https://developers.google.com/workspace/drive/api/reference/rest/v3/files
"""

from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any, Literal

import msgspec

from playground.google_api.callers import Whois
from playground.google_api.errors import ApiError

Json = dict[str, Any]

_AUTH = "https://www.googleapis.com/auth/drive"
_SEE_ALL = frozenset({_AUTH, f"{_AUTH}.readonly", f"{_AUTH}.metadata", f"{_AUTH}.metadata.readonly"})
_SEE_OPENED = f"{_AUTH}.file"
_GOOGLE = "application/vnd.google-apps."
FOLDER, SHORTCUT = f"{_GOOGLE}folder", f"{_GOOGLE}shortcut"
_EDITORS = {"document": "document", "spreadsheet": "spreadsheets", "presentation": "presentation"}


class File(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A file, a folder (by its type) or a shortcut (by its target)."""

    name: str
    owner: str
    id: str = ""
    """Made up if nobody says it."""
    mime_type: str = "application/pdf"
    readers: list[str] = []
    domain: str | None = None
    """Everybody with an address there may read it."""
    anyone: bool = False
    """Everybody who has the link may."""
    drive_id: str | None = None
    """The shared drive that it is in, which has no owners; only clients that support those find it."""
    target: str | None = None
    """The id of the file that this is a shortcut to; who may see the one may not see the other for that."""
    opened_by_app: bool = False
    """With the scope `drive.file` an application sees what people opened with it, or what it has made."""
    trashed: bool = False
    size: int | None = None
    """Bytes; folders and shortcuts have none."""
    created: str = ""


class Settings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Where Google's documentation leaves doubts."""

    unopened: Literal["notFound", "appNotAuthorizedToFile"] = "notFound"
    """What a client with only `drive.file` is told of a file that was not opened with it: the guide to errors has a
    403 for it, and people report the 404 of files that do not exist."""


class DriveService:
    """One simulated Google Drive."""

    def __init__(self, accounts: Whois) -> None:
        self.accounts = accounts
        self.settings = Settings()
        self.files: dict[str, File] = {}

    def add(self, file: File) -> File:
        """Put a file here, with an id. It replaces one with the same."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        kind = SHORTCUT if file.target else file.mime_type
        made = msgspec.structs.replace(
            file, id=file.id or f"1{token_urlsafe(24)}", created=file.created or now, mime_type=kind
        )
        self.files[made.id] = made
        return made

    def get(self, user: str, scopes: frozenset[str], file_id: str, *, shared_drives: bool) -> Json:
        """The resource with all its fields. Raises 404 `notFound`, also for what this user may not see."""
        file = self.files.get(file_id)
        if file is None or not _may_read(file, user) or (file.drive_id and not shared_drives):
            raise _not_found(file_id)
        if scopes and not scopes & _SEE_ALL and not (file.opened_by_app and _SEE_OPENED in scopes):
            raise self._unopened(file_id, scopes)
        return self._resource(file, user)

    def _unopened(self, file_id: str, scopes: frozenset[str]) -> ApiError:
        if _SEE_OPENED not in scopes or self.settings.unopened == "notFound":
            return _not_found(file_id)
        text = f"The user has not granted the app 123456789012 read access to the file {file_id}."
        return ApiError(403, "appNotAuthorizedToFile", text)

    def _resource(self, file: File, user: str) -> Json:
        target = self.files.get(file.target or "")
        owned = {"owners": [_user(file.owner, user)], "ownedByMe": file.owner == user, "shared": _is_shared(file)}
        found = {"targetId": file.target, "targetMimeType": target.mime_type if target else "application/octet-stream"}
        return {
            "kind": "drive#file",
            "id": file.id,
            "name": file.name,
            "mimeType": file.mime_type,
            "webViewLink": _link(file),
            "iconLink": f"https://drive-thirdparty.googleusercontent.com/16/type/{file.mime_type}",
            "createdTime": file.created,
            "modifiedTime": file.created,
            "version": "1",
            "spaces": ["drive"],
            "starred": False,
            "trashed": file.trashed,
            "explicitlyTrashed": file.trashed,
            **({"driveId": file.drive_id} if file.drive_id else owned),
            **({"size": str(file.size)} if file.size is not None else {}),
            **({"shortcutDetails": found} if file.target else {}),
        }


def _may_read(file: File, user: str) -> bool:
    return (
        user == file.owner
        or user in file.readers
        or file.anyone
        or (file.domain is not None and user.endswith(f"@{file.domain}"))
    )


def _is_shared(file: File) -> bool:
    return bool(file.readers or file.domain or file.anyone)


def _user(email: str, asking: str) -> Json:
    name = email.partition("@")[0].title()
    return {"kind": "drive#user", "displayName": name, "emailAddress": email, "me": email == asking}


def _link(file: File) -> str:
    """Where a browser opens it; a Google document in its editor."""
    editor = _EDITORS.get(file.mime_type.removeprefix(_GOOGLE))
    if editor:
        return f"https://docs.google.com/{editor}/d/{file.id}/edit?usp=drivesdk"
    if file.mime_type == FOLDER:
        return f"https://drive.google.com/drive/folders/{file.id}"
    return f"https://drive.google.com/file/d/{file.id}/view?usp=drivesdk"


def _not_found(file_id: str) -> ApiError:
    return ApiError(404, "notFound", f"File not found: {file_id}.", location="fileId")
