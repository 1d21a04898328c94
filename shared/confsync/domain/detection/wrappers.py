"""Addresses that stand for others: of mail gateways, of clients that count clicks, of a vendor's launchers.

Each is undone by what stands in it; nothing is fetched.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable
from itertools import islice
from urllib.parse import quote, unquote

from confsync.domain.detection.hosts import HostTable
from confsync.domain.detection.url import Url

Undo = Callable[[Url], str | None]
TEAMS = ("teams.microsoft.com", "teams.cloud.microsoft", "teams.live.com", "*.teams.microsoft.us")
_GOOGLE = re.compile(r"(?:www\.)?google(?:\.com|\.cat|(?:\.com?)?\.[a-z]{2})")
_RUN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_V3 = re.compile(r"/v3/__(.+)__;([\w=-]*)!.*", re.DOTALL | re.ASCII)
_V3_GAP = re.compile(r"\*(?:\*(.))?", re.DOTALL)
_IN_PATH = re.compile(r"/[^/]+/(?:(https?%3a[^/?#]+).*|(https?:.*))", re.IGNORECASE | re.DOTALL)
_HEX = re.compile(r"-([0-9A-Fa-f]{2})")
_MAX_COORDS = 4_096


def unwrap(url: Url) -> str | None:
    """What stands in the place of the wrapped address: text, to be looked at again. None if this is no wrapper."""
    if url.path == "/url" and _GOOGLE.fullmatch(url.host):
        return _google(url)
    return next((inner for undo in _WRAPPERS.named(url.host) if (inner := undo(url)) is not None), None)


def is_opaque(url: Url) -> bool:
    """Whether it is a wrapper that only its gateway can undo."""
    return any(url.path.startswith(path) for path in _OPAQUE.named(url.host))


def _parameter(path: str, *names: str) -> Undo:
    """The address is one of these parameters, percent-encoded, of pages below that path."""

    def undo(url: Url) -> str | None:
        if not url.path.startswith(path):
            return None
        return next((unquote(value) for name in names if (value := url.parameter(name))), None)

    return undo


def _in_path(url: Url) -> str | None:
    """The address stands in the path, after one other part."""
    query = f"?{url.query}" if url.query else ""
    found = _IN_PATH.fullmatch(f"{url.path}{query}")
    return unquote(found[1] or found[2]) if found else None


def _proofpoint_2(url: Url) -> str | None:
    if not url.path.startswith("/v2/url"):
        return None
    return unquote(_HEX.sub(r"%\1", url.parameter("u")).replace("_", "/")) or None


def _proofpoint_3(url: Url) -> str | None:
    """Each `*` is a character that was taken out, `**A` two of them, `**B` three, and so on."""
    rest = "".join((url.path, url.query and f"?{url.query}", url.fragment and f"#{url.fragment}"))
    found = _V3.fullmatch(rest)
    if found is None:
        return None
    taken = iter(_base64(found[2]) or "")

    def put_back(gap: re.Match[str]) -> str:
        return "".join(islice(taken, _RUN.find(gap[1]) + 2 if gap[1] else 1))

    return _V3_GAP.sub(put_back, found[1])


def _sophos(url: Url) -> str | None:
    return _base64(unquote(url.parameter("u")))


def _launcher(url: Url) -> str | None:
    """Teams' pages that open the app. They have the meeting's own address behind a `#`."""
    asked = url.fragment or unquote(url.parameter("url")).partition("#")[2]
    if not asked.startswith(("/l/meetup-join/", "/meet/")):
        return None
    return f"https://{url.host}{asked}"


def _light_meeting(url: Url) -> str | None:
    """Teams in a browser. https://teams.microsoft.com/light-meetings/launch has JSON in Base64."""
    if not url.path.startswith("/light-meetings/launch"):
        return None
    try:
        coords = json.loads(_base64(unquote(url.parameter("coords"))[:_MAX_COORDS]) or "")
        thread, tenant, organizer = (coords[name] for name in ("conversationId", "tenantId", "organizerId"))
        context = json.dumps({"Tid": tenant, "Oid": organizer}, separators=(",", ":"))
        path = f"{quote(thread, safe='')}/{quote(coords.get('messageId', '0'), safe='')}"
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return f"https://{url.host}/l/meetup-join/{path}?context={quote(context)}"


def _base64(text: str) -> str | None:
    """The text that is encoded so, in either alphabet."""
    try:
        return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4)).decode()
    except (binascii.Error, ValueError):
        return None


_google = _parameter("/url", "q", "url")
_EVERGREEN = _parameter("/evergreen-assets/safelinks/", "url")

_WRAPPERS: HostTable[Undo] = HostTable(
    (
        ("*.safelinks.protection.outlook.com", _parameter("/", "url")),
        ("*.safelinks.protection.office365.us", _parameter("/", "url")),
        ("statics.teams.cdn.office.net", _EVERGREEN),
        ("teams.public.onecdn.static.microsoft", _EVERGREEN),
        ("*.teams.cdn.office.net", _EVERGREEN),
        ("urldefense.proofpoint.com", _parameter("/v1/url", "u")),
        *((host, _proofpoint_2) for host in ("urldefense.proofpoint.com", "urldefense.com")),
        *((host, _proofpoint_3) for host in ("urldefense.proofpoint.com", "urldefense.com", "urldefense.us")),
        ("linkprotect.cudasvc.com", _parameter("/", "a")),
        ("secure-web.cisco.com", _in_path),
        ("*.trendmicro.com", _parameter("/wis/clicktime/", "url")),
        ("*.protection.sophos.com", _sophos),
        ("protect2.fireeye.com", _parameter("/v1/url", "u")),
        ("protect.fireeye.com", _parameter("/v1/url", "u")),
        ("urlsand.esvalabs.com", _parameter("/", "u")),
        ("*.awstrack.me", _in_path),
        ("emails.azure.microsoft.com", _parameter("/redirect/", "destination")),
        ("*.safelink.emails.azure.net", _parameter("/redirect/", "destination")),
        ("l.wl.co", _parameter("/l", "u")),
        ("l.facebook.com", _parameter("/l.php", "u")),
        ("lm.facebook.com", _parameter("/l.php", "u")),
        ("slack-redir.net", _parameter("/link", "url")),
        ("www.linkedin.com", _parameter("/redir/redirect", "url")),
        *((host, undo) for host in TEAMS for undo in (_launcher, _light_meeting)),
    )
)

_OPAQUE: HostTable[str] = HostTable(
    (("*.mimecast.com", "/s/"), ("*.mimecastprotect.com", "/s/"), ("mimecastprotect.com", "/s/"))
)
