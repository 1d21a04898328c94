"""Files on an event: Drive files by their id alone, and added to those that are there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confsync.domain.errors import BadRequest, NotFound, PermissionDenied
from confsync.ports import Drive

MAX_ATTACHMENTS = 25
"""https://developers.google.com/workspace/calendar/api/v3/reference/events#attachments"""

FIELD = "attachments"

Attachment = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Attachments:
    """What an event's `attachments` become. `drive`: None where this deployment may not look at files."""

    drive: Drive | None

    def __call__(self, given: Any, *, there: Sequence[Attachment], account: str) -> list[Attachment]:
        """Those that are there, and those given, each file once. Raises `BadRequest`, which names the field."""
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            raise BadRequest("it is a list of objects", field=FIELD)
        known = {each.get("fileId") or each.get("fileUrl"): each for each in there}
        for index, each in enumerate(given):
            _check(each, f"{FIELD}[{index}]")
            if _identity(each) not in {*known, *(file.get("fileUrl") for file in known.values())}:
                known[_identity(each)] = self._complete(each, account, f"{FIELD}[{index}]")
        if len(known) > MAX_ATTACHMENTS:
            raise BadRequest(
                f"an event has at most {MAX_ATTACHMENTS} attachments, and these would be {len(known)}: "
                "take some away with replaceAttachments=true",
                field=FIELD,
            )
        return list(known.values())

    def _complete(self, given: Attachment, account: str, where: str) -> Attachment:
        if given.get("fileUrl"):
            return given
        file_id = given.get("fileId")
        if not file_id:
            raise BadRequest("it needs a `fileUrl`, or the `fileId` of a file in Drive", field=where)
        if self.drive is None:
            raise BadRequest(
                "this deployment does not look at files in Drive (google.drive): give `fileUrl`, `title`, `mimeType`",
                field=f"{where}.fileUrl",
            )
        try:
            file = self.drive.file(account, file_id)
        except (NotFound, PermissionDenied) as error:
            raise BadRequest(f"{account} can't see file {file_id}: {error}", field=f"{where}.fileId") from error
        told = {"fileUrl": file.url, "title": file.title, "mimeType": file.mime_type, "iconLink": file.icon_url}
        return {**{name: value for name, value in told.items() if value}, **given}


def _check(given: Attachment, where: str) -> None:
    for name in ("fileId", "fileUrl"):
        if not isinstance(given.get(name, ""), str):
            raise BadRequest("a text is needed", field=f"{where}.{name}")


def _identity(each: Attachment) -> Any:
    return each.get("fileId") or each.get("fileUrl")
