"""Addresses that open a vendor's app at once, as the web addresses that they stand for."""

import re

from confsync.domain.detection.url import Url, parse

_APP = re.compile(r"(zoommtg|zoomus|msteams|discord):/*(.*)", re.IGNORECASE | re.DOTALL)


def web_address(address: str) -> str:
    """The web address of the same meeting; one that is of the web already is left as it is."""
    found = None if address.startswith("http") else _APP.fullmatch(address)
    if found is None:
        return address
    scheme, rest = found[1].lower(), found[2]
    if scheme == "msteams" and rest.startswith(("l/", "meet/")):
        return f"https://teams.microsoft.com/{rest}"
    url = parse(f"https://{rest}")
    return _zoom(url) if scheme.startswith("zoom") and url else f"https://{rest}"


def _zoom(url: Url) -> str:
    """`join?confno=1&pwd=2` is what browsers know as `j/1?pwd=2`."""
    password = url.parameter("pwd")
    return f"https://{url.host}/j/{url.parameter('confno')}" + (f"?pwd={password}" if password else "")
