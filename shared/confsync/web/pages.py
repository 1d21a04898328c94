"""Answers and requests of browsers: HTML, redirects, forms, cookies. (Errors are JSON for them too: see `endpoint`.)"""

from collections.abc import Mapping
from contextlib import suppress
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlsplit

from confsync.domain.errors import BadRequest
from confsync.web.endpoint import Answer, Call, Headers, content_type

SAFE: Mapping[str, str] = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
        "form-action 'self' https: http://127.0.0.1:* http://localhost:*"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""No script, no frame, nothing kept. A form may be answered with a redirect to a vendor, on a developer's machine
without TLS, and tells its origin.

https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html"""

COOKIE_PREFIX = "__Host-"
"""A browser takes such a cookie only from this host itself, over TLS, for every path."""
MAX_FIELDS = 100
LOOPBACK = frozenset({"127.0.0.1", "localhost"})


def html(text: str, *, status: int = 200, cookies: tuple[str, ...] = ()) -> Answer:
    """A page, with headers that allow it no more than it needs. `cookies`: what `cookie` made."""
    return text, status, _with(cookies, {"Content-Type": "text/html; charset=utf-8", **SAFE})


def redirect(location: str, *, status: int = 303, cookies: tuple[str, ...] = ()) -> Answer:
    """Elsewhere: an https address, or a path of our own. Raises `ValueError` for anything else.

    Also to this machine itself without TLS, as on a developer's: nobody is in between there.
    """
    parts = urlsplit(location)
    own = location.startswith("/") and not location.startswith("//")
    schemes = {"https", "http"} if parts.hostname in LOOPBACK else {"https"}
    other = parts.scheme in schemes and bool(parts.hostname) and "@" not in parts.netloc
    # browsers take a backslash for a slash
    if not location.isprintable() or "\\" in location or not (own or other):
        raise ValueError("a redirect leads to an https address or a path of our own")
    return "", status, _with(cookies, {"Location": location, **SAFE})


def cookie(name: str, value: str, *, seconds: int, cross_site: bool = False) -> str:
    """A cookie that only this host gets back, and no script sees. `seconds` 0 takes it away.

    `cross_site`: it also comes with a form that another site's page sends here, as identity providers' do.
    Raises `ValueError` for a name or a value that no cookie can have.
    """
    jar: SimpleCookie = SimpleCookie()
    try:
        jar[COOKIE_PREFIX + name] = value
    except CookieError as error:
        raise ValueError(f"no cookie can be named {name!r}") from error
    morsel = jar[COOKIE_PREFIX + name]
    morsel.update({"path": "/", "samesite": "None" if cross_site else "Lax", "max-age": str(seconds)})
    for flag in ("secure", "httponly"):
        morsel[flag] = True
    return morsel.OutputString()


def cookie_of(call: Call, name: str) -> str | None:
    """The value of our cookie of that name, None if it did not come."""
    # one by one: SimpleCookie stops at the first that it can't read, which may be another site's
    for each in call.headers.get("Cookie", "").split(";"):
        jar: SimpleCookie = SimpleCookie()
        with suppress(CookieError):
            jar.load(each.strip())
        if (morsel := jar.get(COOKIE_PREFIX + name)) is not None:
            return morsel.value
    return None


def form(call: Call) -> dict[str, str]:
    """The fields of a form that was sent; of one that is there twice the last. Raises `BadRequest`."""
    if content_type(call.headers) != "application/x-www-form-urlencoded":
        raise BadRequest("a form is expected", field="Content-Type")
    try:
        pairs = parse_qsl(call.body.decode(), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except (UnicodeDecodeError, ValueError) as error:
        raise BadRequest("the form can't be read", field="body") from error
    return dict(pairs)


def _with(cookies: tuple[str, ...], headers: Headers) -> Headers:
    return {**headers, **({"Set-Cookie": list(cookies)} if cookies else {})}
