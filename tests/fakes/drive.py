"""People's files at Google in a dictionary."""

from confsync.domain.errors import NotFound
from confsync.ports import DriveFile


class FakeDrive:
    """The `Drive` port: files by account and id."""

    def __init__(self) -> None:
        self.files: dict[tuple[str, str], DriveFile] = {}

    def add(self, account: str, file_id: str, title: str) -> None:
        url = f"https://drive.google.com/open?id={file_id}"
        self.files[account, file_id] = DriveFile(title=title, mime_type="application/pdf", url=url)

    def file(self, account: str, file_id: str) -> DriveFile:
        if (account, file_id) not in self.files:
            raise NotFound(f"File not found: {file_id}.", service="google-drive", status=404)
        return self.files[account, file_id]
