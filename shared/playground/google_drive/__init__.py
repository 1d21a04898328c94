"""Google Drive API v3 on loopback, in memory: what is known of files, not what stands in them.

`create_app(DriveService(accounts))` is a WSGI app; its base URL is `http://127.0.0.1:PORT/drive/v3/`. It has
`files.get`, for the tokens that the Calendar simulator takes too. Under `/_playground/`:

| request | what it does |
| --- | --- |
| GET files | every file, as it was put here |
| POST files `{name, owner, id?, ...}` | a new file; the fields are those of `files.File`, the answer has its id |
| PATCH, DELETE files/ID | change these of its fields; make it gone for ever |
| GET, PATCH settings | see `files.Settings` |
"""

from playground.google_drive.app import create_app
from playground.google_drive.files import DriveService, File

__all__ = ["DriveService", "File", "create_app"]
