"""An address taken apart, as browsers do it."""

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

_URL = re.compile(r"(?:([a-z]+):/{1,2})?([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?(?::\d{1,5})?", re.ASCII)
MAX_HOST = 260
"""Characters of a name (https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4) and a port."""
_WEB = {"http", "https"}
_KEPT = "!#$%&'()*+,/:;=?@[]~"
"""What is left as it stands when an address is made one that any client takes."""


class Url(NamedTuple):
    """A web address. Its host is in lower case, and has no default port; the rest is as it was."""

    scheme: str
    """"" if none was written."""
    host: str
    path: str
    query: str = ""
    fragment: str = ""

    def parameter(self, name: str) -> str:
        """The first value of a parameter, not decoded; "" if there is none."""
        start = f"{name}="
        return next((each[len(start) :] for each in self.query.split("&") if each.startswith(start)), "")

    def told(self, *, without: tuple[str, ...] = (), fragment: bool = False) -> str:
        """The address to click: https, in ASCII, without these parameters."""
        pairs = [each for each in self.query.split("&") if each and each.partition("=")[0] not in without]
        query = f"?{'&'.join(pairs)}" if pairs else ""
        rest = f"#{self.fragment}" if fragment and self.fragment else ""
        return quote(f"https://{self.host}{self.path}{query}{rest}", safe=_KEPT, errors="replace")

    @property
    def plain_path(self) -> str:
        """The path decoded, without a slash at its end."""
        path = unquote(self.path) if "%" in self.path else self.path
        return path[:-1] if path.endswith("/") else path


def parse(text: str) -> Url | None:
    """The address, or None if it is not of the web: another scheme, a host with somebody's name in it, no host."""
    matched = _URL.fullmatch(text)
    if matched is None:
        return None
    scheme, authority, path, query, fragment = matched.groups("")
    host = authority.lower()
    if len(host) > MAX_HOST or (scheme.lower() not in _WEB and scheme) or not _HOST.fullmatch(host):
        return None
    name, _, port = host.partition(":")
    if port in {"", "443", "80"}:
        host = name.removesuffix(".")
    return Url(scheme, host, path, query, fragment)
