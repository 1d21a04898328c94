"""Servers of one's own, which the configuration names: a Jitsi, a BigBlueButton, whatever has rooms at addresses.

Apart from detection, which has to know them: every function reads the configuration, and few need all of that.
"""

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from confsync.domain.errors import NotConfigured

CODE = "{code}"
REST = "*"


@dataclass(frozen=True, kw_only=True)
class OwnService:
    """A service and the addresses of its meetings, like `https://meet.example.com/{code}`.

    The host is meant exactly; `{code}` is one segment of the path, and `*` at the end whatever follows, or nothing.
    Raises `NotConfigured` if the pattern is something else.
    """

    name: str
    pattern: str

    def __post_init__(self) -> None:
        parts = self.parts
        names_a_host = parts.netloc and not set(parts.netloc) & set("*{}@")
        if not self.name or parts.scheme not in {"http", "https"} or not names_a_host or parts.query or parts.fragment:
            raise NotConfigured(f"{self.pattern!r} is not like https://meet.example.com/{CODE}")
        segments = parts.path.removesuffix(REST).split("/")
        if segments.count(CODE) > 1 or any(set(each) & set("*{}") for each in segments if each != CODE):
            raise NotConfigured(f"{self.pattern!r} may have one segment {CODE}, and {REST} at its end")
        if not parts.path.removesuffix(REST).strip("/"):
            raise NotConfigured(f"{self.pattern!r} would take every page of that server for a meeting")

    @property
    def parts(self) -> SplitResult:
        """Of the pattern. Raises `NotConfigured`."""
        try:
            return urlsplit(self.pattern)
        except ValueError as error:
            raise NotConfigured(f"{self.pattern!r}: {error}") from error
