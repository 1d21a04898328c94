"""Secrets as files: a directory with one file per secret, for single-machine use and the playground."""

from pathlib import Path

from confsync.adapters.secret_names import require_name
from confsync.domain.errors import NotFound, PermissionDenied, Temporary

SERVICE = "file-secrets"


class FileSecrets:
    """The `Secrets` port on a directory. A file is read anew each time, so a replaced file counts at once."""

    def __init__(self, directory: str | Path) -> None:
        self._directory = Path(directory)

    def get(self, name: str) -> str:
        """The file's text without its final newline. Raises `NotFound`, `PermissionDenied`, `Temporary`."""
        require_name(name, service=SERVICE)
        try:
            return (self._directory / name).read_text(encoding="utf-8").removesuffix("\n")
        except FileNotFoundError as error:
            raise NotFound(f"there is no secret {name!r} in {self._directory}", service=SERVICE) from error
        except PermissionError as error:
            raise PermissionDenied(
                f"the secret {name!r} in {self._directory} can't be read", service=SERVICE
            ) from error
        except OSError as error:
            raise Temporary(f"the secret {name!r}: {error.strerror}", service=SERVICE) from error
