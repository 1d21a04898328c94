"""What a secret may be called, wherever it lives."""

import re

from confsync.domain.errors import NotFound

# https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/create; never a path
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")


def require_name(name: str, *, service: str) -> None:
    """Raises `NotFound` for what can't be a secret's name."""
    if not _NAME.fullmatch(name):
        raise NotFound(f"{name!r} is not a secret's name: letters, digits, - and _", service=service)
